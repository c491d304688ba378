/* window.c - average pools that do not count their padding.
 *
 * A window at the border divides by fewer elements. With L, the least common
 * multiple of all counts, the average is (L / count) sum / L: an integer
 * factor a place, and one divisor for all. Counts of rows and columns multiply,
 * so L is the product of one multiple an axis. */
#include "passes/qdq/qdq.h"

#include "support/integer.h"

enum { AXES_MAX = 2 };

typedef struct window {
  int64_t kernel, stride, dilation, begin, extent; /* elements */
} window;

/* Taps of window `o` that read an element; at least one (docs/ir.md 4). */
static int64_t taps_inside(const window *w, int64_t o) {
  int64_t count = 0;
  for (int64_t k = 0; k < w->kernel; k++) {
    int64_t at = o * w->stride - w->begin + k * w->dilation;
    count += at >= 0 && at < w->extent;
  }
  return count;
}

/* Multiple of the counts of `out` windows; 0: more than `most`. */
static int64_t common_multiple(const window *w, int32_t out, int64_t most) {
  int64_t all = 1;
  for (int32_t o = 0; o < out; o++) {
    int64_t count = taps_inside(w, o);
    if (count < 1) return 0;
    all = all / sf_gcd(all, count) * count;
    if (all > most) return 0;
  }
  return all;
}

static uint32_t read_windows(const sf_op *op, window *w) {
  const sf_type *in = &sf_op_operand(op, 0)->type;
  uint32_t axes = in->rank - 1u;
  int64_t kernel[AXES_MAX], stride[AXES_MAX], dilation[AXES_MAX],
      pad[2 * AXES_MAX];
  sf_op_ints(op, SF_ATTR_kernel, axes, kernel);
  sf_op_ints(op, SF_ATTR_stride, axes, stride);
  sf_op_ints(op, SF_ATTR_dilation, axes, dilation);
  sf_op_ints(op, SF_ATTR_pad, 2 * axes, pad);
  for (uint32_t a = 0; a < axes; a++)
    w[a] = (window){kernel[a], stride[a], dilation[a], pad[a], in->dim[1 + a]};
  return axes;
}

bool sf_qdq_average(const sf_op *op, sf_qdq_average_pool *out) {
  window w[AXES_MAX];
  uint32_t axes = read_windows(op, w);
  const sf_type *type = &op->results[0]->type;
  *out = (sf_qdq_average_pool){.divisor = 1, .largest = 1};
  for (uint32_t a = 0; a < axes; a++) {
    int64_t all = w[a].kernel;
    if (!sf_op_int(op, SF_ATTR_count_pad))
      all = common_multiple(&w[a], type->dim[1 + a], INT32_MAX / out->divisor);
    if (all < 1 || all > INT32_MAX / out->divisor) return false;
    out->divisor *= all;
    out->largest *= w[a].kernel;
    out->multiple[a] = all;
  }
  return true;
}

bool sf_qdq_average_factors(const sf_op *op, const sf_qdq_average_pool *pool,
                            int32_t *factors) {
  window w[AXES_MAX];
  uint32_t axes = read_windows(op, w);
  const sf_type *type = &op->results[0]->type;
  size_t places = sf_type_elements(type) / (size_t)type->dim[0];
  bool all_one = true, counted = sf_op_int(op, SF_ATTR_count_pad);
  for (size_t n = 0; n < places; n++) {
    size_t rest = n;
    int64_t factor = 1;
    for (uint32_t a = axes; a-- > 0;) {
      int64_t o = (int64_t)(rest % (size_t)type->dim[1 + a]);
      rest /= (size_t)type->dim[1 + a];
      int64_t taps = counted ? pool->multiple[a] : taps_inside(&w[a], o);
      if (taps > 0) factor *= pool->multiple[a] / taps; /* never 0 */
    }
    factors[n] = (int32_t)factor; /* divides the divisor, which fits */
    all_one = all_one && factor == 1;
  }
  return !all_one;
}
