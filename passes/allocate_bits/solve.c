/* solve.c - the exact allocation by labels.
 *
 * Layers in order; a label is what some choice for the first layers costs and
 * loses. A label is dropped when the cheapest choices for the rest exceed a
 * budget, when even the best ones for the rest lose more than an allocation
 * that is known, and when another label is nowhere worse. */
#include "passes/allocate_bits/allocate_bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Labels of one layer that are kept; more are thinned out. */
enum { LABELS_MAX = 1 << 16 };

typedef struct label {
  double loss;
  uint64_t cost[SF_COSTS_MAX];
  uint32_t parent; /* in the labels of the layer before */
  uint32_t option;
} label;

typedef struct front {
  uint32_t count;
  label *labels;
} front;

typedef struct solver {
  sf_allocation *p;
  sf_arena *arena;
  double *least_loss;    /* of layers i and later */
  sf_choice *least_cost; /* the same, each cost by itself */
  double known;          /* loss of an allocation that fits */
  front *fronts;         /* one a layer */
  label *scratch;
} solver;

static const sf_choice *choice_of(const sf_allocation *p, uint32_t layer,
                                  uint32_t option) {
  return &p->choices[(size_t)layer * p->options + option];
}

bool sf_allocation_fits(const sf_allocation *problem, const uint8_t *chosen) {
  for (uint32_t k = 0; k < problem->costs; k++) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < problem->layers; i++)
      sum += choice_of(problem, i, chosen[i])->cost[k];
    if (sum > problem->budget[k]) return false;
  }
  return true;
}

/* ---- Bounds. ---- */

static sf_result find_bounds(solver *s) {
  const sf_allocation *p = s->p;
  s->least_loss = SF_NEW_ARRAY(s->arena, double, p->layers + 1u);
  s->least_cost = SF_NEW_ARRAY(s->arena, sf_choice, p->layers + 1u);
  if (!s->least_loss || !s->least_cost) return SF_OOM;
  for (uint32_t i = p->layers; i > 0; i--) {
    double loss = (double)INFINITY;
    uint64_t cost[SF_COSTS_MAX] = {UINT64_MAX, UINT64_MAX};
    for (uint32_t o = 0; o < p->options; o++) {
      const sf_choice *c = choice_of(p, i - 1, o);
      loss = fmin(loss, c->loss);
      for (uint32_t k = 0; k < p->costs && k < SF_COSTS_MAX; k++)
        if (c->cost[k] < cost[k]) cost[k] = c->cost[k];
    }
    s->least_loss[i - 1] = s->least_loss[i] + loss;
    for (uint32_t k = 0; k < p->costs && k < SF_COSTS_MAX; k++)
      s->least_cost[i - 1].cost[k] = s->least_cost[i].cost[k] + cost[k];
  }
  return SF_OK;
}

/* The cheapest options, then the change that saves most loss for the first
 * cost, as long as one fits. */
static sf_result find_known(solver *s) {
  const sf_allocation *p = s->p;
  s->known = (double)INFINITY;
  uint8_t *chosen = SF_NEW_ARRAY(s->arena, uint8_t, p->layers + 1u);
  if (!chosen) return SF_OOM;
  for (uint32_t i = 0; i < p->layers; i++)
    for (uint32_t o = 1; o < p->options; o++)
      if (choice_of(p, i, o)->cost[0] < choice_of(p, i, chosen[i])->cost[0])
        chosen[i] = (uint8_t)o;
  if (!sf_allocation_fits(p, chosen)) return SF_OK;
  for (;;) {
    double best = 0;
    uint32_t layer = 0, option = 0;
    for (uint32_t i = 0; i < p->layers; i++) {
      const sf_choice *now = choice_of(p, i, chosen[i]);
      uint8_t before = chosen[i];
      for (uint32_t o = 0; o < p->options; o++) {
        const sf_choice *c = choice_of(p, i, o);
        double gain = now->loss - c->loss;
        double price = fmax(1, (double)c->cost[0] - (double)now->cost[0]);
        if (gain <= 0 || gain / price <= best) continue;
        chosen[i] = (uint8_t)o;
        bool fits = sf_allocation_fits(p, chosen);
        chosen[i] = before;
        if (!fits) continue;
        best = gain / price;
        layer = i;
        option = o;
      }
    }
    if (best <= 0) break;
    chosen[layer] = (uint8_t)option;
  }
  s->known = 0;
  for (uint32_t i = 0; i < p->layers; i++)
    s->known += choice_of(p, i, chosen[i])->loss;
  /* Sums in another order must not drop the allocation itself. */
  s->known *= 1 + 1e-9;
  return SF_OK;
}

/* ---- Labels. ---- */

static int by_cost(const void *a, const void *b) {
  const label *x = a, *y = b;
  for (int k = 0; k < SF_COSTS_MAX; k++)
    if (x->cost[k] != y->cost[k]) return x->cost[k] < y->cost[k] ? -1 : 1;
  if (x->loss != y->loss) return x->loss < y->loss ? -1 : 1;
  if (x->parent != y->parent) return x->parent < y->parent ? -1 : 1;
  return x->option < y->option ? -1 : x->option > y->option;
}

static bool hopeless(const solver *s, const label *l, uint32_t layer) {
  for (uint32_t k = 0; k < s->p->costs; k++)
    if (l->cost[k] + s->least_cost[layer + 1].cost[k] > s->p->budget[k])
      return true;
  return l->loss + s->least_loss[layer + 1] > s->known;
}

