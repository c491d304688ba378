/* loads.h - unicast flows on a square mesh: mapping.md 4.6. */
#ifndef SF_BENCH_ROUTING_LOADS_H
#define SF_BENCH_ROUTING_LOADS_H

#include "passes/route/nets.h"
#include "support/hash.h"

enum { FLOW_UNIT = 1000 }; /* weight of a flow of rate 1 */

typedef enum flow_case {
  FLOW_TRANSPOSE_16, /* (x, y) to (y, x) */
  FLOW_RANDOM_16,    /* 8 uniform targets a router, rates lognormal */
  FLOW_RANDOM_32,
  FLOW_DNN_16_FD, /* 16 layers of 16 clusters, swapped from Hilbert's curve */
  FLOW_DNN_32,    /* on Hilbert's curve */
  FLOW_CNN_32_FD, /* windows of 4 */
  FLOW_CNN_64_FD,
  FLOW_CASES
} flow_case;

extern const char *const flow_case_names[FLOW_CASES];

/* The fabric and one net of one sink a flow. Rates of DNN and CNN are uniform
 * in (0, 1), layers as the benchmark's generator leaves them (mapping.md
 * 1.5). Errors: OOM. */
sf_result flow_case_create(flow_case which, sf_arena *arena, sf_fabric *fabric,
                           sf_net **nets, uint32_t *net_count) SF_MUST_USE;

#endif
