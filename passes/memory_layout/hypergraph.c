/* hypergraph.c - multi-level partitioning: levels, greedy parts, refinement. */
#include "passes/memory_layout/hypergraph.h"
#include "passes/memory_layout/level.h"

#include <stdlib.h>
#include <string.h>

enum {
  LEVELS_MAX = 24,
  ROUNDS = 8,     /* of refinement at one level, while it helps */
  CANDIDATES = 64 /* nodes that the greedy looks at for one place */
};

/* ---- The finest level. ---- */

static int by_axon(const void *a, const void *b) {
  const sf_pin *p = a, *q = b;
  return p->axon < q->axon ? -1 : p->axon > q->axon;
}

static sf_result finest(sf_arena *arena, const sf_hypergraph *g,
                        sf_level *out) {
  *out = (sf_level){.nodes = g->neurons, .axons = g->axons};
  out->size = SF_NEW_ARRAY(arena, uint32_t, g->neurons + (size_t)1);
  out->first = SF_NEW_ARRAY(arena, uint32_t, g->neurons + (size_t)1);
  out->pins = SF_NEW_ARRAY(arena, sf_pin, g->first[g->neurons] + (size_t)1);
  if (!out->size || !out->first || !out->pins) return SF_OOM;
  for (uint32_t n = 0; n < g->neurons; n++) {
    uint32_t begin = out->first[n], count = 0;
    sf_pin *pins = out->pins + begin;
    out->size[n] = 1;
    for (uint32_t i = g->first[n]; i < g->first[n + 1]; i++)
      pins[count++] = (sf_pin){g->of[i], 1};
    qsort(pins, count, sizeof *pins, by_axon);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
      if (kept && pins[kept - 1].axon == pins[i].axon)
        pins[kept - 1].synapses++;
      else
        pins[kept++] = pins[i];
    out->first[n + 1] = begin + kept;
  }
  return SF_OK;
}

/* ---- In order. ---- */

static uint64_t total_cost(const sf_ledger *l, uint32_t parts) {
  uint64_t sum = 0;
  for (uint32_t p = 0; p < parts; p++)
    sum += l->cost[p];
  return sum;
}

static sf_result fill_in_order(sf_arena *arena, const sf_level *level,
                               const sf_part_limits *limits, sf_parts *out,
                               bool *out_fits) {
  sf_ledger l;
  SF_TRY(sf_ledger_create(arena, level, limits, level->nodes, &l));
  out->part = SF_NEW_ARRAY(arena, uint32_t, level->nodes + (size_t)1);
  if (!out->part) return SF_OOM;
  uint32_t at = 0;
  *out_fits = true;
  for (uint32_t n = 0; n < level->nodes; n++) {
    uint64_t price = sf_ledger_price_in(&l, n, at);
    if (!sf_ledger_fits(&l, n, at, price) && l.neurons[at] > 0)
      price = sf_ledger_price_in(&l, n, ++at);
    *out_fits &= sf_ledger_fits(&l, n, at, price);
    sf_ledger_put(&l, n, at);
    out->part[n] = at;
  }
  out->count = level->nodes ? at + 1 : 0;
  out->cost = total_cost(&l, out->count);
  return SF_OK;
}

sf_result sf_parts_in_order(sf_arena *arena, const sf_hypergraph *graph,
                            const sf_part_limits *limits, sf_parts *out,
                            bool *out_fits) {
  sf_level level;
  SF_TRY(finest(arena, graph, &level));
  return fill_in_order(arena, &level, limits, out, out_fits);
}

/* ---- Greedy parts at the coarsest level. ---- */

/* Of the next CANDIDATES nodes that are left, the one that adds least to the
 * part; nodes->nodes: none fits. */
static uint32_t cheapest(const sf_ledger *l, const uint8_t *taken,
                         uint32_t from, uint32_t part) {
  uint32_t nodes = l->level->nodes, best = nodes, looked = 0;
  uint64_t least = UINT64_MAX;
  for (uint32_t n = from; n < nodes && looked < CANDIDATES; n++) {
    if (taken[n]) continue;
    looked++;
    uint64_t price = sf_ledger_price_in(l, n, part);
    if (!sf_ledger_fits(l, n, part, price)) continue;
    /* By neuron: coarse nodes differ in size. */
    price = price * 1024 / l->level->size[n];
    if (price >= least) continue;
    least = price;
    best = n;
  }
  return best;
}

