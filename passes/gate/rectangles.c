/* rectangles.c - many places as few rectangles, so that a small network on a
 * large board needs few rows. */
#include "passes/gate/gate.h"

#include <string.h>

sf_result sf_gate_add(sf_gate_list *list, sf_gate gate) {
  if (list->count == list->capacity) {
    uint32_t capacity = list->capacity ? 2 * list->capacity : 16;
    sf_gate *items = SF_NEW_ARRAY(list->arena, sf_gate, capacity);
    if (!items) return SF_OOM;
    if (list->count) memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
  }
  list->items[list->count++] = gate;
  return SF_OK;
}

static bool row_is_set(const bool *grid, int32_t width, int32_t x, int32_t y,
                       int32_t columns) {
  for (int32_t i = 0; i < columns; i++)
    if (!grid[y * width + x + i]) return false;
  return true;
}

/* The largest rectangle of set places that starts at (x, y) and is first as
 * wide, then as high as it can be. */
static void grow(const bool *grid, const sf_gate_board *b, sf_gate *gate) {
  int32_t x = gate->x, y = gate->y;
  gate->columns = gate->rows = 1;
  while (x + gate->columns < b->width && grid[y * b->width + x + gate->columns])
    gate->columns++;
  while (y + gate->rows < b->height &&
         row_is_set(grid, b->width, x, y + gate->rows, gate->columns)) {
    gate->rows++;
  }
}

/* Clears the rectangle; does it hold anything of the machine? */
static bool take(bool *grid, const sf_gate_board *b, const sf_gate *gate) {
  bool holds = false;
  for (int32_t y = gate->y; y < gate->y + gate->rows; y++) {
    for (int32_t x = gate->x; x < gate->x + gate->columns; x++) {
      uint32_t place = (uint32_t)(y * b->width + x);
      grid[place] = false;
      holds = holds || (gate->kind == SF_GATE_ROUTER
                            ? sf_router_exists(b->machine, (sf_position){x, y})
                            : sf_gate_usable(b, place) > 0);
    }
  }
  return holds;
}

sf_result sf_gate_rectangles(const sf_gate_board *b, bool *grid,
                             const sf_gate *like, sf_gate_list *list) {
  for (int32_t y = 0; y < b->height; y++) {
    for (int32_t x = 0; x < b->width; x++) {
      if (!grid[y * b->width + x]) continue;
      sf_gate gate = *like;
      gate.x = x;
      gate.y = y;
      grow(grid, b, &gate);
      if (take(grid, b, &gate)) SF_TRY(sf_gate_add(list, gate));
    }
  }
  return SF_OK;
}
