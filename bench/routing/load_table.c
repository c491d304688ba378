/* load_table.c - the most loaded link by algorithm. The last column lets every
 * minimal path in, deadlock or not: what the safe ones are measured by. */
#include "bench/routing/bench.h"
#include "bench/routing/loads.h"
#include "passes/route/router.h"

#include <stdio.h>

static bool no_way_back(const sf_fabric *f, uint32_t link, uint32_t direction) {
  return direction != sf_fabric_reverse(f, link % f->degree);
}

static bool costs_less(const sf_router *r, uint32_t n, const sf_tree *trial) {
  const sf_net *net = &r->task->nets[n];
  return sf_grow_cost(&r->grower, net, trial) <
         sf_grow_cost(&r->grower, net, &r->out->trees[n]);
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
  SF_TRY(sf_router_sweep(&r, task->sweeps, sf_grow_minimal, NULL, costs_less));
  *out = 0;
  for (uint32_t l = 0; l < task->fabric->router_count * 4; l++)
    if (r.grower.loads[l] > *out) *out = r.grower.loads[l];
  return SF_OK;
}

static sf_result row(flow_case which, sf_arena *arena) {
  sf_fabric fabric;
  sf_route_task task = {.fabric = &fabric, .sweeps = 16};
  sf_net *nets;
  SF_TRY(flow_case_create(which, arena, &fabric, &nets, &task.net_count));
  task.nets = nets;
  printf("| %s |", flow_case_names[which]);
  for (int a = SF_ALGORITHM_XY; a <= SF_ALGORITHM_ADAPTIVE; a++) {
    sf_routing routing;
    sf_verdict verdict;
    task.algorithm = (sf_algorithm)a;
    double start = bench_now();
    SF_TRY(sf_route_nets(&task, arena, &routing));
    double seconds = bench_now() - start;
    SF_TRY(bench_judge(&task, &routing, arena, &verdict));
    printf(" %.1f%s (%.2f s) |", (double)routing.max_load / (double)FLOW_UNIT,
           verdict.acyclic ? "" : " CYCLIC", seconds);
  }
  uint64_t unsafe;
  SF_TRY(any_minimal(&task, arena, &unsafe));
  printf(" %.1f |\n", (double)unsafe / (double)FLOW_UNIT);
  fflush(stdout);
  return SF_OK;
}

sf_result bench_loads(void) {
  puts("| flows | xy | odd-even | adaptive | any minimal path (unsafe) |\n"
       "|---|---|---|---|---|");
  for (int which = 0; which < FLOW_CASES; which++) {
    sf_arena *arena = sf_arena_create();
    if (!arena) return SF_OOM;
    sf_result result = row((flow_case)which, arena);
    sf_arena_destroy(arena);
    SF_TRY(result);
  }
  return SF_OK;
}
