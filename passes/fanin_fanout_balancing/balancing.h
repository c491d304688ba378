/* balancing.h - what the files of fanin-fanout-balancing share.
 *
 *   mark.c         taking back what was only tried
 *   limits.c       what a neuron sums, and whether a core holds it
 *   split.c        a projection as a sum of partial sums
 *   pieces.c       the part of a projection that reads a part of its stream
 *   window.c       that part for convolutions and pools
 *   edges.c        that part for listed edges
 *   listed.c       that part for transposed convolutions
 *   fold.c         populations of more than three axes
 *   partial.c      populations that send partial sums on
 *   join.c         the projection that adds them at the root
 *   tree.c         which projection, or which sum of some, is split next
 *   fanout.c       replicas and relays of what too many read
 *
 * mapping.md 3. A partial sum is an integer: its order of additions is free as
 * long as no step of it leaves its width, which intervals prove. */
#ifndef SF_PASSES_FANIN_FANOUT_BALANCING_H
#define SF_PASSES_FANIN_FANOUT_BALANCING_H

#include "ir/ranges.h"
#include "passes/partition/plan.h"
#include "sf/pass.h"

enum {
  SF_FAN_PARTS_MAX = 4096,    /* of one projection */
  SF_FAN_RELAYS_MAX = 1024,   /* thermometer populations of one partial sum */
  SF_FAN_ROUNDS_MAX = 8192,   /* rewrites of one population */
  SF_FAN_LISTED_MAX = 1 << 24 /* edges listed for windows */
};

typedef struct sf_fan {
  sf_pass_run *run;
  sf_network *network;
  uint64_t fanin;  /* most elements that a neuron sums; 0: what a core holds */
  uint64_t fanout; /* most readers of a population; 0: any number */
  bool binary;     /* links carry spikes only */
  bool replicate;  /* populations are copied, not relayed */
  sf_plan plan;    /* what a core holds; no machine: everything */
  const sf_value **thermometers; /* sums of thermometers, which no split makes
                                    shorter */
  uint32_t thermometer_count, thermometer_capacity;
  sf_ranges *ranges; /* of the network as it was; NULL: not needed yet */
  uint64_t splits, partials, relays, replicas, folds;
} sf_fan;

/* Where a rewrite began, so that it can be taken back. */
typedef struct sf_fan_mark {
  const sf_op *op; /* the last one before; NULL: none */
  const sf_blob *blob;
  const sf_neuron *neuron;
} sf_fan_mark;

/* Before ops are put in front of `before`. */
sf_fan_mark sf_fan_mark_of(const sf_fan *fan, const sf_op *before);
/* Erases the ops since then, which nothing may read, and what they used of
 * blobs and functions that are new. */
void sf_fan_take_back(sf_fan *fan, sf_fan_mark mark, sf_op *before);
/* Erases blobs and functions since then that nothing uses. */
void sf_fan_erase_unused(sf_fan *fan, sf_fan_mark mark);

/* ---- Limits. ---- */

/* One projection of a population's sum, or the stream that reaches it bare. */
typedef struct sf_fan_leaf {
  sf_op *reader; /* whose operand `index` it is */
  uint32_t index;
  sf_op *op;     /* the projection; NULL: bare */
  uint64_t taps; /* elements that the widest neuron sums */
} sf_fan_leaf;

typedef struct sf_fan_leaves {
  sf_fan_leaf *items;
  uint32_t count, capacity;
  uint64_t taps; /* of all */
} sf_fan_leaves;

/* The projections in the sum `reader` takes as operand `index`, appended. */
sf_result sf_fan_collect(sf_fan *fan, sf_op *reader, uint32_t index,
                         sf_fan_leaves *leaves) SF_MUST_USE;
/* All operands of a population. */
sf_result sf_fan_leaves_of(sf_fan *fan, sf_op *population,
                           sf_fan_leaves *leaves) SF_MUST_USE;
/* Elements that the widest neuron of a projection sums. */
sf_result sf_fan_taps(sf_fan *fan, const sf_op *projection,
                      uint64_t *out) SF_MUST_USE;
/* Whether one neuron of the population fits its limit and a core. */
sf_result sf_fan_fits(sf_fan *fan, sf_op *population, bool *out) SF_MUST_USE;
/* About how many cores a population needs; 0: it does not fit. */
sf_result sf_fan_cores(sf_fan *fan, sf_op *population,
                       uint64_t *out) SF_MUST_USE;

/* ---- Intervals. ---- */

/* What an element of the stream can be, and 0: any subset of them is a sum. */
sf_result sf_fan_span(sf_fan *fan, const sf_value *value,
                      sf_span *out) SF_MUST_USE;
/* The narrowest integer type that holds the interval; false: wider than 32
 * bits. */
bool sf_fan_holding(sf_span span, sf_scalar *out);

/* ---- Partial sums. ---- */

