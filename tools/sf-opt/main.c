/* sf-opt - runs passes on text, prints text. */
#include "ir/op_docs.h"
#include "tools/sf-opt/sf_opt.h"

#include <stdlib.h>
#include <string.h>

static sf_result load_plugins(sf_registry *registry,
                              const sf_opt_options *options, sf_diag *diag) {
  for (uint32_t i = 0; i < options->plugins.count; i++)
    SF_TRY(sf_registry_load_plugin(registry, options->plugins.items[i], diag));
  return SF_OK;
}

static sf_result print_docs(sf_result result, char *text) {
  if (result == SF_OK) fputs(text, stdout);
  free(text);
  return result;
}

static sf_result print_op_docs(void) {
  sf_buffer text = {0};
  sf_op_docs(&text);
  sf_result result = text.failed ? SF_OOM : SF_OK;
  if (result == SF_OK) fputs(text.data, stdout);
  sf_buffer_destroy(&text);
  return result;
}

/* What needs no input. *done false: none of these was asked for. */
static sf_result answer(const sf_opt_options *o, const sf_registry *registry,
                        sf_diag *diag, bool *done) {
  char *text = NULL;
  *done = true;
  if (o->help) {
    sf_opt_print_help(stdout);
    return SF_OK;
  }
  if (o->version) {
    printf("sf-opt %s\n", SF_VERSION);
    return SF_OK;
  }
  if (o->list_passes) return sf_opt_list_passes(registry, o->json, stdout);
  if (o->print_pass_docs) {
    sf_result result = sf_registry_docs(registry, &text);
    return print_docs(result, text);
  }
  if (o->print_op_docs) return print_op_docs();
  if (o->new_pass) {
    const char *folder = o->output_dir ? o->output_dir : o->new_pass;
    return sf_opt_new_pass(o->new_pass, folder, diag);
  }
  *done = false;
  return SF_OK;
}

static int out_of_memory(void) {
  fputs("sf-opt: error: out of memory [memory]\n", stderr);
  return SF_OPT_EXIT_SYSTEM;
}

static int run(const sf_opt_options *options, sf_diag *diag) {
  sf_registry *registry = sf_registry_create();
  if (!registry) return out_of_memory();
  bool done = false;
  sf_result result = load_plugins(registry, options, diag);
  if (result == SF_OK) result = answer(options, registry, diag, &done);
  int code = 0;
  if (result == SF_FAIL)
    code = sf_diag_exit_code(diag);
  else if (result == SF_OOM)
    code = out_of_memory();
  else if (!done)
    code = sf_opt_run(options, registry, diag);
  sf_registry_destroy(registry);
  if (code == 0 && (fflush(stdout) == EOF || ferror(stdout))) {
    fputs("sf-opt: error: cannot write to standard output [file-write]\n",
          stderr);
    code = SF_OPT_EXIT_SYSTEM;
  }
  return code;
}

/* The format of diagnostics must be known before the first one. */
static sf_diag_format diag_format(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--json") == 0) return SF_DIAG_JSON;
  return SF_DIAG_TEXT;
}

int main(int argc, char **argv) {
  sf_diag *diag = sf_diag_create(stderr, diag_format(argc, argv));
  const char **texts = calloc((size_t)argc + 1, 2 * sizeof *texts);
  int code;
  if (!diag || !texts) {
    code = out_of_memory();
  } else {
    sf_opt_options options;
    code = sf_opt_options_read(argc, argv, texts, diag, &options) == SF_OK
               ? run(&options, diag)
               : SF_OPT_EXIT_USAGE;
  }
  free(texts);
  sf_diag_destroy(diag);
  return code;
}
