/* nir_write_layer.c - ops without state: scale, pools, flatten. */
#include "frontend/nir/nir_write.h"

#include <string.h>

static const char *const convert_help =
    "convert the network to spikes first: sf-opt --passes=@convert";

/* ---- Numbers for each element. ---- */

/* The stride of an axis in a blob that is broadcast over the stream. */
static void strides_of(const sf_type *blob, const sf_type *whole,
                       size_t stride[SF_RANK_MAX]) {
  size_t step = 1;
  unsigned shift = whole->rank - blob->rank;
  for (unsigned i = whole->rank; i-- > 0;) {
    bool has = i >= shift;
    int32_t dim = has ? blob->dim[i - shift] : 1;
    stride[i] = dim == 1 ? 0 : step;
    step *= (size_t)dim;
  }
}

sf_result sf_nir_spread(nir_export *export, sf_blob *blob, const sf_type *whole,
                        float *out) {
  SF_TRY(sf_blob_load(blob, export->diag));
  size_t count = sf_type_elements(whole), stride[SF_RANK_MAX];
  strides_of(&blob->type, whole, stride);
  int32_t index[SF_RANK_MAX] = {0};
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    out[i] = sf_blob_f32(blob, at);
    for (unsigned a = whole->rank; a-- > 0;) {
      at += stride[a];
      if (++index[a] < whole->dim[a]) break;
      at -= stride[a] * (size_t)whole->dim[a];
      index[a] = 0;
    }
  }
  return SF_OK;
}

static bool is_f32(const sf_type *type) {
  return type->scalar.kind == SF_SCALAR_F32;
}

static sf_result write_scale(nir_export *export, const sf_op *op,
                             nir_out_node *node) {
  sf_value *x = sf_op_operand(op, 0), *y = sf_op_operand(op, 1);
  sf_blob *blob = sf_op_operand_blob(op, x ? 1 : 0);
  const sf_type *type = &op->results[0]->type;
  if (!x) x = y;
  if (!blob)
    return sf_nir_cannot(export, op, NULL,
                         "NIR has no product of two streams; a Scale is by a "
                         "constant");
  if (!is_f32(type) || !is_f32(&blob->type))
    return sf_nir_cannot(export, op,
                         "export the network before it is quantized",
                         "NIR has no integer arithmetic");
  if (!sf_type_same_shape(&x->type, type))
    return sf_nir_cannot(export, op, NULL,
                         "the constant changes the shape of the stream; a "
                         "Scale does not");
  float *values =
      SF_NEW_ARRAY(export->arena, float, sf_type_elements(type) + 1);
  if (!values) return SF_OOM;
  SF_TRY(sf_nir_spread(export, blob, type, values));
  node->type = "Scale";
  sf_nir_add_field(node, "scale", SF_H5_FLOAT, 4, type->rank, type->dim,
                   values);
  return SF_OK;
}

/* ---- Pools. ---- */

static sf_result write_pool(nir_export *export, const sf_op *op,
                            nir_out_node *node) {
  int64_t kernel[2], stride[2], pad[4], dilation[2];
  bool average = sf_op_int(op, SF_ATTR_kind) == SF_POOL_AVG;
  if (sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX)
    return sf_nir_cannot(export, op, NULL,
                         "NIR has pools of sums and averages, not of maxima");
  if (sf_op_operand(op, 0)->type.rank != 3)
    return sf_nir_cannot(export, op, NULL,
                         "pools of NIR are over maps of three axes");
  sf_op_ints(op, SF_ATTR_kernel, 2, kernel);
  sf_op_ints(op, SF_ATTR_stride, 2, stride);
  sf_op_ints(op, SF_ATTR_dilation, 2, dilation);
  sf_op_ints(op, SF_ATTR_pad, 4, pad);
  bool padded = pad[0] || pad[1];
  bool even = pad[0] == pad[2] && pad[1] == pad[3];
  if (!even || dilation[0] != 1 || dilation[1] != 1 || 2 * pad[0] > kernel[0] ||
      2 * pad[1] > kernel[1])
    return sf_nir_cannot(export, op, NULL,
                         "pools of NIR have no dilation, and as much padding "
                         "at the begin as at the end, at most half a window");
  if (average && padded && !sf_op_int(op, SF_ATTR_count_pad))
    return sf_nir_cannot(export, op, NULL,
                         "an AvgPool2d divides by the whole window, padding "
                         "included; this one does not");
  node->type = average ? "AvgPool2d" : "SumPool2d";
  SF_TRY(sf_nir_add_ints(export, node, "kernel_size", 2, kernel));
  SF_TRY(sf_nir_add_ints(export, node, "stride", 2, stride));
  return sf_nir_add_ints(export, node, "padding", 2, pad);
}

