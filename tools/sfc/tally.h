/* tally.h - what a run over a data set adds up to: correct decisions after each
 * step, outputs to write, counts. Fed block by block, in order of the samples.
 */
#ifndef SFC_TALLY_H
#define SFC_TALLY_H

#include "tools/sfc/outputs.h"
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
  sfc_outputs outputs;
  uint64_t *spikes; /* [lag + steps] of all samples; NULL: not asked for */
} sfc_tally;

/* Opens the labels if there are any. Destroy in either case. */
sf_result sfc_tally_create(sfc_session *session, const sf_network *network,
                           const sfc_dataset *dataset,
                           sfc_tally *out) SF_MUST_USE;
/* Takes the returns of one sample: (lag + steps) x elements words each. */
void sfc_tally_add(sfc_tally *tally, uint64_t sample,
                   const sf_word *const *returns);
/* Writes --output, prints counts, cost (compiled folders) and accuracy as text,
 * or fills the object. */
sf_result sfc_tally_finish(sfc_session *session, sfc_tally *tally,
                           const sfc_model *model, json_t *object) SF_MUST_USE;
void sfc_tally_destroy(sfc_tally *tally);

#endif
