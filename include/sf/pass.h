/* pass.h - what a pass is, and how one is run.
 *
 * A pass is one C file: header comment with the IR before and after, options,
 * statistics, run function, and last the const sf_pass. One line in
 * passes/passes.def registers it; a plug-in calls sf_registry_add_pass. */
#ifndef SF_PASS_H
#define SF_PASS_H

#include "sf/interp.h"
#include "sf/machine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sf_fact {
#define SF_FACT(BIT, ID, text, doc) SF_FACT_##ID = 1 << BIT,
#include "sf/facts.def"
  SF_FACT_NONE = 0
} sf_fact;

typedef enum sf_option_kind {
  SF_OPTION_INT,    /* int64_t */
  SF_OPTION_NUMBER, /* double */
  SF_OPTION_BOOL,   /* bool */
  SF_OPTION_TEXT,   /* const char *, in the scratch arena */
  SF_OPTION_CHOICE  /* const char *: one of `choices`, "a|b|c" */
} sf_option_kind;

/* `name=value` in `pass{name=value}`; written to the options struct. */
typedef struct sf_option {
  const char *name;
  const char *doc;
  sf_option_kind kind;
  const char *default_text;
  const char *choices; /* CHOICE; else NULL */
  double low, high;    /* INT, NUMBER: inclusive; both 0: no limit */
  size_t offset;       /* in the options struct */
} sf_option;

typedef struct sf_stat {
  const char *name;
  const char *doc;
} sf_stat;

typedef struct sf_pass sf_pass;

/* Samples that a pass may run the network on (`--calib`). One row a sample: the
 * elements of an argument in C order, as its type says (f32, iN, spike), the
 * same in every step; or, of spike trains, `steps` rows. Borrowed; whoever
 * opened the files owns the rows. */
typedef struct sf_samples {
  uint32_t size;                   /* of this struct */
  uint32_t argument_count;         /* arguments of the module's first network */
  uint64_t count;                  /* samples */
  const sf_word *const *arguments; /* one array an argument: count rows */
  const int32_t *labels;           /* class of each sample; NULL: unknown */
  uint32_t steps; /* rows of a sample; 0: one, for every step */
} sf_samples;

/* One run of a pass. The manager fills it; the pass only reads it and counts.
 */
typedef struct sf_pass_run {
  uint32_t size; /* of this struct */
  const sf_pass *pass;
  sf_module *module;
  sf_diag *diag;
  sf_arena *scratch;         /* freed after the run */
  const void *options;       /* typed face: SF_PASS_OPTIONS(run, my_options) */
  uint64_t *stats;           /* one a row of pass->stats */
  const sf_machine *machine; /* of --machine or the mapping; NULL: none */
  uint32_t threads;          /* results must not depend on it */
  int64_t lag;        /* out: steps added, by passes that are EXACT_LAG */
  uint32_t withholds; /* out: facts of `gives` that this run does not give */
  const sf_samples *samples; /* calibration samples; NULL: none */
} sf_pass_run;

#define SF_PASS_OPTIONS(run, type) ((const type *)(run)->options)

struct sf_pass {
  uint32_t size;                /* sizeof(sf_pass) */
  uint32_t abi;                 /* SF_ABI */
  const char *name;             /* kebab-case verb phrase */
  const char *summary;          /* one line */
  const char *description;      /* paragraph for the reference page */
  uint32_t needs, gives, keeps; /* sf_fact bits; facts not kept are dropped */
  sf_exactness exactness;       /* what --check-exact holds it to */
  const sf_option *options;     /* ends with a NULL name; may be NULL */
  size_t options_size;
  const sf_stat *stats; /* ends with a NULL name; may be NULL */
  sf_result (*run)(sf_pass_run *run);
};

/* ---- Registry. ---- */

typedef struct sf_registry sf_registry;
/* All built-in passes and aliases. NULL: out of memory. */
sf_registry *sf_registry_create(void);
/* Closes its plug-ins too: passes of theirs must not be used afterwards. */
void sf_registry_destroy(sf_registry *registry);
/* For plug-ins. `pass` is borrowed until the registry is destroyed. Errors:
 * PLUGIN, a name that exists, another ABI or size, no name or run function. */
sf_result sf_registry_add_pass(sf_registry *registry, const sf_pass *pass,
                               sf_diag *diag) SF_MUST_USE;
/* Opens a shared object (a name without / is one in the current folder) and
 * calls its sf_plugin_init. Errors: PLUGIN, cannot be loaded, none of ours,
 * another ABI; and those of sf_registry_add_pass. */
