/* solve.c - from the chain of a site to integers.
 *
 * A chain of rising (or falling) functions is known by its thresholds: the
 * least accumulator that is rounded to each level. They are found by bisection
 * over all values that f32 tells apart, else over those that the weights allow;
 * fit.c then looks for the division that passes them all. Other chains become a
 * table, if the accumulator has few enough values. */
#include "passes/convert/convert.h"

#include <stdlib.h>
#include <string.h>

enum {
  WIDE = 1 << 24, /* integers up to here are exact in f32 */
  TABLE_SIZE_MAX = 65536,
  TABLE_BYTES_MAX = 1 << 22
};

/* ---- Rising or falling? ---- */

static bool none_is_negative(const sf_blob *blob) {
  for (size_t i = 0; i < sf_blob_elements(blob); i++)
    if (!(sf_blob_f32(blob, i) >= 0)) return false;
  return true;
}

/* Each number of a constant has one sign, so that a product with it rises, or
 * falls, at each element. */
static bool is_monotonic(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_RELU:
  case SF_OP_CLIP:
  case SF_OP_SIGMOID:
  case SF_OP_TANH:
  case SF_OP_EXP:
  case SF_OP_LOG:
  case SF_OP_SOFTPLUS:
  case SF_OP_ERF:
  case SF_OP_SQRT:
  case SF_OP_FLOOR:
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_DIV:
  case SF_OP_MIN:
  case SF_OP_MAX:
  case SF_OP_BATCHNORM:
  case SF_OP_QUANTIZE:
  case SF_OP_DEQUANTIZE:
    return true;
  case SF_OP_LEAKY_RELU:
  case SF_OP_ELU:
  case SF_OP_HARDSIGMOID:
    return sf_op_number(op, SF_ATTR_alpha) >= 0;
  case SF_OP_PRELU:
    return none_is_negative(sf_op_operand_blob(op, 1));
  default:
    return false;
  }
}

/* ---- Thresholds. ---- */

typedef struct search {
  sf_probe *probe;
  uint32_t count;
  int64_t low, high;     /* of accumulators */
  int32_t *sign;         /* -1: falling; then y = -x is looked at */
  int32_t *first, *last; /* levels at both ends of y */
  int32_t *x, *level, *from, *to;
  uint32_t levels;     /* most of last - first */
  int32_t *thresholds; /* count rows of `levels`: least y of each level */
} search;

static int64_t y_low(const search *s, uint32_t i) {
  return s->sign[i] > 0 ? s->low : -s->high;
}

static int64_t y_high(const search *s, uint32_t i) {
  return s->sign[i] > 0 ? s->high : -s->low;
}

static sf_result run(search *s, const int32_t *y) {
  for (uint32_t i = 0; i < s->count; i++)
    s->x[i] = s->sign[i] * y[i];
  return sf_probe_run(s->probe, s->x, s->level);
}

static sf_result allocate(search *s, sf_arena *arena) {
  int32_t **arrays[] = {&s->sign,  &s->first, &s->last, &s->x,
                        &s->level, &s->from,  &s->to};
  for (size_t i = 0; i < SF_COUNT_OF(arrays); i++) {
    *arrays[i] = SF_NEW_ARRAY(arena, int32_t, s->count);
    if (!*arrays[i]) return SF_OOM;
  }
  return SF_OK;
}

static sf_result find_ends(search *s) {
  for (uint32_t i = 0; i < s->count; i++)
    s->sign[i] = 1;
  for (uint32_t i = 0; i < s->count; i++)
    s->from[i] = (int32_t)s->low;
  SF_TRY(run(s, s->from));
  memcpy(s->first, s->level, s->count * sizeof *s->first);
  for (uint32_t i = 0; i < s->count; i++)
    s->to[i] = (int32_t)s->high;
  SF_TRY(run(s, s->to));
  s->levels = 0;
  for (uint32_t i = 0; i < s->count; i++) {
    s->last[i] = s->level[i];
    if (s->last[i] < s->first[i]) {
      s->sign[i] = -1;
      s->last[i] = s->first[i];
      s->first[i] = s->level[i];
    }
    uint32_t levels = (uint32_t)(s->last[i] - s->first[i]);
    if (levels > s->levels) s->levels = levels;
  }
  return SF_OK;
}

