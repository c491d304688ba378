/* nets.c - see nets.h. */
#include "passes/route/router.h"

#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"xy", "odd-even", "adaptive", "legal-ner"};

const char *sf_algorithm_text(sf_algorithm algorithm) {
  return NAMES[algorithm];
}

bool sf_algorithm_find(const char *text, sf_algorithm *out) {
  for (size_t i = 0; i < SF_COUNT_OF(NAMES); i++) {
    if (strcmp(NAMES[i], text) != 0) continue;
    *out = (sf_algorithm)i;
    return true;
  }
  return false;
}

sf_result sf_fabric_unwrapped(const sf_fabric *fabric, sf_arena *arena,
                              const sf_fabric **out) {
  *out = fabric;
  if (!fabric->wrap) return SF_OK;
  sf_fabric *open = SF_NEW(arena, sf_fabric);
  if (!open) return SF_OOM;
  SF_TRY(sf_fabric_create(fabric->topology, false, fabric->width,
                          fabric->height, arena, open));
  for (uint32_t r = 0; r < open->router_count; r++) {
    if (!fabric->live[r]) sf_fabric_kill(open, r);
    open->live[r] = fabric->live[r];
    for (uint32_t d = 0; d < open->degree; d++)
      if (fabric->neighbours[r * open->degree + d] == SF_FABRIC_NONE)
        sf_fabric_cut(open, r, d);
  }
  *out = open;
  return SF_OK;
}

static sf_result sum_up(sf_router *r) {
  const sf_fabric *f = r->task->fabric;
  size_t links = (size_t)f->router_count * f->degree;
  uint64_t *loads = SF_NEW_ARRAY(r->arena, uint64_t, links + 1);
  if (!loads) return SF_OOM;
  for (uint32_t n = 0; n < r->out->tree_count; n++) {
    const sf_tree *tree = &r->out->trees[n];
    r->out->hop_count += tree->hop_count;
    for (uint32_t i = 0; i < tree->hop_count; i++) {
      uint64_t *load = &loads[tree->hops[i].link];
      *load += r->task->nets[n].weight;
      if (*load > r->out->max_load) r->out->max_load = *load;
    }
  }
  return SF_OK;
}

sf_result sf_route_nets(const sf_route_task *task, sf_arena *arena,
                        sf_routing *out) {
  static sf_result (*const run[])(sf_router *) = {
      sf_route_dimension_order, sf_route_odd_even, sf_route_adaptive,
      sf_route_legal_ner};
  sf_router r;
  SF_TRY(sf_router_create(task, arena, &r, out));
  SF_TRY(run[task->algorithm](&r));
  return sum_up(&r);
}

int sf_numbers_compare(const void *a, const void *b) {
  uint64_t p = *(const uint64_t *)a, q = *(const uint64_t *)b;
  return (p > q) - (p < q);
}

void sf_numbers_sort(uint64_t *numbers, size_t count) {
  if (count) qsort(numbers, count, sizeof *numbers, sf_numbers_compare);
}
