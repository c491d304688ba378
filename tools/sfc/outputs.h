/* outputs.h - what a network returns, gathered over a run and written as .npy.
 */
#ifndef SFC_OUTPUTS_H
#define SFC_OUTPUTS_H

#include "tools/sfc/dataset.h"

/* The axes of an array that is written: samples, steps, then the value's. With
 * --no-batch there is one sample and no axis of samples, and none of steps
 * where there is but one. */
typedef struct sfc_layout {
  uint64_t samples;
  uint32_t steps;
  bool whole; /* --no-batch */
} sfc_layout;

/* Writes words of `type` in that layout: spikes as uint8, integers as int32,
 * f32 as float32. */
sf_result sfc_write_words(const char *path, const sf_type *type,
                          const sfc_layout *layout, const sf_word *words,
                          sf_diag *diag) SF_MUST_USE;

typedef struct sfc_outputs {
  const sf_network *network;
  sfc_layout layout;
  const char **files; /* one a return; NULL: not asked for */
  sf_word **words;    /* likewise: samples x steps x elements */
} sfc_outputs;

/* --output FILE (in the network's order) or NAME=FILE. Errors: USAGE for more
 * files than outputs. Destroy in either case. */
sf_result sfc_outputs_create(sfc_session *session, const sf_network *network,
                             const sfc_dataset *dataset,
                             sfc_outputs *out) SF_MUST_USE;
/* Takes every return of one sample: (lag + steps) x elements words each. */
void sfc_outputs_add(sfc_outputs *outputs, uint64_t sample,
                     const sf_word *const *returns);
sf_result sfc_outputs_write(const sfc_outputs *outputs,
                            sf_diag *diag) SF_MUST_USE;
void sfc_outputs_destroy(sfc_outputs *outputs);

#endif
