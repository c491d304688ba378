/* nir_shape_of.c - what each type of node makes of its input's shape. */
#include "frontend/nir/nir.h"

#include <string.h>

static nir_shape item_shape(const sf_h5_item *item, unsigned first,
                            unsigned end) {
  nir_shape shape = {.known = true, .rank = (uint8_t)(end - first)};
  for (unsigned i = first; i < end; i++)
    shape.dim[i - first] = (int64_t)item->dim[i];
  return shape;
}

/* ---- Ports and nodes of one number an element. ---- */

static sf_result port_shape(nir_import *import, nir_node *node) {
  if (node->invented) {
    if (node->in.known) node->out = node->in;
    return SF_OK;
  }
  nir_shape shape;
  SF_TRY(sf_nir_read_shape(import, node, NIR_SHAPE, &shape));
  bool input = node->type->kind == NIR_INPUT && node->depth == 0;
  if (import->options.lenient && !input) { /* the stream is right */
    if (node->in.known) node->out = node->in;
    return SF_OK;
  }
  node->in = node->out = shape;
  return SF_OK;
}

/* The first dataset with more than one number. */
static const sf_h5_item *full_field(const nir_node *node) {
  for (int f = 0; f < NIR_FIELD_COUNT; f++) {
    const sf_h5_item *item = node->field[f];
    if (item && (node->type->each >> f & 1) && item->elements > 1) return item;
  }
  return NULL;
}

/* Per-neuron parameters name the shape; [C, 1, 1] spreads over the map, and a
 * single number over everything. */
static sf_result each_shape(nir_node *node) {
  const sf_h5_item *item = full_field(node);
  if (item) {
    nir_shape shape = item_shape(item, 0, item->rank);
    bool spreads = false;
    for (unsigned i = 0; i < shape.rank; i++)
      spreads |= shape.dim[i] == 1;
    if (spreads && node->in.known && node->in.rank == shape.rank) {
      bool fits = true;
      for (unsigned i = 0; i < shape.rank; i++)
        fits &= shape.dim[i] == 1 || shape.dim[i] == node->in.dim[i];
      if (fits) shape = node->in;
    } else if (spreads && !node->in.known) {
      return SF_OK; /* until the input's shape is known */
    }
    node->in = shape;
  }
  node->out = node->in;
  return SF_OK;
}

/* ---- Weights. ---- */

static sf_result linear_shape(nir_import *import, nir_node *node) {
  const sf_h5_item *w = node->field[NIR_WEIGHT];
  if (w->rank < 2 || w->rank > SF_RANK_MAX)
    return sf_nir_refuse(import, node, NULL,
                         "'weight' has %u axes; it must have (.., out, in)",
                         w->rank);
  node->in = item_shape(w, 0, w->rank - 1u);
  node->in.dim[w->rank - 2] = (int64_t)w->dim[w->rank - 1];
  node->out = item_shape(w, 0, w->rank - 1u);
  if (w->rank == 2) return SF_OK;
  int64_t leading = 1;
  for (unsigned i = 0; i + 2u < w->rank; i++)
    leading *= (int64_t)w->dim[i];
  if (leading <= NIR_RUNS_MAX) return SF_OK;
  return sf_nir_refuse(import, node, NULL,
                       "'weight' has %lld products in its leading axes; at "
                       "most %d are read",
                       (long long)leading, (int)NIR_RUNS_MAX);
}

/* Extent of an output axis as in PyTorch; 0: the window does not fit. */
static int64_t extent(const nir_window *w, unsigned axis, int64_t in) {
  int64_t room = in + w->begin[axis] + w->end[axis] -
                 w->dilation[axis] * (w->kernel[axis] - 1) - 1;
  return room < 0 || w->stride[axis] < 1 ? 0 : room / w->stride[axis] + 1;
}

static sf_result window_out(nir_import *import, nir_node *node,
                            int64_t channels) {
  const nir_window *w = &node->window;
  node->out = (nir_shape){.known = true, .rank = (uint8_t)(1 + w->axes)};
  node->out.dim[0] = channels;
  for (unsigned i = 0; i < w->axes; i++) {
    node->out.dim[1 + i] = extent(w, i, node->in.dim[1 + i]);
    if (node->out.dim[1 + i] >= 1) continue;
    node->out.known = false;
    return sf_nir_refuse(import, node, NULL,
                         "its window does not fit the input of %lld along "
                         "axis %u",
                         (long long)node->in.dim[1 + i], 1 + i);
  }
  int64_t elements = channels;
  for (unsigned i = 0; i < w->axes; i++) {
    if (node->out.dim[1 + i] > INT32_MAX / elements) {
      node->out.known = false;
      return sf_nir_refuse(import, node, NULL,
                           "its result has 2^31 elements or more");
    }
    elements *= node->out.dim[1 + i];
  }
  return SF_OK;
}

