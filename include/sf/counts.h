/* counts.h - what happened in a run, per population. Every way of running
 * returns the same record; machine/cost.h turns it into energy and latency. */
#ifndef SF_COUNTS_H
#define SF_COUNTS_H

#include "sf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sf_population_counts {
  const char *name; /* first result of the `neurons` op, without % */
  uint64_t neurons;
  /* Synaptic events: pairs (non-zero source element, target element) that a
   * projection into the population connects. Dense: every target, zero weights
   * too. Conv, pool: taps inside the image. Sparse: listed edges. Projections
   * through `add`, `slice`, `reshape`, `transpose`, `concat`, `delay` count at
   * the projection; a value that reaches the population without a projection
   * counts one event a non-zero element (of the slice or delay, if it passes
   * one). A projection or value counts once, however many paths lead from it to
   * the population: `legalize` has made an op of each addend of a population on
   * chip. Synaptic delays count when the event is sent. */
  uint64_t events_in;
  uint64_t spikes_out; /* non-zero elements of all its results */
  uint64_t updates; /* runs of the neuron function: elements x steps >= start */
  uint64_t hops;    /* router-to-router moves of its packets; 0 if unmapped */
} sf_population_counts;

typedef struct sf_counts {
  uint32_t population_count;
  sf_population_counts *populations; /* in text order */
  uint64_t steps;   /* steps run, lag included, summed over samples */
  uint64_t samples; /* independent runs from scratch */
} sf_counts;

/* Adds row by row; both are of the same network. Rows of `to` that are not
 * there yet are malloc'ed: the caller frees to->populations. */
sf_result sf_counts_add(sf_counts *to, const sf_counts *from) SF_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
