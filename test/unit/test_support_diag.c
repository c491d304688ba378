/* What a diagnostic looks like as text and as JSON, and what the engine counts.
 */
#include "sf/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An engine that prints into memory. */
typedef struct fixture {
  char *text;
  size_t size;
  FILE *out;
  sf_diag *diag;
} fixture;

static void begin(fixture *f, sf_diag_format format) {
  *f = (fixture){0};
  f->out = open_memstream(&f->text, &f->size);
  assert_non_null(f->out);
  f->diag = sf_diag_create(f->out, format);
  assert_non_null(f->diag);
}

static void end(fixture *f, const char *expected) {
  fflush(f->out);
  if (expected) assert_string_equal(f->text, expected);
  sf_diag_destroy(f->diag);
  fclose(f->out);
  free(f->text);
}

static sf_slice slice(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static void text_shows_place_source_caret_note_and_help(void **state) {
  (void)state;
  fixture f;
  begin(&f, SF_DIAG_TEXT);
  sf_diag_add_source(f.diag, "m.sf",
                     slice("first\n  %i = linear {shift = 99}\n"));
  sf_loc loc = {.file = "m.sf", .line = 2, .column = 16, .length = 10};
  assert_int_equal(sf_error(f.diag, SF_DIAG_ATTR, loc, "'shift' is %d", 99),
                   SF_FAIL);
  sf_note(f.diag, SF_NO_LOC, "imported from '%s'", "model.net");
  sf_help(f.diag, "use at most %d", 62);
  end(&f, "m.sf:2:16: error: 'shift' is 99 [attr]\n"
          "    2 |   %i = linear {shift = 99}\n"
          "      |                ^~~~~~~~~~\n"
          "note: imported from 'model.net'\n"
          "help: use at most 62\n");
}

static void text_names_the_node_of_an_imported_op(void **state) {
  (void)state;
  fixture f;
  begin(&f, SF_DIAG_TEXT);
  sf_loc loc = {.file = "model.net", .node = "layer/0"};
  sf_error(f.diag, SF_DIAG_IMPORT, loc, "unknown layer type 'x'");
  sf_error(f.diag, SF_DIAG_USAGE, SF_NO_LOC, "no model");
  sf_warning(f.diag, SF_DIAG_IMPORT_IGNORED,
             (sf_loc){.file = "a.sf", .line = 3}, "a field");
  end(&f, "model.net: node 'layer/0': error: unknown layer type 'x' [import]\n"
          "error: no model [usage]\n"
          "a.sf:3: warning: a field [import-ignored]\n");
}

static void tabs_and_wide_characters_keep_the_caret_in_place(void **state) {
  (void)state;
  fixture f;
  begin(&f, SF_DIAG_TEXT);
  sf_diag_add_source(f.diag, "t", slice("\t\xC3\xA4\xE2\x82\xAC @x\r\n"));
  sf_loc loc = {.file = "t", .line = 1, .column = 8, .length = 2};
  sf_error(f.diag, SF_DIAG_NAME, loc, "unknown '@x'");
  end(&f, "t:1:8: error: unknown '@x' [name]\n"
          "    1 |         \xC3\xA4\xE2\x82\xAC @x\n"
          "      |            ^~\n");
}

static void a_place_behind_the_line_is_shown(void **state) {
  (void)state;
  fixture f;
  begin(&f, SF_DIAG_TEXT);
  sf_diag_add_source(f.diag, "t", slice("ab"));
  sf_error(f.diag, SF_DIAG_SYNTAX,
           (sf_loc){.file = "t", .line = 1, .column = 3}, "expected '}'");
  /* Lines and columns that are not there show no source. */
  sf_error(f.diag, SF_DIAG_SYNTAX,
           (sf_loc){.file = "t", .line = 9, .column = 1}, "x");
  sf_error(
      f.diag, SF_DIAG_SYNTAX,
      (sf_loc){
          .file = "t", .line = 1, .column = UINT32_MAX, .length = UINT32_MAX},
      "x");
  end(&f, "t:1:3: error: expected '}' [syntax]\n"
          "    1 | ab\n"
          "      |   ^\n"
          "t:9:1: error: x [syntax]\n"
          "t:1:4294967295: error: x [syntax]\n");
}

/* One megabyte in one line: the window around the place, with the caret under
 * the character. */
static void a_very_long_line_is_cut_around_the_place(void **state) {
  (void)state;
  enum { LENGTH = 1 << 20, PLACE = 500000 };
  char *line = malloc(LENGTH);
  memset(line, 'a', LENGTH);
  line[PLACE] = '!';
  fixture f;
  begin(&f, SF_DIAG_TEXT);
  sf_diag_add_source(f.diag, "long", (sf_slice){line, LENGTH});
  sf_error(
      f.diag, SF_DIAG_SYNTAX,
      (sf_loc){
          .file = "long", .line = 1, .column = PLACE + 1, .length = LENGTH},
      "x");
  fflush(f.out);
  assert_true(f.size < 400);
  char *source = strchr(f.text, '\n') + 1;
  char *marks = strchr(source, '\n') + 1;
  assert_int_equal(strchr(source, '!') - source, strchr(marks, '^') - marks);
  assert_non_null(strstr(source, "| ...aaa"));
  assert_int_equal(strncmp(marks - 4, "...\n", 4), 0);
  end(&f, NULL);
  free(line);
}

/* A user's names cannot fake lines or colours, nor break the JSON. */
static void control_and_broken_bytes_are_made_visible(void **state) {
  (void)state;
  fixture f;
  begin(&f, SF_DIAG_TEXT);
  sf_error(f.diag, SF_DIAG_NAME, (sf_loc){.file = "\033[2J"},
           "'a\nerror: b\033[31m\xFF\xC0\xAF\xC2\x9B'");
  end(&f, "\\x1b[2J: error: 'a\\nerror: b\\x1b[31m\\xff\\xc0\\xaf\\xc2\\x9b' "
          "[name]\n");
}

static void json_is_one_object_a_line(void **state) {
  (void)state;
  fixture f;
  begin(&f, SF_DIAG_JSON);
  sf_loc loc = {.file = "m.sf", .line = 2, .column = 5, .length = 3};
  sf_error(f.diag, SF_DIAG_CAPACITY, loc, "needs %d \"axons\"", 5000);
  sf_note(f.diag, (sf_loc){.file = "n.net", .node = "l\xFF"}, "here");
  end(&f, "{\"severity\":\"error\",\"id\":\"capacity\",\"file\":\"m.sf\","
          "\"line\":2,\"column\":5,\"length\":3,"
          "\"message\":\"needs 5000 \\\"axons\\\"\",\"exit_code\":3}\n"
          "{\"severity\":\"note\",\"id\":\"capacity\",\"file\":\"n.net\","
          "\"node\":\"l\\\\xff\",\"message\":\"here\"}\n");
}

static void the_first_class_or_a_bug_gives_the_exit_code(void **state) {
  (void)state;
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  assert_int_equal(sf_diag_exit_code(diag), 0);
  sf_warning(diag, SF_DIAG_IMPORT_IGNORED, SF_NO_LOC, "w");
  assert_int_equal(sf_diag_exit_code(diag), 0);
  sf_error(diag, SF_DIAG_CAPACITY, SF_NO_LOC, "e");
  sf_error(diag, SF_DIAG_FILE_OPEN, SF_NO_LOC, "e");
  assert_int_equal(sf_diag_exit_code(diag), 3);
  sf_error(diag, SF_DIAG_INTERNAL, SF_NO_LOC, "e");
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "e");
  assert_int_equal(sf_diag_exit_code(diag), 70);
  assert_int_equal(sf_diag_errors(diag), 4);
  sf_diag_destroy(diag);
}