static uint32_t expand(const solver *s, uint32_t layer, const front *before) {
  uint32_t count = 0;
  for (uint32_t n = 0; n < before->count; n++) {
    for (uint32_t o = 0; o < s->p->options; o++) {
      const sf_choice *c = choice_of(s->p, layer, o);
      label l = before->labels[n];
      l.loss += c->loss;
      for (uint32_t k = 0; k < s->p->costs; k++)
        l.cost[k] += c->cost[k];
      l.parent = n;
      l.option = o;
      if (!hopeless(s, &l, layer)) s->scratch[count++] = l;
    }
  }
  return count;
}

/* Least loss of any kept label with no more of the second cost; the labels come
 * with the first cost ascending. `stairs` are kept labels, the second cost
 * ascending and the loss descending. */
typedef struct stairs {
  uint32_t count;
  uint32_t *index;
} stairs;

static uint32_t place_in(const stairs *st, const label *labels,
                         const label *l) {
  uint32_t low = 0, high = st->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (labels[st->index[middle]].cost[1] <= l->cost[1])
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* false: some label is nowhere worse. */
static bool climb(stairs *st, const label *labels, uint32_t candidate) {
  const label *l = &labels[candidate];
  uint32_t at = place_in(st, labels, l), end = at;
  if (at > 0 && labels[st->index[at - 1]].loss <= l->loss) return false;
  while (end < st->count && labels[st->index[end]].loss >= l->loss)
    end++;
  /* Those at `at` .. `end` need more of it and lose no less. */
  memmove(&st->index[at + 1], &st->index[end],
          (st->count - end) * sizeof *st->index);
  st->index[at] = candidate;
  st->count += 1 + at - end;
  return true;
}

static sf_result sweep(const solver *s, uint32_t *count) {
  qsort(s->scratch, *count, sizeof *s->scratch, by_cost);
  stairs st = {.index = malloc((*count + 1u) * sizeof(uint32_t))};
  if (!st.index) return SF_OOM;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < *count; i++) {
    s->scratch[kept] = s->scratch[i];
    if (climb(&st, s->scratch, kept)) kept++;
  }
  free(st.index);
  *count = kept;
  return SF_OK;
}

/* The least loss of each of LABELS_MAX / 2 ranges of the first cost; the
 * cheapest label stays. */
static void thin_out(const solver *s, uint32_t *count) {
  uint64_t first = s->scratch[0].cost[0];
  uint64_t span = s->scratch[*count - 1].cost[0] - first;
  uint64_t grain = span / (LABELS_MAX / 2) + 1;
  uint32_t kept = 1;
  for (uint32_t i = 1; i < *count; i++) {
    const label *l = &s->scratch[i], *last = &s->scratch[kept - 1];
    bool same = kept > 1 &&
                (l->cost[0] - first) / grain == (last->cost[0] - first) / grain;
    if (!same)
      s->scratch[kept++] = *l;
    else if (l->loss < last->loss)
      s->scratch[kept - 1] = *l;
  }
  *count = kept;
}

static sf_result solve_layer(solver *s, uint32_t layer, const front *before) {
  s->scratch = malloc((size_t)before->count * s->p->options * sizeof(label) +
                      sizeof(label));
  if (!s->scratch) return SF_OOM;
  uint32_t count = expand(s, layer, before);
  sf_result result = sweep(s, &count);
  if (result == SF_OK && count > LABELS_MAX) {
    thin_out(s, &count);
    s->p->exact = false;
  }
  front *f = &s->fronts[layer];
  f->count = count;
  f->labels = SF_NEW_ARRAY(s->arena, label, count + 1u);
  if (f->labels && count)
    memcpy(f->labels, s->scratch, count * sizeof *f->labels);
  free(s->scratch);
  return f->labels ? result : SF_OOM;
}

static void trace_back(const solver *s) {
  sf_allocation *p = s->p;
  const front *last = &s->fronts[p->layers - 1];
  uint32_t at = 0;
  for (uint32_t i = 1; i < last->count; i++)
    if (last->labels[i].loss < last->labels[at].loss) at = i;
  p->loss = last->labels[at].loss;
  for (uint32_t i = p->layers; i > 0; i--) {
    const label *l = &s->fronts[i - 1].labels[at];
    p->chosen[i - 1] = (uint8_t)l->option;
    at = l->parent;
  }
}

sf_result sf_allocation_solve(sf_allocation *problem, sf_arena *arena) {
  solver s = {.p = problem, .arena = arena};
  problem->exact = true;
  problem->feasible = true;
  problem->loss = 0;
  problem->chosen = SF_NEW_ARRAY(arena, uint8_t, problem->layers + 1u);
  s.fronts = SF_NEW_ARRAY(arena, front, problem->layers + 1u);
  if (!problem->chosen || !s.fronts) return SF_OOM;
  SF_TRY(find_bounds(&s));
  SF_TRY(find_known(&s));
  label none = {0};
  front before = {1, &none};
  for (uint32_t i = 0; i < problem->layers; i++) {
    SF_TRY(solve_layer(&s, i, &before));
    before = s.fronts[i];
    problem->feasible = problem->feasible && before.count > 0;
  }
  if (problem->feasible && problem->layers) trace_back(&s);
  return SF_OK;
}
