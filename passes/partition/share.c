/* share.c - which boxes share a core.
 *
 * With vendor-like slices every box has a core of its own. So it has on
 * SpiNNaker2, where what the links of a PE take is known only when all sources
 * are cut: the estimates of two boxes do not add up. Otherwise the small ones
 * (at most half of every resource) fill the room that others leave, the largest
 * first, each beside the population nearest in the text, so that layers that
 * talk to each other meet. Dense lines leave a small last part for that, which
 * grows to what its core has room for.
 *
 * Pooled resources add up (plan.h); a Loihi 2 core holds 8 neuron groups, one a
 * box (loihi2.md 1.6). */
#include "passes/partition/cut.h"

#include <stdlib.h>
#include <string.h>

/* Cores a search looks at for one box: it ends in large networks. */
enum { LOOKS_MAX = 1 << 16 };

/* A box, and the room that its core has left. */
typedef struct seat {
  uint64_t own[SF_PLAN_NEEDS_MAX];  /* what the box takes */
  uint64_t used[SF_PLAN_NEEDS_MAX]; /* what its core holds, if it is home */
  sf_plan_part part;
  uint32_t home;   /* seat whose core it stands on */
  uint32_t guests; /* others on its core */
  uint64_t share;  /* of the resource that it takes most of, in millionths */
  bool open;       /* others may join its core */
  bool small;      /* it may move */
} seat;

typedef struct sharing {
  sf_plan *plan;
  seat *seats;
  uint32_t count;
  uint32_t *first; /* seat of each population's first box, and the end */
  uint64_t limit[SF_PLAN_NEEDS_MAX];
  uint32_t need_count;
  bool pooled[SF_PLAN_NEEDS_MAX];
  bool *tailed; /* populations that are cut with a small last part */
} sharing;

/* ---- Footprints. ---- */

static void note_use(sharing *s, seat *at, const sf_plan_use *use) {
  s->need_count = use->need_count;
  at->share = 0;
  for (uint32_t i = 0; i < use->need_count; i++) {
    const sf_plan_need *need = &use->needs[i];
    s->limit[i] = need->available;
    s->pooled[i] = need->pooled;
    at->own[i] = at->used[i] = need->needed;
    if (!need->pooled || !need->available) continue;
    uint64_t share = need->needed * 1000000 / need->available;
    if (share > at->share) at->share = share;
  }
  at->small = at->share <= 500000;
}

static sf_result measure(sharing *s, uint32_t population) {
  const sf_plan_population *p = &s->plan->populations[population];
  sf_cutter c;
  SF_TRY(sf_cutter_create(s->plan, (sf_plan_population *)p, &c));
  seat *seats = s->seats + s->first[population];
  for (uint32_t i = 0; i < p->box_count; i++) {
    seat *at = &seats[i];
    if (i > 0 && !c.every_tile &&
        sf_cut_same_extents(&p->boxes[i - 1], &p->boxes[i])) {
      *at = seats[i - 1];
    } else {
      sf_plan_use use;
      SF_TRY(sf_plan_use_of(s->plan, p->op, &p->boxes[i], &use));
      note_use(s, at, &use);
    }
    at->part = (sf_plan_part){population, i};
    at->home = s->first[population] + i;
    if (s->tailed[population] && i + 1 < p->box_count) at->small = false;
    at->open = !at->small;
  }
  return SF_OK;
}

/* ---- Tails. ---- */

/* A dense line in several parts is cut anew, all parts full but the last. */
static sf_result make_tail(sharing *s, uint32_t population) {
  sf_plan_population *p = &s->plan->populations[population];
  bool loihi = s->plan->machine->family == SF_FAMILY_LOIHI2;
  if (!loihi || p->box_count < 2 || p->op->results[0]->type.rank != 1)
    return SF_OK;
  sf_cutter c;
  int32_t tail;
  SF_TRY(sf_cutter_create(s->plan, p, &c));
  if (c.every_tile) return SF_OK;
  SF_TRY(sf_cut_line_least_tail(&c, &tail));
  SF_TRY(sf_cut_line_with_tail(&c, tail));
  s->tailed[population] = true;
  return SF_OK;
}

