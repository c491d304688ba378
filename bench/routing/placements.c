/* placements.c - random placements by fabric, faults and nets. */
#include "bench/routing/bench.h"

#include <stdio.h>

typedef struct totals {
  uint64_t hops, plain_hops, missed, escaped;
  uint32_t placements, valid, plain_cyclic;
  double seconds;
} totals;

/* Nets of `nets` cores: 48 of fan-out 4, 144 of fan-out 8. */
static uint32_t fan_out(uint32_t nets) { return nets < 100 ? 4 : 8; }

static sf_result one(case_fabric which, uint32_t percent, uint32_t nets,
                     uint64_t seed, sf_arena *arena, totals *t) {
  sf_random random = sf_random_seeded(seed);
  sf_fabric fabric;
  sf_net *list;
  sf_routing ours, plain;
  sf_verdict verdict;
  SF_TRY(case_fabric_create(which, percent, &random, arena, &fabric));
  SF_TRY(case_nets_create(&fabric, nets, fan_out(nets), &random, arena, &list));
  sf_route_task task = {.fabric = &fabric,
                        .algorithm = SF_ALGORITHM_LEGAL_NER,
                        .sweeps = 1,
                        .net_count = nets,
                        .nets = list};
  double start = bench_now();
  SF_TRY(sf_route_nets(&task, arena, &ours));
  t->seconds += bench_now() - start;
  SF_TRY(bench_judge(&task, &ours, arena, &verdict));
  t->valid += verdict.acyclic;
  SF_TRY(case_ner(&fabric, nets, list, &random, arena, &plain));
  plain.unrouted = ours.unrouted;
  plain.unrouted_count = ours.unrouted_count;
  SF_TRY(bench_judge(&task, &plain, arena, &verdict));
  t->plain_cyclic += !verdict.acyclic;
  t->placements++;
  t->hops += ours.hop_count;
  t->plain_hops += plain.hop_count;
  t->escaped += ours.escaped_count;
  t->missed += ours.unrouted_count;
  return SF_OK;
}

static sf_result row(case_fabric which, uint32_t percent, uint32_t nets,
                     const bench_options *o) {
  totals t = {0};
  for (uint32_t i = 0; i < o->placements; i++) {
    sf_arena *arena = sf_arena_create();
    if (!arena) return SF_OOM;
    sf_result result = one(which, percent, nets, o->seed + i, arena, &t);
    sf_arena_destroy(arena);
    SF_TRY(result);
  }
  printf("| %s | %u %% | %u x %u | %u of %u | %+.1f %% | %.1f %% | %.2f %% | "
         "%llu | %.1f |\n",
         case_fabric_names[which], percent, nets, fan_out(nets), t.valid,
         t.placements, 100.0 * ((double)t.hops / (double)t.plain_hops - 1),
         100.0 * t.plain_cyclic / t.placements,
         100.0 * (double)t.escaped / ((double)t.placements * nets),
         (unsigned long long)t.missed, 1e3 * t.seconds / t.placements);
  fflush(stdout);
  return SF_OK;
}

sf_result bench_placements(const bench_options *o) {
  puts("| fabric | dead links | nets x sinks | certificates valid | trees "
       "against NER | NER cyclic | on the spanning tree | sinks cut off | ms |"
       "\n|---|---|---|---|---|---|---|---|---|");
  for (int which = 0; which < CASE_FABRICS; which++) {
    if (o->fabric >= 0 && which != o->fabric) continue;
    for (uint32_t percent = 0; percent <= 10; percent += 5) {
      if (o->one_fault && percent != o->faults) continue;
      for (uint32_t nets = 48; nets <= 144; nets += 96)
        if (!o->one_net || nets == o->nets)
          SF_TRY(row((case_fabric)which, percent, nets, o));
    }
  }
  return SF_OK;
}
