/* Routes on plain data: every algorithm on meshes, hexagonal fabrics and tori,
 * with faults; and the checker itself against published facts and a search of
 * this file's own. */
#include "bench/routing/cases.h"
#include "bench/routing/loads.h"
#include "passes/route/waits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* CMocka needs the four headers above. */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

enum { LINKS_MAX = 24 * 24 * 6 * 2, DEGREE_MAX = 6 };

/* ---- An oracle: dependencies as a matrix of links, coloured depth first. ----
 */

typedef struct oracle {
  uint32_t links, count[LINKS_MAX], next[LINKS_MAX][DEGREE_MAX * 2];
  uint8_t colour[LINKS_MAX];
} oracle;

static void depend(oracle *o, uint32_t from, uint32_t to) {
  for (uint32_t i = 0; i < o->count[from]; i++)
    if (o->next[from][i] == to) return;
  assert_true(o->count[from] < DEGREE_MAX * 2);
  o->next[from][o->count[from]++] = to;
}

static bool cyclic_from(oracle *o, uint32_t link) {
  o->colour[link] = 1;
  for (uint32_t i = 0; i < o->count[link]; i++) {
    uint32_t next = o->next[link][i];
    if (o->colour[next] == 1) return true;
    if (o->colour[next] == 0 && cyclic_from(o, next)) return true;
  }
  o->colour[link] = 2;
  return false;
}

static bool cyclic(oracle *o) {
  for (uint32_t l = 0; l < o->links; l++)
    if (o->colour[l] == 0 && cyclic_from(o, l)) return true;
  return false;
}

/* Walks every tree: each router once, live links only, and every sink unless
 * it is listed. */
static void walk(const sf_route_task *task, const sf_routing *routing,
                 oracle *o) {
  const sf_fabric *f = task->fabric;
  uint32_t classes = task->virtual_channels > 1 ? task->virtual_channels : 1;
  memset(o, 0, sizeof *o);
  o->links = f->router_count * f->degree * classes;
  assert_true(o->links <= LINKS_MAX);
  for (uint32_t n = 0; n < task->net_count; n++) {
    const sf_net *net = &task->nets[n];
    int64_t by[32 * 32]; /* channel; -1: the source; -2: not entered */
    for (uint32_t r = 0; r < f->router_count; r++)
      by[r] = -2;
    by[net->source] = -1;
    for (uint32_t i = 0; i < routing->trees[n].hop_count; i++) {
      sf_hop hop = routing->trees[n].hops[i];
      uint32_t channel = hop.link * classes + hop.vc;
      int64_t held = by[hop.link / f->degree];
      int32_t head = f->neighbours[hop.link];
      assert_true(held > -2 && head >= 0 && by[head] == -2);
      by[head] = channel;
      if (held >= 0) depend(o, (uint32_t)held, channel);
    }
    for (uint32_t i = 0; i < net->sink_count; i++) {
      bool listed = false;
      for (uint32_t k = 0; k < routing->unrouted_count; k++)
        listed |= routing->unrouted[k].net == n &&
                  routing->unrouted[k].sink == net->sinks[i];
      assert_true(listed == (by[net->sinks[i]] == -2));
    }
  }
}

/* Checker and oracle agree; returns their verdict. */
static bool judge(const sf_route_task *task, const sf_routing *routing,
                  sf_arena *arena) {
  static oracle o;
  sf_waits waits = {.arena = arena};
  sf_verdict verdict;
  walk(task, routing, &o);
  assert_int_equal(
      sf_waits_of_trees(task, routing, SF_SWITCHING_PACKET, &waits), SF_OK);
  assert_int_equal(sf_waits_solve(&waits, &verdict), SF_OK);
  assert_true(verdict.acyclic == !cyclic(&o));
  for (uint32_t e = 0; e < waits.edge_count && verdict.acyclic; e++)
    assert_true(verdict.ranks[waits.edges[e].from] <
                verdict.ranks[waits.edges[e].to]);
  assert_true(verdict.acyclic == (verdict.cycle_count == 0));
  for (uint32_t i = 0; i < verdict.cycle_count; i++)
    assert_int_equal(verdict.cycle[i].to,
                     verdict.cycle[(i + 1) % verdict.cycle_count].from);
  return verdict.acyclic;
}

