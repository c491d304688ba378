/* ranges_private.h - what ranges.c (finds) and ranges_report.c (tells) share.
 */
#ifndef SF_IR_RANGES_PRIVATE_H
#define SF_IR_RANGES_PRIVATE_H

#include "ir/ranges.h"

typedef struct sf_value_span {
  const sf_value *value;
  sf_span span;
  bool known; /* false: not reached yet */
} sf_value_span;

/* An op without a mode that is not proved; of a population, see `neuron`. */
typedef struct sf_unproved_op {
  const sf_op *op;
  sf_span reach;
  sf_neuron_ranges *neuron; /* NULL: the op itself */
} sf_unproved_op;

struct sf_ranges {
  const sf_network *network;
  sf_diag *diag;
  sf_arena *arena;
  uint32_t value_count, unproved_count, neuron_count;
  sf_value_span *values; /* sorted by address, for finding only */
  sf_unproved_op *unproved;
  sf_neuron_ranges **neurons; /* of all populations, in text order */
};

#endif
