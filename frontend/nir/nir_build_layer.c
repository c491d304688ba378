/* nir_build_layer.c - nodes without state: scale, pools, flatten, threshold. */
#include "frontend/nir/nir.h"

#include "ir/arith.h"

#include <string.h>

static sf_result build_scale(nir_import *import, nir_node *node, sf_value *x,
                             sf_value **out) {
  const sf_h5_item *item = node->field[NIR_SCALES];
  nir_shape shape = {.known = true, .rank = node->in.rank};
  for (unsigned i = 0; i < shape.rank; i++)
    shape.dim[i] = item->elements == 1 ? 1 : (int64_t)item->dim[i];
  sf_type type = sf_nir_type_of(sf_f32(), &shape);
  sf_blob *scale = sf_nir_blob(import, node, item, "s", 0, &type);
  x = sf_nir_float(import, node, x);
  if (!scale || !x) return SF_OOM;
  *out = sf_nir_op(import, node, SF_OP_MUL, x, scale, NULL, NULL, &x->type);
  return *out ? SF_OK : SF_OOM;
}

/* Sums of spikes and integers stay integers; averages are f32. */
static sf_result build_pool(nir_import *import, nir_node *node, sf_value *x,
                            sf_value **out) {
  bool average = strcmp(node->type->name, "AvgPool2d") == 0;
  const nir_window *w = &node->window;
  if (average) x = sf_nir_float(import, node, x);
  if (!x) return SF_OOM;
  sf_scalar scalar = x->type.scalar;
  if (scalar.kind != SF_SCALAR_F32) {
    int64_t area = w->kernel[0] * w->kernel[1];
    scalar = sf_int_holding(area * sf_scalar_min(scalar),
                            area * sf_scalar_max(scalar));
  }
  sf_type type = sf_nir_type_of(scalar, &node->out);
  *out = sf_nir_op(import, node, SF_OP_POOL, x, NULL, NULL, NULL, &type);
  if (!*out) return SF_OOM;
  sf_op *op = (*out)->op;
  const int64_t pads[] = {w->begin[0], w->begin[1], w->end[0], w->end[1]};
  SF_TRY(sf_op_set_int(op, SF_ATTR_kind, average ? SF_POOL_AVG : SF_POOL_SUM));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_kernel, 2, w->kernel));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_stride, 2, w->stride));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_pad, 4, pads));
  return sf_op_set_int(op, SF_ATTR_count_pad, average);
}

sf_result sf_nir_build_layer(nir_import *import, nir_node *node, sf_value *x,
                             sf_value **out) {
  switch (node->type->kind) {
  case NIR_LINEAR:
    return sf_nir_build_linear(import, node, x, out);
  case NIR_CONV:
    return sf_nir_build_conv(import, node, x, out);
  case NIR_POOL:
    return build_pool(import, node, x, out);
  case NIR_SCALE:
    return build_scale(import, node, x, out);
  case NIR_FLATTEN:
    *out = sf_nir_reshape(import, node, x, &node->out);
    return *out ? SF_OK : SF_OOM;
  default:
    return sf_nir_build_neurons(import, node, x, out); /* Threshold */
  }
}
