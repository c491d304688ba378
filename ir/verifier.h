/* verifier.h - what the files of the verifier share. Private to ir.
 *
 * Each check reports and counts; the verifier goes on, so that one run shows
 * all violations. */
#ifndef SF_IR_VERIFIER_H
#define SF_IR_VERIFIER_H

#include "sf/ir.h"

typedef struct sf_verifier {
  const sf_module *module;
  sf_diag *diag;
  sf_arena *scratch; /* dies with the verifier */
  uint32_t errors;
  bool out_of_memory;
} sf_verifier;

/* Reports one violation; always false, so that `return sf_wrong(..)` reads
 * well. */
bool sf_wrong(sf_verifier *v, sf_diag_id id, sf_loc loc, const char *format,
              ...) SF_PRINTF(4, 5);

/* ---- Items. ---- */
void sf_verify_blob(sf_verifier *v, const sf_blob *blob);
void sf_verify_neuron(sf_verifier *v, const sf_neuron *neuron);
void sf_verify_network(sf_verifier *v, sf_network *network);
void sf_verify_mapping(sf_verifier *v, const sf_mapping *mapping);

/* ---- Ops. ---- */
/* Rules across the attributes and types of one op; counts and sorts of
 * operands, required attributes and modes have been checked. */
typedef bool (*sf_op_rule)(sf_verifier *v, const sf_op *op);
bool sf_verify_linear(sf_verifier *v, const sf_op *op);
bool sf_verify_conv(sf_verifier *v, const sf_op *op);
bool sf_verify_sparse(sf_verifier *v, const sf_op *op);
bool sf_verify_pool(sf_verifier *v, const sf_op *op);
bool sf_verify_matmul(sf_verifier *v, const sf_op *op);
bool sf_verify_elementwise(sf_verifier *v, const sf_op *op);
bool sf_verify_reduce(sf_verifier *v, const sf_op *op);
bool sf_verify_concat(sf_verifier *v, const sf_op *op);
bool sf_verify_slice(sf_verifier *v, const sf_op *op);
bool sf_verify_reshape(sf_verifier *v, const sf_op *op);
bool sf_verify_transpose(sf_verifier *v, const sf_op *op);
bool sf_verify_convert(sf_verifier *v, const sf_op *op);
bool sf_verify_delay(sf_verifier *v, const sf_op *op);
bool sf_verify_neurons(sf_verifier *v, const sf_op *op);
bool sf_verify_analog(sf_verifier *v, const sf_op *op);  /* elementwise, f32 */
bool sf_verify_axis_op(sf_verifier *v, const sf_op *op); /* softmax, lrn */
bool sf_verify_norm(sf_verifier *v, const sf_op *op);
bool sf_verify_quantize(sf_verifier *v, const sf_op *op);
bool sf_verify_argmax(sf_verifier *v, const sf_op *op);

/* ---- verify_type.c: types of operands and results. ---- */
/* Of a stream or a blob. */
const sf_type *sf_operand_type(const sf_op *op, uint32_t index);
bool sf_is_float(const sf_type *type);
const char *sf_op_name(const sf_op *op); /* its mnemonic */
/* Result 0 has exactly this type. */
bool sf_expect_type(sf_verifier *v, const sf_op *op, const sf_type *expected);
/* Result 0 has the shape of `expected` and is f32, an integer, or (where
 * `spike_too`) a spike, as expected->scalar is f32 or not. */
bool sf_expect_shape(sf_verifier *v, const sf_op *op, const sf_type *expected,
                     bool spike_too);
bool sf_expect_operand(sf_verifier *v, const sf_op *op, uint32_t index,
                       const sf_type *expected);
/* An attribute out of its bounds: says which and what it may be. */
bool sf_expect_int(sf_verifier *v, const sf_op *op, sf_attr_id id, int64_t low,
                   int64_t high);
bool sf_expect_ints(sf_verifier *v, const sf_op *op, sf_attr_id id,
                    uint32_t count, int64_t low, int64_t high);
sf_loc sf_attr_loc(const sf_op *op, sf_attr_id id);
/* shift, round, each: legal for the result's type. */
bool sf_expect_shift(sf_verifier *v, const sf_op *op);
/* The delays attribute has this shape, and steps 0 .. 62 as far as at hand. */
bool sf_expect_delays(sf_verifier *v, const sf_op *op, unsigned rank,
                      const int32_t *dim);
/* Elements can be read now, without loading a file. */
bool sf_blob_at_hand(const sf_blob *blob);

#endif
