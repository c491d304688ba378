/* gate.h - parts of the pass `power-gating-insertion` (mapping.md 6).
 *
 *   board.c        which cores a mapping needs, and who talks to whom
 *   crossed.c      which routers paths cross
 *   rectangles.c   what it does not need, in few rows
 *   rows.c         gates to rows of the mapping block and back
 *   gate.c         the pass
 *
 * What is switched off stays off: nothing of it is ever used, so that there is
 * nothing to wake and no state to keep. A place is a router of the board on
 * LOIHI2 and a chip on SPINNAKER2. */
#ifndef SF_PASSES_GATE_GATE_H
#define SF_PASSES_GATE_GATE_H

#include "machine/routing.h"
#include "sf/ir.h"

typedef enum sf_gate_kind {
  SF_GATE_CORE,
  SF_GATE_ROUTER,
  SF_GATE_BANK
} sf_gate_kind;

/* A rectangle of places, and what of each is off. */
typedef struct sf_gate {
  sf_gate_kind kind;
  int32_t x, y, columns, rows;
  uint32_t p, count; /* CORE: cores p .. p + count - 1; count 0: all usable
                        ones. BANK: of core p */
  uint32_t bank;     /* BANK: this one and all above it are off */
} sf_gate;

typedef struct sf_gate_list {
  sf_arena *arena;
  uint32_t count, capacity;
  sf_gate *items;
} sf_gate_list;

sf_result sf_gate_add(sf_gate_list *list, sf_gate gate) SF_MUST_USE;

/* A core in use. */
typedef struct sf_gate_core {
  uint32_t place, p;
  uint32_t chip;
  uint64_t words; /* LOIHI2: of the pool, at most */
} sf_gate_core;

typedef struct sf_gate_board {
  const sf_machine *machine;
  int32_t width, height; /* places */
  uint32_t cores_each;   /* of a place, usable or not */
  uint64_t banks;        /* of a core's memory; 0: not known */
  bool *needed;          /* routers: of a core in use, on a route, or on a path
                            of barriers and configuration */
  bool routers;          /* false: no router may be switched off */
  sf_position root;      /* where barriers gather and the host enters */
  uint32_t core_count;
  sf_gate_core *cores; /* by place, then p */
  /* Private to crossed.c: ends of pieces of rows and of columns. */
  int32_t *along_x, *along_y;
  bool whole; /* every place has a live router, and all links live */
} sf_gate_board;

/* What `mapping`, which is routed, needs. In `arena`. Errors: OOM; MAPPING. */
sf_result sf_gate_board_of(const sf_mapping *mapping, const sf_machine *machine,
                           sf_arena *arena, sf_diag *diag,
                           sf_gate_board *out) SF_MUST_USE;
/* Usable cores of a place; 0: no live chip there. */
uint32_t sf_gate_usable(const sf_gate_board *board, uint32_t place);
bool sf_gate_is_usable(const sf_gate_board *board, uint32_t place, uint32_t p);

/* ---- Routers that are crossed. ---- */
sf_result sf_gate_crossed_create(sf_gate_board *board,
                                 sf_arena *arena) SF_MUST_USE;
void sf_gate_cross(sf_gate_board *board, sf_position router);
/* The path X, then Y on a mesh; false: it is not live. */
bool sf_gate_cross_xy(sf_gate_board *board, sf_position from, sf_position to);
void sf_gate_crossed_finish(sf_gate_board *board); /* fills `needed` */

/* Covers the set places of a grid by rectangles that do not overlap, each as
 * wide, then as high as it can be; clears the grid. Rectangles that hold
 * nothing of the machine are left out. `like` is their pattern. */
sf_result sf_gate_rectangles(const sf_gate_board *board, bool *grid,
                             const sf_gate *like,
                             sf_gate_list *list) SF_MUST_USE;

/* ---- Rows. ---- */

/* Replaces the rows `gate` of a mapping. */
sf_result sf_gate_rows_write(sf_mapping *mapping,
                             const sf_gate_list *list) SF_MUST_USE;
/* Errors: OOM; MAPPING when a row says nothing that can be understood. */
sf_result sf_gate_rows_read(const sf_mapping *mapping, sf_diag *diag,
                            sf_gate_list *list) SF_MUST_USE;

/* How many parts are off, and those of them on chips that hold a core in use.
 */
typedef struct sf_gate_counts {
  uint64_t cores, routers, banks;
  uint64_t near_cores, near_routers;
} sf_gate_counts;

/* Of gates on the board of their mapping. Errors: OOM. */
sf_result sf_gate_count(const sf_gate_board *board, const sf_gate_list *list,
                        sf_arena *arena, sf_gate_counts *out) SF_MUST_USE;
/* Of the rows of a mapping. Errors as for sf_gate_rows_read and
 * sf_gate_board_of. */
sf_result sf_gate_count_rows(const sf_mapping *mapping,
                             const sf_machine *machine, sf_arena *arena,
                             sf_diag *diag, sf_gate_counts *out) SF_MUST_USE;

#endif