/* ---- Flatten. ---- */

/* Axes start..end of `in` merged give `out`; false: nothing does. */
static bool find_merge(const sf_type *in, const sf_type *out, int64_t *start,
                       int64_t *end) {
  if (out->rank >= in->rank || out->rank == 0) return false;
  unsigned gone = in->rank - out->rank;
  for (unsigned first = 0; first < out->rank; first++) {
    int64_t merged = 1;
    bool same = true;
    for (unsigned i = first; i <= first + gone; i++)
      merged *= in->dim[i];
    for (unsigned i = 0; i < out->rank; i++)
      same &= out->dim[i] == (i < first    ? in->dim[i]
                              : i == first ? merged
                                           : in->dim[i + gone]);
    *start = first;
    *end = first + gone;
    if (same) return true;
  }
  return false;
}

static sf_result write_flatten(nir_export *export, const sf_op *op,
                               nir_out_node *node) {
  const sf_value *x = sf_op_operand(op, 0);
  int64_t start = 0, end = 0, dim[SF_RANK_MAX];
  if (!x) return sf_nir_cannot(export, op, NULL, "NIR has no constant streams");
  if (!find_merge(&x->type, &op->results[0]->type, &start, &end))
    return sf_nir_cannot(export, op, NULL,
                         "a Flatten merges neighbouring axes; NIR has no other "
                         "change of shape");
  for (unsigned i = 0; i < x->type.rank; i++)
    dim[i] = x->type.dim[i];
  node->type = "Flatten";
  SF_TRY(sf_nir_add_int(export, node, "start_dim", start));
  SF_TRY(sf_nir_add_int(export, node, "end_dim", end));
  return sf_nir_add_ints(export, node, "input_type", x->type.rank, dim);
}

/* ---- All. ---- */

static sf_result cannot_at_all(nir_export *export, const sf_op *op) {
  const char *help = sf_op_is(op, SF_TRAIT_ANALOG) ? convert_help : NULL;
  if (op->kind == SF_OP_CONVERT)
    return sf_nir_cannot(export, op,
                         "export the network before it is quantized",
                         "NIR has no integers: nothing rounds or scales to "
                         "them");
  if (op->kind == SF_OP_ADD)
    return sf_nir_cannot(export, op, "a bias belongs to a linear or a conv",
                         "NIR adds streams, not constants");
  return sf_nir_cannot(export, op, help, "NIR has no node for it");
}

sf_result sf_nir_write_layer(nir_export *export, const sf_op *op,
                             nir_out_node *node) {
  if (export->runs[op->order]) return sf_nir_write_runs(export, op, node);
  switch (op->kind) {
  case SF_OP_LINEAR:
    return sf_nir_write_linear(export, op, node);
  case SF_OP_CONV:
    return sf_nir_write_conv(export, op, node);
  case SF_OP_POOL:
    return write_pool(export, op, node);
  case SF_OP_MUL:
    return write_scale(export, op, node);
  case SF_OP_RESHAPE:
    return write_flatten(export, op, node);
  case SF_OP_DELAY:
    return sf_nir_write_delay(export, op, node);
  default:
    return cannot_at_all(export, op);
  }
}
