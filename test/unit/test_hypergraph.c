/* Multi-level partitioning against hidden parts, exhaustive search, and costs
 * counted anew. */
#include "passes/memory_layout/hypergraph.h"
#include "support/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A slot and a list of 20 bits a synapse behind 8, in words of 64. */
static uint64_t price(const void *data, uint32_t axon, uint64_t synapses) {
  (void)data;
  (void)axon;
  return synapses ? 1 + (synapses * 20 + 8 + 63) / 64 : 0;
}

/* Counted from the definition: every part, every axon. */
static void assert_valid(const sf_hypergraph *g, const sf_part_limits *limits,
                         const sf_parts *parts) {
  uint64_t total = 0;
  uint32_t *synapses = calloc(g->axons, sizeof *synapses);
  for (uint32_t p = 0; p < parts->count; p++) {
    uint64_t cost = 0;
    uint32_t neurons = 0;
    memset(synapses, 0, g->axons * sizeof *synapses);
    for (uint32_t n = 0; n < g->neurons; n++) {
      if (parts->part[n] != p) continue;
      neurons++;
      for (uint32_t i = g->first[n]; i < g->first[n + 1]; i++)
        synapses[g->of[i]]++;
    }
    for (uint32_t a = 0; a < g->axons; a++)
      cost += price(NULL, a, synapses[a]);
    cost += neurons * limits->each;
    assert_true(neurons >= 1 && neurons <= limits->neurons);
    assert_true(cost <= limits->cost);
    total += cost;
  }
  for (uint32_t n = 0; n < g->neurons; n++)
    assert_true(parts->part[n] < parts->count);
  assert_int_equal(total, parts->cost);
  free(synapses);
}

/* ---- Hidden parts. ---- */

enum { GROUPS = 20, MEMBERS = 30, INPUTS = 40, FAN_IN = 25 };

/* Neurons of a group read FAN_IN of its inputs; neurons stand in random order.
 */
static void make_hidden(sf_random *random, uint32_t *first, uint32_t *of) {
  uint32_t order[GROUPS * MEMBERS], inputs[INPUTS], at = 0;
  for (uint32_t i = 0; i < GROUPS * MEMBERS; i++) {
    uint32_t k = sf_random_below(random, i + 1);
    order[i] = order[k];
    order[k] = i;
  }
  for (uint32_t n = 0; n < GROUPS * MEMBERS; n++) {
    uint32_t group = order[n] / MEMBERS;
    first[n] = at;
    for (uint32_t i = 0; i < INPUTS; i++) {
      uint32_t k = sf_random_below(random, i + 1);
      inputs[i] = inputs[k];
      inputs[k] = group * INPUTS + i;
    }
    for (uint32_t i = 0; i < FAN_IN; i++)
      of[at++] = inputs[i];
  }
  first[GROUPS * MEMBERS] = at;
}

/* What the hidden groups cost: 40 axons, 25 / 40 of 30 neurons at each. */
static uint64_t dearest_group(const uint32_t *first, const uint32_t *of) {
  uint64_t most = 0;
  for (uint32_t group = 0; group < GROUPS; group++) {
    uint32_t synapses[INPUTS] = {0};
    uint64_t cost = MEMBERS;
    for (uint32_t i = 0; i < first[GROUPS * MEMBERS]; i++)
      if (of[i] / INPUTS == group) synapses[of[i] % INPUTS]++;
    for (uint32_t a = 0; a < INPUTS; a++)
      cost += price(NULL, a, synapses[a]);
    if (cost > most) most = cost;
  }
  return most;
}

/* A core holds any one group, and hardly a neuron of another beside it. */
static void finds_hidden_parts(void **state) {
  (void)state;
  static uint32_t first[GROUPS * MEMBERS + 1], of[GROUPS * MEMBERS * FAN_IN];
  sf_random random = sf_random_seeded(3);
  make_hidden(&random, first, of);
  sf_hypergraph g = {GROUPS * MEMBERS, GROUPS * INPUTS, first, of};
  sf_part_limits limits = {4095, dearest_group(first, of), 1, price, NULL, 1};
  sf_arena *arena = sf_arena_create();
  sf_parts order, found;
  bool fits;
  assert_int_equal(sf_parts_in_order(arena, &g, &limits, &order, &fits), SF_OK);
  assert_true(fits);
  assert_valid(&g, &limits, &order);
  assert_int_equal(sf_parts_multilevel(arena, &g, &limits, &found, &fits),
                   SF_OK);
  assert_true(fits);
  assert_valid(&g, &limits, &found);
  assert_true(order.count > 2 * GROUPS);
  assert_in_range(found.count, GROUPS - 1, GROUPS);
  sf_arena_destroy(arena);
}