/* "same" keeps the size; an odd element of padding goes to the end. */
static sf_result read_padding(nir_import *import, nir_node *node) {
  nir_window *w = &node->window;
  const sf_h5_item *item = node->field[NIR_PADDING];
  if (item->kind != SF_H5_STRING) {
    SF_TRY(sf_nir_ints(import, node, NIR_PADDING, w->axes, 0, 0, w->begin));
    memcpy(w->end, w->begin, sizeof w->end);
    return SF_OK;
  }
  const char *word = item->strings[0];
  bool same = strcmp(word, "same") == 0;
  if (!same && strcmp(word, "valid") != 0)
    return sf_nir_refuse(import, node, NULL,
                         "'padding' is '%.32s'; it must be numbers, same or "
                         "valid",
                         word);
  for (unsigned i = 0; i < w->axes; i++) {
    int64_t total = same ? w->dilation[i] * (w->kernel[i] - 1) : 0;
    w->begin[i] = total / 2;
    w->end[i] = total - total / 2;
    if (same && w->stride[i] != 1)
      return sf_nir_refuse(import, node, NULL,
                           "padding same goes with stride 1 only, as in "
                           "PyTorch");
  }
  return SF_OK;
}

static sf_result read_conv_window(nir_import *import, nir_node *node) {
  nir_window *w = &node->window;
  const sf_h5_item *weight = node->field[NIR_WEIGHT];
  w->axes = node->one_axis ? 1 : 2;
  if (weight->rank != 2 + w->axes)
    return sf_nir_refuse(import, node, NULL,
                         "'weight' has %u axes; it must have %u", weight->rank,
                         2 + w->axes);
  for (unsigned i = 0; i < w->axes; i++)
    w->kernel[i] = (int64_t)weight->dim[2 + i];
  SF_TRY(sf_nir_ints(import, node, NIR_STRIDE, w->axes, 1, 1, w->stride));
  SF_TRY(sf_nir_ints(import, node, NIR_DILATION, w->axes, 1, 1, w->dilation));
  return read_padding(import, node);
}

/* input_shape stands in for a predecessor's shape, and is checked against it.
 */
static sf_result conv_input(nir_import *import, nir_node *node,
                            int64_t channels) {
  unsigned axes = node->window.axes;
  if (!node->field[NIR_INPUT_SHAPE]) return SF_OK;
  nir_shape spatial, stated = {.known = true, .rank = (uint8_t)(1 + axes)};
  SF_TRY(sf_nir_read_shape(import, node, NIR_INPUT_SHAPE, &spatial));
  if (spatial.rank != axes)
    return sf_nir_refuse(import, node, NULL, "'input_shape' must have %u sizes",
                         axes);
  stated.dim[0] = channels;
  memcpy(stated.dim + 1, spatial.dim, axes * sizeof *spatial.dim);
  if (!node->in.known || !import->options.lenient) node->in = stated;
  return SF_OK;
}

static sf_result conv_shape(nir_import *import, nir_node *node) {
  SF_TRY(read_conv_window(import, node));
  const sf_h5_item *weight = node->field[NIR_WEIGHT];
  int64_t groups = 1, outputs = (int64_t)weight->dim[0];
  SF_TRY(sf_nir_ints(import, node, NIR_GROUPS, 1, 1, 1, &groups));
  if (outputs % groups)
    return sf_nir_refuse(import, node, NULL,
                         "%lld channels do not divide into %lld groups",
                         (long long)outputs, (long long)groups);
  int64_t channels = (int64_t)weight->dim[1] * groups;
  if (channels > INT32_MAX)
    return sf_nir_refuse(import, node, NULL, "it has 2^31 channels or more");
  SF_TRY(conv_input(import, node, channels));
  if (!node->in.known) return SF_OK;
  if (node->in.rank != 1 + node->window.axes || node->in.dim[0] != channels) {
    char text[160];
    return sf_nir_refuse(import, node, NULL,
                         "its input is %s; %lld channels and %u axes are "
                         "expected",
                         sf_nir_shape_text(&node->in, text),
                         (long long)channels, node->window.axes);
  }
  return window_out(import, node, outputs);
}

