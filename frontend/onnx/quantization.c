/* quantization.c - scales and zero points, on constants and on streams. */
#include "frontend/onnx/quantization.h"

#include "ir/arith.h"

#include <math.h>

/* ---- Reading. ---- */

static bool one_element(const onnx_tensor *t) {
  return sf_onnx_elements(&t->shape) == 1;
}

/* One element, one an index of the axis, or one a block. */
static sf_result check_extents(onnx_node *node, const onnx_tensor *t,
                               const onnx_shape *x,
                               const onnx_quantization *q) {
  if (!t || one_element(t)) return SF_OK;
  if (q->block) {
    bool fits = t->shape.rank == x->rank;
    for (unsigned i = 0; fits && i < x->rank; i++)
      fits = t->shape.dim[i] == ((int)i == q->axis
                                     ? (x->dim[i] + q->block - 1) / q->block
                                     : x->dim[i]);
    if (fits) return SF_OK;
  } else if (t->shape.rank == 1 && q->axis >= 0 &&
             t->shape.dim[0] == x->dim[q->axis]) {
    return SF_OK;
  }
  return sf_onnx_refuse(node, NULL,
                        "scale or zero point does not fit the tensor");
}

static sf_result check_scales(onnx_node *node, const onnx_tensor *scale) {
  uint64_t count = sf_onnx_elements(&scale->shape);
  for (uint64_t i = 0; i < count; i++)
    if (!isfinite(sf_onnx_get_f64(scale, i)) || sf_onnx_get_f64(scale, i) == 0)
      return sf_onnx_refuse(node, NULL, "a scale is 0 or no number");
  return count ? SF_OK : sf_onnx_refuse(node, NULL, "there is no scale");
}

sf_result sf_onnx_quantization_read(onnx_node *node, uint32_t scale,
                                    const onnx_shape *x,
                                    onnx_quantization *out) {
  *out = (onnx_quantization){.axis = -1, .round = SF_ROUND_HALF_EVEN};
  SF_TRY(sf_onnx_need_constant(node, scale, "the scale", &out->scale));
  if (sf_onnx_has_input(node, scale + 1))
    SF_TRY(
        sf_onnx_need_constant(node, scale + 1, "the zero point", &out->zero));
  SF_TRY(check_scales(node, out->scale));
  out->block = sf_onnx_int(node, "block_size", 0);
  unsigned axis = 0;
  if (!one_element(out->scale)) {
    int64_t given = sf_onnx_int(node, "axis", 1);
    if (!sf_onnx_axis(given, x->rank, &axis))
      return sf_onnx_refuse(node, NULL, "axis %lld of %u axes",
                            (long long)given, (unsigned)x->rank);
    out->axis = (int)axis;
  }
  SF_TRY(check_extents(node, out->scale, x, out));
  return check_extents(node, out->zero, x, out);
}

sf_result sf_onnx_quantized_type(onnx_node *node, onnx_dtype dtype,
                                 onnx_quantization *out) {
  unsigned bits = sf_onnx_dtype_bits(dtype);
  if (!sf_onnx_dtype_known(dtype) || sf_onnx_is_float(dtype) || bits > 16 ||
      dtype == ONNX_BOOL || dtype == ONNX_STRING)
    return sf_onnx_refuse(node, "quantize to integers of 2 to 16 bits",
                          "the quantized type is number %d", (int)dtype);
  bool is_signed = sf_onnx_is_signed(dtype);
  out->dtype = dtype;
  out->low = is_signed ? -((int64_t)1 << (bits - 1)) : 0;
  out->high = ((int64_t)1 << (bits - (is_signed ? 1 : 0))) - 1;
  return SF_OK;
}

/* ---- Elements. ---- */

static uint64_t place(const onnx_tensor *t, const onnx_quantization *q,
                      const onnx_shape *x, uint64_t index) {
  if (one_element(t)) return 0;
  uint64_t at = 0, stride = 1;
  unsigned offset = x->rank - t->shape.rank;
  for (unsigned i = x->rank; i-- > 0; index /= (uint64_t)x->dim[i]) {
    uint64_t along = index % (uint64_t)x->dim[i];
    if (q->axis >= 0 && !q->block) { /* a list */
      if ((int)i == q->axis) return along;
      continue;
    }
    if (q->block && (int)i == q->axis) along /= (uint64_t)q->block;
    if (i < offset) continue;
    uint64_t extent = (uint64_t)t->shape.dim[i - offset];
    at += (extent == 1 ? 0 : along) * stride;
    stride *= extent;
  }
  return at;
}

double sf_onnx_scale_of(const onnx_quantization *q, const onnx_shape *x,
                        uint64_t index) {
  return sf_onnx_get_f64(q->scale, place(q->scale, q, x, index));
}

int64_t sf_onnx_zero_of(const onnx_quantization *q, const onnx_shape *x,
                        uint64_t index) {
  return q->zero ? sf_onnx_get_i64(q->zero, place(q->zero, q, x, index)) : 0;
}

/* ---- Constants. ---- */

onnx_tensor *sf_onnx_quantized(onnx_node *node, const onnx_tensor *x,
                               const onnx_quantization *q) {
  uint64_t count = sf_onnx_elements(&x->shape);
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, q->dtype, &x->shape);
  for (uint64_t i = 0; made && i < count; i++) {
    float quotient =
        (float)sf_onnx_get_f64(x, i) / (float)sf_onnx_scale_of(q, &x->shape, i);
    double whole =
        isnan(quotient) ? 0 : sf_round_f64((double)quotient, q->round);
    whole += (double)sf_onnx_zero_of(q, &x->shape, i);
    int64_t value = whole<(double)q->low ? q->low : whole>(double) q->high
                        ? q->high
                        : (int64_t)whole;
    sf_onnx_set_i64(made, i, value);
  }
  if (made) made->name = x->name;
  return made;
}

