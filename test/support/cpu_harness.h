/* cpu_harness.h - the functions of test/unit/interp_harness.h, run by the code
 * that the CPU target emits: tests of the interpreter become tests of the code.
 * Include it first; it takes the other header's place. */
#ifndef SF_TEST_INTERP_HARNESS_H
#define SF_TEST_INTERP_HARNESS_H

#include "targets/cpu/replay.h"
#include "test/support/llvm_compile.h"

#include "sf/interp.h"

#include <dlfcn.h>

typedef struct harness {
  compiled artefact;
  sf_diag *diag;
  sf_module *module;
  void *library;
  const cpu_desc *info;
  int (*step)(void *state, void *scratch, const void *in, void *out);
  const void *(*probe)(const void *scratch, const char *name);
  const void *(*peek)(const void *state, const char *name);
  void *state, *scratch, *in, *out;
} harness;

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
  size_t room = strlen(library) + strlen(body) + 128;
  char *text = malloc(room);
  assert_non_null(text);
  /* A text without a network tests neuron functions only. */
  snprintf(text, room, "module @t {%s%s%s}\n", open + 1, body,
           *body ? "" : "network @n(%x: spike) -> (spike) { return %x }");
  free(library);
  return text;
}

static void *harness_memory(uint64_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0, (bytes + 127) / 64 * 64);
  return memory;
}

static void *harness_symbol(const harness *h, const char *name) {
  void *symbol = dlsym(h->library, name);
  if (!symbol) fail_msg("no %s", name);
  return symbol;
}

static void harness_open(harness *h, const char *body) {
  memset(h, 0, sizeof *h);
  char *text = harness_text(body);
  compile_network(&h->artefact, text, NULL);
  free(text);
  h->diag = h->artefact.diag;
  h->module = h->artefact.module;
  char *path = sf_path_join(h->artefact.directory, "cpu/libn.so");
  h->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  free(path);
  assert_non_null(h->library);
  const cpu_desc *(*info)(void);
  int (*init)(void *, size_t, const cpu_config *);
  *(void **)&info = harness_symbol(h, "n_info");
  *(void **)&init = harness_symbol(h, "n_init");
  *(void **)&h->step = harness_symbol(h, "n_step");
  *(void **)&h->probe = harness_symbol(h, "n_probe");
  *(void **)&h->peek = harness_symbol(h, "n_peek");
  h->info = info();
  h->state = harness_memory(h->info->state_bytes);
  h->scratch = harness_memory(h->info->scratch_bytes);
  h->in = harness_memory(h->info->in_bytes);
  h->out = harness_memory(h->info->out_bytes);
  assert_int_equal(init(h->state, h->info->state_bytes, NULL), 0);
}

static void harness_close(harness *h) {
  dlclose(h->library);
  free(h->state);
  free(h->scratch);
  free(h->in);
  free(h->out);
  compiled_destroy(&h->artefact);
}

/* Words of a value after the last step. */
static const sf_word *harness_words(const harness *h, const char *name) {
  const sf_word *words = h->probe(h->scratch, name);
  if (!words) fail_msg("no value %s", name);
  return words;
}

static int32_t harness_state(const harness *h, const char *result,
                             uint32_t state, size_t element) {
  const sf_value *value = sf_network_find_value(
      h->artefact.network, (sf_slice){result, strlen(result)});
  char name[128];
  snprintf(name, sizeof name, "%s.%s", result,
           value->op->neuron->states[state].value->name);
  const sf_word *words = h->peek(h->state, name);
  if (!words) fail_msg("no state %s", name);
  return words[element].i;
}

/* One step; `input` for the only argument. */
static void harness_step(harness *h, const int32_t *input) {
  const cpu_desc_port *port = &h->info->inputs[0];
  memset(h->in, 0, h->info->in_bytes);
  if (port->kind == CPU_I32) memcpy(h->in, input, port->bytes);
  for (uint32_t i = 0; port->kind == CPU_BITS && i < port->elements; i++)
    if (input[i])
      ((unsigned char *)h->in)[i / 8] |= (unsigned char)(1u << i % 8);
  assert_int_equal(h->step(h->state, h->scratch, h->in, h->out), 0);
}

#endif
