/* evaluate.h - runs the interpreter over a data set and keeps what is asked.
 *
 * A tap is a value, or a state of a population, followed over the steps. The
 * results of steps lag .. lag+T-1 count (docs/ir.md 7). */
#ifndef SFC_EVALUATE_H
#define SFC_EVALUATE_H

#include "tools/sfc/dataset.h"

typedef struct sfc_tap {
  const char *file;      /* records: where it is written; NULL: outputs */
  const sf_value *value; /* or */
  const sf_op *op;
  uint32_t state;
  sf_type type;
} sfc_tap;

/* Taps of the outputs (first return_count) and of --record. The caller frees.
 */
sf_result sfc_taps_create(sfc_session *session, const sf_network *network,
                          sfc_tap **out, uint32_t *out_count) SF_MUST_USE;

/* Words of all taps for `count` samples from `first` on: per sample, per tap,
 * steps x elements, steps 0 .. total-1, total = dataset steps + lag.
 * Sample-major; see sfc_block_data. */
typedef struct sfc_block {
  uint64_t first, count;
  uint32_t total_steps;
  uint32_t tap_count;
  const sfc_tap *taps;
  size_t sample_words;
  sf_word *data;
  sf_counts counts; /* of these samples; rows in `populations` */
  sf_population_counts *populations;
  uint64_t *spikes; /* [total_steps] of these samples; NULL: not asked for */
} sfc_block;

/* Runs samples [first, first + count) on up to `threads` threads; the result
 * does not depend on their number. Errors as the interpreter's. */
sf_result sfc_block_run(sfc_session *session, const sf_network *network,
                        const sfc_dataset *dataset, const sfc_tap *taps,
                        uint32_t tap_count, uint64_t first, uint64_t count,
                        sfc_block *out) SF_MUST_USE;
void sfc_block_destroy(sfc_block *block);
/* steps x elements of one tap of sample first + `sample`. */
const sf_word *sfc_block_data(const sfc_block *block, uint64_t sample,
                              uint32_t tap);
/* How many samples fit a block of about 128 MiB; at least 1. */
uint64_t sfc_block_capacity(const sfc_tap *taps, uint32_t tap_count,
                            uint32_t total_steps);

#endif
