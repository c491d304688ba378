/* coarsen.c - pairs of nodes that share the most axons become one. */
#include "passes/memory_layout/level.h"
#include "support/hash.h"

enum {
  CROWD = 256, /* axons of more nodes say little about who belongs together */
  NONE = -1
};

/* Nodes of each axon: the transpose of the pins. */
typedef struct transpose {
  size_t *first;
  uint32_t *nodes;
} transpose;

static sf_result transpose_create(sf_arena *arena, const sf_level *level,
                                  transpose *out) {
  size_t pins = level->first[level->nodes];
  out->first = SF_NEW_ARRAY(arena, size_t, level->axons + (size_t)2);
  out->nodes = SF_NEW_ARRAY(arena, uint32_t, pins + 1);
  if (!out->first || !out->nodes) return SF_OOM;
  for (size_t i = 0; i < pins; i++)
    out->first[level->pins[i].axon + 2]++;
  for (uint32_t a = 0; a < level->axons; a++)
    out->first[a + 2] += out->first[a + 1];
  for (uint32_t n = 0; n < level->nodes; n++)
    for (uint32_t i = level->first[n]; i < level->first[n + 1]; i++)
      out->nodes[out->first[level->pins[i].axon + 1]++] = n;
  return SF_OK;
}

/* What a pair costs as a part of its own, or UINT64_MAX beyond the limits. */
static bool pair_fits(const sf_level *l, const sf_part_limits *limits,
                      uint32_t a, uint32_t b) {
  uint64_t size = (uint64_t)l->size[a] + l->size[b];
  uint64_t cost = size * limits->each;
  if (size > limits->neurons) return false;
  uint32_t i = l->first[a], k = l->first[b];
  while (i < l->first[a + 1] || k < l->first[b + 1]) {
    bool left = k == l->first[b + 1] ||
                (i < l->first[a + 1] && l->pins[i].axon <= l->pins[k].axon);
    bool right = i == l->first[a + 1] ||
                 (k < l->first[b + 1] && l->pins[k].axon <= l->pins[i].axon);
    uint32_t synapses =
        (left ? l->pins[i].synapses : 0) + (right ? l->pins[k].synapses : 0);
    uint32_t axon = left ? l->pins[i].axon : l->pins[k].axon;
    cost += limits->price(limits->data, axon, synapses);
    i += left;
    k += right;
  }
  return cost <= limits->cost;
}

/* The free node that shares most with `node`: an axon of m nodes counts
 * 1 / (m - 1). Ties go to the lower number. */
typedef struct matcher {
  const sf_level *level;
  const sf_part_limits *limits;
  transpose of;
  double *score;
  uint32_t *touched;
  int64_t *mate;
} matcher;

static int64_t best_mate(matcher *m, uint32_t node) {
  const sf_level *l = m->level;
  uint32_t count = 0;
  for (uint32_t i = l->first[node]; i < l->first[node + 1]; i++) {
    uint32_t axon = l->pins[i].axon;
    size_t begin = m->of.first[axon], end = m->of.first[axon + 1];
    if (end - begin > CROWD || end - begin < 2) continue;
    for (size_t k = begin; k < end; k++) {
      uint32_t other = m->of.nodes[k];
      if (other == node || m->mate[other] != NONE) continue;
      if (m->score[other] == 0) m->touched[count++] = other;
      m->score[other] += 1.0 / (double)(end - begin - 1);
    }
  }
  int64_t best = NONE;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t other = m->touched[i];
    bool more = best == NONE || m->score[other] > m->score[best] ||
                (m->score[other] == m->score[best] && other < best);
    if (more && pair_fits(l, m->limits, node, other)) best = other;
  }
  for (uint32_t i = 0; i < count; i++)
    m->score[m->touched[i]] = 0;
  return best;
}

static void shuffle(uint32_t *order, uint32_t count, uint64_t seed) {
  sf_random random = sf_random_seeded(seed);
  for (uint32_t i = 0; i < count; i++)
    order[i] = i;
  for (uint32_t i = count; i-- > 1;) {
    uint32_t k = sf_random_below(&random, i + 1);
    uint32_t held = order[i];
    order[i] = order[k];
    order[k] = held;
  }
}

