/* artefact.h - a compiled folder: how it is made, opened and run.
 *
 *   manifest.json    versions, target, machine, lag, starts, files with SHA-256
 *   ir/model.sf      as emitted, with its safetensors
 *   <target>/...     what the target wrote
 *   certificate.txt  routes' channel ranks (targets with a network on chip)
 */
#ifndef SFC_ARTEFACT_H
#define SFC_ARTEFACT_H

#include "tools/sfc/dataset.h"

enum { SFC_MANIFEST_FORMAT = 1 };

typedef struct sfc_compile_job {
  sf_module *module; /* changed by the pipeline */
  const char *network;
  const char *source; /* base name of the model, for the manifest */
  const sf_target *target;
  const char *machine_name; /* NULL: the target's default */
  const char *passes;       /* NULL: the target's own */
  const char *directory;    /* final name */
  uint32_t threads;
} sfc_compile_job;

/* Runs the target's pipeline on the module and finds network, machine and
 * mapping afterwards; *out_machine is the caller's (NULL if none is needed). */
sf_result sfc_lower(const sfc_compile_job *job, sf_diag *diag,
                    sf_machine **out_machine, sf_emit_job *out) SF_MUST_USE;
/* Lowers, checks, emits beside the final name, renames. Nothing is left behind
 * when it fails. */
sf_result sfc_compile(const sfc_compile_job *job, sf_diag *diag) SF_MUST_USE;

/* Fills model->target and ->machine from DIRECTORY/manifest.json. Errors:
 * ARTEFACT. */
sf_result sfc_manifest_open(const char *directory, sf_diag *diag,
                            const sf_target **out_target,
                            sf_machine **out_machine) SF_MUST_USE;

/* Where the run of an artefact first leaves the interpreter's: the earliest
 * step, then the first population in text order, then the lowest element. */
typedef struct sfc_difference {
  bool found;
  uint64_t sample;
  uint32_t step;
  const char *population;
  size_t element;
  sf_type type;
  sf_word expected, got;
  uint64_t words, differing; /* compared in all */
} sfc_difference;

/* Runs samples [first, first + count) on the interpreter and on the artefact,
 * compares every population that the target holds, and gives the first output
 * of each sample to `take` (NULL: nobody). Adds the artefact's counts. */
typedef void (*sfc_take_output)(void *data, uint64_t sample,
                                const sf_word *output);
typedef struct sfc_artefact_run {
  const char *directory;
  const sfc_model *model;
  const sfc_dataset *dataset;
  sfc_take_output take;
  void *take_data;
  sf_counts *counts;
  sfc_difference *difference;
} sfc_artefact_run;
sf_result sfc_artefact_run_all(sfc_session *session,
                               const sfc_artefact_run *run) SF_MUST_USE;
/* MISMATCH with population, neuron, step and both values; SF_OK if none. */
sf_result sfc_difference_report(const sfc_difference *difference,
                                sf_diag *diag) SF_MUST_USE;

#endif
