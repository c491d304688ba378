/* interp_pool.c - pool and reduce. docs/ir.md 4, 5: C order, then one division.
 *
 * Integer sums cannot leave 64 bits: a tensor has below 2^31 elements. */
#include "ir/interp_node.h"
#include "ir/interp_window.h"

/* What one result gathers. */
typedef struct gather {
  bool is_float, operand_float, is_max, any;
  int64_t i;
  float f;
} gather;

static gather gather_start(const sf_interp_node *node, int64_t kind) {
  return (gather){.is_float =
                      sf_type_is_float(&sf_op_result(node->op, 0)->type),
                  .operand_float = sf_type_is_float(node->operands[0].type),
                  .is_max = kind == SF_POOL_MAX};
}

static void gather_add(gather *g, sf_word word) {
  if (g->is_float) {
    float x = sf_word_float(word, g->operand_float);
    if (!g->is_max)
      g->f = g->f + x;
    else
      g->f = g->any && g->f > x ? g->f : x;
  } else {
    int64_t x = word.i;
    if (!g->is_max)
      g->i += x;
    else
      g->i = g->any && g->i > x ? g->i : x;
  }
  g->any = true;
}

static sf_result gather_end(const sf_interp *interp, sf_interp_node *node,
                            const gather *g, size_t element, int64_t divisor) {
  if (!g->is_float) return sf_interp_store(interp, node, element, g->i);
  node->results[0][element].f = divisor ? g->f / (float)divisor : g->f;
  return SF_OK;
}

/* ---- pool ---- */

/* One window; counts its taps inside the image and its events. */
static int64_t pool_window(sf_interp_node *node, int64_t channel, int64_t y,
                           int64_t x, gather *g) {
  const sf_window *w = node->window;
  int64_t inside = 0;
  for (int64_t ky = 0; ky < w->kernel[0]; ky++) {
    int64_t in_y = sf_window_tap(w, false, 0, y, ky);
    if (in_y < 0) continue;
    for (int64_t kx = 0; kx < w->kernel[1]; kx++) {
      int64_t in_x = sf_window_tap(w, false, 1, x, kx);
      if (in_x < 0) continue;
      sf_word word =
          node->operands[0].data[(channel * w->in[0] + in_y) * w->in[1] + in_x];
      node->events += !sf_word_is_zero(word, g->operand_float);
      gather_add(g, word);
      inside++;
    }
  }
  return inside;
}

static sf_result run_pool(sf_interp *interp, sf_interp_node *node) {
  const sf_window *w = node->window;
  int64_t kind = sf_op_int(node->op, SF_ATTR_kind);
  bool count_pad = sf_op_int(node->op, SF_ATTR_count_pad) != 0;
  size_t element = 0;
  node->events = 0;
  for (int64_t channel = 0; channel < w->out_channels; channel++)
    for (int64_t y = 0; y < w->out[0]; y++)
      for (int64_t x = 0; x < w->out[1]; x++) {
        gather g = gather_start(node, kind);
        int64_t inside = pool_window(node, channel, y, x, &g);
        int64_t whole = w->kernel[0] * w->kernel[1];
        int64_t divisor = kind != SF_POOL_AVG ? 0 : count_pad ? whole : inside;
        SF_TRY(gather_end(interp, node, &g, element++, divisor));
      }
  return SF_OK;
}

sf_result sf_prepare_pool(sf_interp *interp, sf_interp_node *node) {
  node->window = SF_NEW(interp->arena, sf_window);
  if (!node->window) return SF_OOM;
  sf_window_read(node->op, node->window);
  node->run = run_pool;
  return SF_OK;
}

/* ---- reduce ---- */

/* Flat index of the first operand element of result `element`, and how many
 * elements it gathers. Axes that stay are those not in `reduced`. */
static size_t first_of(const sf_type *from, uint32_t reduced, size_t element,
                       const size_t *stride) {
  size_t at = 0;
  for (unsigned axis = from->rank; axis-- > 0;) {
    if (reduced >> axis & 1) continue;
    size_t extent = (size_t)from->dim[axis];
    at += element % extent * stride[axis];
    element /= extent;
  }
  return at;
}

static void gather_axes(const sf_interp_node *node, uint32_t reduced,
                        size_t first, const size_t *stride, gather *g) {
  const sf_type *from = node->operands[0].type;
  sf_type inner = {.rank = 0};
  size_t inner_stride[SF_RANK_MAX], count = 1;
  for (unsigned axis = 0; axis < from->rank; axis++) {
    if (!(reduced >> axis & 1)) continue;
    inner_stride[inner.rank] = stride[axis];
    inner.dim[inner.rank++] = from->dim[axis];
    count *= (size_t)from->dim[axis];
  }
  int32_t position[SF_RANK_MAX] = {0};
  for (size_t n = 0; n < count; n++) {
    size_t at = first;
    for (unsigned axis = 0; axis < inner.rank; axis++)
      at += inner_stride[axis] * (size_t)position[axis];
    gather_add(g, node->operands[0].data[at]);
    sf_position_next(&inner, position);
  }
}

static uint32_t reduced_axes(const sf_op *op) {
  uint32_t reduced = 0;
  for (uint32_t n = 0; n < op->attr_count; n++)
    if (op->attrs[n].id == SF_ATTR_axes)
      for (uint32_t k = 0; k < op->attrs[n].count; k++)
        reduced |= 1u << op->attrs[n].ints[k];
  return reduced;
}

static sf_result run_reduce(sf_interp *interp, sf_interp_node *node) {
  const sf_type *from = node->operands[0].type;
  size_t elements = sf_type_elements(&sf_op_result(node->op, 0)->type);
  size_t stride[SF_RANK_MAX], step = 1;
  for (unsigned axis = from->rank; axis-- > 0;) {
    stride[axis] = step;
    step *= (size_t)from->dim[axis];
  }
  uint32_t reduced = reduced_axes(node->op);
  int64_t kind = sf_op_int(node->op, SF_ATTR_kind);
  int64_t count = (int64_t)(step / elements);
  for (size_t n = 0; n < elements; n++) {
    gather g = gather_start(node, kind);
    gather_axes(node, reduced, first_of(from, reduced, n, stride), stride, &g);
    SF_TRY(gather_end(interp, node, &g, n, kind == SF_POOL_MEAN ? count : 0));
  }
  return SF_OK;
}

sf_result sf_prepare_reduce(sf_interp *interp, sf_interp_node *node) {
  (void)interp;
  node->run = run_reduce;
  return SF_OK;
}
