/* prune.h - what the files of prune-channels share: which channels stand for
 * one another, what they are worth, how they go, and what makes up for it.
 * conversion.md 5.1, 5.4. */
#ifndef SF_PASSES_PRUNE_H
#define SF_PASSES_PRUNE_H

#include "passes/qdq/qdq.h"

typedef struct sf_prune_options {
  double ratio;
  const char *importance; /* spikes, weights */
  bool reconstruct;
  double damping;
  int64_t samples; /* 0: all */
} sf_prune_options;

/* ---- channels.c: dependency groups. ----
 *
 * Each channel that a projection makes is a node; nodes that must go together
 * (residual sums, joins, depthwise layers) are united. A value names the node
 * of each index of one axis. */

typedef struct sf_channels {
  int axis;             /* -1: none of this value can go */
  const uint32_t *node; /* one an index of the axis */
} sf_channels;

typedef struct sf_channel_graph {
  sf_network *network;
  sf_arena *arena;
  sf_channels *channels; /* arguments, then the first results by op number */
  uint32_t node_count;
  uint32_t *parent;   /* union-find; see sf_channel_root */
  uint32_t *producer; /* of a node: number of the op */
  bool *frozen;       /* by root: must stay */
  bool *removed;      /* by root */
} sf_channel_graph;

sf_result sf_channels_find(sf_network *network, sf_arena *arena,
                           sf_channel_graph *out) SF_MUST_USE;
const sf_channels *sf_channels_of(const sf_channel_graph *graph,
                                  const sf_value *value);
/* The root of `node` in a union-find, whose paths it halves. */
uint32_t sf_set_root(uint32_t *parent, uint32_t node);
uint32_t sf_channel_root(const sf_channel_graph *graph, uint32_t node);
/* Whether index `i` of the value's axis stays. */
bool sf_channel_stays(const sf_channel_graph *graph, const sf_channels *c,
                      uint32_t i);
/* The indices of the axis that stay, ascending; NULL: out of memory. Of a value
 * without channels: all indices of `axis`. */
uint32_t *sf_channels_kept(const sf_channel_graph *graph, const sf_value *value,
                           int axis, uint32_t *out_count);
/* Axis of the operand that a projection sums over. */
int sf_operand_axis(const sf_op *projection);
/* One weight a channel and tap: out channel c reads channel c. */
bool sf_is_depthwise(const sf_op *projection);
/* A projection with f32 weights that may lose channels. */
bool sf_is_prunable(const sf_op *op);

/* ---- scores.c ---- */

/* score[root]: what a group is worth, as a square. `run` with samples: squared
 * norm of the weights of each reader times the variance of what it gets, or,
 * where no bias will make up for the mean (reconstruct=false), the square of
 * its mean magnitude. NULL: squared norm of the weights that make it times that
 * of those that read it. */
sf_result sf_channel_scores(const sf_channel_graph *graph,
                            const sf_pass_run *run, const sf_prune_options *o,
                            sf_diag *diag, double *score) SF_MUST_USE;
/* Marks the groups that go: of each set of producers that share groups, the
 * share `ratio` that is worth least. */
sf_result sf_channels_choose(sf_channel_graph *graph, double ratio,
                             const double *score, uint64_t *groups,
                             uint64_t *channels) SF_MUST_USE;

/* ---- remove.c: new blobs, attributes and types. ---- */

/* `graph` is of a copy of the network. */
sf_result sf_channels_remove(const sf_channel_graph *graph, sf_network *network,
                             sf_diag *diag) SF_MUST_USE;

/* ---- reconstruct.c ---- */

/* Weights and bias of each projection that reads what changed, so that on the
 * samples its sums are nearest to those of the network as it was, which the
 * graph is of. `layers`: how many were solved. */
sf_result sf_prune_reconstruct(sf_pass_run *run, const sf_prune_options *o,
                               const sf_channel_graph *graph,
                               uint64_t *layers) SF_MUST_USE;

/* moments.c: sums of products of operand patches and of wanted results. */
typedef struct sf_moments {
  const sf_op *op;       /* the projection; groups of it are apart */
  size_t features;       /* weights of one row, and the constant 1 */
  uint32_t groups, rows; /* rows: outputs of one group */
  double *h;             /* groups matrices, features x features, lower half */
  double *c;             /* groups matrices, rows x features */
} sf_moments;
sf_result sf_moments_create(const sf_op *op, sf_arena *arena,
                            sf_moments *out) SF_MUST_USE;
/* Adds `count` samples: operands as the projection reads them, and the wanted
 * results of the same shape as its own. Every `stride`th position counts, from
 * another one on in each sample; `first` is the number of the first sample. The
 * order of the sums does not depend on the threads. */
sf_result sf_moments_add(sf_moments *m, const float *operands,
                         const float *wanted, uint64_t first, uint64_t count,
                         size_t stride, uint32_t threads) SF_MUST_USE;
/* Positions of one sample at which sums are compared. */
size_t sf_moments_positions(const sf_op *op);

#endif