/* How a projection is cut: into parts of at most `step` indices of one axis. */
typedef struct sf_fan_cut {
  sf_op *leaf;
  bool listed;    /* convt or sparse: indices number what one neuron hears */
  unsigned axis;  /* of its weights; `sparse`: of its stream */
  int32_t extent; /* indices along it */
  int32_t step;
  uint64_t taps_each; /* elements that an index brings to a neuron */
  bool exact_parts;   /* rounding, if any, is that of the parts */
} sf_fan_cut;

/* Axis and extent for parts of at most `taps` elements, of a leaf that sums at
 * least two. *why: it is not cut, and the reason; NULL otherwise. */
sf_result sf_fan_cut_of(sf_fan *fan, sf_op *leaf, uint64_t taps,
                        sf_fan_cut *cut, const char **why) SF_MUST_USE;
/* The part [begin, end) of the axis as a projection of its own before `leaf`,
 * without bias. *out NULL: it reads nothing but padding. */
sf_result sf_fan_piece(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                       int32_t end, sf_value **out) SF_MUST_USE;
sf_result sf_fan_piece_window(const sf_fan_cut *cut, int32_t begin, int32_t end,
                              sf_op *piece, sf_value **stream) SF_MUST_USE;
sf_result sf_fan_piece_edges(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                             int32_t end, sf_op *piece,
                             sf_value **stream) SF_MUST_USE;
/* Taps of a `convt` that a neuron hears at most. */
uint64_t sf_fan_transposed_taps(const sf_op *convt);
/* Whether there are more edges than may be listed. */
bool sf_fan_is_too_long(const sf_op *convt);
sf_result sf_fan_piece_listed(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                              int32_t end, sf_op *piece,
                              sf_value **stream) SF_MUST_USE;
/* Where each part of a sparse projection ends, so that no neuron sums more than
 * `taps` of one: ascending; *out: how many. */
sf_result sf_fan_edge_parts(sf_fan *fan, sf_op *sparse, uint64_t taps,
                            int32_t *ends, uint32_t most,
                            uint32_t *out) SF_MUST_USE;
/* `slice` of a stream along one axis, before `before`. NULL: no memory. */
sf_value *sf_fan_slice(sf_value *value, unsigned axis, int32_t begin,
                       int32_t end, sf_op *before);
/* `before` NULL: behind everything, a value of an op. */
sf_value *sf_fan_reshape(sf_value *value, unsigned rank, const int32_t *dim,
                         sf_op *before);
/* Box [begin, end) of one axis of a blob. NULL: no memory. */
sf_blob *sf_fan_blob_slice(sf_blob *blob, unsigned axis, int32_t begin,
                           int32_t end);

/* What carries a partial sum: streams of one shape, each worth `unit` an event
 * unit, and `offset` that is always there. */
typedef struct sf_fan_partial {
  sf_value **streams;
  int64_t *units;
  uint32_t count, capacity;
  int64_t offset;
} sf_fan_partial;

/* Populations before `before` that send `sum`, an integer: one relay, or with
 * binary links a thermometer of spikes of `unit` each. *why: refused, and the
 * reason; NULL otherwise. */
sf_result sf_fan_send(sf_fan *fan, sf_value *sum, int64_t unit, sf_span span,
                      sf_op *before, sf_fan_partial *partial,
                      const char **why) SF_MUST_USE;

/* What the joined sum stands for. */
typedef struct sf_fan_target {
  const sf_op *like; /* whose result it equals */
  sf_op *before;     /* where it is put */
  bool complete;     /* the partials hold bias, rounding and overflow already */
  bool rounds;       /* the partials are not rounded yet, as `like` does */
} sf_fan_target;

/* The sum of the partials, of the type of target->like. *why as above. */
sf_result sf_fan_join(sf_fan *fan, const sf_fan_partial *partial,
                      const sf_fan_target *target, sf_value **out,
                      const char **why) SF_MUST_USE;

/* ---- Rewrites. ---- */

/* Splits a projection that is too large for one neuron. *why as above; *done
 * false without a reason: no split of it fits a core. */
sf_result sf_fan_split(sf_fan *fan, sf_op *leaf, bool *done,
                       const char **why) SF_MUST_USE;
/* Makes a population of more than three axes one of two. *why as above. */
sf_result sf_fan_fold(sf_fan *fan, sf_op *population,
                      const char **why) SF_MUST_USE;
/* Rewrites until the population fits. */
sf_result sf_fan_in(sf_fan *fan, sf_op *population) SF_MUST_USE;
/* Rewrites until no population or input has too many readers. */
sf_result sf_fan_out(sf_fan *fan) SF_MUST_USE;

/* Whether `from` depends on what `population` emitted before. */
sf_result sf_fan_in_loop(sf_fan *fan, const sf_value *from,
                         const sf_op *population, bool *out) SF_MUST_USE;

#endif
