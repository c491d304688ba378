/* Machine descriptions: the bundled ones load; broken ones are refused. */
#include "sf/machine.h"
#include "test/support/folder.h"

static sf_diag *quiet(void) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  assert_non_null(diag);
  return diag;
}

static sf_machine *load(const char *name) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load(name, diag, &machine), SF_OK);
  sf_diag_destroy(diag);
  return machine;
}

static void kapoho_point_has_960_cores(void **state) {
  (void)state;
  sf_machine *m = load("kapoho-point");
  assert_string_equal(m->name, "kapoho-point");
  assert_int_equal(m->family, SF_FAMILY_LOIHI2);
  assert_int_equal(m->chip_count, 8);
  unsigned usable = 0;
  for (int c = 0; c < 8; c++)
    for (int x = 0; x < 8; x++)
      for (int y = 0; y < 4; y++)
        for (int p = 0; p < 4; p++)
          usable += sf_machine_core_usable(m, c, x, y, p);
  assert_int_equal(usable, 960);
  assert_false(sf_machine_core_usable(m, 0, 7, 3, 0));
  assert_false(sf_machine_core_usable(m, 8, 0, 0, 0));
  assert_false(sf_machine_core_usable(m, 0, -1, 0, 0));
  assert_true(sf_machine_value(m, "neuron-words") == 4095);
  assert_true(sf_machine_value(m, "pool-words") == 16000);
  assert_null(sf_machine_quantity(m, "no-such"));
  sf_machine_destroy(m);
}

static void oheo_gulch_is_one_chip(void **state) {
  (void)state;
  sf_machine *m = load("oheo-gulch");
  assert_int_equal(m->chip_count, 1);
  assert_int_equal(m->cores_per_chip, 120);
  sf_machine_destroy(m);
}

static void spinnaker2_chip_has_148_pes(void **state) {
  (void)state;
  sf_machine *m = load("spinnaker2-chip");
  assert_int_equal(m->family, SF_FAMILY_SPINNAKER2);
  assert_int_equal(m->quad_count, 38);
  assert_true(sf_machine_core_usable(m, 0, 0, 0, 147));
  assert_false(sf_machine_core_usable(m, 0, 0, 0, 148));
  assert_true(sf_machine_value(m, "data-bytes") == 67328);
  sf_machine_destroy(m);
}

static void the_board_has_its_outline(void **state) {
  (void)state;
  sf_machine *m = load("spin2-48chip");
  assert_int_equal(m->chip_count, 48);
  for (int x = 0; x < 8; x++) {
    for (int y = 0; y < 8; y++) {
      bool there = y - x >= -4 && y - x <= 3;
      assert_int_equal(sf_machine_chip_at(m, x, y) != NULL, there);
    }
  }
  sf_machine_destroy(m);
}

static void every_number_has_a_basis(void **state) {
  (void)state;
  char **names = NULL;
  uint32_t count = 0;
  sf_diag *diag = quiet();
  assert_int_equal(sf_machine_names(diag, &names, &count), SF_OK);
  assert_true(count >= 10);
  for (uint32_t i = 0; i < count; i++) {
    sf_machine *m = load(names[i]);
    for (uint32_t k = 0; k < m->constant_count; k++) {
      assert_true(strlen(m->constants[k].source) > 10);
      assert_true(strlen(m->constants[k].unit) > 0);
    }
    sf_machine_destroy(m);
  }
  sf_machine_names_free(names, count);
  sf_diag_destroy(diag);
}

/* ---- Damage: text of a good machine, one thing replaced. -------------------
 */

static char *replaced(const char *text, const char *from, const char *to) {
  const char *at = strstr(text, from);
  assert_non_null(at);
  size_t size = strlen(text) + strlen(to) + 1;
  char *out = malloc(size);
  assert_non_null(out);
  snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to,
           at + strlen(from));
  return out;
}

static void refuse_text(const char *text, size_t size) {
  char *folder = test_folder_create();
  char *path = sf_path_join(folder, "machine.xml");
  sf_diag *diag = quiet();
  assert_int_equal(sf_file_write(path, text, size, diag), SF_OK);
  sf_machine *machine = NULL;
  assert_int_equal(sf_machine_load(path, diag, &machine), SF_FAIL);
  assert_null(machine);
  assert_int_equal(sf_diag_exit_code(diag), 1);
  sf_diag_destroy(diag);
  free(path);
  test_folder_destroy(folder);
}

static char *good_text(void) {
  char *text = NULL;
  size_t size = 0;
  sf_diag *diag = quiet();
  assert_int_equal(sf_file_read(SF_TEST_SOURCE "/machines/oheo-gulch.xml", 0,
                                diag, &text, &size),
                   SF_OK);
  sf_diag_destroy(diag);
  return text;
}

static void damage_is_refused(void **state) {
  (void)state;
  static const char *const changes[][2] = {
      {"family=\"loihi2\"", "family=\"loihi3\""},
      {"topology=\"mesh\"", "topology=\"hex\""},
      {"wrap=\"false\"", "wrap=\"true\""},
      {"cores-per-chip=\"120\"", "cores-per-chip=\"129\""},
      {"</chips>", "<chip id=\"0\" x=\"1\" y=\"0\" z=\"0\"/></chips>"},
      {"</chips>", "<chip id=\"1\" x=\"0\" y=\"0\" z=\"0\"/></chips>"},
      {"name=\"pool-words\"", "name=\"pool-word\""},
      {"name=\"pool-words\"", "name=\"neuron-words\""},
      {"value=\"16000\"", "value=\"-1\""},
      {"value=\"16000\"", "value=\"INF\""},
      {"value=\"16000\"", "value=\"many\""},
      {"basis=\"estimate\"", "basis=\"guess\""},
      {"<machine ", "<!DOCTYPE machine [<!ENTITY a \"b\">]><machine "},
      {"<summary>", "<summary>&a;"},
      {"</machine>", ""},
      {"<constants>", "<constants/><constants>"},
  };
  char *good = good_text();
  for (size_t i = 0; i < SF_COUNT_OF(changes); i++) {
    char *bad = replaced(good, changes[i][0], changes[i][1]);
    refuse_text(bad, strlen(bad));
    free(bad);
  }
  free(good);
}

static void truncation_is_refused(void **state) {
  (void)state;
  char *good = good_text();
  size_t size = strlen(good);
  for (size_t cut = 0; cut + 2 < size; cut += 97)
    refuse_text(good, cut);
  free(good);
}

static void unknown_names_are_listed(void **state) {
  (void)state;
  static const char *const names[] = {"no-such-chip", "", "../x",
                                      "missing.xml"};
  for (size_t i = 0; i < SF_COUNT_OF(names); i++) {
    sf_diag *diag = quiet();
    sf_machine *machine = NULL;
    assert_int_equal(sf_machine_load(names[i], diag, &machine), SF_FAIL);
    assert_int_equal(sf_diag_exit_code(diag), 1);
    sf_diag_destroy(diag);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kapoho_point_has_960_cores),
      cmocka_unit_test(oheo_gulch_is_one_chip),
      cmocka_unit_test(spinnaker2_chip_has_148_pes),
      cmocka_unit_test(the_board_has_its_outline),
      cmocka_unit_test(every_number_has_a_basis),
      cmocka_unit_test(damage_is_refused),
      cmocka_unit_test(truncation_is_refused),
      cmocka_unit_test(unknown_names_are_listed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