/* ---- Random placements. ---- */

static void placements(case_fabric which, uint32_t percent, uint32_t nets,
                       uint32_t fan_out, uint32_t count, double longer_max) {
  uint64_t hops = 0, plain_hops = 0;
  uint32_t plain_cyclic = 0;
  for (uint32_t i = 0; i < count; i++) {
    sf_arena *arena = sf_arena_create();
    sf_random random = sf_random_seeded(i);
    sf_fabric fabric;
    sf_net *list;
    sf_routing ours, plain;
    assert_int_equal(
        case_fabric_create(which, percent, &random, arena, &fabric), SF_OK);
    assert_int_equal(
        case_nets_create(&fabric, nets, fan_out, &random, arena, &list), SF_OK);
    sf_route_task task = {.fabric = &fabric,
                          .algorithm = SF_ALGORITHM_LEGAL_NER,
                          .sweeps = 1,
                          .net_count = nets,
                          .nets = list};
    assert_int_equal(sf_route_nets(&task, arena, &ours), SF_OK);
    assert_true(judge(&task, &ours, arena));
    assert_int_equal(case_ner(&fabric, nets, list, &random, arena, &plain),
                     SF_OK);
    plain.unrouted = ours.unrouted;
    plain.unrouted_count = ours.unrouted_count;
    plain_cyclic += !judge(&task, &plain, arena);
    hops += ours.hop_count;
    plain_hops += plain.hop_count;
    sf_arena_destroy(arena);
  }
  assert_true((double)hops <= longer_max * (double)plain_hops);
  assert_true(2 * plain_cyclic > count);
}

static void board_and_meshes(void **state) {
  (void)state;
  for (uint32_t percent = 0; percent <= 10; percent += 5) {
    placements(CASE_BOARD, percent, 48, 4, 30, 1.03);
    placements(CASE_BOARD, percent, 144, 8, 10, 1.04);
    placements(CASE_MESH_8, percent, 48, 4, 20, 1.03);
  }
}

static void tori(void **state) {
  (void)state;
  for (uint32_t percent = 0; percent <= 10; percent += 5)
    placements(CASE_TORUS_12, percent, 48, 4, 10, 1.06);
  placements(CASE_TORUS_12, 5, 144, 8, 1, 1.18);
}

/* ---- Every algorithm. ---- */

/* What hangs together, by this file's own search. */
static bool joined(const sf_fabric *f, uint32_t from, uint32_t to) {
  bool part[24 * 24];
  uint32_t queue[24 * 24];
  (void)sf_fabric_part_of(f, from, part, queue);
  return part[to];
}

/* So many faults that sinks are cut off: just those are missed, and
 * algorithms that may go anywhere miss no others. */
static void faults(void **state) {
  (void)state;
  uint32_t cut = 0;
  for (uint32_t i = 0; i < 60; i++) {
    sf_arena *arena = sf_arena_create();
    sf_random random = sf_random_seeded(i);
    sf_fabric fabric;
    sf_net *list;
    sf_routing routing;
    case_fabric which = i % 2 ? CASE_TORUS_12 : CASE_BOARD;
    assert_int_equal(case_fabric_create(which, 50, &random, arena, &fabric),
                     SF_OK);
    sf_fabric_kill(&fabric, sf_random_below(&random, fabric.router_count));
    assert_int_equal(case_nets_create(&fabric, 24, 5, &random, arena, &list),
                     SF_OK);
    sf_route_task task = {.fabric = &fabric,
                          .algorithm = i % 4 < 2 ? SF_ALGORITHM_LEGAL_NER
                                                 : SF_ALGORITHM_ADAPTIVE,
                          .sweeps = 2,
                          .net_count = 24,
                          .nets = list};
    assert_int_equal(sf_route_nets(&task, arena, &routing), SF_OK);
    assert_true(judge(&task, &routing, arena));
    uint32_t missed = 0;
    for (uint32_t n = 0; n < 24; n++)
      for (uint32_t k = 0; k < 5; k++)
        missed += !joined(&fabric, list[n].source, list[n].sinks[k]);
    assert_int_equal(routing.unrouted_count, missed);
    cut += missed;
    sf_arena_destroy(arena);
  }
  assert_true(cut > 0);
}

