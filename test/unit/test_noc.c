/* The finite-buffer simulator against what mapping.md 4.2 reports of another
 * one: which routes and disciplines drain and which deadlock, on a 4 x 4 mesh,
 * 20 random trials each, and the smallest rings. */
#include "test/noc/noc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* CMocka needs the headers above. */
#include <cmocka.h>

enum { SIDE = 4, ROUTERS = SIDE * SIDE, TRIALS = 20, STEPS = 64, TREES = 240 };
enum { EAST, NORTH, WEST, SOUTH };

/* splitmix64 */
typedef struct generator {
  uint64_t state;
} generator;

static uint32_t below(generator *g, uint32_t bound) {
  uint64_t z = g->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return (uint32_t)((z ^ (z >> 31)) % bound);
}

/* Channels: links (router * 4 + direction), entries, cores. */
typedef struct traffic {
  noc_network network;
  noc_tree trees[TREES];
  noc_step steps[TREES][STEPS];
  uint32_t step_at[ROUTERS]; /* of the tree that is being grown */
} traffic;

static uint32_t link_of(uint32_t router, unsigned d) { return router * 4 + d; }
static uint32_t entry_of(uint32_t router) { return ROUTERS * 4 + router; }
static uint32_t core_of(uint32_t router) { return ROUTERS * 5 + router; }

static uint32_t add_step(traffic *t, uint32_t parent, uint32_t channel) {
  noc_tree *tree = &t->trees[t->network.tree_count - 1];
  assert_true(tree->step_count < STEPS);
  uint32_t step = tree->step_count++;
  tree->steps[step] = (noc_step){.channel = channel};
  if (step > 0) {
    noc_step *from = &tree->steps[parent];
    from->branches[from->branch_count++] = step;
  }
  return step;
}

static void start_tree(traffic *t, uint32_t source, uint32_t packets) {
  noc_network *n = &t->network;
  assert_true(n->tree_count < TREES);
  n->channel_count = ROUTERS * 6;
  n->trees = t->trees;
  t->trees[n->tree_count] =
      (noc_tree){.packets = packets, .steps = t->steps[n->tree_count]};
  n->tree_count++;
  memset(t->step_at, 0xff, sizeof t->step_at);
  t->step_at[source] = add_step(t, 0, entry_of(source));
}

static uint32_t moved(uint32_t router, unsigned d) {
  static const int by[] = {1, SIDE, -1, -SIDE};
  return (uint32_t)((int)router + by[d]);
}

/* One more hop of the tree; a hop that it has already is not made twice. */
static uint32_t hop(traffic *t, uint32_t at, unsigned d) {
  uint32_t to = moved(at, d);
  if (t->step_at[to] == UINT32_MAX)
    t->step_at[to] = add_step(t, t->step_at[at], link_of(at, d));
  return to;
}

typedef enum order { X_THEN_Y, WEST_FIRST, ANY_MINIMAL } order;

static unsigned next_hop(generator *g, order o, uint32_t at, uint32_t to) {
  int dx = (int)(to % SIDE) - (int)(at % SIDE);
  int dy = (int)(to / SIDE) - (int)(at / SIDE);
  unsigned x = dx > 0 ? EAST : WEST, y = dy > 0 ? NORTH : SOUTH;
  if (dx == 0) return y;
  if (dy == 0 || o == X_THEN_Y || (o == WEST_FIRST && dx < 0)) return x;
  return below(g, 2) ? x : y;
}

static void reach(traffic *t, generator *g, order o, uint32_t from,
                  uint32_t to) {
  for (uint32_t at = from; at != to;)
    at = hop(t, at, next_hop(g, o, at, to));
  noc_step *last = &t->trees[t->network.tree_count - 1].steps[t->step_at[to]];
  for (uint32_t b = 0; b < last->branch_count; b++) {
    const noc_tree *tree = &t->trees[t->network.tree_count - 1];
    if (tree->steps[last->branches[b]].channel == core_of(to)) return;
  }
  add_step(t, t->step_at[to], core_of(to));
}

static void random_tree(traffic *t, generator *g, order o, unsigned fan_out,
                        uint32_t packets) {
  uint32_t source = below(g, ROUTERS);
  start_tree(t, source, packets);
  for (unsigned i = 0; i < fan_out; i++)
    reach(t, g, o, source, below(g, ROUTERS));
}

/* How many of the trials end in deadlock. */
static int deadlocks_under(order o, unsigned fan_out, noc_discipline discipline,
                           int trees, uint32_t packets) {
  int count = 0;
  for (uint64_t trial = 0; trial < TRIALS; trial++) {
    generator g = {trial * 7919 + 1};
    traffic *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (int i = 0; i < trees; i++)
      random_tree(t, &g, o, fan_out, packets);
    noc_outcome out;
    assert_true(noc_run(&t->network, &discipline, trial, &out));
    if (out.drained) assert_int_equal(out.held, 0);
    if (!out.drained) assert_true(out.wait_count >= 2);
    count += !out.drained;
    free(t);
  }
  return count;
}