/* parts of `level`, at most `most`; *out_count 0: they did not fit. */
static sf_result grow_parts(sf_arena *arena, const sf_level *level,
                            const sf_part_limits *limits, uint32_t most,
                            uint32_t *part, uint32_t *out_count) {
  sf_ledger l;
  SF_TRY(sf_ledger_create(arena, level, limits, most + 1, &l));
  uint8_t *taken = SF_NEW_ARRAY(arena, uint8_t, level->nodes + (size_t)1);
  if (!taken) return SF_OOM;
  uint32_t at = 0, from = 0, left = level->nodes;
  while (left > 0) {
    while (taken[from])
      from++;
    uint32_t n = l.neurons[at] == 0 ? from : cheapest(&l, taken, from, at);
    if (n == level->nodes) {
      if (++at == most) break;
      continue;
    }
    sf_ledger_put(&l, n, at);
    part[n] = at;
    taken[n] = 1;
    left--;
  }
  *out_count = left ? 0 : at + 1;
  return SF_OK;
}

/* ---- Refinement. ---- */

/* Parts that `node` meets at its axons, each once, in `met`. */
static uint32_t list_parts(const sf_ledger *l, uint32_t node, uint32_t *stamp,
                           uint32_t now, uint32_t *met) {
  const sf_level *level = l->level;
  uint32_t count = 0;
  for (uint32_t i = level->first[node]; i < level->first[node + 1]; i++) {
    uint32_t axon = level->pins[i].axon;
    const sf_row *rows = l->rows + l->row_first[axon];
    for (uint32_t k = 0; k < l->row_count[axon]; k++) {
      if (stamp[rows[k].part] == now) continue;
      stamp[rows[k].part] = now;
      met[count++] = rows[k].part;
    }
  }
  return count;
}

typedef struct refiner {
  sf_ledger l;
  uint32_t *part, parts;
  uint32_t *stamp, *met, now;
} refiner;

/* Moves `node` to the part where it costs least; ties go to the fuller part, so
 * that small ones empty. */
static bool move_best(refiner *r, uint32_t node) {
  uint32_t home = r->part[node], best = home;
  uint64_t out = sf_ledger_price_out(&r->l, node, home), least = out;
  uint32_t count = list_parts(&r->l, node, r->stamp, ++r->now, r->met);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t p = r->met[i];
    if (p == home) continue;
    uint64_t in = sf_ledger_price_in(&r->l, node, p);
    bool better = in < least ||
                  (in == least &&
                   r->l.cost[p] > r->l.cost[best] - (best == home ? out : 0));
    if (better && sf_ledger_fits(&r->l, node, p, in)) {
      least = in;
      best = p;
    }
  }
  if (best == home) return false;
  sf_ledger_take(&r->l, node, home);
  sf_ledger_put(&r->l, node, best);
  r->part[node] = best;
  return true;
}

static sf_result refine(sf_arena *arena, const sf_level *level,
                        const sf_part_limits *limits, uint32_t *part,
                        uint32_t parts) {
  refiner r = {.part = part, .parts = parts};
  SF_TRY(sf_ledger_create(arena, level, limits, parts, &r.l));
  r.stamp = SF_NEW_ARRAY(arena, uint32_t, parts + (size_t)1);
  r.met = SF_NEW_ARRAY(arena, uint32_t, parts + (size_t)1);
  if (!r.stamp || !r.met) return SF_OOM;
  for (uint32_t n = 0; n < level->nodes; n++)
    sf_ledger_put(&r.l, n, part[n]);
  for (int round = 0; round < ROUNDS; round++) {
    uint32_t moved = 0;
    for (uint32_t n = 0; n < level->nodes; n++)
      moved += move_best(&r, n);
    if (moved <= level->nodes / 1000) break;
  }
  return SF_OK;
}

/* ---- All of it. ---- */

