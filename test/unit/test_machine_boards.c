/* Boards: blocks of chips, tori, faults, descriptions that build on others. */
#include "machine/fabric.h"
#include "machine/loihi2_memory.h"
#include "machine/thermal_machine.h"
#include "support/buffer.h"
#include "test/support/folder.h"

#include <math.h>

static sf_machine *load(const char *name) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load(name, diag, &machine), SF_OK);
  sf_diag_destroy(diag);
  return machine;
}

static void count_warnings(void *data, const sf_diag_record *record) {
  *(uint32_t *)data += record->severity == SF_SEVERITY_WARNING;
}

/* A description that builds on a bundled one; *out is NULL when it fails.
 * Returns how many warnings there were. */
static uint32_t load_text(const char *head, const char *tail,
                          sf_machine **out) {
  char *folder = test_folder_create();
  char *path = sf_path_join(folder, "machine.xml");
  sf_buffer text = {0};
  sf_buffer_printf(&text, "<machine name=\"m\" %s><summary>s</summary>%s", head,
                   tail);
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  uint32_t warnings = 0;
  sf_diag_listen(diag, count_warnings, &warnings);
  assert_int_equal(sf_file_write(path, text.data, text.size, diag), SF_OK);
  sf_result result = sf_machine_load(path, diag, out);
  assert_int_equal(result == SF_OK, *out != NULL);
  assert_int_equal(sf_diag_exit_code(diag), result == SF_OK ? 0 : 1);
  sf_diag_destroy(diag);
  sf_buffer_destroy(&text);
  free(path);
  test_folder_destroy(folder);
  return warnings;
}

#define ORIGIN "basis=\"estimate\" source=\"a test\""
#define LOIHI                                                                  \
  "family=\"loihi2\" topology=\"mesh\" wrap=\"false\" base=\"oheo-gulch\""
#define LOIHI_GRID                                                             \
  "<grid width=\"8\" height=\"4\" cores-per-router=\"4\" "                     \
  "cores-per-chip=\"120\" " ORIGIN "/>"
#define SPIN                                                                   \
  "family=\"spinnaker2\" topology=\"hex\" wrap=\"false\" "                     \
  "base=\"spinnaker2-chip\""
#define SPIN_GRID                                                              \
  "<grid width=\"4\" height=\"4\" cores-per-router=\"4\" "                     \
  "cores-per-chip=\"148\" " ORIGIN "/>"
#define BLOCK(columns, rows)                                                   \
  "<chips " ORIGIN                                                             \
  "><block id=\"0\" x=\"0\" y=\"0\" z=\"0\" columns=\"" columns                \
  "\" rows=\"" rows "\"/></chips>"
#define FAULTS(list) "<faults " ORIGIN ">" list "</faults>"
#define END          "</machine>"

static void hala_point_is_a_square_of_routers(void **state) {
  (void)state;
  sf_machine *m = load("hala-point");
  assert_int_equal(m->chip_count, 1152);
  assert_int_equal(m->chip_count * m->cores_per_chip, 140544);
  for (uint32_t i = 0; i < m->chip_count; i++) {
    const sf_chip *chip = sf_machine_chip(m, i);
    assert_int_equal(chip->id, i);
    assert_ptr_equal(sf_machine_chip_at(m, chip->x, chip->y), chip);
  }
  assert_null(sf_machine_chip(m, 1152));
  assert_null(sf_machine_chip_at(m, 24, 0));
  assert_null(sf_machine_chip_at(m, 0, -1));
  sf_arena *arena = sf_arena_create();
  sf_fabric f;
  assert_int_equal(sf_fabric_of_machine(m, arena, &f), SF_OK);
  assert_int_equal(f.width, 192);
  assert_int_equal(f.height, 192);
  sf_arena_destroy(arena);
  sf_machine_destroy(m);
}

static void check_torus(const char *name, int32_t width, int32_t height) {
  sf_machine *m = load(name);
  assert_true(m->wrap);
  assert_int_equal(m->chip_count, width * height);
  sf_arena *arena = sf_arena_create();
  sf_fabric f;
  assert_int_equal(sf_fabric_of_machine(m, arena, &f), SF_OK);
  for (uint32_t r = 0; r < f.router_count; r++) {
    sf_position at = {(int32_t)r % width, (int32_t)r / width}, behind;
    for (uint32_t d = 0; d < f.degree; d++) {
      int32_t next = f.neighbours[r * f.degree + d];
      assert_true(sf_router_behind(m, at, (int32_t)d, &behind));
      assert_int_equal(next, behind.y * width + behind.x);
      assert_int_equal(
          f.neighbours[(uint32_t)next * f.degree + sf_fabric_reverse(&f, d)],
          r);
    }
  }
  sf_arena_destroy(arena);
  sf_machine_destroy(m);
}

