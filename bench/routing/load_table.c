/* load_table.c - the most loaded link by algorithm, and how much longer the
 * paths of the last are than the shortest. The column before the last lets
 * every minimal path in, deadlock or not. */
#include "bench/routing/bench.h"
#include "bench/routing/loads.h"
#include "passes/route/router.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool no_way_back(const sf_fabric *f, uint32_t link, uint32_t direction) {
  return direction != sf_fabric_reverse(f, link % f->degree);
}

/* From odd-even on, any turn. */
static sf_result any_minimal(const sf_route_task *task, sf_arena *arena,
                             uint64_t *out) {
  sf_router r;
  sf_routing routing;
  bool *unreached = SF_NEW_ARRAY(arena, bool, task->net_count + (size_t)1);
  if (!unreached) return SF_OOM;
  SF_TRY(sf_router_create(task, arena, &r, &routing));
  SF_TRY(sf_route_by_turns(&r, task->fabric, unreached));
  r.grower.turns = no_way_back;
  SF_TRY(sf_router_sweep(&r, task->sweeps, sf_grow_minimal, NULL,
                         sf_router_lighter));
  *out = 0;
  for (uint32_t l = 0; l < task->fabric->router_count * 4; l++)
    if (r.grower.loads[l] > *out) *out = r.grower.loads[l];
  return SF_OK;
}

enum { SIDE_MAX = 64 };

/* Most of what flows from `low` to `high` along one axis, over the cut before
 * line `cut` of it, by how far they reach along the other: minimal paths stay
 * in between, so that flows within lines a .. b share b - a + 1 links. */
static double cut_bound(const sf_fabric *f, uint32_t count, const sf_net *nets,
                        bool vertical, int32_t cut, bool up) {
  static uint64_t sums[SIDE_MAX + 1][SIDE_MAX + 1]; /* [from a on][up to b] */
  int32_t width = f->width, lines = vertical ? width : f->height;
  double worst = 0;
  memset(sums, 0, sizeof sums);
  for (uint32_t n = 0; n < count; n++) {
    int32_t from = (int32_t)nets[n].source, to = (int32_t)nets[n].sinks[0];
    int32_t x[2] = {from % width, to % width},
            y[2] = {from / width, to / width};
    const int32_t *along = vertical ? y : x, *across = vertical ? x : y;
    if ((along[0] < cut) != up || (along[1] < cut) == up) continue;
    int32_t low = across[across[1] < across[0]];
    int32_t high = across[across[1] > across[0]];
    sums[low][high] += nets[n].weight;
  }
  for (int32_t a = lines - 1; a >= 0; a--) {
    for (int32_t b = a; b < lines; b++) {
      /* those within a .. b: inclusion and exclusion of the two ends */
      sums[a][b] += (b > a ? sums[a][b - 1] : 0) + sums[a + 1][b] -
                    (b > a ? sums[a + 1][b - 1] : 0);
      worst = fmax(worst, (double)sums[a][b] / (b - a + 1));
    }
  }
  return worst;
}

/* No routing by minimal paths has a lower worst link. */
static double bound(const sf_fabric *f, uint32_t count, const sf_net *nets) {
  double worst = 0;
  for (int32_t cut = 1; cut < f->width; cut++)
    for (int way = 0; way < 4; way++)
      worst = fmax(worst, cut_bound(f, count, nets, way & 1, cut, way & 2));
  return worst;
}

static sf_result row(flow_case which, sf_arena *arena) {
  sf_fabric fabric;
  sf_route_task task = {.fabric = &fabric, .sweeps = 16};
  sf_net *nets;
  SF_TRY(flow_case_create(which, arena, &fabric, &nets, &task.net_count));
  task.nets = nets;
  uint64_t minimal = 0, hops = 0;
  for (uint32_t n = 0; n < task.net_count; n++)
    minimal += sf_fabric_distance(&fabric, nets[n].source, nets[n].sinks[0]);
  printf("| %s |", flow_case_names[which]);
  for (int a = SF_ALGORITHM_XY; a <= SF_ALGORITHM_ADAPTIVE; a++) {
    sf_routing routing;
    sf_verdict verdict;
    task.algorithm = (sf_algorithm)a;
    double start = bench_now();
    SF_TRY(sf_route_nets(&task, arena, &routing));
    double seconds = bench_now() - start;
    hops = routing.hop_count;
    SF_TRY(bench_judge(&task, &routing, arena, &verdict));
    printf(" %.1f%s (%.2f s) |", (double)routing.max_load / (double)FLOW_UNIT,
           verdict.acyclic ? "" : " CYCLIC", seconds);
  }
  uint64_t unsafe;
  printf(" %+.1f %% |", 100 * ((double)hops / (double)minimal - 1));
  SF_TRY(any_minimal(&task, arena, &unsafe));
  printf(" %.1f | %.1f |\n", (double)unsafe / (double)FLOW_UNIT,
         bound(&fabric, task.net_count, nets) / (double)FLOW_UNIT);
  fflush(stdout);
  return SF_OK;
}

sf_result bench_loads(void) {
  puts(
      "| flows | xy | odd-even | adaptive | its hops beyond the shortest | any "
      "minimal path (unsafe) | no minimal routing is below |\n"
      "|---|---|---|---|---|---|---|");
  for (int which = 0; which < FLOW_CASES; which++) {
    sf_arena *arena = sf_arena_create();
    if (!arena) return SF_OOM;
    sf_result result = row((flow_case)which, arena);
    sf_arena_destroy(arena);
    SF_TRY(result);
  }
  return SF_OK;
}
