/* op_pad.c - Pad. Zeros in front of a convolution or pool go into its window
 * (window.c); everywhere else the elements are joined. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/padding.h"

#include <string.h>

/* Numbers for every axis of input 0. */
typedef struct pads {
  int64_t begin[ONNX_RANK_MAX], end[ONNX_RANK_MAX];
  const char *mode;
  double value;
} pads;

static sf_result read_axes(onnx_node *node, unsigned rank,
                           unsigned axes[ONNX_RANK_MAX], unsigned *count) {
  const int64_t *list = NULL;
  int64_t given = -1;
  if (node->opset >= 18)
    SF_TRY(sf_onnx_list(node, "axes", 18, 3, &list, &given));
  *count = given < 0 ? rank : (unsigned)given;
  if (*count > rank) return sf_onnx_refuse(node, NULL, "too many axes");
  for (unsigned i = 0; i < *count; i++) {
    int64_t axis = list ? list[i] : (int64_t)i;
    if (!sf_onnx_axis(axis, rank, &axes[i]))
      return sf_onnx_refuse(node, NULL, "axis %lld of %u axes", (long long)axis,
                            rank);
  }
  return SF_OK;
}

static sf_result read_padding(onnx_node *node, pads *p) {
  const onnx_value *x = sf_onnx_input(node, 0);
  unsigned axes[ONNX_RANK_MAX], count;
  const int64_t *list = NULL;
  int64_t given;
  *p = (pads){.mode = sf_onnx_text(node, "mode", "constant")};
  if (x->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  SF_TRY(read_axes(node, x->shape.rank, axes, &count));
  SF_TRY(sf_onnx_list(node, node->opset < 2 ? "paddings" : "pads", 11, 1, &list,
                      &given));
  if (given != 2 * (int64_t)count)
    return sf_onnx_refuse(node, NULL, "%lld pads for %u axes", (long long)given,
                          count);
  for (unsigned i = 0; i < count; i++) {
    p->begin[axes[i]] = list[i];
    p->end[axes[i]] = list[count + i];
  }
  p->value = node->opset < 11 ? sf_onnx_float(node, "value", 0.0) : 0.0;
  if (node->opset < 11 || !sf_onnx_has_input(node, 2)) return SF_OK;
  const onnx_tensor *value = NULL;
  SF_TRY(sf_onnx_need_constant(node, 2, "the value", &value));
  if (sf_onnx_elements(&value->shape) != 1)
    return sf_onnx_refuse(node, NULL, "the value is not one number");
  p->value = sf_onnx_get_f64(value, 0);
  return SF_OK;
}

/* ---- One axis of the IR value. ---- */

static sf_value *constant_part(onnx_node *node, onnx_dtype dtype,
                               const sf_type *like, unsigned axis,
                               int64_t extent, double value) {
  onnx_shape shape = {.rank = like->rank};
  for (unsigned i = 0; i < like->rank; i++)
    shape.dim[i] = i == axis ? extent : like->dim[i];
  onnx_tensor *tensor =
      sf_onnx_is_float(dtype)
          ? sf_onnx_tensor_splat_f64(node, dtype, &shape, value)
          : sf_onnx_tensor_splat_i64(node, dtype, &shape, (int64_t)value);
  return tensor ? sf_onnx_constant_stream(node, tensor) : NULL;
}

/* Sources of the elements of an axis for the modes that copy. */
static int64_t source(const char *mode, int64_t at, int64_t extent) {
  if (strcmp(mode, "edge") == 0)
    return at < 0 ? 0 : at >= extent ? extent - 1 : at;
  if (strcmp(mode, "wrap") == 0) return ((at % extent) + extent) % extent;
  if (extent == 1) return 0;
  int64_t period = 2 * (extent - 1); /* reflect: the edges are not repeated */
  at = ((at % period) + period) % period;
  return at < extent ? at : period - at;
}

static sf_value *copy_parts(onnx_node *node, const char *mode, sf_value *x,
                            unsigned axis, int64_t begin, int64_t end) {
  int64_t extent = x->type.dim[axis], count = begin + extent + end;
  if (count > INT32_MAX || !sf_onnx_charge(node, (uint64_t)count)) return NULL;
  int64_t *index = SF_NEW_ARRAY(node->arena, int64_t, (size_t)count);
  if (!index) return NULL;
  for (int64_t i = 0; i < count; i++)
    index[i] = source(mode, i - begin, extent);
  return sf_onnx_pick(node, x, axis, index, count);
}

static sf_value *pad_axis(onnx_node *node, const pads *p, sf_value *x,
                          unsigned axis, int64_t begin, int64_t end) {
  int64_t extent = x->type.dim[axis];
  /* Negative pads cut. */
  x = sf_onnx_cut(node, x, axis, begin < 0 ? -begin : 0,
                  end < 0 ? extent + end : extent);
  begin = begin < 0 ? 0 : begin;
  end = end < 0 ? 0 : end;
  if (!x || (!begin && !end)) return x;
  if (strcmp(p->mode, "constant") != 0)
    return copy_parts(node, p->mode, x, axis, begin, end);
  sf_value *parts[3];
  uint32_t count = 0;
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  if (begin)
    parts[count++] =
        constant_part(node, dtype, &x->type, axis, begin, p->value);
  parts[count++] = x;
  if (end)
    parts[count++] = constant_part(node, dtype, &x->type, axis, end, p->value);
  for (uint32_t i = 0; i < count; i++)
    if (!parts[i]) return NULL;
  return sf_onnx_build_concat(node, count, parts, axis);
}

/* ---- The node. ---- */

static sf_result check_padding(onnx_node *node, const pads *p,
                               onnx_shape *shape, bool *nothing) {
  static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
  bool known = false;
  *nothing = true;
  for (size_t i = 0; i < SF_COUNT_OF(modes); i++)
    known |= strcmp(modes[i], p->mode) == 0;
  if (!known) return sf_onnx_refuse(node, NULL, "mode is '%s'", p->mode);
  *shape = sf_onnx_input(node, 0)->shape;
  for (unsigned i = 0; i < shape->rank; i++) {
    *nothing &= p->begin[i] == 0 && p->end[i] == 0;
    if (p->begin[i] < -shape->dim[i] || p->begin[i] > INT32_MAX ||
        p->end[i] < -shape->dim[i] || p->end[i] > INT32_MAX)
      return sf_onnx_refuse(node, NULL, "pads of axis %u are out of range", i);
    shape->dim[i] += p->begin[i] + p->end[i];
    if (shape->dim[i] < 1)
      return sf_onnx_refuse(node, NULL, "the result has no element");
  }
  return SF_OK;
}

/* Zeros around the image of [N, C, ..]: a window may take them over. */
static bool is_image_padding(const pads *p, const onnx_shape *shape) {
  if (strcmp(p->mode, "constant") != 0 || p->value != 0.0 || shape->rank < 3)
    return false;
  for (unsigned i = 0; i < shape->rank; i++)
    if (p->begin[i] < 0 || p->end[i] < 0 ||
        (i < 2 && (p->begin[i] || p->end[i])))
      return false;
  return true;
}

static sf_result remember(onnx_node *node, const pads *p) {
  const onnx_value *x = sf_onnx_input(node, 0);
  if (x->kind != ONNX_STREAM || !node->output_count ||
      !is_image_padding(p, &x->shape))
    return SF_OK;
  onnx_padding *record = SF_NEW(node->arena, onnx_padding);
  if (!record) return SF_OOM;
  record->source = *x;
  for (unsigned i = 2; i < x->shape.rank; i++) {
    record->begin[i - 2] = p->begin[i];
    record->end[i - 2] = p->end[i];
  }
  node->outputs[0]->padding = record;
  return SF_OK;
}

bool sf_onnx_take_padding(onnx_node *node, onnx_window *window) {
  const onnx_padding *padding = sf_onnx_input(node, 0)->padding;
  if (!padding) return false;
  for (unsigned i = 0; i < window->axes; i++)
    if (window->beyond[i]) return false;
  for (unsigned i = 0; i < window->axes; i++) {
    window->in[i] -= padding->begin[i] + padding->end[i];
    window->begin[i] += padding->begin[i];
    window->end[i] += padding->end[i];
  }
  node->inputs[0] = &padding->source;
  return true;
}

static sf_result translate_pad(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  pads p;
  onnx_shape shape;
  bool nothing;
  SF_TRY(read_padding(node, &p));
  SF_TRY(check_padding(node, &p, &shape, &nothing));
  if (nothing) return sf_onnx_emit_same(node, 0, 0);
  unsigned first = 0;
  while (first < x->shape.rank && !p.begin[first] && !p.end[first])
    first++;
  unsigned at;
  sf_value *y = sf_onnx_stream_axis(node, 0, first, &at);
  for (unsigned i = first; y && i < x->shape.rank; i++)
    y = pad_axis(node, &p, y, i - first + at, p.begin[i], p.end[i]);
  SF_TRY(sf_onnx_emit(node, 0, y, x->dtype, &shape));
  return remember(node, &p);
}

const onnx_operator sf_onnx_pad_rows[] = {
    {"", "Pad", 1, ONNX_OPSET_NEWEST, ONNX_FOLD, translate_pad,
     "constant pads; zeros go into the window behind them"},
    {0}};