/* The least y of level first + n + 1, for all numbers at once: `from` lies
 * below, `to` at or above. */
static sf_result bisect(search *s, uint32_t n, int32_t *middle) {
  for (bool open = true; open;) {
    open = false;
    for (uint32_t i = 0; i < s->count; i++)
      middle[i] = (int32_t)(s->from[i] + ((int64_t)s->to[i] - s->from[i]) / 2);
    SF_TRY(run(s, middle));
    for (uint32_t i = 0; i < s->count; i++) {
      if ((int64_t)s->to[i] - s->from[i] <= 1) continue;
      bool reached = s->level[i] >= s->first[i] + (int32_t)n + 1;
      *(reached ? &s->to[i] : &s->from[i]) = middle[i];
      open = open || (int64_t)s->to[i] - s->from[i] > 1;
    }
  }
  return SF_OK;
}

static sf_result find_thresholds(search *s, sf_arena *arena) {
  int32_t *middle = SF_NEW_ARRAY(arena, int32_t, s->count);
  s->thresholds =
      SF_NEW_ARRAY(arena, int32_t, (size_t)s->count * s->levels + 1);
  if (!middle || !s->thresholds) return SF_OOM;
  for (uint32_t i = 0; i < s->count; i++)
    s->from[i] = (int32_t)y_low(s, i);
  for (uint32_t n = 0; n < s->levels; n++) {
    for (uint32_t i = 0; i < s->count; i++)
      s->to[i] = (int32_t)y_high(s, i);
    SF_TRY(bisect(s, n, middle));
    for (uint32_t i = 0; i < s->count; i++) {
      s->thresholds[(size_t)i * s->levels + n] = s->to[i];
      if (s->to[i] > y_low(s, i) + 1) s->from[i] = s->to[i] - 1;
    }
  }
  return SF_OK;
}

/* ---- Numbers of the site. ---- */

static sf_result allocate_numbers(sf_site *site, sf_arena *arena) {
  int32_t **arrays[] = {&site->gain, &site->divisor, &site->half, &site->low,
                        &site->high};
  for (size_t i = 0; i < SF_COUNT_OF(arrays); i++) {
    *arrays[i] = SF_NEW_ARRAY(arena, int32_t, site->count);
    if (!*arrays[i]) return SF_OOM;
  }
  return SF_OK;
}

/* *fits false: some number has no division. */
static void fit_all(const search *s, sf_site *site, bool *fits) {
  for (uint32_t i = 0; i < s->count && *fits; i++) {
    sf_staircase f = {.low = y_low(s, i),
                      .high = y_high(s, i),
                      .first = s->first[i],
                      .count = (uint32_t)(s->last[i] - s->first[i]),
                      .threshold = s->thresholds + (size_t)i * s->levels,
                      .open_low = s->first[i] == site->low[i],
                      .open_high = s->last[i] == site->high[i]};
    *fits = sf_fit_levels(&f);
    site->gain[i] = s->sign[i] * f.gain;
    site->divisor[i] = f.divisor;
    site->half[i] = f.half;
  }
}

/* Levels that the chain can give at all. */
static sf_result find_bounds(sf_converter *c, sf_site *site, sf_probe *probe) {
  int32_t *x = SF_NEW_ARRAY(c->arena, int32_t, site->count);
  if (!x) return SF_OOM;
  for (uint32_t i = 0; i < site->count; i++)
    x[i] = INT32_MIN;
  SF_TRY(sf_probe_run(probe, x, site->low));
  for (uint32_t i = 0; i < site->count; i++)
    x[i] = INT32_MAX;
  SF_TRY(sf_probe_run(probe, x, site->high));
  for (uint32_t i = 0; i < site->count; i++) {
    if (site->low[i] <= site->high[i]) continue;
    int32_t low = site->high[i];
    site->high[i] = site->low[i];
    site->low[i] = low;
  }
  return SF_OK;
}

