/* op_resize.c - Resize and Upsample: nearest neighbours are copies, linear and
 * cubic interpolation is a weighted sum along each axis. */
#include "frontend/onnx/axis.h"

#include <math.h>
#include <string.h>

typedef struct resize {
  const char *mode, *coordinates, *nearest;
  double cubic;
  bool exclude_outside;
  double scale[ONNX_RANK_MAX];
  int64_t out[ONNX_RANK_MAX];
} resize;

/* ---- Reading. ---- */

/* Input `index` as numbers of all axes, or of those that `axes` names. */
static sf_result read_numbers(onnx_node *node, uint32_t index,
                              double out[ONNX_RANK_MAX], bool *there) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  const onnx_tensor *t = NULL;
  const int64_t *axes = NULL;
  *there = false;
  if (!sf_onnx_has_input(node, index)) return SF_OK;
  SF_TRY(sf_onnx_need_constant(node, index, "scales or sizes", &t));
  uint64_t count = sf_onnx_elements(&t->shape);
  if (!count) return SF_OK;
  size_t named = sf_onnx_ints(node, "axes", &axes);
  if (count != (named ? named : x->rank))
    return sf_onnx_refuse(node, NULL, "scales or sizes are not one an axis");
  for (uint64_t i = 0; i < count; i++) {
    unsigned axis = (unsigned)i;
    if (named && !sf_onnx_axis(axes[i], x->rank, &axis))
      return sf_onnx_refuse(node, NULL, "an axis is outside");
    out[axis] = sf_onnx_get_f64(t, i);
  }
  *there = true;
  return SF_OK;
}

static sf_result read_scales(onnx_node *node, resize *r) {
  const onnx_shape *x = &sf_onnx_input(node, 0)->shape;
  double numbers[ONNX_RANK_MAX];
  bool scales = false, sizes = false, upsample = node->op_type[0] == 'U';
  for (unsigned i = 0; i < x->rank; i++)
    r->scale[i] = 1.0;
  const float *attribute = NULL;
  size_t count = upsample ? sf_onnx_floats(node, "scales", &attribute) : 0;
  for (size_t i = 0; i < count && count == x->rank; i++)
    r->scale[i] = (double)attribute[i];
  if (!count)
    SF_TRY(read_numbers(node, upsample || node->opset < 11 ? 1 : 2, r->scale,
                        &scales));
  for (unsigned i = 0; i < x->rank; i++) {
    double extent = floor((double)x->dim[i] * r->scale[i]);
    if (!(extent >= 0 && extent <= INT32_MAX))
      return sf_onnx_refuse(node, NULL, "a scale is out of range");
    r->out[i] = (int64_t)extent;
    numbers[i] = (double)x->dim[i];
  }
  if (scales || upsample || node->opset < 11) return SF_OK;
  SF_TRY(read_numbers(node, 3, numbers, &sizes));
  if (!sizes) return sf_onnx_refuse(node, NULL, "neither scales nor sizes");
  for (unsigned i = 0; i < x->rank; i++) {
    if (!(numbers[i] >= 1 && numbers[i] <= INT32_MAX))
      return sf_onnx_refuse(node, NULL, "a size is out of range");
    r->out[i] = (int64_t)numbers[i];
    r->scale[i] = numbers[i] / (double)x->dim[i];
  }
  return SF_OK;
}

static sf_result check_modes(onnx_node *node, const resize *r) {
  static const char *const known[] = {"half_pixel", "asymmetric",
                                      "align_corners", "pytorch_half_pixel",
                                      "half_pixel_symmetric"};
  bool fine = false;
  for (size_t i = 0; i < SF_COUNT_OF(known); i++)
    fine |= strcmp(known[i], r->coordinates) == 0;
  if (!fine)
    return sf_onnx_refuse(node, NULL, "coordinate_transformation_mode is '%s'",
                          r->coordinates);
  if (strcmp(r->mode, "nearest") != 0 && strcmp(r->mode, "linear") != 0 &&
      strcmp(r->mode, "bilinear") != 0 && strcmp(r->mode, "cubic") != 0)
    return sf_onnx_refuse(node, NULL, "mode is '%s'", r->mode);
  if (sf_onnx_int(node, "antialias", 0))
    return sf_onnx_refuse(node, NULL, "antialias is asked for");
  if (strcmp(sf_onnx_text(node, "keep_aspect_ratio_policy", "stretch"),
             "stretch") != 0)
    return sf_onnx_refuse(node, NULL, "sizes keep the aspect ratio");
  return SF_OK;
}

static sf_result read_resize(onnx_node *node, resize *r) {
  bool old = node->op_type[0] == 'U' || node->opset < 11;
  *r = (resize){
      .mode = sf_onnx_text(node, "mode", "nearest"),
      .coordinates = old ? "asymmetric"
                         : sf_onnx_text(node, "coordinate_transformation_mode",
                                        "half_pixel"),
      .nearest = old ? "floor"
                     : sf_onnx_text(node, "nearest_mode", "round_prefer_floor"),
      .cubic = sf_onnx_float(node, "cubic_coeff_a", -0.75),
      .exclude_outside = sf_onnx_int(node, "exclude_outside", 0) != 0};
  SF_TRY(check_modes(node, r));
  return read_scales(node, r);
}

/* ---- Places. ---- */

