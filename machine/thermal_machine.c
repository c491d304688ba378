/* thermal_machine.c - what a description says of die, package and board. */
#include "machine/thermal_machine.h"

#include "machine/cost.h"

#include <string.h>

static const double MILLI = 1e-3, MEGA = 1e6;

static const char *const NEEDED[] = {
    "die-width",           "die-height",          "die-thickness",
    "die-conductivity",    "die-heat-capacity",   "package-resistance",
    "board-resistance",    "board-conductance",   "ambient-temperature",
    "leakage-temperature", "leakage-sensitivity",
};

static sf_result check_needed(const sf_machine *m, sf_diag *diag,
                              const char **basis) {
  sf_result result = SF_OK;
  *basis = "measured";
  for (size_t i = 0; i < SF_COUNT_OF(NEEDED); i++) {
    const sf_quantity *row = sf_machine_quantity(m, NEEDED[i]);
    if (row && row->value > 0) {
      *basis = sf_cost_weaker(*basis, row->basis);
      continue;
    }
    result =
        sf_error(diag, SF_DIAG_MACHINE, SF_NO_LOC,
                 "'%s' cannot be a thermal model: it gives no '%s' above 0",
                 m->name, NEEDED[i]);
  }
  return result;
}

/* Width of a block of n cells that is as square as it can be. */
static uint32_t block_width(uint32_t n) {
  uint32_t width = 1;
  while (width * width < n)
    width++;
  return width;
}

static sf_thermal_sheet sheet(const sf_machine *m, const char *thickness,
                              const char *conductivity) {
  const sf_quantity *t = sf_machine_quantity(m, thickness);
  if (!t || t->value == 0) return (sf_thermal_sheet){0};
  return (sf_thermal_sheet){t->value * MILLI, sf_machine_value(m, conductivity),
                            0};
}

/* Positions of a named row, or what the quads reach over if that is more. */
static uint32_t positions(const sf_machine *m, const char *name,
                          int32_t least) {
  const sf_quantity *row = sf_machine_quantity(m, name);
  bool more =
      row && row->value > least && row->value <= (double)SF_THERMAL_SIDE_MAX;
  return more ? (uint32_t)row->value : (uint32_t)least;
}

static void describe_die(const sf_machine *m, sf_thermal_machine *out) {
  uint32_t columns = (uint32_t)m->width, rows = (uint32_t)m->height;
  if (m->family == SF_FAMILY_SPINNAKER2) {
    sf_position reach = {0, 0};
    for (uint32_t i = 0; i < m->quad_count; i++) {
      if (m->quads[i].x >= reach.x) reach.x = m->quads[i].x + 1;
      if (m->quads[i].y >= reach.y) reach.y = m->quads[i].y + 1;
    }
    columns = positions(m, "noc-columns", reach.x);
    rows = positions(m, "noc-rows", reach.y);
  }
  uint32_t wide = block_width(m->cores_per_router);
  uint32_t high = (m->cores_per_router + wide - 1) / wide;
  out->columns = columns;
  out->block_width = wide;
  sf_thermal_plate *die = &out->die;
  die->width = columns * wide;
  die->height = rows * high;
  die->cell_width = sf_machine_value(m, "die-width") * MILLI / die->width;
  die->cell_height = sf_machine_value(m, "die-height") * MILLI / die->height;
  die->die = sheet(m, "die-thickness", "die-conductivity");
  die->die.heat_capacity = sf_machine_value(m, "die-heat-capacity") * MEGA;
  if (sf_machine_quantity(m, "spreader-thickness")) {
    die->spreader = sheet(m, "spreader-thickness", "spreader-conductivity");
    die->interface = sheet(m, "interface-thickness", "interface-conductivity");
  }
  die->resistance = sf_machine_value(m, "package-resistance");
}

/* A sheet of one metre squares whose conductance a square is the board's. */
static sf_result describe_board(const sf_machine *m, sf_arena *arena,
                                sf_thermal_machine *out) {
  sf_thermal_plate *board = &out->board;
  board->width = (uint32_t)m->columns;
  board->height = (uint32_t)m->rows;
  board->cell_width = board->cell_height = 1;
  board->die.thickness = 1;
  board->die.conductivity = sf_machine_value(m, "board-conductance");
  board->resistance = sf_machine_value(m, "board-resistance") / m->chip_count;
  bool *present =
      SF_NEW_ARRAY(arena, bool, (size_t)board->width *(size_t)board->height);
  if (!present) return SF_OOM;
  for (uint32_t i = 0; i < m->chip_count; i++)
    present[sf_thermal_cell_of_chip(out, &m->chips[i])] = true;
  board->present = present;
  return SF_OK;
}

sf_result sf_thermal_of_machine(const sf_machine *machine, sf_diag *diag,
                                sf_arena *arena, sf_thermal_machine *out) {
  *out = (sf_thermal_machine){.machine = machine};
  SF_TRY(check_needed(machine, diag, &out->basis));
  describe_die(machine, out);
  out->ambient = sf_machine_value(machine, "ambient-temperature");
  out->leakage_reference = sf_machine_value(machine, "leakage-temperature");
  out->leakage_sensitivity = sf_machine_value(machine, "leakage-sensitivity");
  return describe_board(machine, arena, out);
}

uint32_t sf_thermal_cell_of_core(const sf_thermal_machine *t, uint32_t number) {
  const sf_machine *m = t->machine;
  uint32_t group = number / m->cores_per_router,
           p = number % m->cores_per_router;
  uint32_t x = group % t->columns, y = group / t->columns;
  if (m->family == SF_FAMILY_SPINNAKER2) {
    x = (uint32_t)m->quads[group].x;
    y = (uint32_t)m->quads[group].y;
  }
  uint32_t high = (m->cores_per_router + t->block_width - 1) / t->block_width;
  uint32_t column = x * t->block_width + p % t->block_width;
  return (y * high + p / t->block_width) * t->die.width + column;
}

uint32_t sf_thermal_cell_of_chip(const sf_thermal_machine *t,
                                 const sf_chip *chip) {
  return (uint32_t)(chip->y * t->machine->columns + chip->x);
}
