/* netx_weights.c - what the loader's weight-bit optimization leaves of a
 * matrix.
 *
 * It shifts weights left and gives a negative exponent, so that Lava's CPU
 * model computes the same sums; it clips, and it can lose the whole layer.
 * Reference 2.4. A chip has 8-bit magnitudes, even numbers when signs are
 * mixed: what it cannot hold is a warning here, since the CPU model is the
 * meaning of the file. */
#include "frontend/netx/netx.h"

#include "ir/arith.h"

enum { WEIGHT_MIN = -256, WEIGHT_MAX = 254, WEIGHT_MAX_EXC = 255 };

typedef struct weight_range {
  int32_t low, high;
  size_t odd;
} weight_range;

static void extend(weight_range *range, const netx_ints *weights) {
  for (size_t i = 0; weights && i < weights->count; i++) {
    int32_t w = weights->value[i];
    if (w < range->low) range->low = w;
    if (w > range->high) range->high = w;
    if (w % 2 != 0) range->odd++;
  }
}

static weight_range find_range(const netx_ints *first,
                               const netx_ints *second) {
  weight_range range = {first->value[0], first->value[0], 0};
  extend(&range, first);
  extend(&range, second);
  return range;
}

static void clip(netx_ints *weights) {
  for (size_t i = 0; weights && i < weights->count; i++) {
    if (weights->value[i] < WEIGHT_MIN) weights->value[i] = WEIGHT_MIN;
    if (weights->value[i] > WEIGHT_MAX) weights->value[i] = WEIGHT_MAX;
  }
}

static void clear(netx_ints *weights) {
  for (size_t i = 0; weights && i < weights->count; i++)
    weights->value[i] = 0;
}

/* Whether the loader's left shift is negative, which makes every weight zero:
 * floor(log2(limit / largest)) + is_mixed < 0. */
static bool is_lost(const weight_range *range) {
  if (range->high < 0) return range->low < WEIGHT_MIN;
  if (range->low >= 0) return range->high > WEIGHT_MAX_EXC;
  return range->low < WEIGHT_MIN || range->high > WEIGHT_MAX;
}

static void warn_lost(const netx_model *model, const netx_layer *layer,
                      const weight_range *range) {
  sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
             "all weights of '%s' become 0: with one sign and a magnitude of "
             "%lld they leave 8 bits, and the vendor's loader then shifts by a "
             "negative number",
             layer->path,
             range->low < 0 ? -(long long)range->low : (long long)range->high);
}

/* Odd weights above 127 need 9 bits and the sign. */
static void warn_odd(const netx_model *model, const netx_layer *layer,
                     const weight_range *range) {
  bool mixed = range->low < 0 && range->high >= 0;
  if (!mixed || range->odd == 0) return;
  if (range->high <= 127 && range->low >= -128) return;
  sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
             "%zu weights of '%s' are odd, and some are beyond 127: together "
             "they need 9 bits, which no chip has; the CPU model and this "
             "compiler keep them",
             range->odd, layer->path);
}

void sf_netx_weights_optimize(netx_model *model, const netx_layer *layer,
                              netx_ints *first, netx_ints *second) {
  weight_range range = find_range(first, second);
  if ((range.high > WEIGHT_MAX && range.low < 0) ||
      (range.low < WEIGHT_MIN && range.high > 0)) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "weights of '%s' reach from %d to %d and are clipped to %d .. "
               "%d, as in the vendor's loader",
               layer->path, (int)range.low, (int)range.high, WEIGHT_MIN,
               WEIGHT_MAX);
    clip(first);
    clip(second);
    range = find_range(first, second);
  }
  if (range.low == 0 && range.high == 0) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "all weights of '%s' are 0; the vendor's loader fails on such a "
               "layer",
               layer->path);
  } else if (is_lost(&range)) {
    warn_lost(model, layer, &range);
    clear(first);
    clear(second);
  } else {
    warn_odd(model, layer, &range);
  }
}

void sf_netx_weights_check_conv(netx_model *model, const netx_layer *layer) {
  weight_range range = find_range(&layer->weight, NULL);
  bool mixed = range.low < 0 && range.high >= 0;
  int32_t high = mixed ? WEIGHT_MAX : WEIGHT_MAX_EXC;
  if (range.low < WEIGHT_MIN || range.high > high) {
    sf_warning(
        model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
        "weights of '%s' reach from %d to %d; a chip holds %d to %d, the "
        "CPU model and this compiler keep them",
        layer->path, (int)range.low, (int)range.high, WEIGHT_MIN, (int)high);
  } else if (mixed && range.odd) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "%zu weights of '%s' are odd; the vendor's loader stores "
               "convolutions in 8 bits with steps of 2, so that a chip loses "
               "their lowest bit",
               range.odd, layer->path);
  }
}

sf_scalar sf_netx_weights_scalar(const netx_ints *weights) {
  weight_range range = find_range(weights, NULL);
  sf_scalar scalar = sf_int_holding(range.low, range.high);
  return scalar.bits < 8 ? sf_int(8) : scalar;
}

int64_t sf_netx_weights_row_bound(const netx_ints *weights, size_t rows) {
  size_t columns = weights->count / rows;
  int64_t bound = 0;
  for (size_t r = 0; r < rows; r++) {
    int64_t positive = 0, negative = 0;
    for (size_t c = 0; c < columns; c++) {
      int32_t w = weights->value[r * columns + c];
      if (w > 0) positive += w;
      if (w < 0) negative -= w;
    }
    if (positive > bound) bound = positive;
    if (negative > bound) bound = negative;
  }
  return bound;
}
