/* split.c - one projection as the sum of projections of parts of its stream.
 *
 * On a machine the parts are as large as costs the fewest cores, or fewer parts
 * when they cost at most a tenth more: each part sends a message a neuron and
 * step. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/relay.h"
#include "support/integer.h"

/* The parts: ends of ranges of cut->axis. */
typedef struct parts {
  int32_t *ends;
  uint32_t count;
} parts;

/* ---- How many. ---- */

/* Elements of the innermost block that a reshape kept together, when there are
 * enough of them: parts then are whole channels. */
static int32_t block_of(const sf_fan_cut *cut) {
  const sf_op *op = sf_op_operand(cut->leaf, 0)->op;
  while (op && op->kind == SF_OP_DELAY)
    op = sf_op_operand(op, 0)->op;
  if (cut->leaf->kind != SF_OP_LINEAR || !op || op->kind != SF_OP_RESHAPE ||
      !sf_op_operand(op, 0))
    return 1;
  const sf_type *type = &sf_op_operand(op, 0)->type;
  int32_t block = type->rank ? cut->extent / type->dim[0] : 1;
  return block > 0 && cut->extent == block * type->dim[0] ? block : 1;
}

static sf_result list_parts(sf_fan *fan, const sf_fan_cut *cut, uint64_t taps,
                            parts *out) {
  out->ends = SF_NEW_ARRAY(fan->run->scratch, int32_t, SF_FAN_PARTS_MAX + 1);
  if (!out->ends) return SF_OOM;
  out->count = 0;
  if (cut->leaf->kind == SF_OP_SPARSE && !cut->listed)
    return sf_fan_edge_parts(fan, cut->leaf, taps, out->ends,
                             SF_FAN_PARTS_MAX + 1, &out->count);
  int64_t count = ((int64_t)cut->extent + cut->step - 1) / cut->step;
  if (count > SF_FAN_PARTS_MAX) count = SF_FAN_PARTS_MAX + 1;
  out->count = (uint32_t)count;
  int64_t block = block_of(cut), blocks = cut->extent / block;
  if (blocks < count) block = 1, blocks = cut->extent;
  for (int64_t i = 1; i <= count; i++)
    out->ends[i - 1] = (int32_t)((blocks * i + count - 1) / count * block);
  return SF_OK;
}

/* Ends that were evened out by blocks may leave a part too large. */
static sf_result list_within(sf_fan *fan, sf_fan_cut *cut, uint64_t taps,
                             parts *out) {
  SF_TRY(list_parts(fan, cut, taps, out));
  if (cut->leaf->kind == SF_OP_SPARSE && !cut->listed) return SF_OK;
  for (uint32_t i = 0, begin = 0; i < out->count; i++) {
    bool large = out->ends[i] - (int32_t)begin > cut->step;
    begin = (uint32_t)out->ends[i];
    if (!large) continue;
    for (uint32_t k = 1; k <= out->count; k++)
      out->ends[k - 1] =
          (int32_t)((int64_t)cut->extent * k / (int64_t)out->count);
    return SF_OK;
  }
  return SF_OK;
}

/* ---- What parts cost. ---- */

static uint32_t largest(const parts *p) {
  uint32_t at = 0;
  int32_t most = 0;
  for (uint32_t i = 0; i < p->count; i++) {
    int32_t size = p->ends[i] - (i ? p->ends[i - 1] : 0);
    if (size <= most) continue;
    most = size;
    at = i;
  }
  return at;
}

/* Cores for all parts, from the largest; 0: it does not fit. */
static sf_result cost_of(sf_fan *fan, const sf_fan_cut *cut, const parts *p,
                         uint64_t *out) {
  sf_op *leaf = cut->leaf;
  const sf_fan_mark mark = sf_fan_mark_of(fan, leaf);
  uint32_t at = largest(p);
  sf_value *piece;
  *out = 0;
  SF_TRY(sf_fan_piece(fan, cut, at ? p->ends[at - 1] : 0, p->ends[at], &piece));
  if (piece) {
    sf_value *sent = sf_relay_population(piece, leaf, fan->run->diag);
    if (!sent) return SF_OOM;
    bool fits;
    SF_TRY(sf_fan_fits(fan, sent->op, &fits));
    if (fits) SF_TRY(sf_fan_cores(fan, sent->op, out));
    *out *= p->count;
  }
  sf_fan_take_back(fan, mark, leaf);
  return SF_OK;
}