static void multicast_by_all(sf_topology topology, bool wrap, uint32_t seed) {
  sf_arena *arena = sf_arena_create();
  sf_random random = sf_random_seeded(seed);
  sf_fabric fabric;
  sf_net *list;
  sf_routing routing;
  assert_int_equal(sf_fabric_create(topology, wrap, 7, 6, arena, &fabric),
                   SF_OK);
  assert_int_equal(case_nets_create(&fabric, 60, 6, &random, arena, &list),
                   SF_OK);
  for (uint32_t n = 0; n < 60; n++)
    list[n].weight = 1 + sf_random_below(&random, 9);
  uint64_t loads[4];
  for (int a = 0; a < 4; a++) {
    sf_route_task task = {.fabric = &fabric,
                          .algorithm = (sf_algorithm)a,
                          .sweeps = 6,
                          .net_count = 60,
                          .nets = list};
    assert_int_equal(sf_route_nets(&task, arena, &routing), SF_OK);
    assert_int_equal(routing.unrouted_count, 0);
    assert_true(judge(&task, &routing, arena));
    loads[a] = routing.max_load;
  }
  assert_true(loads[SF_ALGORITHM_ADAPTIVE] <= loads[SF_ALGORITHM_ODD_EVEN]);
  sf_arena_destroy(arena);
}

static void every_algorithm(void **state) {
  (void)state;
  for (uint32_t seed = 0; seed < 5; seed++) {
    multicast_by_all(SF_TOPOLOGY_MESH, false, seed);
    multicast_by_all(SF_TOPOLOGY_HEX, false, seed);
    multicast_by_all(SF_TOPOLOGY_MESH, true, seed);
    multicast_by_all(SF_TOPOLOGY_HEX, true, seed);
  }
}

/* Broadcasts from everywhere on a torus: shortest paths, two buffer classes
 * with a dateline; with one class no wraps, and free all the same. */
static void dimension_order(sf_topology topology, int32_t width, int32_t height,
                            uint32_t classes) {
  sf_arena *arena = sf_arena_create();
  sf_fabric f;
  assert_int_equal(sf_fabric_create(topology, true, width, height, arena, &f),
                   SF_OK);
  uint32_t n = f.router_count, *all = SF_NEW_ARRAY(arena, uint32_t, n);
  sf_net *nets = SF_NEW_ARRAY(arena, sf_net, n);
  for (uint32_t r = 0; r < n; r++) {
    all[r] = r;
    nets[r] = (sf_net){r, n, all, 1};
  }
  sf_route_task task = {.fabric = &f,
                        .algorithm = SF_ALGORITHM_XY,
                        .virtual_channels = classes,
                        .net_count = n,
                        .nets = nets};
  sf_routing routing;
  assert_int_equal(sf_route_nets(&task, arena, &routing), SF_OK);
  assert_int_equal(routing.unrouted_count, 0);
  assert_true(judge(&task, &routing, arena));
  for (uint32_t s = 0; s < n && classes == 2; s++) {
    uint32_t depth[24 * 24] = {0};
    for (uint32_t i = 0; i < routing.trees[s].hop_count; i++) {
      uint32_t link = routing.trees[s].hops[i].link;
      uint32_t head = (uint32_t)f.neighbours[link];
      depth[head] = depth[link / f.degree] + 1;
      assert_int_equal(depth[head], sf_fabric_distance(&f, s, head));
    }
  }
  sf_arena_destroy(arena);
}

static void datelines(void **state) {
  (void)state;
  for (int32_t width = 2; width <= 9; width++) {
    for (int32_t height = 2; height <= 7; height++) {
      for (uint32_t classes = 1; classes <= 2; classes++) {
        dimension_order(SF_TOPOLOGY_MESH, width, height, classes);
        dimension_order(SF_TOPOLOGY_HEX, width, height, classes);
      }
    }
  }
}

