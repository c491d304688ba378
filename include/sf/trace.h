/* trace.h - values of a network over the steps of one sample, as the
 * interpreter or a target records them. */
#ifndef SF_TRACE_H
#define SF_TRACE_H

#include "sf/interp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One value over the steps of a sample: steps x elements words, step-major. */
typedef struct sf_series {
  const char *name; /* of the network value, without % */
  sf_type type;
  uint32_t steps;
  sf_word *data;
} sf_series;

/* Values of one sample. Owned by whoever created it: sf_trace_destroy. The
 * trace, `series` and each `data` are malloc'ed; names and types are the
 * network's. */
typedef struct sf_trace {
  uint32_t series_count;
  sf_series *series;
} sf_trace;

void sf_trace_destroy(sf_trace *trace); /* NULL is fine */
/* By the value's name without %; borrowed, NULL: not recorded. */
const sf_series *sf_trace_find(const sf_trace *trace, const char *name);
/* Runs the interpreter from scratch on one sample and records values: all
 * arguments, all results of `neurons` ops and all returned values; with
 * `everything`, every value. `inputs`: one series an argument (NULL: zeros);
 * beyond their steps the input is zero. Adds to *counts if not NULL. */
sf_result sf_trace_interp(const sf_network *network, const sf_series *inputs,
                          uint32_t steps, bool everything, sf_diag *diag,
                          sf_counts *counts, sf_trace **out) SF_MUST_USE;
/* The same with an interpreter that is there already; it is reset first. */
sf_result sf_trace_run(sf_interp *interp, const sf_series *inputs,
                       uint32_t steps, bool everything,
                       sf_trace **out) SF_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