enum { TRIES_MAX = 24 };

typedef struct attempt {
  uint64_t cores;
  parts parts;
} attempt;

/* More and more parts, until four times as many as are needed. */
static sf_result try_all(sf_fan *fan, sf_fan_cut *cut, uint64_t taps,
                         attempt *tries, uint32_t *count) {
  uint64_t fewest = 0;
  *count = 0;
  for (uint64_t n = 2; n <= SF_FAN_PARTS_MAX && n <= (uint64_t)cut->extent;) {
    if ((fewest && n > 8 * fewest) || *count == TRIES_MAX) return SF_OK;
    attempt a = {0};
    cut->step = (int32_t)(((uint64_t)cut->extent + n - 1) / n);
    SF_TRY(list_parts(fan, cut, (taps + n - 1) / n, &a.parts));
    if (a.parts.count > SF_FAN_PARTS_MAX) return SF_OK;
    SF_TRY(cost_of(fan, cut, &a.parts, &a.cores));
    if (a.cores) {
      if (!fewest) fewest = n;
      tries[(*count)++] = a;
    }
    n += fewest ? (n + 7) / 8 : n < 8 ? 1 : n / 4;
  }
  return SF_OK;
}

static sf_result choose_by_cores(sf_fan *fan, sf_fan_cut *cut, uint64_t taps,
                                 parts *out) {
  attempt tries[TRIES_MAX];
  uint32_t count;
  SF_TRY(try_all(fan, cut, taps, tries, &count));
  out->count = 0;
  uint64_t best = UINT64_MAX;
  for (uint32_t i = 0; i < count; i++)
    if (tries[i].cores < best) best = tries[i].cores;
  for (uint32_t i = 0; i < count; i++) {
    if (tries[i].cores > best + best / 10) continue;
    *out = tries[i].parts;
    return SF_OK;
  }
  return SF_OK;
}

static sf_result choose(sf_fan *fan, sf_fan_cut *cut, uint64_t taps,
                        parts *out) {
  if (fan->fanin) return list_within(fan, cut, fan->fanin, out);
  return choose_by_cores(fan, cut, taps, out);
}

/* Ranges of sources are few inputs a part; but every target has a sum of every
 * part, and they may be as many as its edges. */
static sf_result choose_parts(sf_fan *fan, sf_fan_cut *cut, uint64_t taps,
                              parts *out) {
  SF_TRY(choose(fan, cut, taps, out));
  bool helps = out->count >= 2 && out->count < taps;
  if (helps || cut->leaf->kind != SF_OP_SPARSE) return SF_OK;
  cut->listed = true;
  cut->extent = (int32_t)taps;
  cut->taps_each = 1;
  cut->step =
      fan->fanin && fan->fanin < taps ? (int32_t)fan->fanin : cut->extent;
  return choose(fan, cut, taps, out);
}

/* ---- The parts as ops. ---- */

typedef struct pieces {
  sf_value **values;
  sf_span *spans;
  int64_t *units; /* all sums are multiples of it */
  uint32_t count;
} pieces;

/* Of the weights; a rounded sum can be anything. */
static sf_result unit_of(const sf_op *piece, sf_diag *diag, int64_t *out) {
  *out = 1;
  if (piece->kind == SF_OP_POOL || sf_op_int(piece, SF_ATTR_shift) != 0)
    return SF_OK;
  sf_blob *weights =
      sf_op_operand_blob(piece, piece->kind == SF_OP_SPARSE ? 2 : 1);
  SF_TRY(sf_blob_load(weights, diag));
  int64_t unit = 0;
  for (size_t i = 0; i < sf_blob_elements(weights) && unit != 1; i++) {
    int64_t w = sf_blob_i32(weights, i);
    unit = sf_gcd(w < 0 ? -w : w, unit);
  }
  if (unit) *out = unit;
  return SF_OK;
}