/* Numbers of the pairs, in order of their lower node. */
static sf_result number_pairs(sf_arena *arena, sf_level *level,
                              const int64_t *mate, uint32_t *out_count) {
  level->coarse = SF_NEW_ARRAY(arena, uint32_t, level->nodes + (size_t)1);
  if (!level->coarse) return SF_OOM;
  uint32_t count = 0;
  for (uint32_t n = 0; n < level->nodes; n++) {
    bool second = mate[n] != NONE && mate[n] < n;
    level->coarse[n] = second ? level->coarse[mate[n]] : count++;
  }
  *out_count = count;
  return SF_OK;
}

/* Pins of `a` and, unless it is a itself, `b` as one list by axon. */
static uint32_t merge_pins(const sf_level *l, uint32_t a, uint32_t b,
                           sf_pin *out) {
  uint32_t i = l->first[a], k = l->first[b], count = 0;
  uint32_t end = a == b ? k : l->first[b + 1];
  while (i < l->first[a + 1] || k < end) {
    bool left =
        k == end || (i < l->first[a + 1] && l->pins[i].axon <= l->pins[k].axon);
    bool right =
        i == l->first[a + 1] || (k < end && l->pins[k].axon <= l->pins[i].axon);
    out[count++] = (sf_pin){left ? l->pins[i].axon : l->pins[k].axon,
                            (left ? l->pins[i].synapses : 0) +
                                (right ? l->pins[k].synapses : 0)};
    i += left;
    k += right;
  }
  return count;
}

static sf_result build_next(sf_arena *arena, const sf_level *level,
                            const int64_t *mate, uint32_t count,
                            sf_level *next) {
  *next = (sf_level){.axons = level->axons};
  next->size = SF_NEW_ARRAY(arena, uint32_t, count + (size_t)1);
  next->first = SF_NEW_ARRAY(arena, uint32_t, count + (size_t)1);
  next->pins =
      SF_NEW_ARRAY(arena, sf_pin, level->first[level->nodes] + (size_t)1);
  if (!next->size || !next->first || !next->pins) return SF_OOM;
  for (uint32_t n = 0; n < level->nodes; n++) {
    if (mate[n] != NONE && mate[n] < n) continue;
    uint32_t other = mate[n] == NONE ? n : (uint32_t)mate[n];
    uint32_t at = next->nodes++;
    next->size[at] = level->size[n] + (other == n ? 0 : level->size[other]);
    next->first[at + 1] =
        next->first[at] +
        merge_pins(level, n, other, next->pins + next->first[at]);
  }
  return SF_OK;
}

sf_result sf_level_coarsen(sf_arena *arena, sf_level *level,
                           const sf_part_limits *limits, uint64_t seed,
                           sf_level *next, bool *out_shrunk) {
  matcher m = {.level = level, .limits = limits};
  SF_TRY(transpose_create(arena, level, &m.of));
  m.score = SF_NEW_ARRAY(arena, double, level->nodes + (size_t)1);
  m.touched = SF_NEW_ARRAY(arena, uint32_t, level->nodes + (size_t)1);
  m.mate = SF_NEW_ARRAY(arena, int64_t, level->nodes + (size_t)1);
  uint32_t *order = SF_NEW_ARRAY(arena, uint32_t, level->nodes + (size_t)1);
  if (!m.score || !m.touched || !m.mate || !order) return SF_OOM;
  for (uint32_t n = 0; n < level->nodes; n++)
    m.mate[n] = NONE;
  shuffle(order, level->nodes, seed);
  for (uint32_t i = 0; i < level->nodes; i++) {
    uint32_t n = order[i];
    if (m.mate[n] != NONE) continue;
    int64_t other = best_mate(&m, n);
    if (other == NONE) continue;
    m.mate[n] = other;
    m.mate[other] = n;
  }
  uint32_t count;
  SF_TRY(number_pairs(arena, level, m.mate, &count));
  *out_shrunk = count < level->nodes - level->nodes / 20;
  if (!*out_shrunk) {
    level->coarse = NULL;
    return SF_OK;
  }
  return build_next(arena, level, m.mate, count, next);
}