/* Parts without neurons close up, in their order. */
static uint32_t close_up(uint32_t *part, uint32_t nodes, uint32_t parts,
                         uint32_t *number) {
  uint32_t count = 0;
  for (uint32_t n = 0; n < nodes; n++)
    number[part[n]] = 1;
  for (uint32_t p = 0; p < parts; p++)
    number[p] = number[p] ? count++ : 0;
  for (uint32_t n = 0; n < nodes; n++)
    part[n] = number[part[n]];
  return count;
}

static sf_result measure(sf_arena *arena, const sf_level *level,
                         const sf_part_limits *limits, sf_parts *parts) {
  sf_ledger l;
  uint32_t *number = SF_NEW_ARRAY(arena, uint32_t, parts->count + (size_t)1);
  if (!number) return SF_OOM;
  parts->count = close_up(parts->part, level->nodes, parts->count, number);
  SF_TRY(sf_ledger_create(arena, level, limits, parts->count, &l));
  for (uint32_t n = 0; n < level->nodes; n++)
    sf_ledger_put(&l, n, parts->part[n]);
  parts->cost = total_cost(&l, parts->count);
  return SF_OK;
}

/* From the coarsest level down: parts are handed on and refined. */
static sf_result descend(sf_arena *arena, const sf_level *levels,
                         uint32_t count, const sf_part_limits *limits,
                         uint32_t *part, uint32_t parts, uint32_t *scratch) {
  for (uint32_t i = count; i-- > 0;) {
    const sf_level *level = &levels[i];
    if (level->coarse) {
      memcpy(scratch, part, levels[i + 1].nodes * sizeof *part);
      for (uint32_t n = 0; n < level->nodes; n++)
        part[n] = scratch[level->coarse[n]];
    }
    SF_TRY(refine(arena, level, limits, part, parts));
  }
  return SF_OK;
}

static bool is_better(const sf_parts *a, const sf_parts *b) {
  return a->count != b->count ? a->count < b->count : a->cost < b->cost;
}

static sf_result improve(sf_arena *arena, sf_level *levels,
                         const sf_part_limits *limits, sf_parts *out) {
  uint32_t count = 1, nodes = levels[0].nodes;
  for (bool shrunk = true; shrunk && count < LEVELS_MAX; count += shrunk)
    SF_TRY(sf_level_coarsen(arena, &levels[count - 1], limits,
                            limits->seed + count, &levels[count], &shrunk));
  uint32_t *part = SF_NEW_ARRAY(arena, uint32_t, nodes + (size_t)1);
  uint32_t *scratch = SF_NEW_ARRAY(arena, uint32_t, nodes + (size_t)1);
  if (!part || !scratch) return SF_OOM;
  /* Coarse nodes are lumps: they may not fill as few parts as fine ones, so
   * finer levels are tried until parts are no more than in order. */
  for (uint32_t top = count; top > 0; top--) {
    sf_parts found = {.part = part};
    uint32_t *held = levels[top - 1].coarse;
    levels[top - 1].coarse = NULL;
    SF_TRY(grow_parts(arena, &levels[top - 1], limits, out->count, part,
                      &found.count));
    if (found.count)
      SF_TRY(descend(arena, levels, top, limits, part, found.count, scratch));
    levels[top - 1].coarse = held;
    if (!found.count) continue;
    SF_TRY(measure(arena, &levels[0], limits, &found));
    if (!is_better(&found, out)) continue;
    out->count = found.count;
    out->cost = found.cost;
    memcpy(out->part, part, nodes * sizeof *part);
  }
  return SF_OK;
}

sf_result sf_parts_multilevel(sf_arena *arena, const sf_hypergraph *graph,
                              const sf_part_limits *limits, sf_parts *out,
                              bool *out_fits) {
  sf_level levels[LEVELS_MAX + 1];
  SF_TRY(finest(arena, graph, &levels[0]));
  SF_TRY(fill_in_order(arena, &levels[0], limits, out, out_fits));
  if (!*out_fits || out->count < 2) return SF_OK;
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  sf_result result = improve(scratch, levels, limits, out);
  sf_arena_destroy(scratch);
  return result;
}