static void tori_have_no_edge(void **state) {
  (void)state;
  check_torus("spin2-torus-12x12", 12, 12);
  check_torus("spin2-torus-24x12", 24, 12);
  check_torus("spin2-rack", 72, 60);
}

/* Every chip of the 48-chip board and of Kapoho Point has the same numbers as
 * the single chip it builds on. */
static void boards_inherit_their_chip(void **state) {
  (void)state;
  static const char *const pairs[][2] = {{"kapoho-point", "oheo-gulch"},
                                         {"hala-point", "oheo-gulch"},
                                         {"spin2-48chip", "spinnaker2-chip"},
                                         {"spin2-rack", "spinnaker2-chip"}};
  for (size_t i = 0; i < SF_COUNT_OF(pairs); i++) {
    sf_machine *board = load(pairs[i][0]), *chip = load(pairs[i][1]);
    assert_int_equal(board->resource_count, chip->resource_count);
    assert_int_equal(board->constant_count, chip->constant_count);
    assert_int_equal(board->quad_count, chip->quad_count);
    for (uint32_t k = 0; k < chip->constant_count; k++) {
      const sf_quantity *q = &chip->constants[k];
      assert_true(sf_machine_value(board, q->name) == q->value);
      assert_string_equal(sf_machine_quantity(board, q->name)->source,
                          q->source);
    }
    sf_machine_destroy(board);
    sf_machine_destroy(chip);
  }
}

static void own_numbers_go_before_inherited_ones(void **state) {
  (void)state;
  sf_machine *m;
  load_text(LOIHI,
            LOIHI_GRID BLOCK(
                "1", "1") "<resources><quantity name="
                          "\"pool-words\" value=\"12000\" unit=\"word\" " ORIGIN
                          "/></resources>" END,
            &m);
  assert_non_null(m);
  assert_true(sf_machine_value(m, "pool-words") == 12000);
  assert_true(sf_machine_value(m, "neuron-words") == 4095);
  sf_machine_destroy(m);
}

static void a_dead_link_is_dead_both_ways(void **state) {
  (void)state;
  sf_machine *m;
  assert_int_equal(load_text(SPIN,
                             SPIN_GRID BLOCK("4", "4")
                                 FAULTS("<dead chip=\"5\" link=\"ne\"/>") END,
                             &m),
                   0);
  assert_int_equal(m->dead_link_count, 2);
  sf_position behind;
  assert_false(sf_router_behind(m, (sf_position){1, 1}, 1, &behind));
  assert_false(sf_router_behind(m, (sf_position){2, 2}, 4, &behind));
  assert_true(sf_router_behind(m, (sf_position){2, 2}, 1, &behind));
  sf_machine_destroy(m);
}

/* Links between chips, of all four routers of the edge, or of one router; X-Y
 * routes over a dead link are none. */
static void dead_links_of_a_mesh(void **state) {
  (void)state;
  sf_machine *m;
  load_text(LOIHI,
            LOIHI_GRID BLOCK("2", "1")
                FAULTS("<dead chip=\"0\" x=\"7\" y=\"2\" link=\"e\"/>"
                       "<dead chip=\"1\" x=\"0\" y=\"2\" link=\"w\"/>") END,
            &m);
  assert_int_equal(m->dead_link_count, 2);
  int32_t path[32];
  assert_int_equal(
      sf_route_xy(m, (sf_position){0, 2}, (sf_position){15, 2}, path, 32), -1);
  assert_int_equal(
      sf_route_xy(m, (sf_position){15, 2}, (sf_position){0, 2}, path, 32), -1);
  assert_int_equal(
      sf_route_xy(m, (sf_position){0, 1}, (sf_position){15, 2}, path, 32), 16);
  sf_machine_destroy(m);
  load_text(LOIHI,
            LOIHI_GRID BLOCK("3", "2") FAULTS("<dead chip=\"0\" link=\"e\"/>")
                END,
            &m);
  assert_int_equal(m->dead_link_count, 8);
  sf_machine_destroy(m);
}

