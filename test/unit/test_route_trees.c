/* Random placements on the 48-chip board and on Kapoho Point: every spike comes
 * once to each core that reads it and to no other, and the certificate's ranks
 * rise along every route. The walk is this file's own. */
#include "machine/certificate.h"
#include "sf/ir.h"
#include "sf/pass.h"
#include "support/buffer.h"
#include "support/hash.h"
#include "test/support/folder.h"

enum { NETS = 25, SOME = 6, CORES_MAX = 40 };

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

static sf_module *route(const sf_machine *m, const char *text,
                        const char *passes, sf_diag *diag) {
  sf_module *module = NULL;
  sf_slice slice = {text, strlen(text)};
  assert_int_equal(sf_parse(slice, "net.sf", diag, &module), SF_OK);
  sf_registry *registry = sf_registry_create();
  sf_pipeline *pipeline = NULL;
  assert_int_equal(sf_pipeline_parse(registry, passes, diag, &pipeline), SF_OK);
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
                 int came, int64_t rank, int *got, bool seen[8][8]) {
  static const char names[6][3] = {"e", "ne", "n", "w", "sw", "s"};
  static const int dx[] = {1, 1, 0, -1, -1, 0}, dy[] = {0, 1, 1, 0, -1, -1};
  assert_true(x >= 0 && y >= 0 && x < 8 && y < 8 && y - x >= -4 && y - x <= 3);
  assert_false(seen[x][y]);
  seen[x][y] = true;
  const sf_mop *e = entry_for(mapping, x, y, key);
  bool defaults = sf_dict_find(&mapping->attrs, "default_routes");
  assert_true(e || (defaults && came >= 0));
  const sf_item *cores = e ? sf_dict_find(&e->attrs, "cores") : NULL;
  for (uint32_t i = 0; cores && i < cores->count; i++) {
    char port[24];
    snprintf(port, sizeof port, "%d", (int)cores->items[i].number.i);
    rise(c, SF_PORT_EJECT, x, y, port, rank);
    for (int k = 0; k < p->cores; k++) {
      got[k] += p->x[k] == x && p->y[k] == y &&
                p->p[k] == (int)cores->items[i].number.i;
    }
  }
  const sf_item *links = e ? sf_dict_find(&e->attrs, "links") : NULL;
  for (int l = 0; l < 6; l++) {
    bool leaves = !e && l == came; /* what matches nothing goes straight on */
    for (uint32_t i = 0; links && i < links->count; i++)
      leaves |= strcmp(links->items[i].text, names[l]) == 0;
    if (!leaves) continue;
    int64_t next = rise(c, SF_PORT_LINK, x, y, names[l], rank);
    walk(p, mapping, c, key, x + dx[l], y + dy[l], l, next, got, seen);
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
      walk(p, mapping, c, (uint32_t)(key + k), p->x[from], p->y[from], -1, rank,
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

/* Hops of a path; without one, X, then Y. */
static int64_t walk_path(const sf_certificate *c, const sf_item *path,
                         int64_t *x, int64_t *y, int64_t end_x, int64_t end_y,
                         int64_t rank) {
  bool vertical = false;
  for (uint32_t i = 0; path ? i < path->count : *x != end_x || *y != end_y;
       i++) {
    const char *hop = path         ? path->items[i].text
                      : *x < end_x ? "e"
                      : *x > end_x ? "w"
                      : *y < end_y ? "n"
                                   : "s";
    rank = rise(c, SF_PORT_LINK, *x, *y, hop, rank);
    bool up = hop[0] == 'n' || hop[0] == 's';
    assert_true(path || up || !vertical); /* X, then Y */
    vertical |= up;
    *x += (hop[0] == 'e') - (hop[0] == 'w');
    *y += (hop[0] == 'n') - (hop[0] == 's');
  }
  return rank;
}

static void check_paths(const plan *p, const sf_mapping *mapping,
                        const sf_certificate *c) {
  int got[CORES_MAX][CORES_MAX] = {{0}};
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "route") != 0) continue;
    int from = atoi(sf_dict_text(&m->attrs, "from") + 1);
    const sf_item *to = sf_dict_find(&m->attrs, "to");
    const sf_item *path = sf_dict_find(&m->attrs, "path");
    for (uint32_t i = 0; i < to->count; i++) {
      int target = atoi(to->items[i].text + 1);
      got[from][target]++;
      int64_t x = p->chip[from] % 4 * 8 + p->x[from];
      int64_t y = p->chip[from] / 4 * 4 + p->y[from];
      int64_t end_x = p->chip[target] % 4 * 8 + p->x[target];
      int64_t end_y = p->chip[target] / 4 * 4 + p->y[target];
      char port[24];
      snprintf(port, sizeof port, "%d", p->p[from]);
      int64_t rank = rise(c, SF_PORT_INJECT, x, y, port, -1);
      rank = walk_path(c, path, &x, &y, end_x, end_y, rank);
      assert_int_equal(x, end_x);
      assert_int_equal(y, end_y);
      snprintf(port, sizeof port, "%d", p->p[target]);
      rise(c, SF_PORT_EJECT, x, y, port, rank);
    }
  }
  for (int s = 0; s < p->cores; s++)
    for (int t = 0; t < p->cores; t++)
      assert_int_equal(got[s][t], p->feeds[s][t] && s != t);
}

typedef void (*checker)(const plan *p, const sf_mapping *mapping,
                        const sf_certificate *c);

static void random_nets(const char *name, const char *passes, int nets,
                        checker check) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_machine *m = load(name, diag);
  sf_random random = sf_random_seeded(20261124);
  for (int i = 0; i < nets; i++) {
    plan p;
    char *text = write_text(m, &random, &p);
    assert_non_null(text);
    sf_module *module = route(m, text, passes, diag);
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
  static const char *const passes[] = {
      "route{algorithm=xy}", "route{algorithm=odd-even}",
      "route{algorithm=adaptive}",
      "route{algorithm=legal-ner,sweeps=0,tables=small}",
      "route{tables=small,default-routes=true}"};
  random_nets("spin2-48chip", "route", NETS, check_trees);
  for (size_t i = 0; i < SF_COUNT_OF(passes); i++)
    random_nets("spin2-48chip", passes[i], SOME, check_trees);
}

static void paths_over_chips(void **state) {
  (void)state;
  static const char *const passes[] = {
      "route{algorithm=odd-even}", "route{algorithm=adaptive}",
      "deadlock-free-routing{algorithm=legal-ner,switching=wormhole}"};
  random_nets("kapoho-point", "route", NETS, check_paths);
  for (size_t i = 0; i < SF_COUNT_OF(passes); i++)
    random_nets("kapoho-point", passes[i], SOME, check_paths);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(trees_on_the_board),
      cmocka_unit_test(paths_over_chips),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
