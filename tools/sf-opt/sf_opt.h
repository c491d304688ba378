/* sf_opt.h - what the files of sf-opt share. */
#ifndef SF_OPT_H
#define SF_OPT_H

#include "sf/pass.h"

/* Texts of an option that may be repeated. */
typedef struct sf_opt_list {
  uint32_t count;
  const char **items;
} sf_opt_list;

enum { SF_OPT_EXIT_USAGE = 2, SF_OPT_EXIT_SYSTEM = 5 };
#define SF_OPT_NOT_GIVEN UINT64_MAX

/* Everything of the command line. Texts are borrowed from argv. */
typedef struct sf_opt_options {
  const char *input;  /* "-": standard input */
  const char *output; /* NULL: standard output */
  const char *passes; /* NULL: none */
  const char *machine;
  const char *new_pass, *output_dir;
  const char *print_before, *print_after;
  const char *reproducer;
  const char *calib_labels, *input_scale;
  sf_opt_list plugins, calib;
  uint64_t check_exact, seed, threads, calib_samples;
  bool split_input, verify_diagnostics, verify_each;
  bool print_locs, print_diff, time_passes, stats, json;
  bool print_before_all, print_after_all;
  bool list_passes, print_op_docs, print_pass_docs, help, version;
} sf_opt_options;

/* options.c: reads argv; `texts` has room for 2 * argc. Errors: USAGE. */
sf_result sf_opt_options_read(int argc, char **argv, const char **texts,
                              sf_diag *diag, sf_opt_options *out) SF_MUST_USE;
void sf_opt_print_help(FILE *out);

/* run.c: the whole job; returns the exit code. */
int sf_opt_run(const sf_opt_options *options, const sf_registry *registry,
               sf_diag *diag);

/* chunk.c: one piece of the input, its diagnostics and its output. */
typedef struct sf_opt_job {
  const sf_opt_options *options;
  const sf_registry *registry;
  const sf_machine *machine; /* NULL: none */
  const char *file;          /* as given */
} sf_opt_job;
/* Parses, runs, prints to `out` or writes options->output. */
sf_result sf_opt_run_chunk(const sf_opt_job *job, sf_slice text, sf_diag *diag,
                           FILE *out) SF_MUST_USE;

/* expect.c: `// expected-error@+1 {{part of the message}}`. Reads the comments
 * of `text`, runs the chunk, compares; differences go to `errors`. *met: all
 * came, and nothing else. */
sf_result sf_opt_verify_chunk(const sf_opt_job *job, sf_slice text,
                              FILE *errors, bool *met) SF_MUST_USE;

/* new_pass.c: writes a pass, its CMake file and its test into `folder`. */
sf_result sf_opt_new_pass(const char *name, const char *folder,
                          sf_diag *diag) SF_MUST_USE;

/* list.c */
sf_result sf_opt_list_passes(const sf_registry *registry, bool json,
                             FILE *out) SF_MUST_USE;

#endif
