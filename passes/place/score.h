/* score.h - how good a placement is: hops, loads of links, crossings, energy,
 * and bounds that no placement can beat. mapping.md 1.2, 1.8. */
#ifndef SF_PASSES_PLACE_SCORE_H
#define SF_PASSES_PLACE_SCORE_H

#include "passes/place/graph.h"

/* Sum over pairs of packets * distance: one copy of a packet for each target.
 * A relation costs O(clusters + sides) on a mesh, the square of its routers on
 * a hexagonal fabric, where the axes do not separate. */
sf_result sf_place_hops(const sf_place_graph *graph,
                        const sf_placement *placement, sf_arena *scratch,
                        uint64_t *out) SF_MUST_USE;

/* Sum over pairs of packets, those within one router left out of *out_remote.
 */
sf_result sf_place_packets(const sf_place_graph *graph,
                           const sf_placement *placement, sf_arena *scratch,
                           uint64_t *out_all, uint64_t *out_remote) SF_MUST_USE;

/* Packets that cross a border between tiles of tile_width x tile_height routers
 * (chips), counted once a border. Mesh only. */
sf_result sf_place_crossings(const sf_place_graph *graph,
                             const sf_placement *placement, int32_t tile_width,
                             int32_t tile_height, sf_arena *scratch,
                             uint64_t *out) SF_MUST_USE;

/* Links that one copy of each packet takes when it is forked on the way: the
 * union of the X-then-Y paths of a cluster to all its targets. Mesh without
 * wrap. */
sf_result sf_place_multicast_hops(const sf_place_graph *graph,
                                  const sf_placement *placement,
                                  sf_arena *scratch, uint64_t *out) SF_MUST_USE;

/* ---- Links. ---- */

typedef enum sf_place_path { SF_PATH_XY, SF_PATH_YX } sf_place_path;

/* Packets on every directed link, number router * 4 + direction (e n w s): the
 * sum over `paths` shares of the packets, share[XY] + share[YX] = 2. A half
 * each is what picking one of both at random gives on average. Loads come
 * doubled. Mesh without wrap. */
sf_result sf_place_loads(const sf_place_graph *graph,
                         const sf_placement *placement, const uint32_t share[2],
                         sf_arena *scratch, uint64_t **out_doubled) SF_MUST_USE;

/* The worst of all loads as above. */
double sf_place_load_worst(const sf_fabric *fabric, const uint64_t *doubled);

/* ---- Bounds. ---- */

/* Hops below which no placement with at most `each` clusters a router can be:
 * each cluster's neighbours sorted by packets, the heaviest nearest (star bound
 * of mapping.md 1.8, with `each` - 1 neighbours at no distance). `degree`:
 * links of a router, 4 or 6. */
sf_result sf_place_star_bound(const sf_place_graph *graph, uint32_t each,
                              uint32_t degree, sf_arena *scratch,
                              uint64_t *out) SF_MUST_USE;
/* Worst load of a link that no routing of this placement can beat: packets over
 * each straight cut of the mesh, which every minimal path crosses once, divided
 * by the live links there. From loads as above. */
double sf_place_cut_bound(const sf_fabric *fabric, const uint64_t *doubled);

#endif
