/* nir_build_linear.c - Linear, Affine and convolutions. */
#include "frontend/nir/nir.h"

#include <string.h>

/* A bias of zeros adds nothing to a sum that starts at 0. NULL in *out: none.
 */
static sf_result bias_blob(nir_import *import, const nir_node *node,
                           int64_t outputs, int64_t product, sf_blob **out) {
  const sf_h5_item *item = node->field[NIR_BIAS];
  *out = NULL;
  if (!item || sf_nir_is_zero(item)) return SF_OK;
  int64_t products = 1;
  if (node->type->kind == NIR_LINEAR && outputs > 0)
    products = sf_nir_elements(&node->out) / outputs;
  int64_t expected = outputs * products;
  if (item->elements != 1 && (int64_t)item->elements != expected)
    return sf_nir_refuse(import, node, NULL,
                         "'bias' has %llu elements; one for each of the %lld "
                         "outputs is expected, or one for all",
                         (unsigned long long)item->elements,
                         (long long)expected);
  if (import->options.use.scheme == NIR_LOIHI)
    return sf_nir_refuse(import, node, NULL,
                         "convention loihi takes no bias, as the script that "
                         "it follows; this one is not zero");
  int32_t dim = (int32_t)outputs;
  sf_type type = sf_type_make(sf_f32(), 1, &dim);
  *out = sf_nir_blob(import, node, item, "b", (uint64_t)(product * outputs),
                     &type);
  return *out ? SF_OK : SF_OOM;
}

static sf_result weight_blob(nir_import *import, nir_node *node, uint64_t first,
                             const sf_type *type, sf_blob **out) {
  if (import->options.use.scheme == NIR_LOIHI)
    return sf_nir_loihi_weights(import, node, type, out);
  *out = sf_nir_blob(import, node, node->field[NIR_WEIGHT], "w", first, type);
  return *out ? SF_OK : SF_OOM;
}

static sf_scalar sum_scalar(const nir_import *import) {
  return import->options.use.scheme == NIR_LOIHI ? sf_int(24) : sf_f32();
}

/* One product: x[.., in] to [.., out]. */
static sf_result product(nir_import *import, nir_node *node, sf_value *x,
                         int64_t index, sf_value **out) {
  const sf_h5_item *w = node->field[NIR_WEIGHT];
  int32_t dim[2] = {(int32_t)w->dim[w->rank - 2], (int32_t)w->dim[w->rank - 1]};
  sf_type type = sf_type_make(sf_f32(), 2, dim);
  sf_blob *weights = NULL, *bias = NULL;
  uint64_t size = (uint64_t)dim[0] * (uint64_t)dim[1];
  SF_TRY(weight_blob(import, node, (uint64_t)index * size, &type, &weights));
  SF_TRY(bias_blob(import, node, dim[0], index, &bias));
  sf_type result = x->type;
  result.scalar = sum_scalar(import);
  result.dim[result.rank - 1] = dim[0];
  *out = sf_nir_op(import, node, SF_OP_LINEAR, x, weights, bias, NULL, &result);
  return *out ? SF_OK : SF_OOM;
}

/* Row `index` of x[products, in]. */
static sf_value *row(nir_import *import, const nir_node *node, sf_value *x,
                     int64_t index) {
  sf_type type = x->type;
  type.dim[0] = 1;
  sf_value *part =
      sf_nir_op(import, node, SF_OP_SLICE, x, NULL, NULL, "row", &type);
  const int64_t begin[] = {index, 0}, end[] = {index + 1, x->type.dim[1]};
  if (!part || sf_op_set_ints(part->op, SF_ATTR_begin, 2, begin) ||
      sf_op_set_ints(part->op, SF_ATTR_end, 2, end))
    return NULL;
  return part;
}

/* Leading axes of the weights are a product each. */
static sf_result products(nir_import *import, nir_node *node, sf_value *x,
                          int64_t count, sf_value **out) {
  nir_shape rows = {.known = true, .rank = 2, .dim = {count, 0}};
  rows.dim[1] = sf_nir_elements(&node->in) / count;
  x = sf_nir_reshape(import, node, x, &rows);
  sf_value **parts = SF_NEW_ARRAY(import->arena, sf_value *, (size_t)count);
  if (!x || !parts) return SF_OOM;
  for (int64_t i = 0; i < count; i++) {
    sf_value *part = row(import, node, x, i);
    if (!part) return SF_OOM;
    SF_TRY(product(import, node, part, i, &parts[i]));
  }
  sf_type type = parts[0]->type;
  type.dim[0] = (int32_t)count;
  sf_op *op = sf_op_create(import->network, NULL, SF_OP_CONCAT, (uint32_t)count,
                           node->loc);
  if (!op) return SF_OOM;
  for (int64_t i = 0; i < count; i++)
    sf_op_set_operand(op, (uint32_t)i, parts[i]);
  *out = sf_op_add_result(op, node->name, &type);
  if (!*out || sf_op_set_int(op, SF_ATTR_axis, 0)) return SF_OOM;
  *out = sf_nir_reshape(import, node, *out, &node->out);
  return *out ? SF_OK : SF_OOM;
}

sf_result sf_nir_build_linear(nir_import *import, nir_node *node, sf_value *x,
                              sf_value **out) {
  int64_t count = 1;
  for (unsigned i = 0; i + 1u < node->in.rank; i++)
    count *= node->in.dim[i];
  if (node->in.rank == 1) return product(import, node, x, 0, out);
  if (count > 1) return products(import, node, x, count, out);
  SF_TRY(product(import, node, x, 0, out));
  return SF_OK;
}

/* ---- Convolutions. ---- */

sf_result sf_nir_build_conv(nir_import *import, nir_node *node, sf_value *x,
                            sf_value **out) {
  const sf_h5_item *w = node->field[NIR_WEIGHT];
  const nir_window *window = &node->window;
  int32_t dim[SF_RANK_MAX] = {0};
  for (unsigned i = 0; i < w->rank; i++)
    dim[i] = (int32_t)w->dim[i];
  sf_type type = sf_type_make(sf_f32(), w->rank, dim);
  sf_blob *weights = NULL, *bias = NULL;
  SF_TRY(weight_blob(import, node, 0, &type, &weights));
  SF_TRY(bias_blob(import, node, dim[0], 0, &bias));
  sf_type result = sf_nir_type_of(sum_scalar(import), &node->out);
  *out = sf_nir_op(import, node, SF_OP_CONV, x, weights, bias, NULL, &result);
  if (!*out) return SF_OOM;
  int64_t groups = 1, pads[4];
  SF_TRY(sf_nir_ints(import, node, NIR_GROUPS, 1, 1, 1, &groups));
  memcpy(pads, window->begin, window->axes * sizeof *pads);
  memcpy(pads + window->axes, window->end, window->axes * sizeof *pads);
  sf_op *op = (*out)->op;
  SF_TRY(sf_op_set_ints(op, SF_ATTR_stride, window->axes, window->stride));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_pad, 2 * window->axes, pads));
  SF_TRY(sf_op_set_ints(op, SF_ATTR_dilation, window->axes, window->dilation));
  return sf_op_set_int(op, SF_ATTR_groups, groups);
}
