/* Random placements on the 48-chip board and on Kapoho Point: every spike comes
 * once to each core that reads it and to no other, and the certificate's ranks
 * rise along every route. The walk is this file's own. */
#include "machine/certificate.h"
#include "sf/ir.h"
#include "sf/pass.h"
#include "support/buffer.h"
#include "support/hash.h"
#include "test/support/folder.h"

enum { NETS = 25, CORES_MAX = 40 };

typedef struct plan {
  int chip[CORES_MAX], x[CORES_MAX], y[CORES_MAX], p[CORES_MAX];
  int cores;
  bool feeds[CORES_MAX][CORES_MAX];
} plan;

static sf_machine *load(const char *name, sf_diag *diag) {
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load(name, diag, &machine), SF_OK);
  return machine;
}

static void seat(const sf_machine *m, sf_random *random, plan *p, int c) {
  for (;;) {
    const sf_chip *chip = &m->chips[sf_random_below(random, m->chip_count)];
    int x = chip->x, y = chip->y, n = (int)sf_random_below(random, 148);
    if (m->family == SF_FAMILY_LOIHI2) {
      x = (int)sf_random_below(random, 8);
      y = (int)sf_random_below(random, 4);
      n %= 4;
    }
    bool taken = !sf_machine_core_usable(m, chip->id, x, y, n);
    for (int k = 0; k < c; k++) {
      taken |= p->chip[k] == (int)chip->id && p->x[k] == x && p->y[k] == y &&
               p->p[k] == n;
    }
    if (taken) continue;
    p->chip[c] = (int)chip->id;
    p->x[c] = x;
    p->y[c] = y;
    p->p[c] = n;
    return;
  }
}

/* One population of three neurons a core; each reads a few others, delayed. */
static char *write_text(const sf_machine *m, sf_random *random, plan *p) {
  sf_buffer t = {0};
  *p = (plan){.cores = 8 + (int)sf_random_below(random, CORES_MAX - 8)};
  sf_buffer_text(&t, "module @m {facts = [analog-free, quantized, "
                     "spiking-normal-form, balanced, partitioned, placed]} {\n"
                     "blob @w: i8[3, 3] = splat 1\n"
                     "neuron @id(%a: i24) -> spike {\n%s = gt %a, 0\n"
                     "emit %s\n}\nnetwork @main(%x: spike[3]) -> () {\n"
                     "%dx = delay %x : spike[3]\n");
  for (int c = 0; c < p->cores; c++) {
    sf_buffer_printf(&t, "%%s%d.0 = linear %%dx, @w : i24[3]\n", c);
    int n = (int)sf_random_below(random, 6), sums = 0;
    for (int k = 0; k < n; k++) {
      int from = (int)sf_random_below(random, (uint32_t)p->cores);
      if (p->feeds[from][c]) continue;
      p->feeds[from][c] = true;
      sf_buffer_printf(&t,
                       "%%d%d.%d = delay %%n%d : spike[3]\n"
                       "%%i%d.%d = linear %%d%d.%d, @w : i24[3]\n"
                       "%%s%d.%d = add %%s%d.%d, %%i%d.%d : i24[3]\n",
                       c, sums, from, c, sums, c, sums, c, sums + 1, c, sums, c,
                       sums);
      sums++;
    }
    sf_buffer_printf(&t, "%%n%d = neurons @id(%%s%d.%d) : spike[3]\n", c, c,
                     sums);
  }
  sf_buffer_printf(&t, "return\n}\nmapping @main on \"%s\" {\n", m->name);
  for (int c = 0; c < p->cores; c++) {
    seat(m, random, p, c);
    sf_buffer_printf(&t,
                     "core @c%d {chip = %d, x = %d, y = %d, p = %d} { host "
                     "%%n%d [0:3] }\n",
                     c, p->chip[c], p->x[c], p->y[c], p->p[c], c);
  }
  sf_buffer_text(&t, "}\n}\n");
  return sf_buffer_take(&t);
}

