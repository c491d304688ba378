/* normal_form.h - the spiking normal form of docs/ir.md 7, as predicates. */
#ifndef SF_PASSES_NORMAL_FORM_H
#define SF_PASSES_NORMAL_FORM_H

#include "sf/ir.h"

/* A `neurons` op that is not `on = host`. */
bool sf_is_chip_population(const sf_op *op);
/* linear, conv, convt, sparse or pool{sum}: a weighted sum of one stream. */
bool sf_is_synapses(const sf_op *op);
/* delay, slice, reshape, transpose, concat: what may stand between a population
 * and a projection. */
bool sf_is_route_op(const sf_op *op);
/* An argument of the network or a result of a population. */
bool sf_is_source(const sf_value *value);

/* The first value below `operand` (an operand of a population on chip) that has
 * no place in the normal form; NULL: it is in normal form. `arena` holds what
 * the search needs. Errors: OOM. */
sf_result sf_normal_form_obstacle(const sf_value *operand, sf_arena *arena,
                                  const sf_value **out) SF_MUST_USE;

#endif
