/* pattern.h - what exporters write as several operators and the IR has as one:
 * found in the network after the walk. A pattern looks at one op, from which it
 * follows operands, and puts the op it stands for in place of the last one; ops
 * that nobody reads any more are removed afterwards. */
#ifndef SF_ONNX_PATTERN_H
#define SF_ONNX_PATTERN_H

#include "frontend/onnx/onnx.h"

typedef struct onnx_pattern {
  sf_module *module;
  sf_network *network;
} onnx_pattern;

/* Rewrites every pattern, and removes what is not needed for the returns. */
sf_result sf_onnx_simplify(onnx_import *import) SF_MUST_USE;

/* ---- Questions. ---- */

/* The op of `kind` that makes `value` for one reader only; NULL: another. */
sf_op *sf_onnx_made_by(const sf_value *value, sf_op_kind kind);
/* Operand `index` is a blob whose elements are one number. */
bool sf_onnx_is_number(const sf_op *op, uint32_t index, double *out);
/* `value` is *x times, or plus, a number, for one reader only. */
bool sf_onnx_is_scaled(const sf_value *value, sf_value **x, double *factor);
bool sf_onnx_is_shifted(const sf_value *value, sf_value **x, double *term);
bool sf_onnx_close(double a, double b); /* as f32 constants of exporters are */

enum { ONNX_FACTORS = 4 };
/* A product: a number and streams. */
typedef struct onnx_product {
  double number;
  uint32_t count;
  sf_value *streams[ONNX_FACTORS];
} onnx_product;
/* Takes `value`'s mul and div by numbers apart; inner ones have one reader. A
 * value that is no product is one stream. False: too many factors. */
bool sf_onnx_factors(sf_value *value, onnx_product *out);

/* ---- Rewriting. ---- */

/* An op before `last` with `count` operands, to be set. */
sf_op *sf_onnx_pattern_op(sf_op *last, sf_op_kind kind, uint32_t count);
/* Its result of `last`'s type, which takes `last`'s name and readers. */
sf_result sf_onnx_replace(sf_op *last, sf_op *op) SF_MUST_USE;
/* The same with one stream as operand and no attributes. */
sf_result sf_onnx_replace_unary(sf_op *last, sf_op_kind kind, sf_value *x,
                                sf_op **out) SF_MUST_USE;

/* One try at `op`: SF_OK whether it matched or not. Errors: OOM. */
sf_result sf_onnx_pattern_gelu(const onnx_pattern *p, sf_op *op) SF_MUST_USE;
sf_result sf_onnx_pattern_swish(const onnx_pattern *p, sf_op *op) SF_MUST_USE;
sf_result sf_onnx_pattern_layernorm(const onnx_pattern *p,
                                    sf_op *op) SF_MUST_USE;
sf_result sf_onnx_pattern_mask(const onnx_pattern *p, sf_op *op) SF_MUST_USE;
sf_result sf_onnx_pattern_steps(const onnx_pattern *p, sf_op *op) SF_MUST_USE;

#endif