/* Does the core of the tail hold what else stands on it and `length` neurons of
 * the tail? */
static sf_result tail_fits(sharing *s, const sf_plan_population *p,
                           const seat *tail, int32_t length, bool *out) {
  sf_box box = sf_box_whole(&p->op->results[0]->type);
  box.begin[0] = box.end[0] - length;
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(s->plan, p->op, &box, &use));
  const seat *home = &s->seats[tail->home];
  *out = true;
  for (uint32_t i = 0; i < use.need_count; i++) {
    uint64_t others = s->pooled[i] ? home->used[i] - tail->own[i] : 0;
    *out &= others + use.needs[i].needed <= s->limit[i];
  }
  return SF_OK;
}

/* The core of the tail holds `length` neurons of it now. */
static sf_result grow_tail(sharing *s, const sf_plan_population *p,
                           const seat *tail, int32_t length) {
  sf_box box = sf_box_whole(&p->op->results[0]->type);
  box.begin[0] = box.end[0] - length;
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(s->plan, p->op, &box, &use));
  seat *home = &s->seats[tail->home];
  for (uint32_t i = 0; i < use.need_count; i++)
    home->used[i] += use.needs[i].needed - tail->own[i];
  return SF_OK;
}

/* The longest tail that its core holds, up to the mean of all parts; a tail
 * that met nobody goes back to parts of one length. */
static sf_result settle_tail(sharing *s, uint32_t population) {
  sf_plan_population *p = &s->plan->populations[population];
  seat *tail = &s->seats[s->first[population] + p->box_count - 1];
  sf_cutter c;
  SF_TRY(sf_cutter_create(s->plan, p, &c));
  if (tail->home == (uint32_t)(tail - s->seats) && tail->guests == 0)
    return sf_cut_line(&c);
  const sf_box *last = &p->boxes[p->box_count - 1];
  int32_t low = last->end[0] - last->begin[0];
  int32_t high =
      (last->end[0] + (int32_t)p->box_count - 1) / (int32_t)p->box_count;
  while (low < high) {
    int32_t middle = low + (high - low + 1) / 2;
    bool fits;
    SF_TRY(tail_fits(s, p, tail, middle, &fits));
    if (fits)
      low = middle;
    else
      high = middle - 1;
  }
  SF_TRY(grow_tail(s, p, tail, low));
  return sf_cut_line_with_tail(&c, low);
}

/* ---- Meeting. ---- */

static int by_share(const void *a, const void *b) {
  const seat *p = *(const seat *const *)a, *q = *(const seat *const *)b;
  if (p->share != q->share) return p->share > q->share ? -1 : 1;
  return p->home < q->home ? -1 : p->home > q->home;
}

static bool has_room(const sharing *s, const seat *home, const seat *guest) {
  for (uint32_t i = 0; i < s->need_count; i++)
    if (s->pooled[i] && home->used[i] + guest->own[i] > s->limit[i])
      return false;
  return home->open;
}

/* The first core of a population that has room. */
static seat *find_room(const sharing *s, uint32_t population, const seat *guest,
                       uint32_t *looks) {
  if (population == guest->part.population) return NULL;
  for (uint32_t i = s->first[population];
       i < s->first[population + 1] && *looks < LOOKS_MAX; i++, ++*looks)
    if (has_room(s, &s->seats[i], guest)) return &s->seats[i];
  return NULL;
}

/* Populations before and behind, the nearest first. */
static seat *find_home(const sharing *s, const seat *guest) {
  uint32_t at = guest->part.population, looks = 0;
  for (uint32_t d = 1; d < s->plan->population_count; d++) {
    seat *home = NULL;
    if (d <= at) home = find_room(s, at - d, guest, &looks);
    if (!home && at + d < s->plan->population_count)
      home = find_room(s, at + d, guest, &looks);
    if (home || looks == LOOKS_MAX) return home;
  }
  return NULL;
}

