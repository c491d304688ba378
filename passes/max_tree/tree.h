/* tree.h - the maximum of integers as populations that chips have.
 *
 * max(a, b) = b + relu(a - b): a population each for two values, whose operand
 * is a projection of weights 1 and -1. A window is reduced axis after axis, and
 * each axis by a binary tree of least depth, so a window of k has k - 1
 * populations. Numbers of spikes have a population of two operands instead,
 * which needs no sum. conversion.md 1.2 (d), 1.6. */
#ifndef SF_PASSES_MAX_TREE_H
#define SF_PASSES_MAX_TREE_H

#include "sf/ir.h"

/* A constant that the sum of a population gains, one an index of an axis. */
typedef struct sf_max_offset {
  uint32_t axis;
  int32_t count;
  int32_t *values; /* NULL: 0 everywhere */
} sf_max_offset;
/* For makers: sets a param of the population by it. Errors: OOM. */
sf_result sf_max_set_offset(sf_op *op, const char *param,
                            const sf_max_offset *offset) SF_MUST_USE;

typedef struct sf_clip {
  int64_t low, high;
  sf_scalar scalar; /* that holds them; of the maximum itself for a relay */
  const char *name;
  sf_max_offset offset; /* of the sum */
} sf_clip;

/* What makes the populations of one tree. */
typedef struct sf_max_maker {
  void *context;
  /* A population of `scalar` put before `before` whose value (or running sum)
   * is clip(sum + offset, low, high); sum is i32. NULL: out of memory or a
   * diagnostic.
   */
  sf_value *(*clip)(void *context, sf_value *sum, const sf_clip *clip,
                    sf_op *before);
  /* Instead of sums: a population of the larger of two, whose lead of a over b
   * starts at `lead`. NULL: none. */
  sf_value *(*larger)(void *context, sf_value *a, sf_value *b,
                      const sf_max_offset *lead, const char *name,
                      sf_op *before);
  int64_t low, high; /* of the operands' elements (or running sums); `larger`
                        takes any low that is low enough */
  bool relay;        /* the result must be one population */
} sf_max_maker;

/* pool{max}, or max of two streams of one shape (ranks 1 to 3), on integers or
 * spikes? */
bool sf_is_integer_maximum(const sf_op *op);
/* Puts the tree before `op`. *out: a population, or an exact sum of moved
 * populations, whichever costs what reads it less: without a relay each reader
 * has its synapses once for each addend, with one there is a neuron an element
 * more, and a step. Errors: OOM; NOT_NORMAL for what no tree does: windows
 * without a tap that is inside everywhere; and those of the maker. */
sf_result sf_max_tree(sf_op *op, const sf_max_maker *maker, sf_diag *diag,
                      sf_value **out) SF_MUST_USE;

#endif