static sf_result pool_shape(nir_import *import, nir_node *node) {
  nir_window *w = &node->window;
  *w = (nir_window){.axes = 2, .dilation = {1, 1}};
  SF_TRY(sf_nir_ints(import, node, NIR_KERNEL_SIZE, 2, 1, 1, w->kernel));
  SF_TRY(sf_nir_ints(import, node, NIR_STRIDE, 2, 1, 1, w->stride));
  SF_TRY(sf_nir_ints(import, node, NIR_PADDING, 2, 0, 0, w->begin));
  memcpy(w->end, w->begin, sizeof w->end);
  for (unsigned i = 0; i < 2; i++)
    if (2 * w->begin[i] > w->kernel[i])
      return sf_nir_refuse(import, node, NULL,
                           "'padding' %lld is more than half of the window "
                           "%lld",
                           (long long)w->begin[i], (long long)w->kernel[i]);
  if (!node->in.known) return SF_OK;
  if (node->in.rank != 3) {
    char text[160];
    return sf_nir_refuse(import, node, NULL,
                         "its input is %s; a map has three axes",
                         sf_nir_shape_text(&node->in, text));
  }
  return window_out(import, node, node->in.dim[0]);
}

/* ---- Flatten. ---- */

/* Merges axes start..end, both inclusive, negative from the end. */
static bool merge(const nir_shape *in, int64_t start, int64_t end,
                  nir_shape *out) {
  int64_t rank = in->rank;
  if (start < 0) start += rank;
  if (end < 0) end += rank;
  if (start < 0 || end >= rank || start > end) return false;
  *out = (nir_shape){.known = true};
  for (int64_t i = 0; i < rank; i++)
    if (i > start && i <= end)
      out->dim[out->rank - 1] *= in->dim[i];
    else
      out->dim[out->rank++] = in->dim[i];
  return true;
}

/* Inputs that the next weights take; 0: the next layer does not say. */
static int64_t next_width(const nir_import *import, const nir_node *node) {
  for (uint32_t i = 0; i < node->succ_count; i++) {
    const nir_node *to = &import->nodes[import->edges[node->succs[i]].to];
    if (to->type->kind != NIR_LINEAR) continue;
    const sf_h5_item *w = to->field[NIR_WEIGHT];
    if (w->rank == 2) return (int64_t)w->dim[1];
  }
  return 0;
}

static sf_result flatten_shape(nir_import *import, nir_node *node) {
  int64_t start = 1, end = -1; /* the defaults of NIR's own package */
  SF_TRY(sf_nir_ints(import, node, NIR_START_DIM, 1, 1, -SF_RANK_MAX, &start));
  SF_TRY(sf_nir_ints(import, node, NIR_END_DIM, 1, -1, -SF_RANK_MAX, &end));
  if (node->field[NIR_INPUT_TYPE] && !node->in.known)
    SF_TRY(sf_nir_read_shape(import, node, NIR_INPUT_TYPE, &node->in));
  if (!node->in.known) return SF_OK;
  bool merged = merge(&node->in, start, end, &node->out);
  int64_t width = next_width(import, node);
  bool fits = merged && (width == 0 ||
                         (node->out.rank == 1 && node->out.dim[0] == width));
  if (fits) return SF_OK;
  nir_shape other;
  if (start > 0 && width &&
      merge(&node->in, start - 1, end > 0 ? end - 1 : end, &other) &&
      other.rank == 1 && other.dim[0] == width) {
    node->out = other;
    sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED, node->loc,
               "start_dim %lld counts a batch axis that the file does not "
               "have: %lld fits the next layer and is taken",
               (long long)start, (long long)start - 1);
    return SF_OK;
  }
  if (merged) return SF_OK; /* the edge behind it is refused, or reshaped */
  char text[160];
  return sf_nir_refuse(
      import, node, NULL, "start_dim %lld and end_dim %lld are no axes of %s",
      (long long)start, (long long)end, sf_nir_shape_text(&node->in, text));
}

sf_result sf_nir_shape_of(nir_import *import, nir_node *node) {
  switch (node->type->kind) {
  case NIR_INPUT:
  case NIR_OUTPUT:
    return port_shape(import, node);
  case NIR_LINEAR:
    return linear_shape(import, node);
  case NIR_CONV:
    return conv_shape(import, node);
  case NIR_POOL:
    return pool_shape(import, node);
  case NIR_FLATTEN:
    return flatten_shape(import, node);
  default:
    return each_shape(node);
  }
}
