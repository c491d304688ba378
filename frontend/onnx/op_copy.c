/* op_copy.c - elements repeated or moved in blocks: Expand, Tile,
 * DepthToSpace, SpaceToDepth. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/neuron_kind.h"

#include <string.h>

/* ---- Repeating. ---- */

static sf_result translate_expand(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *t = NULL;
  onnx_shape wanted = {.rank = 0}, shape;
  SF_TRY(sf_onnx_need_constant(node, 1, "the shape", &t));
  if (sf_onnx_elements(&t->shape) > ONNX_RANK_MAX)
    return sf_onnx_refuse(node, NULL, "the shape has more than %d axes",
                          (int)ONNX_RANK_MAX);
  wanted.rank = (uint8_t)sf_onnx_elements(&t->shape);
  for (unsigned i = 0; i < wanted.rank; i++)
    wanted.dim[i] = sf_onnx_get_i64(t, i);
  if (!sf_onnx_broadcast(&x->shape, &wanted, &shape))
    return sf_onnx_refuse(node, NULL, "the shape does not broadcast");
  SF_TRY(sf_onnx_check_shape(node, &shape));
  unsigned rank = shape.rank;
  while (rank && sf_onnx_leading(&shape, rank - 1) == 1)
    rank--;
  if (x->kind == ONNX_STREAM && x->stream->type.rank > rank)
    rank = x->stream->type.rank;
  sf_type type = sf_onnx_type(x->dtype, &shape, rank);
  sf_value *y = sf_onnx_spread(node, sf_onnx_stream(node, 0, rank), &type);
  return sf_onnx_emit(node, 0, y, x->dtype, &shape);
}

/* The axis `count` times over: a repeated axis in front of it. */
sf_value *sf_onnx_repeat(onnx_node *node, sf_value *x, unsigned axis,
                         int64_t count, bool each) {
  if (!x || count == 1) return x;
  int32_t outer = 1, inner = 1;
  sf_type type = x->type;
  unsigned split = each ? axis + 1 : axis; /* the new axis stands before it */
  for (unsigned i = 0; i < split; i++)
    outer *= type.dim[i];
  for (unsigned i = split; i < type.rank; i++)
    inner *= type.dim[i];
  int32_t blocks[3] = {outer, 1, inner};
  sf_value *y = sf_onnx_reshape(node, x, 3, blocks);
  blocks[1] = (int32_t)count;
  sf_type spread = sf_type_make(type.scalar, 3, blocks);
  y = sf_onnx_spread(node, y, &spread);
  type.dim[axis] = (int32_t)(type.dim[axis] * count);
  return sf_onnx_reshape(node, y, type.rank, type.dim);
}

static sf_result translate_tile(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const onnx_tensor *t = NULL;
  if (node->opset < 6)
    return sf_onnx_refuse(node, "export with opset 7 or later",
                          "tiles along one axis (opset %d)", node->opset);
  SF_TRY(sf_onnx_need_constant(node, 1, "the repeats", &t));
  onnx_shape shape = x->shape;
  if (sf_onnx_elements(&t->shape) != shape.rank)
    return sf_onnx_refuse(node, NULL, "the repeats are not one an axis");
  for (unsigned i = 0; i < shape.rank; i++) {
    int64_t count = sf_onnx_get_i64(t, i);
    if (count < 1 || count > INT32_MAX)
      return sf_onnx_refuse(node, NULL, "%lld repeats", (long long)count);
    shape.dim[i] *= count;
  }
  SF_TRY(sf_onnx_check_shape(node, &shape));
  sf_value *y = sf_onnx_stream(node, 0, shape.rank);
  for (unsigned i = 0; i < shape.rank; i++)
    y = sf_onnx_repeat(node, y, i, sf_onnx_get_i64(t, i), false);
  return sf_onnx_emit(node, 0, y, x->dtype, &shape);
}

/* ---- Blocks of channels and of the image. ---- */

/* Input 0, [N, C, H, W], as six axes, permuted, as `shape`. Where N is 1 it is
 * left out. */
static sf_result emit_blocks(onnx_node *node, const int64_t six[6],
                             const unsigned perm[6], const onnx_shape *shape) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned first = six[0] == 1 ? 1 : 0;
  onnx_shape blocks = {.rank = (uint8_t)(6 - first)};
  unsigned moved[6];
  for (unsigned i = first; i < 6; i++) {
    blocks.dim[i - first] = six[i];
    moved[i - first] = perm[i] - first;
  }
  sf_value *y = sf_onnx_stream_as(node, 0, &blocks);
  sf_type type = sf_onnx_type(x->dtype, shape, 4 - first);
  y = sf_onnx_reshape(node, sf_onnx_transpose(node, y, moved), type.rank,
                      type.dim);
  return sf_onnx_emit(node, 0, y, x->dtype, shape);
}

static sf_result read_block(onnx_node *node, int64_t *size) {
  *size = sf_onnx_int(node, "blocksize", 0);
  if (sf_onnx_input(node, 0)->shape.rank != 4 || *size < 1 || *size > INT32_MAX)
    return sf_onnx_refuse(node, NULL, "an image and a blocksize are needed");
  return SF_OK;
}

static sf_result translate_depth_to_space(onnx_node *node) {
  const int64_t *d = sf_onnx_input(node, 0)->shape.dim;
  const char *mode = sf_onnx_text(node, "mode", "DCR");
  int64_t b;
  SF_TRY(read_block(node, &b));
  if (d[1] % (b * b))
    return sf_onnx_refuse(node, NULL, "the channels are no blocks");
  int64_t c = d[1] / (b * b);
  onnx_shape shape = {.rank = 4, .dim = {d[0], c, d[2] * b, d[3] * b}};
  if (strcmp(mode, "CRD") == 0)
    return emit_blocks(node, (int64_t[]){d[0], c, b, b, d[2], d[3]},
                       (unsigned[]){0, 1, 4, 2, 5, 3}, &shape);
  if (strcmp(mode, "DCR") != 0)
    return sf_onnx_refuse(node, NULL, "mode is '%s'", mode);
  return emit_blocks(node, (int64_t[]){d[0], b, b, c, d[2], d[3]},
                     (unsigned[]){0, 3, 4, 1, 5, 2}, &shape);
}

static sf_result translate_space_to_depth(onnx_node *node) {
  const int64_t *d = sf_onnx_input(node, 0)->shape.dim;
  int64_t b;
  SF_TRY(read_block(node, &b));
  if (d[2] % b || d[3] % b)
    return sf_onnx_refuse(node, NULL, "the image has no whole blocks");
  onnx_shape shape = {.rank = 4,
                      .dim = {d[0], d[1] * b * b, d[2] / b, d[3] / b}};
  return emit_blocks(node, (int64_t[]){d[0], d[1], d[2] / b, b, d[3] / b, b},
                     (unsigned[]){0, 3, 5, 1, 2, 4}, &shape);
}

const onnx_operator sf_onnx_copy_rows[] = {
    {"", "DepthToSpace", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE,
     translate_depth_to_space, ""},
    {"", "Expand", 8, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_expand,
     "a constant shape"},
    {"", "SpaceToDepth", 1, ONNX_OPSET_NEWEST, ONNX_SHAPE,
     translate_space_to_depth, ""},
    {"", "Tile", 6, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_tile,
     "constant repeats"},
    {0}};