static void chips_that_are_cut_off_are_given_up(void **state) {
  (void)state;
  sf_machine *m;
  /* Chip 1 is dead, so that chip 0 of the row is alone; then the last chip
   * loses all its links. */
  assert_int_equal(load_text(LOIHI,
                             LOIHI_GRID BLOCK("5", "1")
                                 FAULTS("<dead chip=\"1\"/>") END,
                             &m),
                   1);
  assert_true(sf_machine_chip(m, 0)->dead && sf_machine_chip(m, 1)->dead);
  assert_false(sf_machine_chip(m, 2)->dead);
  assert_false(sf_machine_core_usable(m, 0, 0, 0, 0));
  sf_machine_destroy(m);
  assert_int_equal(
      load_text(SPIN,
                SPIN_GRID BLOCK("2", "2")
                    FAULTS("<dead chip=\"3\" link=\"w\"/><dead chip=\"3\" "
                           "link=\"s\"/><dead chip=\"3\" link=\"sw\"/>") END,
                &m),
      1);
  assert_true(sf_machine_chip(m, 3)->dead);
  sf_machine_destroy(m);
  /* A router of a chip alone costs its chip, and then what only it joined. */
  assert_int_equal(
      load_text(LOIHI,
                LOIHI_GRID BLOCK("4", "1")
                    FAULTS("<dead chip=\"1\" x=\"0\" y=\"0\" link=\"n\"/>"
                           "<dead chip=\"1\" x=\"0\" y=\"0\" link=\"w\"/>"
                           "<dead chip=\"1\" x=\"0\" y=\"0\" link=\"e\"/>") END,
                &m),
      2);
  assert_true(sf_machine_chip(m, 0)->dead && sf_machine_chip(m, 1)->dead);
  sf_machine_destroy(m);
}

static void what_makes_no_sense_is_refused(void **state) {
  (void)state;
  static const char *const texts[][2] = {
      {LOIHI, LOIHI_GRID BLOCK("1", "1") FAULTS("<dead chip=\"0\"/>") END},
      {LOIHI, LOIHI_GRID BLOCK("1", "1") FAULTS("<dead chip=\"7\"/>") END},
      {LOIHI,
       LOIHI_GRID BLOCK("1", "1") FAULTS("<dead chip=\"0\" link=\"ne\"/>") END},
      {LOIHI, LOIHI_GRID BLOCK("1", "1")
                  FAULTS("<dead chip=\"0\" x=\"1\" y=\"1\"/>") END},
      {LOIHI, LOIHI_GRID BLOCK("1", "1")
                  FAULTS("<dead chip=\"0\" x=\"8\" y=\"1\" link=\"e\"/>") END},
      {LOIHI, LOIHI_GRID BLOCK("300", "300") END},
      {LOIHI, LOIHI_GRID BLOCK("1024", "1") END},
      {LOIHI, LOIHI_GRID BLOCK("0", "1") END},
      {SPIN, SPIN_GRID BLOCK("5", "4") END},
      {SPIN, LOIHI_GRID "<chips " ORIGIN "/>" END},
      {"family=\"spinnaker2\" topology=\"hex\" wrap=\"false\" "
       "base=\"oheo-gulch\"",
       SPIN_GRID BLOCK("1", "1") END},
      {"family=\"loihi2\" topology=\"mesh\" wrap=\"false\" base=\"none\"",
       LOIHI_GRID BLOCK("1", "1") END},
      {"family=\"loihi2\" topology=\"mesh\" wrap=\"true\" base=\"oheo-gulch\"",
       LOIHI_GRID BLOCK("1", "1") END},
  };
  for (size_t i = 0; i < SF_COUNT_OF(texts); i++) {
    sf_machine *m;
    load_text(texts[i][0], texts[i][1], &m);
    if (m) print_error("text %zu was accepted\n", i);
    assert_null(m);
  }
}

/* In a folder of its own: a description that names itself as its base. */
static void a_ring_of_bases_is_refused(void **state) {
  (void)state;
  char *folder = test_folder_create(), *schema = NULL;
  size_t size = 0;
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  char *rng = sf_path_join(folder, "machine.rng");
  char *path = sf_path_join(folder, "ring.xml");
  const char text[] = "<machine name=\"ring\" family=\"loihi2\" "
                      "topology=\"mesh\" wrap=\"false\" base=\"ring\">"
                      "<summary>s</summary>" LOIHI_GRID BLOCK("1", "1") END;
  assert_int_equal(sf_file_read(SF_TEST_SOURCE "/machines/machine.rng", 0, diag,
                                &schema, &size),
                   SF_OK);
  assert_int_equal(sf_file_write(rng, schema, size, diag), SF_OK);
  assert_int_equal(sf_file_write(path, text, strlen(text), diag), SF_OK);
  assert_int_equal(setenv("SF_MACHINES", folder, 1), 0);
  sf_machine *m = NULL;
  assert_int_equal(sf_machine_load("ring", diag, &m), SF_FAIL);
  assert_null(m);
  assert_int_equal(unsetenv("SF_MACHINES"), 0);
  sf_diag_destroy(diag);
  free(schema);
  free(rng);
  free(path);
  test_folder_destroy(folder);
}