static sf_result meet(sharing *s) {
  const seat **small = malloc((s->count + (size_t)1) * sizeof *small);
  if (!small) return SF_OOM;
  uint32_t count = 0;
  for (uint32_t i = 0; i < s->count; i++)
    if (s->seats[i].small) small[count++] = &s->seats[i];
  qsort(small, count, sizeof *small, by_share);
  for (uint32_t i = 0; i < count; i++) {
    seat *guest = &s->seats[small[i] - s->seats];
    seat *home = find_home(s, guest);
    guest->open = !home;
    if (!home) continue;
    guest->home = (uint32_t)(home - s->seats);
    home->guests++;
    for (uint32_t k = 0; k < s->need_count; k++)
      home->used[k] += guest->own[k];
  }
  free(small);
  return SF_OK;
}

/* ---- Cores. ---- */

/* `next` chains the guests of each seat in order of the text. */
static sf_result write_cores(sharing *s) {
  sf_arena *arena = s->plan->arena;
  uint32_t *chain = SF_NEW_ARRAY(arena, uint32_t, s->count + (size_t)1);
  uint32_t *next = SF_NEW_ARRAY(arena, uint32_t, s->count + (size_t)1);
  sf_plan_part *parts = SF_NEW_ARRAY(arena, sf_plan_part, s->count + (size_t)1);
  if (!chain || !next || !parts) return SF_OOM;
  for (uint32_t i = s->count; i-- > 0;) { /* 0 ends a chain: i + 1 */
    uint32_t home = s->seats[i].home;
    if (home == i) continue;
    next[i] = chain[home];
    chain[home] = i + 1;
  }
  for (uint32_t i = 0; i < s->count; i++) {
    if (s->seats[i].home != i) continue;
    uint32_t count = 0;
    parts[count++] = s->seats[i].part;
    for (uint32_t g = chain[i]; g; g = next[g - 1])
      parts[count++] = s->seats[g - 1].part;
    SF_TRY(sf_plan_add_core(s->plan, parts, count));
  }
  return SF_OK;
}

static sf_result create(sharing *s) {
  uint32_t populations = s->plan->population_count;
  sf_arena *arena = s->plan->arena;
  s->first = SF_NEW_ARRAY(arena, uint32_t, populations + (size_t)1);
  if (!s->first) return SF_OOM;
  for (uint32_t p = 0; p < populations; p++) {
    const sf_plan_population *population = &s->plan->populations[p];
    s->first[p + 1] =
        s->first[p] + (population->given ? 0 : population->box_count);
  }
  s->count = s->first[populations];
  s->seats = SF_NEW_ARRAY(arena, seat, s->count + (size_t)1);
  return s->seats ? SF_OK : SF_OOM;
}

static sf_result share_cores(sharing *s) {
  uint32_t populations = s->plan->population_count;
  s->tailed = SF_NEW_ARRAY(s->plan->arena, bool, populations + (size_t)1);
  if (!s->tailed) return SF_OOM;
  for (uint32_t p = 0; p < populations; p++)
    if (!s->plan->populations[p].given) SF_TRY(make_tail(s, p));
  SF_TRY(create(s));
  for (uint32_t p = 0; p < populations; p++)
    if (!s->plan->populations[p].given) SF_TRY(measure(s, p));
  SF_TRY(meet(s));
  for (uint32_t p = 0; p < populations; p++)
    if (s->tailed[p]) SF_TRY(settle_tail(s, p));
  return SF_OK;
}

static void stay_at_home(sharing *s) {
  for (uint32_t p = 0; p < s->plan->population_count; p++) {
    for (uint32_t i = s->first[p]; i < s->first[p + 1]; i++) {
      s->seats[i].part = (sf_plan_part){p, i - s->first[p]};
      s->seats[i].home = i;
    }
  }
}

sf_result sf_plan_assign(sf_plan *plan) {
  sharing s = {.plan = plan};
  if (!plan->options.vendor && plan->machine->family == SF_FAMILY_LOIHI2) {
    SF_TRY(share_cores(&s));
  } else {
    SF_TRY(create(&s));
    stay_at_home(&s);
  }
  return write_cores(&s);
}
