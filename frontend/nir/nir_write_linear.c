/* nir_write_linear.c - Linear, Affine and convolutions. */
#include "frontend/nir/nir_write.h"

#include <string.h>

/* Integer weights are of a quantized network, which has integer sums. */
static sf_result check_weights(nir_export *export, const sf_op *op) {
  const sf_blob *w = sf_op_operand_blob(op, 1), *b = sf_op_operand_blob(op, 2);
  if (!w || !sf_op_operand(op, 0))
    return sf_nir_cannot(export, op, NULL, "weights of NIR are constants");
  bool floats = w->type.scalar.kind == SF_SCALAR_F32 &&
                op->results[0]->type.scalar.kind == SF_SCALAR_F32 &&
                (!b || b->type.scalar.kind == SF_SCALAR_F32);
  if (floats) return SF_OK;
  return sf_nir_cannot(export, op, "export the network before it is quantized",
                       "NIR has no integer arithmetic, and its weights are "
                       "integers");
}

/* `copies` of the blob's elements, in the export's arena. */
static sf_result elements(nir_export *export, sf_blob *blob, size_t copies,
                          float **out) {
  SF_TRY(sf_blob_load(blob, export->diag));
  size_t count = sf_blob_elements(blob);
  float *values = SF_NEW_ARRAY(export->arena, float, count *copies + 1);
  if (!values) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    values[i] = sf_blob_f32(blob, i);
  for (size_t i = 1; i < copies; i++)
    memcpy(values + i * count, values, count * sizeof *values);
  *out = values;
  return SF_OK;
}

/* A blob under the leading axes of a stream, each with its copy. */
static sf_result add_weights(nir_export *export, nir_out_node *node,
                             const char *name, sf_blob *blob,
                             const sf_type *x) {
  sf_type type = *x;
  size_t copies = 1;
  type.rank = 0;
  for (unsigned i = 0; i + 1u < x->rank; i++)
    copies *= (size_t)(type.dim[type.rank++] = x->dim[i]);
  for (unsigned i = 0; i < blob->type.rank; i++)
    type.dim[type.rank++] = blob->type.dim[i];
  float *values;
  SF_TRY(elements(export, blob, copies, &values));
  sf_nir_add_field(node, name, SF_H5_FLOAT, 4, type.rank, type.dim, values);
  return SF_OK;
}

sf_result sf_nir_write_linear(nir_export *export, const sf_op *op,
                              nir_out_node *node) {
  SF_TRY(check_weights(export, op));
  const sf_type *x = &sf_op_operand(op, 0)->type;
  sf_blob *bias = sf_op_operand_blob(op, 2);
  size_t copies = sf_type_elements(x) / (size_t)x->dim[x->rank - 1];
  if (sf_op_blob(op, SF_ATTR_delays))
    return sf_nir_cannot(export, op, NULL,
                         "NIR has no delays of single synapses");
  if (copies > NIR_RUNS_MAX || x->rank == SF_RANK_MAX)
    return sf_nir_cannot(export, op, NULL,
                         "leading axes repeat the weights, at most %d times",
                         (int)NIR_RUNS_MAX);
  node->type = bias ? "Affine" : "Linear";
  SF_TRY(add_weights(export, node, "weight", sf_op_operand_blob(op, 1), x));
  return bias ? add_weights(export, node, "bias", bias, x) : SF_OK;
}

/* ---- Convolutions. ---- */

/* Numbers where both ends have as many, else "same" if that says it. */
static sf_result add_padding(nir_export *export, const sf_op *op,
                             nir_out_node *node, unsigned axes,
                             const sf_blob *weight) {
  int64_t pad[4], stride[2], dilation[2];
  sf_op_ints(op, SF_ATTR_pad, 2 * axes, pad);
  sf_op_ints(op, SF_ATTR_stride, axes, stride);
  sf_op_ints(op, SF_ATTR_dilation, axes, dilation);
  bool even = true, same = true;
  for (unsigned i = 0; i < axes; i++) {
    int64_t total = dilation[i] * (weight->type.dim[2 + i] - 1);
    even &= pad[i] == pad[axes + i];
    same &= stride[i] == 1 && pad[i] == total / 2 &&
            pad[axes + i] == total - total / 2;
  }
  if (even) return sf_nir_add_ints(export, node, "padding", axes, pad);
  if (same) return sf_nir_add_text(export, node, "padding", "same");
  return sf_nir_cannot(export, op, NULL,
                       "NIR pads the begin of an axis as much as its end, or "
                       "to the same size");
}

/* Zeros where there is none: the format demands a bias. */
static sf_result add_bias(nir_export *export, const sf_op *op,
                          nir_out_node *node, int32_t channels) {
  sf_blob *bias = sf_op_operand_blob(op, 2);
  float *values = SF_NEW_ARRAY(export->arena, float, (size_t)channels);
  if (!values) return SF_OOM;
  if (bias) SF_TRY(elements(export, bias, 1, &values));
  sf_nir_add_field(node, "bias", SF_H5_FLOAT, 4, 1, &channels, values);
  return SF_OK;
}

sf_result sf_nir_write_conv(nir_export *export, const sf_op *op,
                            nir_out_node *node) {
  SF_TRY(check_weights(export, op));
  sf_blob *w = sf_op_operand_blob(op, 1);
  const sf_type *x = &sf_op_operand(op, 0)->type;
  unsigned axes = w->type.rank - 2u;
  int64_t stride[2], dilation[2], size[2] = {0};
  if (axes < 1 || axes > 2 || x->rank != axes + 1)
    return sf_nir_cannot(export, op, NULL,
                         "convolutions of NIR have one or two axes");
  sf_op_ints(op, SF_ATTR_stride, axes, stride);
  sf_op_ints(op, SF_ATTR_dilation, axes, dilation);
  for (unsigned i = 0; i < axes; i++)
    size[i] = x->dim[1 + i];
  node->type = axes == 1 ? "Conv1d" : "Conv2d";
  float *values;
  SF_TRY(elements(export, w, 1, &values));
  sf_nir_add_field(node, "weight", SF_H5_FLOAT, 4, w->type.rank, w->type.dim,
                   values);
  SF_TRY(add_bias(export, op, node, w->type.dim[0]));
  SF_TRY(sf_nir_add_ints(export, node, "stride", axes, stride));
  SF_TRY(sf_nir_add_ints(export, node, "dilation", axes, dilation));
  SF_TRY(sf_nir_add_int(export, node, "groups", sf_op_int(op, SF_ATTR_groups)));
  SF_TRY(add_padding(export, op, node, axes, w));
  if (axes == 1) return sf_nir_add_int(export, node, "input_shape", size[0]);
  return sf_nir_add_ints(export, node, "input_shape", axes, size);
}