/* mapping.md 4.6: 15 by XY; odd-even 7; 5 when any minimal path is open. */
static void transposed(void **state) {
  (void)state;
  static const uint64_t most[] = {15, 7, 5};
  for (int a = 0; a < 3; a++) {
    sf_arena *arena = sf_arena_create();
    sf_fabric fabric;
    sf_net *nets;
    sf_routing routing;
    sf_route_task task = {
        .fabric = &fabric, .algorithm = (sf_algorithm)a, .sweeps = 8};
    assert_int_equal(flow_case_create(FLOW_TRANSPOSE_16, arena, &fabric, &nets,
                                      &task.net_count),
                     SF_OK);
    task.nets = nets;
    assert_int_equal(sf_route_nets(&task, arena, &routing), SF_OK);
    assert_true(judge(&task, &routing, arena));
    assert_true(routing.max_load <= most[a] * FLOW_UNIT);
    assert_true(a > 0 || routing.max_load == most[0] * FLOW_UNIT);
    sf_arena_destroy(arena);
  }
}

/* mapping.md 4.6, odd-even and acyclic rip-up; no path is more than two hops
 * longer than its ends are apart, and all of them together hardly longer. */
static void aims(void **state) {
  (void)state;
  static const struct {
    flow_case flows;
    uint64_t most; /* FLOW_UNIT = 1000 */
  } rows[] = {{FLOW_RANDOM_16, 66300},
              {FLOW_DNN_16_FD, 28900},
              {FLOW_DNN_32, 128200},
              {FLOW_CNN_32_FD, 7849}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    sf_arena *arena = sf_arena_create();
    sf_fabric fabric;
    sf_net *nets;
    sf_routing routing;
    sf_route_task task = {
        .fabric = &fabric, .algorithm = SF_ALGORITHM_ADAPTIVE, .sweeps = 16};
    assert_int_equal(
        flow_case_create(rows[i].flows, arena, &fabric, &nets, &task.net_count),
        SF_OK);
    task.nets = nets;
    assert_int_equal(sf_route_nets(&task, arena, &routing), SF_OK);
    assert_true(judge(&task, &routing, arena));
    assert_true(routing.max_load <= rows[i].most);
    uint64_t least = 0;
    for (uint32_t n = 0; n < task.net_count; n++) {
      uint32_t apart =
          sf_fabric_distance(&fabric, nets[n].source, nets[n].sinks[0]);
      assert_true(routing.trees[n].hop_count <= apart + 2);
      least += apart;
    }
    assert_true(100 * routing.hop_count <= 106 * least);
    sf_arena_destroy(arena);
  }
}

/* ---- The checker. ---- */

/* Glass and Ni (1992): of the 16 ways to forbid one turn of each rotation on a
 * mesh, 12 prevent deadlock. */
static void turn_model(void **state) {
  (void)state;
  enum { SIDE = 4, E = 0, N = 1, W = 2, S = 3 };
  static const int left[4][2] = {{E, N}, {N, W}, {W, S}, {S, E}};
  static const int right[4][2] = {{E, S}, {S, W}, {W, N}, {N, E}};
  uint32_t free_ones = 0;
  for (int mask = 0; mask < 16; mask++) {
    sf_arena *arena = sf_arena_create();
    sf_fabric f;
    assert_int_equal(
        sf_fabric_create(SF_TOPOLOGY_MESH, false, SIDE, SIDE, arena, &f),
        SF_OK);
    const int *a = left[mask % 4], *b = right[mask / 4];
    sf_waits waits = {.arena = arena, .channel_count = SIDE * SIDE * 4};
    for (uint32_t link = 0; link < SIDE * SIDE * 4; link++) {
      for (uint32_t d = 0; d < 4 && f.neighbours[link] >= 0; d++) {
        uint32_t next = (uint32_t)f.neighbours[link] * 4 + d;
        int came = (int)(link % 4), goes = (int)d;
        if (f.neighbours[next] < 0 || goes == (came + 2) % 4 ||
            (came == a[0] && goes == a[1]) || (came == b[0] && goes == b[1])) {
          continue;
        }
        assert_int_equal(sf_waits_edge(&waits, link, next, 0), SF_OK);
      }
    }
    sf_verdict verdict;
    assert_int_equal(sf_waits_solve(&waits, &verdict), SF_OK);
    free_ones += verdict.acyclic;
    sf_arena_destroy(arena);
  }
  assert_int_equal(free_ones, 12);
}

