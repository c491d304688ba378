/* fabric.h - the network of routers as a graph of numbers: what routing and
 * placement compute on.
 *
 * A fabric is a grid of width x height routers, mesh (four links) or hexagonal
 * (six), open at its edges or wrapped to a torus. Router (x, y) has number
 * y * width + x; the link that leaves router r in direction d (the numbers of
 * machine/routing.h) has number r * degree + d. Routers may be missing or dead;
 * a link that is dead one way counts as dead both ways, since neither flow
 * control nor the answer to a fault survives on it (mapping.md 4.7). */
#ifndef SF_MACHINE_FABRIC_H
#define SF_MACHINE_FABRIC_H

#include "machine/routing.h"

enum { SF_FABRIC_SIDE_MAX = 4096, SF_FABRIC_NONE = -1 };

typedef struct sf_fabric {
  sf_topology topology;
  bool wrap;
  int32_t width, height;
  uint32_t degree;       /* links that may leave a router: 4 or 6 */
  uint32_t router_count; /* width * height, live or not */
  bool *live;            /* of each router */
  int32_t *neighbours;   /* router behind each link; SF_FABRIC_NONE: no live
                            link */
} sf_fabric;

/* All routers and links live. Everything in `arena`, zero-filled memory
 * proportional to the routers. Errors: OOM; FAIL without a message when a side
 * is not 1 .. SF_FABRIC_SIDE_MAX. */
sf_result sf_fabric_create(sf_topology topology, bool wrap, int32_t width,
                           int32_t height, sf_arena *arena,
                           sf_fabric *out) SF_MUST_USE;

/* The fabric of a machine: all routers of the board on LOIHI2, one router a
 * chip on SPINNAKER2; places without a chip and dead chips are not live, dead
 * links are gone. Errors as for sf_fabric_create. */
sf_result sf_fabric_of_machine(const sf_machine *machine, sf_arena *arena,
                               sf_fabric *out) SF_MUST_USE;

/* Takes a link away, both ways, or a router with all its links. Numbers out of
 * range are ignored. */
void sf_fabric_cut(sf_fabric *fabric, uint32_t router, uint32_t direction);
void sf_fabric_kill(sf_fabric *fabric, uint32_t router);

/* Direction that leads back; d's own opposite. */
uint32_t sf_fabric_reverse(const sf_fabric *fabric, uint32_t direction);

/* Hops of a shortest path when all routers and links are live, in closed form
 * (SpiNNaker's hexagonal metric: rig's geometry, spinnaker2.md 4.2). */
uint32_t sf_fabric_distance(const sf_fabric *fabric, uint32_t from,
                            uint32_t to);

/* Live routers that hang together with router `root`: sets in_part[r] for each
 * (router_count elements, cleared first) and returns how many. `queue` has room
 * for router_count numbers. */
uint32_t sf_fabric_part_of(const sf_fabric *fabric, uint32_t root,
                           bool *in_part, uint32_t *queue);

#endif