typedef struct heard {
  int count;
  sf_diag_record last;
  char message[32];
} heard;

static void listen(void *data, const sf_diag_record *record) {
  heard *h = data;
  h->count++;
  h->last = *record;
  snprintf(h->message, sizeof h->message, "%s", record->message);
}

static void a_listener_hears_every_record(void **state) {
  (void)state;
  heard h = {0};
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_diag_listen(diag, listen, &h);
  sf_error(diag, SF_DIAG_TYPE, (sf_loc){.file = "a", .line = 4}, "bad %s", "x");
  assert_string_equal(h.message, "bad x");
  assert_int_equal(h.last.loc.line, 4);
  sf_help(diag, "do");
  assert_int_equal(h.count, 2);
  assert_int_equal(h.last.severity, SF_SEVERITY_HELP);
  assert_int_equal(h.last.id, SF_DIAG_TYPE); /* whose help it is */
  sf_diag_destroy(diag);
}

/* What an engine prints to a terminal. */
static void print_to_terminal(char *out, size_t size) {
  int ours, theirs;
  assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
  FILE *file = fdopen(theirs, "w");
  sf_diag *diag = sf_diag_create(file, SF_DIAG_TEXT);
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "no model");
  ssize_t got = read(ours, out, size - 1);
  assert_true(got > 0);
  out[got] = 0;
  sf_diag_destroy(diag);
  fclose(file);
  close(ours);
}

static void colour_is_for_terminals_that_want_it(void **state) {
  (void)state;
  char text[256];
  setenv("TERM", "xterm", 1);
  unsetenv("NO_COLOR");
  print_to_terminal(text, sizeof text);
  assert_non_null(strstr(text, "\033[1;31merror:\033[0m no model"));
  setenv("NO_COLOR", "1", 1);
  print_to_terminal(text, sizeof text);
  assert_string_equal(text, "error: no model [usage]\r\n");
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  print_to_terminal(text, sizeof text);
  assert_null(strchr(text, '\033'));
}

/* Each id has a text of its own, and a class that is an exit code. */
static void ids_are_distinct(void **state) {
  (void)state;
  for (int a = 0; a < SF_DIAG_COUNT; a++) {
    for (int b = 0; b < a; b++)
      assert_string_not_equal(sf_diag_id_text((sf_diag_id)a),
                              sf_diag_id_text((sf_diag_id)b));
    assert_true(sf_diag_id_class((sf_diag_id)a) >= 1);
  }
  assert_string_equal(sf_diag_id_text(SF_DIAG_NO_SLACK), "no-slack");
  assert_int_equal(sf_diag_id_class(SF_DIAG_HELPER), 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_shows_place_source_caret_note_and_help),
      cmocka_unit_test(text_names_the_node_of_an_imported_op),
      cmocka_unit_test(tabs_and_wide_characters_keep_the_caret_in_place),
      cmocka_unit_test(a_place_behind_the_line_is_shown),
      cmocka_unit_test(a_very_long_line_is_cut_around_the_place),
      cmocka_unit_test(control_and_broken_bytes_are_made_visible),
      cmocka_unit_test(json_is_one_object_a_line),
      cmocka_unit_test(the_first_class_or_a_bug_gives_the_exit_code),
      cmocka_unit_test(a_listener_hears_every_record),
      cmocka_unit_test(colour_is_for_terminals_that_want_it),
      cmocka_unit_test(ids_are_distinct),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
