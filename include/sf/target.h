/* target.h - what a back end is: a const struct.
 *
 * A target takes a module that went through its pipeline and writes files; it
 * can run what it wrote, on the machine or on a simulator of its own. The
 * interpreter is the judge of every run. */
#ifndef SF_TARGET_H
#define SF_TARGET_H

#include "sf/pass.h"
#include "sf/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What check and emit get: a verified module after the target's pipeline. */
typedef struct sf_emit_job {
  uint32_t size;
  const sf_module *module;
  const sf_network *network;
  const sf_mapping *mapping; /* NULL: the target needs none */
  const sf_machine *machine; /* NULL: the target needs none */
  const char *directory;     /* exists; the target writes DIRECTORY/<name>/ */
  const char *isa;           /* cpu: level to force, or NULL */
  uint32_t threads;
  sf_diag *diag;
} sf_emit_job;

/* What run gets: an artefact's folder and golden traces of the same samples. A
 * target that is fed (spinnaker2: each PE alone) takes its inputs from the
 * golden trace of the values it needs; one that runs as a whole (cpu, loihi2)
 * takes the network's arguments, or the values at the boundary of the host
 * part, and must not look further. */
typedef struct sf_run_job {
  uint32_t size;
  const char *directory;     /* of the artefact: holds <name>/ */
  const sf_network *network; /* as emitted: DIR/ir/model.sf */
  const sf_mapping *mapping;
  const sf_machine *machine;
  uint32_t samples;
  const sf_trace *const *golden; /* one a sample; all of equal steps */
  uint32_t steps;
  const char *isa; /* cpu: level to force, or NULL */
  uint32_t threads;
  sf_diag *diag;
} sf_run_job;

/* What a target's run produced: for each sample the series of every population
 * that the target holds (host populations are left out), and the counts. */
typedef struct sf_run_result {
  uint32_t samples;
  sf_trace **traces;
  sf_counts counts;
  sf_arena *arena; /* owns counts' rows */
} sf_run_result;

/* Frees the traces and counts, not the struct, and empties it. */
void sf_run_result_destroy(sf_run_result *result);

typedef struct sf_target {
  uint32_t size;
  uint32_t abi;
  const char *name;
  const char *summary;
  const char *pipeline;        /* default passes, as text */
  const char *default_machine; /* NULL: needs none */
  const char *const *machines; /* ends with NULL */
  /* Reports everything that stands in the way, then fails. */
  sf_result (*check)(const sf_emit_job *job);
  sf_result (*emit)(const sf_emit_job *job);
  /* NULL: nothing here runs what it emits. Exit class SYSTEM when a helper
   * program is missing. */
  sf_result (*run)(const sf_run_job *job, sf_run_result *out);
  /* Emits analog ops as they stand; others need the network converted first. */
  bool takes_analog;
} sf_target;

/* Targets of libspikeformer, and those that libspikeformer-llvm adds when it
 * can be loaded. NULL: `name` is unknown (USAGE, with the known names), or its
 * library is missing (HELPER). */
const sf_target *sf_target_find(const char *name, sf_diag *diag);
size_t sf_target_count(void);
/* NULL: no more; or the library that holds it is missing (HELPER). */
const sf_target *sf_target_at(size_t index, sf_diag *diag);
/* The one symbol that libspikeformer-llvm exports: its targets, by name, ends
 * with NULL. Only the registry calls it. */
const sf_target *const *sf_llvm_targets(void);

#ifdef __cplusplus
}
#endif
#endif
