/* llvm_compile.h - text to an artefact of the CPU target in a folder of its
 * own. */
#ifndef SF_TEST_LLVM_COMPILE_H
#define SF_TEST_LLVM_COMPILE_H

#include "sf/target.h"
#include "test/support/folder.h"

#include <stdio.h>

typedef struct compiled {
  sf_diag *diag;
  sf_module *module;
  sf_network *network;
  char *directory;
} compiled;

static inline const sf_target *cpu_target(void) { return sf_llvm_targets()[0]; }

/* CMocka cuts long messages. */
static inline void show_network(const char *text) {
  fprintf(stderr, "%s\n", text);
}

static inline sf_result emit_network(compiled *c, const char *isa) {
  sf_emit_job job = {.size = sizeof job,
                     .module = c->module,
                     .network = c->network,
                     .directory = c->directory,
                     .isa = isa,
                     .threads = 1,
                     .diag = c->diag};
  return cpu_target()->emit(&job);
}

static inline void compile_network(compiled *c, const char *text,
                                   const char *isa) {
  *c = (compiled){.directory = test_folder_create()};
  c->diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  sf_slice slice = {text, strlen(text)};
  sf_diag_add_source(c->diag, "test.sf", slice);
  if (sf_parse(slice, "test.sf", c->diag, &c->module) != SF_OK) {
    show_network(text);
    fail_msg("network does not parse");
  }
  c->network = c->module->first_network;
  if (emit_network(c, isa) != SF_OK) {
    show_network(text);
    fail_msg("network does not compile");
  }
}

static inline void compiled_destroy(compiled *c) {
  test_folder_destroy(c->directory);
  sf_module_destroy(c->module);
  sf_diag_destroy(c->diag);
}

/* Runs argv in the artefact's cpu/ folder; the output is malloc'ed, and the
 * test fails unless the program ends with 0. */
static inline char *run_in_artefact(compiled *c, const char *const *argv) {
  char *directory = sf_path_join(c->directory, "cpu");
  char *output = test_program_run(argv, directory, c->diag);
  free(directory);
  return output;
}

#endif
