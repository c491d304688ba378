/* anneal.h - placements made better by exchanges, with the exact change of the
 * cost at each. */
#ifndef SF_PASSES_PLACE_ANNEAL_H
#define SF_PASSES_PLACE_ANNEAL_H

#include "passes/place/heat.h"

/* The cost of a placement, kept up to date while clusters exchange seats: hops
 * of one copy of a packet for each target (sf_place_hops). An arc costs its two
 * ends; a relation the value of two fields at the cluster, however many
 * clusters the block has (mesh: a field along x and one along y). */
typedef struct sf_place_cost sf_place_cost;

/* `placement` is borrowed and changed by exchanges; coordinates in hops are
 * below 32,768. In `arena`. Windows must have been expanded when there are
 * many. */
sf_result sf_place_cost_create(const sf_place_graph *graph,
                               sf_placement *placement, sf_arena *arena,
                               sf_place_cost **out) SF_MUST_USE;
/* What it was created for, borrowed. */
const sf_place_graph *sf_place_cost_graph(const sf_place_cost *cost);
sf_placement *sf_place_cost_placement(const sf_place_cost *cost);
/* The whole cost, computed anew. */
int64_t sf_place_cost_total(const sf_place_cost *cost);
/* Cluster in a seat, or SF_PLACE_NONE. */
uint32_t sf_place_cost_sitter(const sf_place_cost *cost, uint32_t seat);
/* Change of the cost when `cluster` and whoever sits in `seat` exchange. */
int64_t sf_place_cost_delta(const sf_place_cost *cost, uint32_t cluster,
                            uint32_t seat);
/* Adds `weight` hops for each W K of heat.h to what searches lower; the field
 * follows exchanges. Borrowed. NULL: hops only. */
void sf_place_cost_heat(sf_place_cost *cost, sf_place_heat *heat,
                        double weight);
bool sf_place_cost_has_heat(const sf_place_cost *cost);
/* Change of hops and weighted heat. */
double sf_place_cost_change(const sf_place_cost *cost, uint32_t cluster,
                            uint32_t seat);
/* Does it. */
void sf_place_cost_exchange(sf_place_cost *cost, uint32_t cluster,
                            uint32_t seat);

/* ---- Searches. Deterministic: own generator, seeded. ---- */

typedef struct sf_anneal_options {
  uint64_t seed;
  double effort; /* moves a temperature = effort * clusters^(4/3), as in VPR */
  /* First temperature: 0 is VPR's, twenty deviations of random exchanges, which
   * forgets where it starts; else this part of the mean rise of the cost among
   * exchanges with neighbours, which keeps the structure of a good start. */
  double warmth;
  const bool *fixed; /* of each seat: stays as it is; NULL: none */
} sf_anneal_options;

/* Anneals (mapping.md 2.4, the schedule of VPR). *out_change: of hops and
 * weighted heat; never above 0, for a worse end is taken back. */
sf_result sf_place_anneal(sf_place_cost *cost, const sf_anneal_options *options,
                          sf_arena *scratch, double *out_change) SF_MUST_USE;

/* Sweeps over all routers in order and exchanges with seats at most `reach`
 * away while that lowers the cost; at most `sweeps` times. Returns the change.
 */
double sf_place_polish(sf_place_cost *cost, int32_t reach, uint32_t sweeps);

#endif
