/* interp.h - the interpreter: runs any module, is simple, is the judge.
 *
 * docs/ir.md 7 gives the order of one step. No fast path that could differ. */
#ifndef SF_INTERP_H
#define SF_INTERP_H

#include "sf/counts.h"
#include "sf/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sf_interp sf_interp;

/* Prepares a run of a verified network; loads its blobs. The network must
 * outlive it and stay unchanged. Runs of one network may be created on several
 * threads once its blobs are loaded: after sf_network_load, or one creation. */
sf_result sf_interp_create(const sf_network *network, sf_diag *diag,
                           sf_interp **out) SF_MUST_USE;
/* Loads every blob that the network names. Errors: as sf_blob_load. */
sf_result sf_network_load(const sf_network *network, sf_diag *diag) SF_MUST_USE;
void sf_interp_destroy(sf_interp *interp); /* NULL is fine */
/* Back to step 0, initial states, empty delays; counts stay. */
void sf_interp_reset(sf_interp *interp);

/* One step. `inputs`: an array for each argument, C order, or NULL for zeros;
 * `inputs` NULL: all zero. Errors: OVERFLOW (op without mode), names neuron,
 * element, step and value. */
sf_result sf_interp_step(sf_interp *interp,
                         const sf_word *const *inputs) SF_MUST_USE;

/* Elements of a value in the step just run. Borrowed until the next step. */
const sf_word *sf_interp_value(const sf_interp *interp, const sf_value *value);
/* State number `state` of a `neurons` op, one word an element, after the step.
 */
const sf_word *sf_interp_state(const sf_interp *interp, const sf_op *neurons,
                               uint32_t state);
/* Counts since creation (hops 0). Borrowed. */
const sf_counts *sf_interp_counts(const sf_interp *interp);

/* Runs one neuron function on scalars: `inputs`, `params` in declaration order,
 * `states` read and updated, `emits` written. For tests and constant folding.
 */
sf_result sf_neuron_eval(const sf_neuron *neuron, const sf_word *inputs,
                         const sf_word *params, sf_word *states, sf_word *emits,
                         sf_diag *diag) SF_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
