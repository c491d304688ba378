/* routing.h - the channels of a machine and the paths that packets take.
 *
 * A channel is a directed link between routers, or the port by which a core's
 * packets enter (inject) or leave (eject) its router. LOIHI2: routers of the
 * whole board (sf/machine.h). SPINNAKER2: one router a chip. */
#ifndef SF_MACHINE_ROUTING_H
#define SF_MACHINE_ROUTING_H

#include "sf/machine.h"

typedef enum sf_channel_kind {
  SF_CHANNEL_INJECT,
  SF_CHANNEL_LINK,
  SF_CHANNEL_EJECT
} sf_channel_kind;

typedef struct sf_channel {
  sf_channel_kind kind;
  int32_t x, y; /* router that it leaves (link), or of the core */
  int32_t port; /* link: direction, see sf_direction_text; else core p */
} sf_channel;

/* Order of channels: kind, y, x, port. */
int sf_channel_compare(const sf_channel *a, const sf_channel *b);

/* Directions of links: MESH e n w s (0..3); HEX e ne n w sw s (0..5), the link
 * numbers of SpiNNaker. NULL, -1: no such direction. */
unsigned sf_direction_count(sf_topology topology);
const char *sf_direction_text(sf_topology topology, int32_t direction);
int32_t sf_direction_find(sf_topology topology, const char *text);
sf_position sf_direction_vector(sf_topology topology, int32_t direction);

/* Router of a core on the board. false: no such live chip, or outside it. */
bool sf_core_router(const sf_machine *machine, int64_t chip, int64_t x,
                    int64_t y, sf_position *out);
/* Does the board have a live router there? */
bool sf_router_exists(const sf_machine *machine, sf_position router);

/* Order of dead links: y, x, direction; for qsort. */
int sf_dead_link_compare(const void *a, const void *b);
/* Place of the router behind a link, round the edges of a torus. false: the
 * link leaves the machine, or leads back to where it starts. Says nothing of
 * what is dead. */
bool sf_router_at(const sf_machine *machine, sf_position router,
                  int32_t direction, sf_position *out);
/* The live router behind a live link of a live router; false: none, and *out is
 * where it would be. */
bool sf_router_behind(const sf_machine *machine, sf_position router,
                      int32_t direction, sf_position *out);

/* X, then Y, on a mesh. Writes at most `capacity` directions; returns the
 * length of the path, or -1 when a router or link on it is missing or dead. */
int64_t sf_route_xy(const sf_machine *machine, sf_position from, sf_position to,
                    int32_t *directions, size_t capacity);

#endif