/* ---- Every partition of a few neurons. ---- */

enum { FEW = 7 };

typedef struct search {
  const sf_hypergraph *g;
  const sf_part_limits *limits;
  uint32_t part[FEW], best;
} search;

static bool part_fits(const search *s, uint32_t p, uint32_t upto) {
  uint32_t synapses[64] = {0};
  uint64_t cost = 0;
  for (uint32_t n = 0; n < upto; n++)
    for (uint32_t i = s->g->first[n]; s->part[n] == p && i < s->g->first[n + 1];
         i++)
      synapses[s->g->of[i]]++;
  for (uint32_t n = 0; n < upto; n++)
    cost += s->part[n] == p;
  for (uint32_t a = 0; a < s->g->axons; a++)
    cost += price(NULL, a, synapses[a]);
  return cost <= s->limits->cost;
}

static void try_all(search *s, uint32_t n, uint32_t parts) {
  if (parts >= s->best) return;
  if (n == FEW) {
    s->best = parts;
    return;
  }
  for (uint32_t p = 0; p <= parts; p++) {
    s->part[n] = p;
    if (part_fits(s, p, n + 1)) try_all(s, n + 1, p == parts ? p + 1 : parts);
  }
}

static void few_neurons(void **state) {
  (void)state;
  sf_random random = sf_random_seeded(5);
  uint32_t best = 0;
  enum { TRIALS = 200 };
  for (int trial = 0; trial < TRIALS; trial++) {
    uint32_t first[FEW + 1] = {0}, of[FEW * 6];
    for (uint32_t n = 0; n < FEW; n++) {
      uint32_t fan_in = 1 + sf_random_below(&random, 6);
      for (uint32_t i = 0; i < fan_in; i++)
        of[first[n] + i] = sf_random_below(&random, 10);
      first[n + 1] = first[n] + fan_in;
    }
    sf_hypergraph g = {FEW, 10, first, of};
    sf_part_limits limits = {
        FEW, 14 + sf_random_below(&random, 12), 1, price, NULL, 1};
    search s = {.g = &g, .limits = &limits, .best = FEW + 1};
    try_all(&s, 0, 0);
    sf_arena *arena = sf_arena_create();
    sf_parts order, found;
    bool fits;
    assert_int_equal(sf_parts_in_order(arena, &g, &limits, &order, &fits),
                     SF_OK);
    assert_int_equal(fits, s.best <= FEW);
    assert_int_equal(sf_parts_multilevel(arena, &g, &limits, &found, &fits),
                     SF_OK);
    if (fits) {
      assert_valid(&g, &limits, &found);
      assert_true(found.count >= s.best && found.count <= order.count);
      assert_true(found.count < order.count || found.cost <= order.cost);
      best += found.count == s.best;
    }
    sf_arena_destroy(arena);
  }
  assert_true(best >= TRIALS * 9 / 10);
}

static void the_same_seed_gives_the_same(void **state) {
  (void)state;
  static uint32_t first[GROUPS * MEMBERS + 1], of[GROUPS * MEMBERS * FAN_IN];
  sf_random random = sf_random_seeded(9);
  make_hidden(&random, first, of);
  sf_hypergraph g = {GROUPS * MEMBERS, GROUPS * INPUTS, first, of};
  sf_part_limits limits = {4095, 700, 1, price, NULL, 4};
  sf_arena *arena = sf_arena_create();
  sf_parts a, b;
  bool fits;
  assert_int_equal(sf_parts_multilevel(arena, &g, &limits, &a, &fits), SF_OK);
  assert_int_equal(sf_parts_multilevel(arena, &g, &limits, &b, &fits), SF_OK);
  assert_int_equal(a.count, b.count);
  assert_memory_equal(a.part, b.part, g.neurons * sizeof *a.part);
  sf_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_hidden_parts),
      cmocka_unit_test(few_neurons),
      cmocka_unit_test(the_same_seed_gives_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