static sf_result try_range(sf_converter *c, sf_site *site, sf_probe *probe,
                           sf_range range, bool *fits) {
  search s = {.probe = probe,
              .count = site->count,
              .low = range.low,
              .high = range.high};
  *fits = true;
  SF_TRY(allocate(&s, c->arena));
  SF_TRY(find_ends(&s));
  if ((uint64_t)s.count * s.levels > TABLE_BYTES_MAX) {
    *fits = false;
    return SF_OK;
  }
  SF_TRY(find_thresholds(&s, c->arena));
  fit_all(&s, site, fits);
  return SF_OK;
}

/* ---- Tables. ---- */

static sf_result fill_table(sf_converter *c, sf_site *site, sf_probe *probe,
                            sf_range range) {
  int64_t size = range.high - range.low + 1;
  site->table_first = (int32_t)range.low;
  site->table_size = (int32_t)size;
  site->table = SF_NEW_ARRAY(c->arena, int32_t, (size_t)size * site->count);
  int32_t *x = SF_NEW_ARRAY(c->arena, int32_t, site->count);
  int32_t *y = SF_NEW_ARRAY(c->arena, int32_t, site->count);
  if (!site->table || !x || !y) return SF_OOM;
  for (int64_t n = 0; n < size; n++) {
    for (uint32_t i = 0; i < site->count; i++)
      x[i] = (int32_t)(range.low + n);
    SF_TRY(sf_probe_run(probe, x, y));
    for (uint32_t i = 0; i < site->count; i++)
      site->table[(size_t)i * (size_t)size + (size_t)n] = y[i];
  }
  site->gain = site->divisor = site->half = NULL;
  return SF_OK;
}

static sf_result make_table(sf_converter *c, sf_site *site, sf_probe *probe,
                            sf_range range) {
  int64_t size = range.high - range.low + 1;
  if (size <= TABLE_SIZE_MAX && size * site->count <= TABLE_BYTES_MAX)
    return fill_table(c, site, probe, range);
  sf_convert_refuse(
      c, site->quantize,
      "calibrate puts a quantize before the function: then its values fit a "
      "table",
      "rounds a function of sums that is no staircase of equal steps, for "
      "%lld values of a sum",
      (long long)size);
  site->gain = site->divisor = site->half = NULL; /* no numbers to look at */
  return SF_OK;
}

static bool chain_is_monotonic(const sf_site *site) {
  bool all = true;
  for (uint32_t i = 0; i < site->chain_count; i++)
    all = all && is_monotonic(site->chain[i]);
  return all;
}

static sf_range clamp_range(sf_range range) {
  if (range.low < -INT32_MAX) range.low = -INT32_MAX;
  if (range.high > INT32_MAX) range.high = INT32_MAX;
  return range;
}

static sf_result solve(sf_converter *c, sf_site *site, sf_probe *probe) {
  sf_slice name = {site->source->name, strlen(site->source->name)};
  sf_range range = {-INT32_MAX, INT32_MAX}, wide = {-WIDE, WIDE};
  (void)sf_ranges_value(c->ranges, sf_network_find_value(c->before, name),
                        &range);
  range = clamp_range(range);
  SF_TRY(allocate_numbers(site, c->arena));
  SF_TRY(find_bounds(c, site, probe));
  bool fits = false;
  bool monotonic = chain_is_monotonic(site);
  if (monotonic && range.low >= wide.low && range.high <= wide.high)
    SF_TRY(try_range(c, site, probe, wide, &fits));
  if (monotonic && !fits) SF_TRY(try_range(c, site, probe, range, &fits));
  return fits ? SF_OK : make_table(c, site, probe, range);
}

/* A pool that moved behind the site must meet a rising function. */
static void check_pool(sf_converter *c, sf_site *site) {
  bool refused = !site->gain && !site->table, rises = site->gain != NULL;
  for (uint32_t i = 0; rises && i < site->count; i++)
    rises = site->gain[i] > 0;
  if (!site->pool || refused || rises) return;
  sf_convert_refuse(c, site->pool, "put the maximum behind the function",
                    "takes the maximum of sums before a function that falls");
}

sf_result sf_convert_solve(sf_converter *c, sf_site *site) {
  if (site->input) return SF_OK;
  sf_probe probe;
  SF_TRY(sf_probe_create(c, site, &probe));
  sf_result result = solve(c, site, &probe);
  sf_probe_destroy(&probe);
  SF_TRY(result);
  check_pool(c, site);
  return SF_OK;
}
