/* bench.h - parts of bench_routing. */
#ifndef SF_BENCH_ROUTING_BENCH_H
#define SF_BENCH_ROUTING_BENCH_H

#include "bench/routing/cases.h"
#include "passes/route/waits.h"

typedef struct bench_options {
  uint32_t placements, faults, nets;
  bool one_fault, one_net; /* faults, nets are given: these rows alone */
  int fabric;              /* case_fabric; -1: all */
  sf_algorithm algorithm;
  bool plain, loads; /* plain: NER without regard to deadlock, for a dump */
  uint64_t seed;
  const char *dump; /* path; NULL: none */
} bench_options;

double bench_now(void); /* processor seconds */
/* Every tree is checked for being one; mode A. Errors: OOM, FAIL. */
sf_result bench_judge(const sf_route_task *task, const sf_routing *routing,
                      sf_arena *arena, sf_verdict *out) SF_MUST_USE;

sf_result bench_placements(const bench_options *options) SF_MUST_USE;
sf_result bench_loads(void) SF_MUST_USE;
/* One placement as text, README.md. */
sf_result bench_dump(const bench_options *options) SF_MUST_USE;

#endif
