/* interp_harness.h - runs a network given as text, for the interpreter's tests.
 *
 * The text is the inside of a module; the whole neuron library stands before
 * it. */
#ifndef SF_TEST_INTERP_HARNESS_H
#define SF_TEST_INTERP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sf/interp.h"
#include "sf/ir.h"
#include "support/file.h"

#include <stdlib.h>
#include <string.h>

typedef struct harness {
  sf_diag *diag;
  sf_module *module;
  const sf_network *network;
  sf_interp *interp;
  char errors[4096]; /* messages so far, a line each */
} harness;

static void harness_listen(void *data, const sf_diag_record *record) {
  harness *h = data;
  size_t used = strlen(h->errors);
  if (record->severity == SF_SEVERITY_ERROR)
    snprintf(h->errors + used, sizeof h->errors - used, "[%s] %s\n",
             sf_diag_id_text(record->id), record->message);
}

/* `module @t { <library> <body> }`, malloc'ed. */
static char *harness_text(const char *body) {
  sf_module *all = NULL;
  char *library = NULL;
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  assert_int_equal(sf_library_load(diag, &all), SF_OK);
  assert_int_equal(sf_print(all, NULL, &library), SF_OK);
  sf_module_destroy(all);
  sf_diag_destroy(diag);
  char *open = strchr(strstr(library, "module"), '{');
  *strrchr(library, '}') = '\0';
  size_t room = strlen(library) + strlen(body) + 32;
  char *text = malloc(room);
  assert_non_null(text);
  snprintf(text, room, "module @t {%s%s}\n", open + 1, body);
  free(library);
  return text;
}

/* Parses; the interpreter is created if the text has a network. */
static void harness_open(harness *h, const char *body) {
  memset(h, 0, sizeof *h);
  h->diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  assert_non_null(h->diag);
  sf_diag_listen(h->diag, harness_listen, h);
  char *text = harness_text(body);
  sf_result result =
      sf_parse((sf_slice){text, strlen(text)}, "t.sf", h->diag, &h->module);
  if (result != SF_OK) fail_msg("%s", h->errors);
  free(text);
  h->network = h->module->first_network;
  if (!h->network) return;
  result = sf_interp_create(h->network, h->diag, &h->interp);
  if (result != SF_OK) fail_msg("%s", h->errors);
}

static void harness_close(harness *h) {
  sf_interp_destroy(h->interp);
  sf_module_destroy(h->module);
  sf_diag_destroy(h->diag);
}

static const sf_value *harness_value(const harness *h, const char *name) {
  const sf_value *value =
      sf_network_find_value(h->network, (sf_slice){name, strlen(name)});
  if (!value) fail_msg("no value %s", name);
  return value;
}

/* Words of a value after the last step. */
__attribute__((unused)) static const sf_word *harness_words(const harness *h,
                                                            const char *name) {
  return sf_interp_value(h->interp, harness_value(h, name));
}

__attribute__((unused)) static int32_t harness_state(const harness *h,
                                                     const char *result,
                                                     uint32_t state,
                                                     size_t element) {
  return sf_interp_state(h->interp, harness_value(h, result)->op,
                         state)[element]
      .i;
}

/* One step; `input` for the only argument, or NULL. */
__attribute__((unused)) static void harness_step(harness *h,
                                                 const int32_t *input) {
  const sf_word *inputs[1] = {(const sf_word *)input};
  if (sf_interp_step(h->interp, inputs) != SF_OK) fail_msg("%s", h->errors);
}

#endif
