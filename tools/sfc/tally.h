/* tally.h - what a run over a data set adds up to: correct decisions after each
 * step, outputs to write, counts. Fed block by block, in order of the samples.
 */
#ifndef SFC_TALLY_H
#define SFC_TALLY_H

#include "tools/sfc/dataset.h"
#include "tools/sfc/readout.h"

typedef struct sfc_tally {
  const sf_network *network;
  sfc_decide decide;
  bool labelled;
  sf_array labels;
  uint64_t samples; /* in all */
  uint32_t steps, lag;
  uint64_t *correct; /* [steps] */
  uint32_t *classes; /* scratch, [steps] */
  sf_counts counts;  /* rows malloc'ed */
  sf_word
      *outputs; /* [samples, steps, elements] of the first output; --output */
} sfc_tally;

/* Opens the labels if there are any. Destroy in either case. */
sf_result sfc_tally_create(sfc_session *session, const sf_network *network,
                           const sfc_dataset *dataset,
                           sfc_tally *out) SF_MUST_USE;
/* Takes the first output of one sample: (steps + lag) x elements words. */
void sfc_tally_add(sfc_tally *tally, uint64_t sample, const sf_word *output);
/* Writes --output, prints counts, cost (compiled folders) and accuracy as text,
 * or fills the object. */
sf_result sfc_tally_finish(sfc_session *session, sfc_tally *tally,
                           const sfc_model *model, json_t *object) SF_MUST_USE;
void sfc_tally_destroy(sfc_tally *tally);

/* Writes samples x steps x shape as .npy: bool-like spikes as uint8, integers
 * as int32, f32 as float32. */
sf_result sfc_write_words(const char *path, const sf_type *type,
                          uint64_t samples, uint32_t steps,
                          const sf_word *words, sf_diag *diag) SF_MUST_USE;

#endif