/* Where element `at` of the result lies in the input. */
static double place(const resize *r, unsigned axis, int64_t at, int64_t in) {
  double x = (double)at, scale = r->scale[axis], out = (double)r->out[axis];
  if (strcmp(r->coordinates, "asymmetric") == 0) return x / scale;
  if (strcmp(r->coordinates, "align_corners") == 0) { /* a length not rounded */
    double length = scale * (double)in;
    return length == 1.0 ? 0.0 : x * ((double)in - 1.0) / (length - 1.0);
  }
  if (strcmp(r->coordinates, "pytorch_half_pixel") == 0 && out <= 1.0)
    return 0.0;
  double shift = 0.0;
  if (strcmp(r->coordinates, "half_pixel_symmetric") == 0) {
    double adjust = out / (scale * (double)in);
    shift = (double)in / 2.0 * (1.0 - adjust);
  }
  return shift + (x + 0.5) / scale - 0.5;
}

static int64_t nearest(const resize *r, double x, int64_t in) {
  double at = strcmp(r->nearest, "floor") == 0               ? floor(x)
              : strcmp(r->nearest, "ceil") == 0              ? ceil(x)
              : strcmp(r->nearest, "round_prefer_ceil") == 0 ? floor(x + 0.5)
                                                             : ceil(x - 0.5);
  return at < 0 ? 0 : at >= (double)in ? in - 1 : (int64_t)at;
}

static sf_value *nearest_axis(onnx_node *node, const resize *r, sf_value *x,
                              unsigned at, unsigned axis) {
  int64_t in = x->type.dim[at], out = r->out[axis];
  int64_t *index = SF_NEW_ARRAY(node->arena, int64_t, (size_t)out + 1);
  if (!index || !sf_onnx_charge(node, (uint64_t)out)) return NULL;
  bool each = out % in == 0;
  for (int64_t i = 0; i < out; i++) {
    index[i] = nearest(r, place(r, axis, i, in), in);
    each &= index[i] == i / (out / in ? out / in : 1);
  }
  return each ? sf_onnx_repeat(node, x, at, out / in, true)
              : sf_onnx_pick(node, x, at, index, out);
}

/* ---- Weighted sums. ---- */

/* Weight of the neighbour `distance` away. */
static double weight(const resize *r, double distance) {
  double d = fabs(distance), a = r->cubic;
  if (r->mode[0] != 'c') return d < 1 ? 1 - d : 0;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/* One row of the matrix: neighbours beyond the edge are the edge. */
static void fill_row(const resize *r, double x, int64_t in, float *row) {
  double sum = 0, weights[4];
  int64_t first = (int64_t)floor(x) - 1;
  for (int i = 0; i < 4; i++) {
    bool outside = first + i < 0 || first + i >= in;
    weights[i] = weight(r, x - (double)(first + i));
    if (outside && r->exclude_outside) weights[i] = 0;
    sum += weights[i];
  }
  for (int i = 0; i < 4; i++) {
    int64_t at = first + i < 0 ? 0 : first + i >= in ? in - 1 : first + i;
    double w = r->exclude_outside ? weights[i] / sum : weights[i];
    row[at] = (float)((double)row[at] + w);
  }
}

static sf_value *matrix_axis(onnx_node *node, const resize *r, sf_value *x,
                             unsigned at, unsigned axis) {
  int64_t in = x->type.dim[at], out = r->out[axis];
  if (!sf_onnx_charge(node, (uint64_t)(in * out))) return NULL;
  float *matrix = SF_NEW_ARRAY(node->arena, float, (size_t)(in * out));
  if (!matrix) return NULL;
  for (int64_t i = 0; i < out; i++)
    fill_row(r, place(r, axis, i, in), in, matrix + i * in);
  int32_t dim[2] = {(int32_t)out, (int32_t)in};
  return sf_onnx_linear_axis(node, x, at,
                             sf_onnx_blob_f32(node, "weights", 2, dim, matrix));
}

static sf_result translate_resize(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  resize r;
  if (x->kind == ONNX_ABSENT)
    return sf_onnx_refuse(node, NULL, "input 0 is missing");
  SF_TRY(read_resize(node, &r));
  onnx_shape shape = {.rank = x->shape.rank};
  memcpy(shape.dim, r.out, sizeof shape.dim);
  SF_TRY(sf_onnx_check_shape(node, &shape));
  bool copies = strcmp(r.mode, "nearest") == 0;
  if (!copies && !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "interpolation of integers");
  unsigned first = 0, at = 0;
  while (first + 1 < x->shape.rank && shape.dim[first] == x->shape.dim[first])
    first++;
  if (!x->shape.rank) return sf_onnx_emit_same(node, 0, 0);
  sf_value *y = sf_onnx_stream_axis(node, 0, first, &at);
  for (unsigned i = first; y && i < x->shape.rank; i++)
    if (shape.dim[i] != x->shape.dim[i] || r.scale[i] != 1.0)
      y = copies ? nearest_axis(node, &r, y, i - first + at, i)
                 : matrix_axis(node, &r, y, i - first + at, i);
  return sf_onnx_emit(node, 0, y, x->dtype, &shape);
}

const onnx_operator sf_onnx_resize_rows[] = {
    {"", "Resize", 10, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_resize,
     "constant scales or sizes; no antialias; linear and cubic: a projection"},
    {"", "Upsample", 7, ONNX_OPSET_NEWEST, ONNX_SHAPE, translate_resize,
     "constant scales"},
    {0}};