static noc_discipline independent(unsigned flits, unsigned depth) {
  return (noc_discipline){flits, depth, NOC_INDEPENDENT, false};
}

static int deadlocks(order o, unsigned fan_out, noc_discipline discipline) {
  return deadlocks_under(o, fan_out, discipline, 96, 20);
}

static void unicast(void **state) {
  (void)state;
  assert_int_equal(deadlocks(X_THEN_Y, 1, independent(1, 1)), 0);
  assert_int_equal(deadlocks(WEST_FIRST, 1, independent(1, 1)), 0);
  noc_discipline one = independent(1, 1), four = independent(1, 4);
  assert_int_equal(deadlocks_under(ANY_MINIMAL, 1, one, TREES, 60), TRIALS);
  assert_int_equal(deadlocks_under(ANY_MINIMAL, 1, four, TREES, 60), TRIALS);
}

static void multicast_of_single_flits_drains(void **state) {
  (void)state;
  assert_int_equal(deadlocks(X_THEN_Y, 4, independent(1, 1)), 0);
  assert_int_equal(deadlocks(X_THEN_Y, 4, independent(1, 4)), 0);
}

static void multicast_by_wormhole_deadlocks(void **state) {
  (void)state;
  noc_discipline lock[] = {
      {4, 1, NOC_LOCK_STEP, false}, {4, 2, NOC_LOCK_STEP, false},
      {4, 4, NOC_LOCK_STEP, false}, {4, 8, NOC_LOCK_STEP, false},
      {4, 4, NOC_LOCK_STEP, true},  {4, 2, NOC_ATOMIC, false}};
  for (size_t i = 0; i < sizeof lock / sizeof *lock; i++)
    assert_int_equal(deadlocks(X_THEN_Y, 4, lock[i]), TRIALS);
  noc_discipline two = {2, 1, NOC_LOCK_STEP, false};
  assert_int_equal(deadlocks(X_THEN_Y, 2, two), TRIALS);
  assert_int_equal(deadlocks(X_THEN_Y, 4, independent(4, 2)), TRIALS);
}

static void multicast_by_cut_through_drains(void **state) {
  (void)state;
  noc_discipline four = {4, 4, NOC_INDEPENDENT, true};
  noc_discipline eight = {4, 8, NOC_INDEPENDENT, true};
  assert_int_equal(deadlocks(X_THEN_Y, 4, four), 0);
  assert_int_equal(deadlocks(X_THEN_Y, 4, eight), 0);
}

/* ---- The smallest examples. ---- */

/* Four routers in a circle; every one sends two hops round it. `channels` 1 or,
 * with a dateline, 2 virtual channels a link. */
static bool ring_drains(bool dateline) {
  noc_step steps[4][4];
  noc_tree trees[4];
  for (uint32_t i = 0; i < 4; i++) {
    uint32_t next = (i + 1) % 4;
    bool crossed = dateline && next < i;
    steps[i][0] = (noc_step){8 + i, 1, {1}};
    steps[i][1] = (noc_step){i, 1, {2}};
    steps[i][2] = (noc_step){(crossed ? 4 : 0) + next, 1, {3}};
    steps[i][3] = (noc_step){12 + (i + 2) % 4, 0, {0}};
    trees[i] = (noc_tree){4, 20, steps[i]};
  }
  noc_network ring = {16, 4, trees};
  noc_discipline one = independent(1, 1);
  noc_outcome out;
  assert_true(noc_run(&ring, &one, 0, &out));
  if (!out.drained) assert_int_equal(out.wait_count, 4);
  if (out.drained) assert_int_equal(out.delivered, 80);
  return out.drained;
}

static void a_ring_deadlocks_without_a_dateline(void **state) {
  (void)state;
  assert_false(ring_drains(false));
  assert_true(ring_drains(true));
}

/* Trees of one source stay in order on every channel, so one tree alone drains
 * in lock step; two that branch over common links need not. */
static int lock_step_deadlocks(unsigned trees) {
  int count = 0;
  for (uint64_t trial = 0; trial < 30; trial++) {
    generator g = {trial * 104729 + 3};
    traffic *t = calloc(1, sizeof *t);
    assert_non_null(t);
    for (unsigned i = 0; i < trees; i++)
      random_tree(t, &g, X_THEN_Y, 6, 60);
    noc_discipline lock = {4, 1, NOC_LOCK_STEP, false};
    noc_outcome out;
    assert_true(noc_run(&t->network, &lock, trial, &out));
    count += !out.drained;
    free(t);
  }
  return count;
}

static void sibling_edges_of_one_tree_are_harmless(void **state) {
  (void)state;
  assert_int_equal(lock_step_deadlocks(1), 0);
  assert_true(lock_step_deadlocks(2) > 15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unicast),
      cmocka_unit_test(multicast_of_single_flits_drains),
      cmocka_unit_test(multicast_by_wormhole_deadlocks),
      cmocka_unit_test(multicast_by_cut_through_drains),
      cmocka_unit_test(a_ring_deadlocks_without_a_dateline),
      cmocka_unit_test(sibling_edges_of_one_tree_are_harmless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
