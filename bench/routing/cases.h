/* cases.h - fabrics with faults and random nets, the same for bench_routing
 * and the unit test; and plain NER, to compare with. */
#ifndef SF_BENCH_ROUTING_CASES_H
#define SF_BENCH_ROUTING_CASES_H

#include "passes/route/nets.h"
#include "support/hash.h"

typedef enum case_fabric {
  CASE_BOARD,  /* 48 chips: 0 <= x, y <= 7, -4 <= y - x <= 3 */
  CASE_MESH_8, /* hexagonal, open */
  CASE_MESH_24,
  CASE_TORUS_12, /* 12 x 12 */
  CASE_TORUS_24, /* 24 x 12 */
  CASE_FABRICS
} case_fabric;

extern const char *const case_fabric_names[CASE_FABRICS];

/* `percent` of the links are cut, both ways, whatever that separates. */
sf_result case_fabric_create(case_fabric which, uint32_t percent,
                             sf_random *random, sf_arena *arena,
                             sf_fabric *out) SF_MUST_USE;
/* `count` nets of weight 1 with uniform sources and `fan_out` different sinks,
 * on live routers. */
sf_result case_nets_create(const sf_fabric *fabric, uint32_t count,
                           uint32_t fan_out, sf_random *random, sf_arena *arena,
                           sf_net **out) SF_MUST_USE;

/* Neighbour-exploring routing (Navaridas et al. 2015) as rig has it, with no
 * regard to deadlock: sinks by distance from the source; each joins the nearest
 * chip of the tree within 20 hops, else the source, longest dimension first;
 * where a link is dead, by a shortest way round. Cut sinks are left out. */
sf_result case_ner(const sf_fabric *fabric, uint32_t net_count,
                   const sf_net *nets, sf_random *random, sf_arena *arena,
                   sf_routing *out) SF_MUST_USE;

#endif
