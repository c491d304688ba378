/* crossed.c - which routers paths cross.
 *
 * X-Y paths are counted by their two ends: a path is one piece of a row and one
 * piece of a column, and the pieces of all paths are summed once at the end.
 * That costs a step a path and a router, not a step a hop, which matters where
 * thousands of cores talk over hundreds of hops. */
#include "passes/gate/gate.h"

sf_result sf_gate_crossed_create(sf_gate_board *b, sf_arena *arena) {
  const sf_machine *m = b->machine;
  size_t places = (size_t)b->width * (size_t)b->height;
  b->needed = SF_NEW_ARRAY(arena, bool, places);
  b->along_x = SF_NEW_ARRAY(arena, int32_t, places + 1);
  b->along_y = SF_NEW_ARRAY(arena, int32_t, places + 1);
  if (!b->needed || !b->along_x || !b->along_y) return SF_OOM;
  b->whole = m->dead_link_count == 0 &&
             m->chip_count == (uint32_t)m->columns * (uint32_t)m->rows;
  for (uint32_t i = 0; i < m->chip_count; i++)
    b->whole = b->whole && !m->chips[i].dead;
  return SF_OK;
}

void sf_gate_cross(sf_gate_board *b, sf_position router) {
  b->needed[router.y * b->width + router.x] = true;
}

/* Adds the piece from low to high of line `line`; lines are `length` long. */
static void add_piece(int32_t *ends, int32_t line, int32_t length, int32_t a,
                      int32_t b) {
  int32_t low = a < b ? a : b, high = a < b ? b : a;
  ends[(size_t)line * (size_t)length + (size_t)low]++;
  ends[(size_t)line * (size_t)length + (size_t)high + 1]--;
}

bool sf_gate_cross_xy(sf_gate_board *b, sf_position from, sf_position to) {
  if (b->whole) {
    /* A piece that ends at the border ends where the next line begins, whose
     * first element takes the -1: sums run over all lines, so that they are 0
     * again there. */
    add_piece(b->along_x, from.y, b->width, from.x, to.x);
    add_piece(b->along_y, to.x, b->height, from.y, to.y);
    return true;
  }
  const int32_t east = 0, north = 1, west = 2, south = 3;
  sf_gate_cross(b, from);
  while (from.x != to.x || from.y != to.y) {
    int32_t d = to.x > from.x   ? east
                : to.x < from.x ? west
                : to.y > from.y ? north
                                : south;
    if (!sf_router_behind(b->machine, from, d, &from)) return false;
    sf_gate_cross(b, from);
  }
  return true;
}

void sf_gate_crossed_finish(sf_gate_board *b) {
  int32_t row = 0, column = 0;
  size_t places = (size_t)b->width * (size_t)b->height;
  for (size_t i = 0; i < places; i++) {
    row += b->along_x[i];
    column += b->along_y[i];
    if (row > 0) b->needed[i] = true;
    size_t x = i / (size_t)b->height, y = i % (size_t)b->height;
    if (column > 0) b->needed[y * (size_t)b->width + x] = true;
  }
}