static sf_module *route(const sf_machine *m, const char *text, sf_diag *diag) {
  sf_module *module = NULL;
  sf_slice slice = {text, strlen(text)};
  assert_int_equal(sf_parse(slice, "net.sf", diag, &module), SF_OK);
  sf_registry *registry = sf_registry_create();
  sf_pipeline *pipeline = NULL;
  assert_int_equal(sf_pipeline_parse(registry, "route", diag, &pipeline),
                   SF_OK);
  sf_pipeline_options options = {
      .machine = m, .threads = 1, .verify_each = true, .out = stderr};
  assert_int_equal(sf_pipeline_run(pipeline, module, &options, diag), SF_OK);
  sf_pipeline_destroy(pipeline);
  sf_registry_destroy(registry);
  return module;
}

static sf_certificate *certificate(const sf_module *module, const sf_machine *m,
                                   sf_diag *diag) {
  char *text = NULL, *folder = test_folder_create();
  char *path = sf_path_join(folder, "certificate.json");
  assert_int_equal(sf_route_certificate(module->first_mapping, m, diag, &text),
                   SF_OK);
  assert_int_equal(sf_file_write(path, text, strlen(text), diag), SF_OK);
  sf_certificate *c = NULL;
  assert_int_equal(sf_certificate_read(path, diag, &c), SF_OK);
  free(path);
  test_folder_destroy(folder);
  free(text);
  return c;
}

static int64_t rise(const sf_certificate *c, sf_port_kind kind, int64_t x,
                    int64_t y, const char *port, int64_t below) {
  int64_t rank = sf_certificate_rank(c, kind, x, y, port);
  assert_true(rank > below);
  return rank;
}

/* ---- SpiNNaker2: the tables. ---- */

static const sf_mop *entry_for(const sf_mapping *mapping, int64_t x, int64_t y,
                               uint32_t key) {
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "table") != 0) continue;
    const sf_number *at = m->arguments[0].numbers;
    if (at[0].i != x || at[1].i != y) continue;
    for (const sf_mop *e = m->first_child; e; e = e->next) {
      uint32_t k = (uint32_t)e->arguments[0].numbers[0].i;
      uint32_t mask = (uint32_t)e->arguments[1].numbers[0].i;
      if ((key & mask) == k) return e;
    }
  }
  return NULL;
}

/* Recursion ends: a chip that is entered twice fails at `seen`. */
static void walk(const plan *p, const sf_mapping *mapping,
                 const sf_certificate *c, uint32_t key, int64_t x, int64_t y,
                 int64_t rank, int *got, bool seen[8][8]) {
  static const char names[6][3] = {"e", "ne", "n", "w", "sw", "s"};
  static const int dx[] = {1, 1, 0, -1, -1, 0}, dy[] = {0, 1, 1, 0, -1, -1};
  assert_true(x >= 0 && y >= 0 && x < 8 && y < 8 && y - x >= -4 && y - x <= 3);
  assert_false(seen[x][y]);
  seen[x][y] = true;
  const sf_mop *e = entry_for(mapping, x, y, key);
  assert_non_null(e);
  const sf_item *cores = sf_dict_find(&e->attrs, "cores");
  for (uint32_t i = 0; i < cores->count; i++) {
    char port[24];
    snprintf(port, sizeof port, "%d", (int)cores->items[i].number.i);
    rise(c, SF_PORT_EJECT, x, y, port, rank);
    for (int k = 0; k < p->cores; k++) {
      got[k] += p->x[k] == x && p->y[k] == y &&
                p->p[k] == (int)cores->items[i].number.i;
    }
  }
  const sf_item *links = sf_dict_find(&e->attrs, "links");
  for (uint32_t i = 0; i < links->count; i++) {
    for (int l = 0; l < 6; l++) {
      if (strcmp(links->items[i].text, names[l]) != 0) continue;
      int64_t next = rise(c, SF_PORT_LINK, x, y, names[l], rank);
      walk(p, mapping, c, key, x + dx[l], y + dy[l], next, got, seen);
    }
  }
}

