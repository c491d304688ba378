/* place.h - parts of the pass `place` that know the IR and the machine.
 *
 *   read.c      a mapping block as a placement graph
 *   board.c     the cores of a machine as seats
 *   search.c    the best layout, refined; chips as wholes on SpiNNaker2
 *   place.c     the pass
 *
 * The rest of the folder (graph.h) computes on plain data. */
#ifndef SF_PASSES_PLACE_PLACE_H
#define SF_PASSES_PLACE_PLACE_H

#include "passes/place/heat.h"
#include "sf/ir.h"

/* ---- read.c ---- */

enum { SF_PLACE_STEPS = 1000 }; /* packets are counted in as many steps */

/* Packets a neuron sends in SF_PLACE_STEPS steps, of a population by name. */
typedef struct sf_place_rate {
  const char *name;
  uint32_t packets;
} sf_place_rate;

typedef struct sf_place_rates {
  uint32_t count;
  const sf_place_rate *rates; /* others: uniform, one a step */
} sf_place_rates;

/* `h1=0.05, h2=0.2`: spikes of a neuron a step. Errors: PASS_OPTION, when it
 * does not read so or a rate is not in 0 .. 1. */
sf_result sf_place_rates_read(const char *text, sf_arena *arena, sf_diag *diag,
                              sf_place_rates *out) SF_MUST_USE;

typedef struct sf_place_mapping {
  sf_place_graph graph; /* packets in SF_PLACE_STEPS steps */
  sf_mop **rows;        /* `core` of each cluster */
  uint64_t *neurons;    /* of each cluster */
} sf_place_mapping;

/* Clusters are cores, in layer order: by their first population, then by the
 * place of its box, rows and columns before channels, so that cores that look
 * at the same part of an image stand together. Time and memory grow with cores
 * and with boxes that meet. In `arena`. Errors: MAPPING, no such network. */
sf_result sf_place_read(const sf_mapping *mapping, const sf_place_rates *rates,
                        sf_arena *arena, sf_diag *diag,
                        sf_place_mapping *out) SF_MUST_USE;

/* ---- board.c ---- */

/* Seats of some chips of a machine, with the fabric cut to their rectangle. */
typedef struct sf_place_board {
  const sf_machine *machine;
  sf_fabric fabric;
  sf_place_seats seats;
  int32_t x, y; /* of the fabric's first router on the board */
  uint32_t chip_count;
  int32_t tile_width, tile_height; /* routers of a chip */
} sf_place_board;

/* The fewest chips from number `first` on that have `cores` usable cores, in a
 * rectangle as square as can be; `border`: hops that a border between chips
 * counts on top of its own, Loihi 2 only. *out_seats of all chips: fewer than
 * `cores` when the machine is too small; then *out is not set. In `arena`. */
sf_result sf_place_board_make(const sf_machine *machine, int64_t first,
                              uint32_t cores, int32_t border, sf_arena *arena,
                              sf_place_board *out,
                              uint64_t *out_seats) SF_MUST_USE;

/* All chips, and all their cores. In `arena`. Errors: OOM. */
sf_result sf_place_board_whole(const sf_machine *machine, int32_t border,
                               sf_arena *arena,
                               sf_place_board *out) SF_MUST_USE;

/* A core of the machine. */
typedef struct sf_place_core {
  const sf_chip *chip;
  int64_t x, y, p; /* sf/machine.h */
} sf_place_core;
sf_place_core sf_place_board_core(const sf_place_board *board, uint32_t seat);
/* The seat of a usable core of the board. */
uint32_t sf_place_board_seat(const sf_place_board *board,
                             const sf_place_core *core);

/* ---- warmth.c ---- */

/* What the busiest core dissipates is told; the others follow their share of
 * work: neurons to update and packets to send, by the machine's energies. */
typedef struct sf_place_warmth {
  sf_place_heat_model model;
  const char *basis; /* of the machine's thermal constants */
} sf_place_warmth;

/* `core_power`: W of the busiest core; idle ones have the machine's
 * core-static-power. In `arena`. Errors: MACHINE, when the machine gives no
 * thermal constants. */
sf_result sf_place_warmth_of(const sf_place_board *board,
                             const sf_place_mapping *mapping, double core_power,
                             sf_diag *diag, sf_arena *arena,
                             sf_place_warmth *out) SF_MUST_USE;

/* ---- search.c ---- */

typedef struct sf_place_goal {
  double locality; /* weight of hops */
  double load;     /* weight of the worst link, mesh without wrap */
  double thermal;  /* weight of heat.h's E above that of a flat field */
  const sf_place_heat_model *heat; /* NULL: no thermal term */
  double effort;                   /* sf_refine_options */
  uint64_t seed;
} sf_place_goal;

/* What was found, packets and hops in SF_PLACE_STEPS steps. */
typedef struct sf_place_found {
  uint64_t hops;       /* borders between chips at their weight; on SpiNNaker2
                          links to each chip that gets a copy */
  uint64_t bound;      /* star bound: no placement has fewer; 0: not computed */
  uint64_t crossings;  /* packets over borders between chips */
  uint64_t worst;      /* packets on a link, half X then Y, half Y then X; 0 on
                          tori and hexagonal fabrics */
  uint64_t cut;        /* no routing of this placement has a lower worst one */
  double peak, spread; /* K, of cells over ambient, with a thermal term */
} sf_place_found;

/* Seats every cluster of `graph`: the layouts of layout.h, the best of them by
 * the goal, then refined; on SpiNNaker2, where cores of a chip share one router
 * and a packet goes once to each chip, chips exchange as wholes. In `arena`. */
sf_result sf_place_search(const sf_place_graph *graph,
                          const sf_place_board *board,
                          const sf_place_goal *goal, sf_arena *arena,
                          sf_placement *out,
                          sf_place_found *out_found) SF_MUST_USE;

/* Figures of a placement as it is, however it was made. */
sf_result sf_place_measure(const sf_place_graph *graph,
                           const sf_place_board *board,
                           const sf_placement *placement, sf_arena *arena,
                           sf_place_found *out) SF_MUST_USE;

#endif