/* Lists of Loihi 1 (loihi2.md 1.5): blocks of 64 synapses of 8 + 10 bits, each
 * with 10 bits of header, in whole words; parts of the memory bind alone. */
static void loihi1_counts_blocks(void **state) {
  (void)state;
  sf_machine *m = load("loihi1");
  sf_loihi2_limits l = sf_loihi2_limits_of(m);
  assert_int_equal(sf_loihi2_list_words(&l, 100, 8, false), 19 + 11);
  assert_int_equal(sf_loihi2_list_words(&l, 64, 8, false), 19);
  assert_int_equal(sf_loihi2_list_words(&l, 128, 1, true), 2 * 18);
  sf_loihi2_usage u = {.neuron_words = 1, .axon_in = 4096};
  assert_true(sf_loihi2_fits(&l, &u));
  u.axon_in = 4097;
  assert_false(sf_loihi2_fits(&l, &u));
  u.axon_in = 0;
  u.synapses = 16385;
  assert_false(sf_loihi2_fits(&l, &u));
  sf_machine_destroy(m);
}

static void every_core_has_a_cell(void **state) {
  (void)state;
  static const char *const names[] = {"oheo-gulch", "spin2-48chip", "loihi1"};
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  for (size_t i = 0; i < SF_COUNT_OF(names); i++) {
    sf_machine *m = load(names[i]);
    sf_arena *arena = sf_arena_create();
    sf_thermal_machine t;
    sf_thermal *die, *board;
    assert_int_equal(sf_thermal_of_machine(m, diag, arena, &t), SF_OK);
    assert_string_equal(t.basis, "estimate");
    assert_int_equal(sf_thermal_create(&t.die, arena, &die), SF_OK);
    assert_int_equal(sf_thermal_create(&t.board, arena, &board), SF_OK);
    assert_int_equal(board->present_count, m->chip_count);
    bool taken[512] = {false};
    for (uint32_t p = 0; p < m->cores_per_chip; p++) {
      uint32_t cell = sf_thermal_cell_of_core(&t, p);
      assert_true(cell < die->cells && !taken[cell]);
      taken[cell] = true;
    }
    /* A watt in every chip warms all by board-resistance. */
    double power[64] = {0}, rise[64];
    for (uint32_t c = 0; c < m->chip_count; c++)
      power[sf_thermal_cell_of_chip(&t, &m->chips[c])] = 1;
    assert_int_equal(sf_thermal_steady(board, power, rise), SF_OK);
    double wanted = sf_machine_value(m, "board-resistance");
    for (uint32_t c = 0; c < m->chip_count; c++)
      assert_true(fabs(rise[sf_thermal_cell_of_chip(&t, &m->chips[c])] -
                       wanted) < 1e-9);
    sf_arena_destroy(arena);
    sf_machine_destroy(m);
  }
  sf_machine *mesh = load("mesh"); /* says nothing of heat */
  sf_arena *arena = sf_arena_create();
  sf_thermal_machine t;
  assert_int_equal(sf_thermal_of_machine(mesh, diag, arena, &t), SF_FAIL);
  sf_arena_destroy(arena);
  sf_machine_destroy(mesh);
  sf_diag_destroy(diag);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hala_point_is_a_square_of_routers),
      cmocka_unit_test(tori_have_no_edge),
      cmocka_unit_test(boards_inherit_their_chip),
      cmocka_unit_test(own_numbers_go_before_inherited_ones),
      cmocka_unit_test(a_dead_link_is_dead_both_ways),
      cmocka_unit_test(dead_links_of_a_mesh),
      cmocka_unit_test(chips_that_are_cut_off_are_given_up),
      cmocka_unit_test(what_makes_no_sense_is_refused),
      cmocka_unit_test(a_ring_of_bases_is_refused),
      cmocka_unit_test(loihi1_counts_blocks),
      cmocka_unit_test(every_core_has_a_cell),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