sf_result sf_registry_load_plugin(sf_registry *registry, const char *path,
                                  sf_diag *diag) SF_MUST_USE;
/* Passes in the order of registration; borrowed, `index` below the count. */
size_t sf_registry_pass_count(const sf_registry *registry);
const sf_pass *sf_registry_pass_at(const sf_registry *registry, size_t index);
/* Dashes and underscores are the same; aliases are followed. NULL: unknown. */
const sf_pass *sf_registry_find(const sf_registry *registry, sf_slice name);

/* The reference page of all passes and pipelines (docs/passes.md): malloc'ed.
 */
sf_result sf_registry_docs(const sf_registry *registry, char **out) SF_MUST_USE;
/* Named pipelines: name without @ and text, in table order; false: no more. */
bool sf_named_pipeline_at(size_t index, const char **out_name,
                          const char **out_text);

/* ---- Pipelines: `a,b{key=value},@loihi2`. ---- */

typedef struct sf_pipeline sf_pipeline;
/* The registry must outlive the pipeline. Errors: PASS_UNKNOWN with the nearest
 * name, PASS_OPTION, PIPELINE (the text itself). */
sf_result sf_pipeline_parse(const sf_registry *registry, const char *text,
                            sf_diag *diag, sf_pipeline **out) SF_MUST_USE;
void sf_pipeline_destroy(sf_pipeline *pipeline); /* NULL is fine */
/* Exactly as it was given; malloc'ed. */
char *sf_pipeline_text(const sf_pipeline *pipeline);
/* Passes in it, those of named pipelines counted. */
size_t sf_pipeline_length(const sf_pipeline *pipeline);

/* Sets an option of every step that runs `pass`, as `pass{option=value}` would;
 * the text stays as it was given. Errors: PIPELINE, no step runs it;
 * PASS_OPTION. */
sf_result sf_pipeline_set_option(sf_pipeline *pipeline, const char *pass,
                                 const char *option, const char *value,
                                 sf_diag *diag) SF_MUST_USE;

typedef struct sf_pipeline_options {
  const sf_machine *machine;
  uint32_t threads;
  bool verify_each;
  uint32_t check_exact; /* seeded inputs for each exact pass; 0: off */
  uint64_t seed;
  const char *print_before; /* names, comma-separated; "*" all; NULL none */
  const char *print_after;
  bool print_diff; /* print what changed instead of everything */
  bool time_passes, stats;
  bool json;              /* print those two as one JSON object */
  const char *reproducer; /* path to write when a pass fails; NULL: none */
  FILE *out;              /* where prints go */
  /* Plug-ins that were loaded, for the reproducer's command. */
  const char *const *plugins;
  uint32_t plugin_count;
  const sf_samples *samples; /* calibration samples; NULL: none */
  /* What the reproducer's command needs beside all these, as the options that
   * gave the samples: a space and a word each, quoted. NULL: nothing. */
  const char *more_arguments;
} sf_pipeline_options;

/* Runs the passes in order on the module, and logs and states facts as they
 * say. Stops at the first that fails, the module then being as that one left
 * it. Errors: PASS_NEEDS; PASS_UNKNOWN for a name of print_before or
 * print_after; those of the passes; PASS_CLAIM when one does not
 * keep what it states; FILE_WRITE of the reproducer. */
sf_result sf_pipeline_run(sf_pipeline *pipeline, sf_module *module,
                          const sf_pipeline_options *options,
                          sf_diag *diag) SF_MUST_USE;

/* sf_fact bits of the module's attribute `facts`: what it states. */
uint32_t sf_module_facts(const sf_module *module);
/* States these and no others. SF_OOM is the only failure. */
sf_result sf_module_set_facts(sf_module *module, uint32_t facts) SF_MUST_USE;
/* Whether one fact holds in truth, stated or not. Errors: ATTR, with what is in
 * its way. */
sf_result sf_fact_check(const sf_module *module, sf_fact fact,
                        sf_diag *diag) SF_MUST_USE;
const char *sf_fact_text(sf_fact fact); /* "balanced"; "none" if unknown */

/* certificate.txt of an artefact: a rank for every channel of a routed
 * mapping's routes; docs/certificate.md. malloc'ed; `out` NULL: only the proof.
 * Errors: MAPPING, with the circle of channels when routes may wait for each
 * other, or the route that leads nowhere. */
sf_result sf_route_certificate(const sf_mapping *mapping,
                               const sf_machine *machine, sf_diag *diag,
                               char **out) SF_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