static void check_trees(const plan *p, const sf_mapping *mapping,
                        const sf_certificate *c) {
  int sources = 0;
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "route") != 0) continue;
    int from = atoi(sf_dict_text(&m->attrs, "from") + 1);
    int64_t key = sf_dict_int(&m->attrs, "key", -1);
    for (int k = 0; k < 3; k++) {
      int got[CORES_MAX] = {0};
      bool seen[8][8] = {{false}};
      char port[24];
      snprintf(port, sizeof port, "%d", p->p[from]);
      int64_t rank = rise(c, SF_PORT_INJECT, p->x[from], p->y[from], port, -1);
      walk(p, mapping, c, (uint32_t)(key + k), p->x[from], p->y[from], rank,
           got, seen);
      for (int t = 0; t < p->cores; t++)
        assert_int_equal(got[t], p->feeds[from][t]);
    }
    sources++;
  }
  for (int s = 0; s < p->cores; s++) {
    bool feeds = false;
    for (int t = 0; t < p->cores; t++)
      feeds |= p->feeds[s][t];
    sources -= feeds;
  }
  assert_int_equal(sources, 0);
}

/* ---- Loihi 2: the paths. ---- */

static void check_paths(const plan *p, const sf_mapping *mapping,
                        const sf_certificate *c) {
  int got[CORES_MAX][CORES_MAX] = {{0}};
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "route") != 0) continue;
    int from = atoi(sf_dict_text(&m->attrs, "from") + 1);
    int to = atoi(sf_dict_find(&m->attrs, "to")->items[0].text + 1);
    got[from][to]++;
    int64_t x = p->chip[from] % 4 * 8 + p->x[from];
    int64_t y = p->chip[from] / 4 * 4 + p->y[from];
    char port[24];
    snprintf(port, sizeof port, "%d", p->p[from]);
    int64_t rank = rise(c, SF_PORT_INJECT, x, y, port, -1);
    const sf_item *path = sf_dict_find(&m->attrs, "path");
    bool vertical = false;
    for (uint32_t i = 0; i < path->count; i++) {
      const char *hop = path->items[i].text;
      rank = rise(c, SF_PORT_LINK, x, y, hop, rank);
      bool up = hop[0] == 'n' || hop[0] == 's';
      assert_true(up || !vertical); /* X, then Y */
      vertical |= up;
      x += (hop[0] == 'e') - (hop[0] == 'w');
      y += (hop[0] == 'n') - (hop[0] == 's');
    }
    assert_int_equal(x, p->chip[to] % 4 * 8 + p->x[to]);
    assert_int_equal(y, p->chip[to] / 4 * 4 + p->y[to]);
    snprintf(port, sizeof port, "%d", p->p[to]);
    rise(c, SF_PORT_EJECT, x, y, port, rank);
  }
  for (int s = 0; s < p->cores; s++)
    for (int t = 0; t < p->cores; t++)
      assert_int_equal(got[s][t], p->feeds[s][t] && s != t);
}

typedef void (*checker)(const plan *p, const sf_mapping *mapping,
                        const sf_certificate *c);

static void random_nets(const char *name, checker check) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_machine *m = load(name, diag);
  sf_random random = sf_random_seeded(20261124);
  for (int i = 0; i < NETS; i++) {
    plan p;
    char *text = write_text(m, &random, &p);
    assert_non_null(text);
    sf_module *module = route(m, text, diag);
    sf_certificate *c = certificate(module, m, diag);
    check(&p, module->first_mapping, c);
    sf_certificate_destroy(c);
    sf_module_destroy(module);
    free(text);
  }
  sf_machine_destroy(m);
  sf_diag_destroy(diag);
}

static void trees_on_the_board(void **state) {
  (void)state;
  random_nets("spin2-48chip", check_trees);
}

static void paths_over_chips(void **state) {
  (void)state;
  random_nets("kapoho-point", check_paths);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(trees_on_the_board),
      cmocka_unit_test(paths_over_chips),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
