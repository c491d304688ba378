/* flow.h - which elements a box of neurons depends on: boxes carried
 * backwards from a population to the populations and inputs that feed it.
 *
 * Boxes are bounding boxes: exact for projections, delays, slices and
 * transpositions; a reshape or several readers may enlarge one. Shared by
 * partition, route and the report. */
#ifndef SF_PASSES_MAPPING_FLOW_H
#define SF_PASSES_MAPPING_FLOW_H

#include "sf/ir.h"

/* A value that the target box depends on. */
typedef struct sf_flow_hit {
  const sf_value *value;
  sf_box box;
  uint32_t delay; /* steps of `delay` ops between value and target, the most */
  bool direct;    /* reached without a projection in between */
  bool pending;   /* private */
} sf_flow_hit;

typedef struct sf_flow {
  sf_arena *arena; /* borrowed; holds the hits */
  uint32_t count, capacity;
  sf_flow_hit *hits; /* in order of discovery */
} sf_flow;

/* All values that neurons `box` of population `neurons` depend on, up to and
 * including the nearest populations and network arguments. Replaces what `flow`
 * held; flow->arena must be set. */
sf_result sf_flow_trace(sf_flow *flow, const sf_op *neurons,
                        const sf_box *box) SF_MUST_USE;

/* A result of a population, or an argument of the network: where it ends. */
bool sf_flow_is_source(const sf_value *value);
/* linear, conv, convt, sparse, pool{sum}: synapses. */
bool sf_flow_is_projection(const sf_op *op);
/* Box of the projection's stream operand that `box` of its result needs. */
sf_box sf_flow_projection_source(const sf_op *op, const sf_box *box);
/* Window of spatial axis `axis` (0: the first after the channels) of a conv,
 * convt or pool: elements, and padding at the begin. */
typedef struct sf_flow_window {
  int64_t kernel, stride, pad, dilation;
} sf_flow_window;
sf_flow_window sf_flow_window_of(const sf_op *op, unsigned axis);
/* A population that runs on the chip. */
bool sf_flow_is_on_chip(const sf_op *op);

#endif
