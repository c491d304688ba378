/* weights.c - one scan of a projection's blobs: bits, bytes, delays; and the
 * edges of sparse projections. */
#include "passes/partition/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct extremes {
  int64_t low, high;
  uint32_t ones; /* bits set in any magnitude: the common power of two */
} extremes;

static void include(extremes *e, int64_t w) {
  if (w < e->low) e->low = w;
  if (w > e->high) e->high = w;
  e->ones |= (uint32_t)(w < 0 ? -w : w);
}

/* Large layers are mostly bytes: those are read as such. */
static extremes scan(const sf_blob *blob) {
  extremes e = {0, 0, 0};
  size_t count = sf_blob_elements(blob);
  bool bytes = blob->dtype == SF_DTYPE_I8 && blob->source != SF_SOURCE_SLICE &&
               blob->source != SF_SOURCE_SPLAT;
  const int8_t *byte = blob->data;
  if (blob->source == SF_SOURCE_SPLAT && count > 1) count = 1;
  for (size_t i = 0; i < count; i++)
    include(&e, bytes ? byte[i] : sf_blob_i32(blob, i));
  return e;
}

static unsigned bits_of(uint64_t magnitude) {
  unsigned bits = 0;
  while (magnitude >> bits)
    bits++;
  return bits;
}

/* Exponent of the common power of two. */
static unsigned common_power(extremes e) {
  unsigned shift = 0;
  while (shift < 31 && e.ones && !((e.ones >> shift) & 1))
    shift++;
  return shift;
}

/* Bits of all weights after dividing out the common power of two. */
static unsigned stored_bits(extremes e) {
  unsigned shift = common_power(e);
  int64_t low = e.low / (INT64_C(1) << shift);
  int64_t high = e.high / (INT64_C(1) << shift);
  if (low == 0) return bits_of((uint64_t)high);
  if (high == 0) return bits_of((uint64_t)-low);
  unsigned negative = bits_of((uint64_t)(-low - 1)) + 1;
  unsigned positive = bits_of((uint64_t)high) + 1;
  return negative > positive ? negative : positive;
}

static unsigned stored_bytes(extremes e) {
  if (e.low >= INT8_MIN && e.high <= INT8_MAX) return 1;
  return e.low >= INT16_MIN && e.high <= INT16_MAX ? 2 : 4;
}

static sf_blob *weight_blob(const sf_op *op) {
  switch (op->kind) {
  case SF_OP_SPARSE:
    return sf_op_operand_blob(op, 2);
  case SF_OP_POOL:
    return NULL; /* every weight is one */
  default:
    return sf_op_operand_blob(op, 1);
  }
}

static sf_blob *delay_blob(const sf_op *op) {
  bool delayed = op->kind == SF_OP_LINEAR || op->kind == SF_OP_SPARSE;
  return delayed ? sf_op_blob(op, SF_ATTR_delays) : NULL;
}

static sf_result measure(const sf_op *op, sf_diag *diag, sf_plan_weights *out) {
  *out = (sf_plan_weights){.weights = weight_blob(op),
                           .delays = delay_blob(op),
                           .bits = 1,
                           .bytes = 1};
  sf_blob *blob = weight_blob(op), *delays = delay_blob(op);
  if (blob && blob->type.scalar.kind == SF_SCALAR_F32) {
    out->bits = 32;
    out->bytes = 4;
  } else if (blob) {
    SF_TRY(sf_blob_load(blob, diag));
    extremes e = scan(blob);
    out->bits = stored_bits(e);
    out->strip = common_power(e);
    out->mixed = e.low < 0 && e.high > 0;
    out->bytes = stored_bytes(e);
  }
  if (delays) {
    SF_TRY(sf_blob_load(delays, diag));
    out->max_delay = (uint32_t)scan(delays).high;
  }
  return SF_OK;
}

sf_result sf_plan_weights_of(sf_plan *plan, const sf_op *op,
                             const sf_plan_weights **out) {
  const sf_blob *weights = weight_blob(op), *delays = delay_blob(op);
  for (uint32_t i = 0; i < plan->weights_count; i++) {
    if (plan->weights[i].weights == weights &&
        plan->weights[i].delays == delays) {
      *out = &plan->weights[i];
      return SF_OK;
    }
  }
  if (plan->weights_count == plan->weights_capacity) {
    uint32_t capacity =
        plan->weights_capacity ? 2 * plan->weights_capacity : 16;
    sf_plan_weights *rows =
        SF_NEW_ARRAY(plan->arena, sf_plan_weights, capacity);
    if (!rows) return SF_OOM;
    if (plan->weights_count)
      memcpy(rows, plan->weights, plan->weights_count * sizeof *rows);
    plan->weights = rows;
    plan->weights_capacity = capacity;
  }
  sf_plan_weights *row = &plan->weights[plan->weights_count];
  SF_TRY(measure(op, plan->diag, row));
  plan->weights_count++;
  *out = row;
  return SF_OK;
}

/* ---- Edges. -----------------------------------------------------------------
 */

/* First edge of a target >= `target`: edges are sorted by target. */
static size_t first_edge(const sf_blob *index, size_t edges, int32_t target) {
  size_t low = 0, high = edges;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (sf_blob_i32(index, 2 * middle) < target)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Sources first .. end of the edges first .. last. */
typedef struct source_range {
  int32_t first, end;
} source_range;

static source_range sources_of(const sf_blob *index, size_t first,
                               size_t last) {
  source_range range = {INT32_MAX, 0};
  for (size_t e = first; e < last; e++) {
    int32_t source = sf_blob_i32(index, 2 * e + 1);
    if (source < range.first) range.first = source;
    if (source >= range.end) range.end = source + 1;
  }
  return range;
}

sf_result sf_plan_count_edges(sf_plan *plan, const sf_plan_sum *sum,
                              sf_plan_list_cost cost, const void *cost_data,
                              sf_plan_edges *out) {
  *out = (sf_plan_edges){0};
  sf_blob *index = sf_op_operand_blob(sum->op, 1);
  SF_TRY(sf_blob_load(index, plan->diag));
  size_t edges = sf_blob_elements(index) / 2;
  size_t first = first_edge(index, edges, sum->box.begin[0]);
  size_t last = first_edge(index, edges, sum->box.end[0]);
  if (first == last) return SF_OK;
  /* A box of many reads few of the sources: cutting stays linear in them. */
  source_range range = sources_of(index, first, last);
  size_t sources = (size_t)(range.end - range.first);
  uint32_t *counts = calloc(sources, sizeof *counts);
  if (!counts) return SF_OOM;
  for (size_t e = first; e < last; e++)
    counts[sf_blob_i32(index, 2 * e + 1) - range.first]++;
  for (size_t j = 0; j < sources; j++) {
    if (counts[j] == 0) continue;
    out->sources++;
    if (cost) out->cost += cost(cost_data, counts[j]);
  }
  out->edges = last - first;
  free(counts);
  return SF_OK;
}

uint64_t sf_plan_window_taps(const sf_op *op) {
  uint64_t taps = 1;
  if (op->kind == SF_OP_POOL) {
    int64_t kernel[SF_RANK_MAX];
    unsigned spatial = op->results[0]->type.rank - 1u;
    sf_op_ints(op, SF_ATTR_kernel, spatial, kernel);
    for (unsigned i = 0; i < spatial; i++)
      taps *= (uint64_t)kernel[i];
    return taps;
  }
  const sf_type *type = &sf_op_operand_blob(op, 1)->type;
  for (unsigned i = 1; i < type->rank; i++)
    taps *= (uint64_t)type->dim[i];
  return taps;
}
