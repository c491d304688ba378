/* cut_line.c - a population of rank 1 in as few parts as its synapses allow.
 *
 * Dense parts end where the words of a list step up (loihi2.md 1.6): 12 neurons
 * of 8 bits take four words an axon, 13 take five. Sparse rows differ, so parts
 * are filled one after another. The largest part is made as small as the number
 * of parts allows. */
#include "passes/partition/cut.h"

#include <stdlib.h>
#include <string.h>

static sf_box part_of(int32_t begin, int32_t end) {
  sf_box box = {.rank = 1};
  box.begin[0] = begin;
  box.end[0] = end;
  return box;
}

/* The largest share of any pool that [begin, end) takes, in millionths;
 * UINT64_MAX: it does not fit. */
static sf_result share_of(const sf_cutter *c, int32_t begin, int32_t end,
                          uint64_t *out) {
  sf_plan_use use;
  sf_box box = part_of(begin, end);
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, &box, &use));
  *out = 0;
  if (!sf_plan_use_fits(&use)) *out = UINT64_MAX;
  for (uint32_t i = 0; i < use.need_count && *out != UINT64_MAX; i++) {
    const sf_plan_need *need = &use.needs[i];
    if (!need->pooled || strcmp(need->unit, "words") != 0) continue;
    uint64_t share = need->needed * 1000000 / need->available;
    if (share > *out) *out = share;
  }
  return SF_OK;
}

/* Farthest end such that [begin, end) takes at most `share`; begin: none. Steps
 * double until one is too long: what a part costs to look at grows with it, and
 * a line may have many. */
static sf_result reach(const sf_cutter *c, int32_t begin, uint64_t share,
                       int32_t *out) {
  enum { FIRST_STEP = 64 };
  int32_t low = begin, high = c->type->dim[0], step = FIRST_STEP;
  int32_t most = (int32_t)c->plan->options.dense_neurons;
  if (most > 0 && high - begin > most) high = begin + most;
  bool bounded = false;
  while (low < high) {
    bool halve = bounded || high - low <= step;
    int32_t middle = halve ? low + (high - low + 1) / 2 : low + step;
    uint64_t taken;
    SF_TRY(share_of(c, begin, middle, &taken));
    if (taken <= share) {
      low = middle;
      if (!halve && step <= INT32_MAX / 2) step *= 2;
    } else {
      high = middle - 1;
      bounded = true;
    }
  }
  *out = low;
  return SF_OK;
}

/* Ends of the parts when each goes as far as `share` allows; *out_count 0: a
 * neuron alone takes more. Dense lines are alike: one search serves all. */
static sf_result fill_line(const sf_cutter *c, uint64_t share, int32_t *ends,
                           uint32_t *out_count) {
  int32_t begin = 0, length = c->type->dim[0], step = 0;
  *out_count = 0;
  while (begin < length) {
    int32_t end = begin + step < length ? begin + step : length;
    if (step == 0 || c->every_tile) SF_TRY(reach(c, begin, share, &end));
    if (end == begin) {
      *out_count = 0;
      return SF_OK;
    }
    step = end - begin;
    ends[(*out_count)++] = end;
    begin = end;
  }
  return SF_OK;
}

/* As many parts, none above the least share that gives that number. */
static sf_result even_line(const sf_cutter *c, int32_t *ends, uint32_t *count) {
  uint64_t low = 1, high = 1000000;
  uint32_t parts;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    SF_TRY(fill_line(c, middle, ends, &parts));
    if (parts > 0 && parts <= *count)
      high = middle;
    else
      low = middle + 1;
  }
  return fill_line(c, high, ends, count);
}

/* ---- Dense parts. ---- */

static sf_result words_of(const sf_cutter *c, int32_t length, uint64_t *words,
                          bool *fits) {
  sf_plan_use use;
  sf_box box = part_of(0, length);
  SF_TRY(sf_plan_use_of(c->plan, c->population->op, &box, &use));
  *words = 0;
  for (uint32_t i = 0; i < use.sum_count; i++)
    *words += use.sums[i].words;
  *fits = sf_plan_use_fits(&use);
  return SF_OK;
}

/* Most neurons, at most `most`, with the synapse words of `length`: the end of
 * its step. */
static sf_result step_end(const sf_cutter *c, int32_t length, int32_t most,
                          int32_t *out) {
  uint64_t wanted, words;
  bool fits;
  SF_TRY(words_of(c, length, &wanted, &fits));
  int32_t cap = (int32_t)c->plan->options.dense_neurons;
  int32_t low = length, high = cap > 0 && cap < most ? cap : most;
  while (low < high) {
    int32_t middle = low + (high - low + 1) / 2;
    SF_TRY(words_of(c, middle, &words, &fits));
    if (fits && words == wanted)
      low = middle;
    else
      high = middle - 1;
  }
  *out = low;
  return SF_OK;
}

/* `length` neurons in `count` parts: the mean of what is left, and on to the
 * end of its step. */
static sf_result level(const sf_cutter *c, int32_t length, int32_t *ends,
                       uint32_t count) {
  int32_t begin = 0;
  for (uint32_t i = 0; i < count; i++) {
    int32_t left = (int32_t)(count - i), size;
    int32_t mean = (length - begin + left - 1) / left;
    /* A neuron at least is left for each of the others. */
    SF_TRY(step_end(c, mean, length - begin - left + 1, &size));
    ends[i] = begin += size;
  }
  return SF_OK;
}

static sf_result keep_ends(sf_cutter *c, const int32_t *ends, uint32_t count) {
  sf_plan_population *p = c->population;
  p->boxes = SF_NEW_ARRAY(c->plan->arena, sf_box, count);
  if (!p->boxes) return SF_OOM;
  for (uint32_t i = 0; i < count; i++)
    p->boxes[i] = part_of(i ? ends[i - 1] : 0, ends[i]);
  p->box_count = count;
  p->fits = count > 0;
  return SF_OK;
}

sf_result sf_cut_line(sf_cutter *c) {
  int32_t length = c->type->dim[0];
  int32_t *ends = malloc((size_t)length * sizeof *ends);
  if (!ends) return SF_OOM;
  uint32_t count;
  sf_result result = fill_line(c, 1000000, ends, &count);
  if (result == SF_OK && count > 1)
    result = c->every_tile ? even_line(c, ends, &count)
                           : level(c, length, ends, count);
  if (result == SF_OK) result = keep_ends(c, ends, count);
  free(ends);
  return result;
}

sf_result sf_cut_line_least_tail(const sf_cutter *c, int32_t *out) {
  int32_t longest, length = c->type->dim[0];
  SF_TRY(reach(c, 0, 1000000, &longest));
  *out = length - longest * (int32_t)(c->population->box_count - 1);
  if (*out < 1) *out = 1;
  return SF_OK;
}

sf_result sf_cut_line_with_tail(sf_cutter *c, int32_t tail) {
  int32_t length = c->type->dim[0];
  uint32_t count = c->population->box_count - 1;
  int32_t *ends = SF_NEW_ARRAY(c->plan->arena, int32_t, count + (size_t)2);
  if (!ends) return SF_OOM;
  SF_TRY(level(c, length - tail, ends, count));
  ends[count++] = length;
  return keep_ends(c, ends, count);
}