/* Trees given by hand on a 3 x 2 mesh. */
static sf_verdict judge_hops(uint32_t net_count, const sf_net *nets,
                             sf_tree *trees, sf_switching switching,
                             sf_arena *arena) {
  sf_fabric f;
  assert_int_equal(sf_fabric_create(SF_TOPOLOGY_MESH, false, 3, 2, arena, &f),
                   SF_OK);
  sf_route_task task = {.fabric = &f, .net_count = net_count, .nets = nets};
  sf_routing routing = {.tree_count = net_count, .trees = trees};
  sf_waits waits = {.arena = arena};
  sf_verdict verdict;
  assert_int_equal(sf_waits_of_trees(&task, &routing, switching, &waits),
                   SF_OK);
  assert_int_equal(sf_waits_solve(&waits, &verdict), SF_OK);
  return verdict;
}

/* Four routes round a square, each two hops, turning the same way. */
static void four_node_cycle(void **state) {
  (void)state;
  enum { E = 0, N = 1, W = 2, S = 3 };
  static const uint32_t sinks[4] = {4, 3, 0, 1};
  static const sf_net nets[4] = {{0, 1, &sinks[0], 1},
                                 {1, 1, &sinks[1], 1},
                                 {4, 1, &sinks[2], 1},
                                 {3, 1, &sinks[3], 1}};
  sf_hop hops[4][2] = {{{0 * 4 + E, 0}, {1 * 4 + N, 0}},
                       {{1 * 4 + N, 0}, {4 * 4 + W, 0}},
                       {{4 * 4 + W, 0}, {3 * 4 + S, 0}},
                       {{3 * 4 + S, 0}, {0 * 4 + E, 0}}};
  sf_tree trees[4];
  for (int i = 0; i < 4; i++)
    trees[i] = (sf_tree){2, hops[i]};
  sf_arena *arena = sf_arena_create();
  sf_verdict verdict = judge_hops(4, nets, trees, SF_SWITCHING_PACKET, arena);
  assert_false(verdict.acyclic);
  assert_int_equal(verdict.cycle_count, 4);
  for (uint32_t i = 0; i < 4; i++) {
    const sf_wait *w = &verdict.cycle[i];
    assert_int_equal(w->from, hops[w->route][0].link);
    assert_int_equal(w->to, hops[w->route][1].link);
  }
  assert_true(judge_hops(3, nets, trees, SF_SWITCHING_PACKET, arena).acyclic);
  sf_arena_destroy(arena);
}

/* Two sources on one row, each to both ends (mapping.md 4.7): free when copies
 * are independent, deadlock when they are not; one such tree alone is free. */
static void wormhole_trees(void **state) {
  (void)state;
  enum { E = 0, W = 2 };
  static const uint32_t ends[2] = {0, 2};
  static const sf_net nets[2] = {{1, 2, ends, 1}, {1, 2, ends, 1}};
  sf_hop hops[2] = {{1 * 4 + E, 0}, {1 * 4 + W, 0}};
  sf_tree trees[2] = {{2, hops}, {2, hops}};
  sf_arena *arena = sf_arena_create();
  assert_true(judge_hops(2, nets, trees, SF_SWITCHING_PACKET, arena).acyclic);
  assert_true(judge_hops(1, nets, trees, SF_SWITCHING_WORMHOLE, arena).acyclic);
  sf_verdict verdict = judge_hops(2, nets, trees, SF_SWITCHING_WORMHOLE, arena);
  assert_false(verdict.acyclic);
  assert_true(verdict.cycle_count >= 2);
  bool routes[2] = {false, false};
  for (uint32_t i = 0; i < verdict.cycle_count; i++) {
    assert_true(verdict.cycle[i].sibling);
    assert_int_equal(verdict.cycle[i].to,
                     verdict.cycle[(i + 1) % verdict.cycle_count].from);
    routes[verdict.cycle[i].route] = true;
  }
  assert_true(routes[0] && routes[1]);
  sf_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(board_and_meshes),
      cmocka_unit_test(tori),
      cmocka_unit_test(faults),
      cmocka_unit_test(every_algorithm),
      cmocka_unit_test(datelines),
      cmocka_unit_test(transposed),
      cmocka_unit_test(aims),
      cmocka_unit_test(turn_model),
      cmocka_unit_test(four_node_cycle),
      cmocka_unit_test(wormhole_trees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