static sf_result make_pieces(sf_fan *fan, const sf_fan_cut *cut, const parts *p,
                             pieces *out) {
  sf_arena *arena = fan->run->scratch;
  out->values = SF_NEW_ARRAY(arena, sf_value *, p->count + 1u);
  out->spans = SF_NEW_ARRAY(arena, sf_span, p->count + 1u);
  out->units = SF_NEW_ARRAY(arena, int64_t, p->count + 1u);
  if (!out->values || !out->spans || !out->units) return SF_OOM;
  sf_span x;
  SF_TRY(sf_fan_span(fan, sf_op_operand(cut->leaf, 0), &x));
  for (uint32_t i = 0; i < p->count; i++) {
    sf_value *value;
    int32_t begin = i ? p->ends[i - 1] : 0;
    SF_TRY(sf_fan_piece(fan, cut, begin, p->ends[i], &value));
    if (!value) continue;
    uint32_t n = out->count++;
    out->values[n] = value;
    SF_TRY(sf_span_sum(value->op, x, x, fan->run->diag, &out->spans[n]));
    out->spans[n] = sf_span_join(out->spans[n], sf_span_of(0, 0));
    if (fan->binary) SF_TRY(unit_of(value->op, fan->run->diag, &out->units[n]));
  }
  return SF_OK;
}

/* One type for all, so that they can stand side by side. */
static bool choose_type(const sf_fan_cut *cut, pieces *p) {
  sf_span all = sf_span_of(0, 0);
  for (uint32_t i = 0; i < p->count; i++)
    all = sf_span_join(all, p->spans[i]);
  sf_scalar result = cut->leaf->results[0]->type.scalar, scalar;
  bool fits = sf_fan_holding(all, &scalar);
  bool wraps = cut->leaf->mode == SF_MODE_WRAP && cut->exact_parts &&
               !(fits && scalar.bits <= result.bits);
  if (!fits && !wraps) return false;
  for (uint32_t i = 0; i < p->count; i++) {
    p->values[i]->type.scalar = wraps ? result : scalar;
    if (!wraps) continue;
    p->values[i]->op->mode = SF_MODE_WRAP;
    p->spans[i] = sf_span_type(result);
    p->units[i] = 1; /* 2^bits is a multiple of no other */
  }
  return true;
}

static sf_result send_all(sf_fan *fan, sf_op *leaf, const pieces *p,
                          sf_fan_partial *partial, const char **why) {
  for (uint32_t i = 0; i < p->count; i++) {
    SF_TRY(sf_fan_send(fan, p->values[i], p->units[i], p->spans[i], leaf,
                       partial, why));
    if (*why) return SF_OK;
  }
  return SF_OK;
}

static sf_result rewrite(sf_fan *fan, const sf_fan_cut *cut, const parts *p,
                         sf_value **out, const char **why) {
  pieces made = {0};
  sf_fan_partial partial = {0};
  SF_TRY(make_pieces(fan, cut, p, &made));
  if (made.count == 0) {
    *why = "no part of it reads its stream";
    return SF_OK;
  }
  if (!choose_type(cut, &made)) {
    *why = "a partial sum is not proved to stay within 32 bits";
    return SF_OK;
  }
  SF_TRY(send_all(fan, cut->leaf, &made, &partial, why));
  if (*why) return SF_OK;
  uint64_t taps;
  SF_TRY(sf_fan_taps(fan, cut->leaf, &taps));
  if (!fan->binary && partial.count >= taps) {
    *why = "its partial sums take as many messages as it has inputs";
    return SF_OK;
  }
  const sf_fan_target target = {cut->leaf, cut->leaf, false, !cut->exact_parts};
  return sf_fan_join(fan, &partial, &target, out, why);
}

sf_result sf_fan_split(sf_fan *fan, sf_op *leaf, bool *done, const char **why) {
  *done = false;
  *why = NULL;
  uint64_t taps;
  sf_fan_cut cut;
  parts p;
  SF_TRY(sf_fan_taps(fan, leaf, &taps));
  SF_TRY(sf_fan_cut_of(fan, leaf, fan->fanin ? fan->fanin : taps, &cut, why));
  if (*why) return SF_OK;
  SF_TRY(choose_parts(fan, &cut, taps, &p));
  if (p.count > SF_FAN_PARTS_MAX) *why = "it takes more than 4096 parts";
  if (p.count < 2 || *why) return SF_OK;
  const sf_fan_mark mark = sf_fan_mark_of(fan, leaf);
  uint64_t partials = fan->partials;
  sf_value *sum = NULL;
  SF_TRY(rewrite(fan, &cut, &p, &sum, why));
  if (*why) {
    sf_fan_take_back(fan, mark, leaf);
    fan->partials = partials;
    return SF_OK;
  }
  sf_value_replace_all_uses(leaf->results[0], sum);
  sf_op_erase(leaf);
  fan->splits++;
  *done = true;
  return SF_OK;
}
