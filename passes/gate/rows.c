/* rows.c - gates as rows of the mapping block:
 *
 *   gate (x, y) {kind = core, columns = 8, rows = 2}           all their cores
 *   gate (x, y) {kind = core, p = 1, count = 3}
 *   gate (x, y) {kind = router, columns = 4, rows = 1}
 *   gate (x, y) {kind = bank, p = 0, bank = 3}      bank 3 and all above it
 *
 * A rectangle may reach over places that are not there. */
#include "passes/gate/gate.h"

#include "passes/mapping/rows.h"

#include <string.h>

static const char *const KINDS[] = {"core", "router", "bank"};

static sf_result write_row(sf_mapping *mapping, const sf_gate *gate) {
  sf_arena *arena = mapping->module->arena;
  sf_mop *row = sf_mop_create(mapping, NULL, "gate");
  int64_t at[2] = {gate->x, gate->y};
  if (!row) return SF_OOM;
  SF_TRY(sf_mop_add_tuple(mapping, row, 2, at));
  sf_dict *attrs = &row->attrs;
  SF_TRY(sf_dict_set_word(arena, attrs, "kind", KINDS[gate->kind]));
  if (gate->columns > 1)
    SF_TRY(sf_dict_set_int(arena, attrs, "columns", gate->columns));
  if (gate->rows > 1) SF_TRY(sf_dict_set_int(arena, attrs, "rows", gate->rows));
  if (gate->kind == SF_GATE_BANK)
    SF_TRY(sf_dict_set_int(arena, attrs, "bank", gate->bank));
  if (gate->kind == SF_GATE_ROUTER || gate->count == 0) return SF_OK;
  SF_TRY(sf_dict_set_int(arena, attrs, "p", gate->p));
  if (gate->count == 1) return SF_OK;
  return sf_dict_set_int(arena, attrs, "count", gate->count);
}

sf_result sf_gate_rows_write(sf_mapping *mapping, const sf_gate_list *list) {
  sf_mapping_remove(mapping, "gate");
  for (uint32_t i = 0; i < list->count; i++)
    SF_TRY(write_row(mapping, &list->items[i]));
  return SF_OK;
}

/* A number from `low` to 2^20; -1: it is another. */
static int64_t number(const sf_mop *row, const char *name, int64_t fallback,
                      int64_t low) {
  int64_t value = sf_dict_int(&row->attrs, name, fallback);
  return value >= low && value <= 1 << 20 ? value : -1;
}

static bool read_row(const sf_mop *row, sf_gate *out) {
  const sf_mop_argument *at = sf_mop_find(row, SF_MOP_TUPLE);
  const char *kind = sf_dict_text(&row->attrs, "kind");
  if (!at || at->count != 2 || !kind) return false;
  size_t k = 0;
  while (k < SF_COUNT_OF(KINDS) && strcmp(KINDS[k], kind) != 0)
    k++;
  bool cores = sf_dict_find(&row->attrs, "p") != NULL;
  int64_t columns = number(row, "columns", 1, 1);
  int64_t rows = number(row, "rows", 1, 1);
  int64_t p = number(row, "p", 0, 0);
  int64_t count = number(row, "count", cores ? 1 : 0, 0);
  int64_t bank = number(row, "bank", 0, 0);
  int64_t x = at->numbers[0].i, y = at->numbers[1].i;
  if (k == SF_COUNT_OF(KINDS) || columns < 0 || rows < 0 || p < 0 ||
      count < 0 || bank < 0 || x < 0 || y < 0 || x > 1 << 20 || y > 1 << 20) {
    return false;
  }
  *out =
      (sf_gate){(sf_gate_kind)k, (int32_t)x,  (int32_t)y,      (int32_t)columns,
                (int32_t)rows,   (uint32_t)p, (uint32_t)count, (uint32_t)bank};
  return true;
}

sf_result sf_gate_rows_read(const sf_mapping *mapping, sf_diag *diag,
                            sf_gate_list *list) {
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "gate")) continue;
    sf_gate gate;
    if (!read_row(m, &gate)) {
      return sf_error(diag, SF_DIAG_MAPPING, m->loc,
                      "a gate needs a place, a kind (core, router or bank) and "
                      "numbers that are not negative");
    }
    SF_TRY(sf_gate_add(list, gate));
  }
  return SF_OK;
}

/* ---- Counting. ---- */

static uint32_t chip_index(const sf_gate_board *b, int32_t x, int32_t y) {
  const sf_machine *m = b->machine;
  bool chips = m->family == SF_FAMILY_SPINNAKER2;
  const sf_chip *chip = sf_machine_chip_at(m, chips ? x : x / m->width,
                                           chips ? y : y / m->height);
  return chip ? (uint32_t)(chip - m->chips) : UINT32_MAX;
}

static uint64_t cores_off(const sf_gate_board *b, const sf_gate *gate,
                          uint32_t place) {
  if (gate->count == 0) return sf_gate_usable(b, place);
  uint64_t count = 0;
  for (uint32_t i = 0; i < gate->count && gate->p + i < b->cores_each; i++)
    count += sf_gate_is_usable(b, place, gate->p + i);
  return count;
}

static void count_gate(const sf_gate_board *b, const sf_gate *gate,
                       const bool *in_use, sf_gate_counts *out) {
  for (int32_t y = gate->y; y < gate->y + gate->rows && y < b->height; y++) {
    for (int32_t x = gate->x; x < gate->x + gate->columns && x < b->width;
         x++) {
      uint32_t chip = chip_index(b, x, y);
      if (chip == UINT32_MAX) continue;
      uint32_t place = (uint32_t)(y * b->width + x);
      if (gate->kind == SF_GATE_BANK) {
        uint64_t off = gate->bank < b->banks ? b->banks - gate->bank : 0;
        out->banks += off * cores_off(b, gate, place);
      } else if (gate->kind == SF_GATE_ROUTER) {
        bool live = !b->machine->chips[chip].dead;
        out->routers += live;
        out->near_routers += live && in_use[chip];
      } else {
        uint64_t cores = cores_off(b, gate, place);
        out->cores += cores;
        out->near_cores += in_use[chip] ? cores : 0;
      }
    }
  }
}

sf_result sf_gate_count(const sf_gate_board *board, const sf_gate_list *list,
                        sf_arena *arena, sf_gate_counts *out) {
  *out = (sf_gate_counts){0};
  const sf_machine *machine = board->machine;
  bool *in_use = SF_NEW_ARRAY(arena, bool, machine->chip_count);
  if (!in_use) return SF_OOM;
  for (uint32_t c = 0; c < board->core_count; c++) {
    const sf_chip *chip = sf_machine_chip(machine, board->cores[c].chip);
    if (chip) in_use[chip - machine->chips] = true;
  }
  for (uint32_t i = 0; i < list->count; i++)
    count_gate(board, &list->items[i], in_use, out);
  return SF_OK;
}

sf_result sf_gate_count_rows(const sf_mapping *mapping,
                             const sf_machine *machine, sf_arena *arena,
                             sf_diag *diag, sf_gate_counts *out) {
  *out = (sf_gate_counts){0};
  sf_gate_list list = {.arena = arena};
  SF_TRY(sf_gate_rows_read(mapping, diag, &list));
  if (list.count == 0) return SF_OK;
  sf_gate_board board;
  SF_TRY(sf_gate_board_of(mapping, machine, arena, diag, &board));
  return sf_gate_count(&board, &list, arena, out);
}
