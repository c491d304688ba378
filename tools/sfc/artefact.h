/* artefact.h - a compiled folder: how it is made, opened and run.
 *
 *   manifest.json    versions, target, machine, lag, starts, files with SHA-256
 *   ir/model.sf      as emitted, with its safetensors
 *   <target>/...     what the target wrote
 *   certificate.txt  routes' channel ranks (targets with a network on chip)
 */
#ifndef SFC_ARTEFACT_H
#define SFC_ARTEFACT_H

#include "tools/samples/calibration.h"
#include "tools/sfc/dataset.h"

enum { SFC_MANIFEST_FORMAT = 1 };

typedef struct sfc_compile_job {
  sf_module *module; /* changed by the pipeline */
  const char *network;
  const char *source; /* base name of the model, for the manifest */
  const sf_target *target;
  const char *machine_name; /* NULL: the target's default */
  const char *passes;       /* NULL: the target's own */
  const char *slices;       /* file, NULL: none */
  const char *directory;    /* final name */
  const char *isa;          /* cpu: emit this level only, or NULL */
  uint32_t threads;
  const sf_samples *samples; /* calibration samples; NULL: none */
} sfc_compile_job;

/* --calib and its companions; *out_samples is NULL without. Errors as
 * sf_calibration_open. Destroy in either case. */
sf_result sfc_calibration_open(sfc_session *session, const sfc_model *model,
                               sf_calibration *out,
                               const sf_samples **out_samples) SF_MUST_USE;

/* The job that the command line describes; --isa is its. */
sfc_compile_job sfc_compile_job_make(const sfc_session *session,
                                     const sfc_model *model,
                                     const sf_samples *samples,
                                     const sf_target *target,
                                     const char *directory);

/* Runs the target's pipeline on the module and finds network, machine and
 * mapping afterwards; *out_machine is the caller's (NULL if none is needed). */
sf_result sfc_lower(const sfc_compile_job *job, sf_diag *diag,
                    sf_machine **out_machine, sf_emit_job *out) SF_MUST_USE;
/* Lowers, checks, emits beside the final name, renames. Nothing is left behind
 * when it fails. */
sf_result sfc_compile(const sfc_compile_job *job, sf_diag *diag) SF_MUST_USE;

/* manifest.json, opened. `json` is the whole document. */
typedef struct sfc_manifest {
  json_t *json;
  const sf_target *target;
  const char *machine; /* NULL: the target needs none */
} sfc_manifest;

/* Errors: ARTEFACT for a damaged file or another format; USAGE for a target
 * that this build does not have. Close in the good case only. */
sf_result sfc_manifest_open(const char *directory, sf_diag *diag,
                            sfc_manifest *out) SF_MUST_USE;
void sfc_manifest_close(sfc_manifest *manifest);
/* Every file that the manifest lists, ir/ too, has the hash that it states. */
sf_result sfc_manifest_check_files(const sfc_manifest *manifest,
                                   const char *directory,
                                   sf_diag *diag) SF_MUST_USE;
/* Lists every file of `directory` with its hash and writes manifest.json there.
 */
sf_result sfc_manifest_write(const sfc_compile_job *job,
                             const sf_emit_job *emitted,
                             const char *directory) SF_MUST_USE;
/* What the manifest says of time: network, lag, steps, period, starts. The
 * caller releases it. */
json_t *sfc_manifest_network(const sf_network *network);

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
  /* f32 values of analog networks, which are defined to a tolerance
   * (docs/ir.md 4): other bits, but within SFC_RELATIVE of the value plus
   * SFC_ABSOLUTE of the largest one of the tensor. */
  uint64_t tolerated;
} sfc_difference;

#define SFC_RELATIVE 1e-4
#define SFC_ABSOLUTE 1e-5

/* Whether the network has an op whose f32 results are defined to a tolerance.
 */
bool sfc_is_tolerant(const sf_network *network);
/* Compares every series that the target has, `steps` steps each. Errors:
 * ARTEFACT for one of another shape or length. */
sf_result sfc_compare_sample(const sf_trace *golden, const sf_trace *got,
                             bool tolerant, uint64_t sample, uint32_t steps,
                             sfc_difference *out, sf_diag *diag) SF_MUST_USE;
/* Counts of every population that the target holds; hops are its own. Errors:
 * MISMATCH. */
sf_result sfc_compare_counts(const sf_counts *golden, const sf_counts *got,
                             sf_diag *diag) SF_MUST_USE;

/* Runs samples [first, first + count) on the interpreter and on the artefact,
 * compares every population that the target holds, and gives the returns of
 * each sample, as the target has them, to `take` (NULL: nobody). Adds the
 * artefact's counts. */
typedef void (*sfc_take_returns)(void *data, uint64_t sample,
                                 const sf_word *const *returns);
typedef struct sfc_artefact_run {
  const char *directory;
  const sfc_model *model;
  const sfc_dataset *dataset;
  sfc_take_returns take;
  void *take_data;
  sf_counts *counts;
  uint64_t *spikes; /* [lag + steps]: adds those of each step; or NULL */
  sfc_difference *difference;
} sfc_artefact_run;
sf_result sfc_artefact_run_all(sfc_session *session,
                               const sfc_artefact_run *run) SF_MUST_USE;
/* MISMATCH with population, neuron, step and both values; SF_OK if none. */
sf_result sfc_difference_report(const sfc_difference *difference,
                                sf_diag *diag) SF_MUST_USE;

#endif