onnx_tensor *sf_onnx_dequantized(onnx_node *node, const onnx_tensor *x,
                                 const onnx_quantization *q) {
  uint64_t count = sf_onnx_elements(&x->shape);
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_FLOAT, &x->shape);
  for (uint64_t i = 0; made && i < count; i++) {
    int64_t steps = sf_onnx_get_i64(x, i) - sf_onnx_zero_of(q, &x->shape, i);
    float scale = (float)sf_onnx_scale_of(q, &x->shape, i);
    sf_onnx_set_f64(made, i, (double)sf_scale_to_f32(steps, scale));
  }
  if (made) made->name = x->name;
  return made;
}

/* ---- Streams. ---- */

/* Block scales, element by element: nothing in the IR has blocks. */
static const onnx_tensor *unblocked(onnx_node *node, const onnx_tensor *t,
                                    const onnx_quantization *q,
                                    const onnx_shape *x) {
  uint64_t count = sf_onnx_elements(x);
  if (!t || !q->block || one_element(t)) return t;
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, t->dtype, x);
  for (uint64_t i = 0; made && i < count; i++) {
    uint64_t from = place(t, q, x, i);
    if (sf_onnx_is_float(t->dtype))
      sf_onnx_set_f64(made, i, sf_onnx_get_f64(t, from));
    else
      sf_onnx_set_i64(made, i, sf_onnx_get_i64(t, from));
  }
  if (made) made->name = t->name;
  return made;
}

/* A scale or zero point for a stream of `rank` axes; a scalar where it is one
 * number. */
static sf_blob *step_blob(onnx_node *node, const onnx_tensor *tensor,
                          const onnx_quantization *q, const onnx_shape *x,
                          unsigned rank) {
  const onnx_tensor *t = unblocked(node, tensor, q, x);
  if (!t) return NULL;
  bool by_index = q->axis >= 0 && !q->block;
  if (one_element(t) && !by_index) return sf_onnx_blob(node, t, 0, NULL);
  if (by_index) { /* one number serves every index */
    int32_t count = (int32_t)x->dim[q->axis];
    onnx_shape list = {.rank = 1, .dim = {count}};
    onnx_tensor *view =
        one_element(t) && t->shape.rank > 1
            ? sf_onnx_tensor_reshape(node, t, &(onnx_shape){.rank = 0})
            : sf_onnx_tensor_expand(node, t, &list);
    if (view && view->shape.rank == 0)
      view = sf_onnx_tensor_expand(node, view, &list);
    return view ? sf_onnx_blob(node, view, 1, &count) : NULL;
  }
  sf_type type = sf_onnx_type(t->dtype, &t->shape, rank);
  return sf_onnx_blob(node, t, rank, type.dim);
}

static bool all_zero(const onnx_tensor *t) {
  uint64_t count = sf_onnx_elements(&t->shape);
  for (uint64_t i = 0; i < count; i++)
    if (sf_onnx_get_i64(t, i)) return false;
  return true;
}

static sf_value *build(onnx_node *node, sf_op_kind kind, sf_value *x,
                       const onnx_shape *shape, sf_scalar scalar,
                       const onnx_quantization *q) {
  if (!x) return NULL;
  unsigned rank = x->type.rank;
  bool with_zero = q->zero && !all_zero(q->zero);
  bool by_index = q->axis >= 0 && !q->block;
  if (by_index && (unsigned)q->axis < shape->rank - rank) {
    rank = shape->rank; /* the axis has extent 1 and was left out */
    sf_type full = sf_onnx_type(ONNX_FLOAT, shape, rank);
    x = sf_onnx_reshape(node, x, rank, full.dim);
    if (!x) return NULL;
  }
  sf_blob *blobs[2] = {step_blob(node, q->scale, q, shape, rank), NULL};
  if (with_zero) blobs[1] = step_blob(node, q->zero, q, shape, rank);
  sf_type type = x->type;
  type.scalar = scalar;
  sf_value *y =
      sf_onnx_build_blobs(node, kind, &type, x, with_zero ? 2 : 1, blobs);
  if (!y || !by_index) return y;
  int64_t axis = q->axis - (shape->rank - (int)rank);
  return sf_op_set_int(y->op, SF_ATTR_axis, axis) == SF_OK ? y : NULL;
}

sf_value *sf_onnx_quantize(onnx_node *node, sf_value *x,
                           const onnx_shape *shape, sf_scalar scalar,
                           const onnx_quantization *q) {
  sf_value *y = build(node, SF_OP_QUANTIZE, x, shape, scalar, q);
  if (!y || sf_op_set_int(y->op, SF_ATTR_round, q->round)) return NULL;
  if (q->low != sf_scalar_min(scalar) &&
      sf_op_set_int(y->op, SF_ATTR_low, q->low))
    return NULL;
  if (q->high != sf_scalar_max(scalar) &&
      sf_op_set_int(y->op, SF_ATTR_high, q->high))
    return NULL;
  return y;
}

sf_value *sf_onnx_dequantize(onnx_node *node, sf_value *x,
                             const onnx_shape *shape,
                             const onnx_quantization *q) {
  return build(node, SF_OP_DEQUANTIZE, x, shape, sf_f32(), q);
}
