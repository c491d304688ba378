/* manager.h - what the files of the pass manager share. Private to passes.
 */
#ifndef SF_PASSES_PASS_MANAGER_H
#define SF_PASSES_PASS_MANAGER_H

#include "sf/pass.h"
#include "support/buffer.h"

/* ---- registry.c ------------------------------------------------------------
 */

struct sf_registry {
  size_t count, capacity;
  const sf_pass **passes; /* in order of registration */
  size_t library_count;
  void **libraries; /* handles of plug-ins, closed last */
};

/* Text of `@name`, without the @; NULL: unknown. */
const char *sf_named_pipeline(sf_slice name);
/* Names that `text` may have meant; at most one. NULL: none is near. */
const char *sf_registry_nearest(const sf_registry *registry, sf_slice name);
/* `-` and `_` are the same. */
bool sf_pass_name_equal(sf_slice a, const char *b);
/* First registered pass that gives `fact`; NULL: none does. */
const sf_pass *sf_registry_giver(const sf_registry *registry, sf_fact fact);

/* ---- options.c ---------------------------------------------------------
 */

/* The options struct of `pass`, in `arena`, with its defaults. *out NULL when
 * the pass has no options. */
sf_result sf_pass_options_default(const sf_pass *pass, sf_arena *arena,
                                  sf_diag *diag, void **out) SF_MUST_USE;
/* Sets `name` to `value`; range-checked. Errors: PASS_OPTION. */
sf_result sf_pass_options_set(const sf_pass *pass, void *options, sf_slice name,
                              sf_slice value, sf_arena *arena,
                              sf_diag *diag) SF_MUST_USE;

/* ---- parse.c -------------------------------------------------------
 */

typedef struct sf_pipeline_step {
  const sf_pass *pass;
  const char *text; /* as given: name{options} */
  void *options;    /* NULL: none */
} sf_pipeline_step;

/* Reports that no pass has that name, with the nearest. Returns SF_FAIL. */
sf_result sf_pass_unknown(const sf_registry *registry, sf_slice name,
                          sf_diag *diag);

struct sf_pipeline {
  const sf_registry *registry;
  sf_arena *arena;
  const char *text;
  size_t count, capacity;
  sf_pipeline_step *steps;
};

/* ---- run.c ---------------------------------------------------------
 */

/* Rows of the pass's table of counts. */
size_t sf_pass_stat_count(const sf_pass *pass);
/* One step at work. */
typedef struct sf_step_run {
  size_t index;
  const sf_pipeline_step *step;
  sf_module *before; /* NULL: nobody needs it */
  char *text_before; /* NULL: nobody needs it */
  uint64_t *stats;   /* one a row of the pass's table */
  double seconds;
} sf_step_run;

/* A pipeline at work. */
typedef struct sf_pass_manager {
  const sf_pipeline *pipeline;
  sf_module *module;
  const sf_pipeline_options *options;
  sf_diag *diag;
  uint32_t facts;
} sf_pass_manager;

/* exact.c: runs every network of both modules on seeded random inputs;
 * `after` may be late by the growth of each network's lag. Errors: PASS_CLAIM,
 * with network, output, element, step and both values. */
sf_result sf_pass_check_exact(const sf_pass_manager *manager,
                              const sf_pass *pass,
                              const sf_module *before) SF_MUST_USE;

/* print.c: whether `pass` is in a comma-separated list of names and
 * aliases ("*": all). */
bool sf_pass_is_listed(const sf_registry *registry, const char *list,
                       const sf_pass *pass);
/* Whether all names of such a list are known. Errors: PASS_UNKNOWN. */
sf_result sf_pass_check_listed(const sf_registry *registry, const char *list,
                               sf_diag *diag) SF_MUST_USE;
void sf_pass_print_ir(FILE *out, const char *when, const char *name,
                      const char *text);
/* Lines taken away and added, with three lines around them. */
sf_result sf_pass_print_diff(FILE *out, const char *name, const char *before,
                             const char *after) SF_MUST_USE;
/* Writes the module as it was before step `first` to the path, with a RUN line
 * that repeats what failed. */
sf_result sf_pass_write_reproducer(const sf_pass_manager *manager,
                                   const sf_module *before,
                                   size_t first) SF_MUST_USE;

/* report.c: what --time-passes and --stats ask for, as tables or as
 * one JSON object, after all steps ran; one run a step. */
sf_result sf_pass_print_reports(const sf_pass_manager *manager,
                                const sf_step_run *runs) SF_MUST_USE;

/* ---- facts.c ----------------------------------------------------------------
 */

enum { SF_FACT_TEXT_MAX = 512 };

/* What contradicts a fact: one sentence, and where. */
typedef struct sf_fact_violation {
  sf_loc loc;
  char text[SF_FACT_TEXT_MAX];
} sf_fact_violation;

/* Looks for one. *found false: the fact holds. */
sf_result sf_fact_violation_find(const sf_module *module, sf_fact fact,
                                 sf_diag *diag, bool *found,
                                 sf_fact_violation *out) SF_MUST_USE;

/* fact_mapping.c: partitioned, placed, routed. */
sf_result sf_fact_mapping_find(const sf_module *module, sf_fact fact,
                               bool *found, sf_fact_violation *out) SF_MUST_USE;

#endif
