/* warmth.c - what cores dissipate and where their cells are; see place.h. */
#include "machine/thermal_machine.h"
#include "passes/place/place.h"

static double constant(const sf_machine *m, const char *name) {
  const sf_quantity *row = sf_machine_quantity(m, name);
  return row ? row->value : 0;
}

/* pJ a step of each cluster, then scaled so that the busiest has `busiest` W
 * above idle. Synapses are left out: their events are not known here. */
static double *powers(const sf_machine *m, const sf_place_mapping *mapping,
                      double busiest, sf_arena *arena) {
  uint32_t count = mapping->graph.cluster_count;
  double *power = SF_NEW_ARRAY(arena, double, count + (size_t)1);
  double neuron =
      constant(m, "neuron-access-energy") + constant(m, "neuron-update-energy");
  double packet = constant(m, "spike-energy") + constant(m, "axon-out-energy");
  double most = 0;
  if (!(neuron > 0)) neuron = 1;
  for (uint32_t c = 0; c < count && power; c++) {
    power[c] = neuron * (double)mapping->neurons[c] +
               packet * mapping->graph.packets[c] / (double)SF_PLACE_STEPS;
    if (power[c] > most) most = power[c];
  }
  for (uint32_t c = 0; c < count && most > 0; c++)
    power[c] *= busiest / most;
  return power;
}

typedef struct cell_map {
  uint32_t chip_count;
  uint32_t *chip, *die_cell; /* of each seat */
  uint32_t *board_cell;      /* of each chip */
} cell_map;

/* Chips are numbered in the order of their first seats. */
static sf_result map_cells(const sf_place_board *b, const sf_thermal_machine *t,
                           sf_arena *arena, cell_map *out) {
  const sf_machine *m = b->machine;
  uint32_t seats = b->seats.count;
  uint32_t *number =
      SF_NEW_ARRAY(arena, uint32_t, m->chip_count + (size_t)1); /* + 1 */
  *out = (cell_map){0, SF_NEW_ARRAY(arena, uint32_t, seats + (size_t)1),
                    SF_NEW_ARRAY(arena, uint32_t, seats + (size_t)1),
                    SF_NEW_ARRAY(arena, uint32_t, b->chip_count + (size_t)1)};
  if (!number || !out->chip || !out->die_cell || !out->board_cell)
    return SF_OOM;
  for (uint32_t s = 0; s < seats; s++) {
    sf_place_core core = sf_place_board_core(b, s);
    uint32_t *of = &number[core.chip - m->chips];
    if (*of == 0) {
      out->board_cell[out->chip_count] = sf_thermal_cell_of_chip(t, core.chip);
      *of = ++out->chip_count;
    }
    out->chip[s] = *of - 1;
    int64_t at = core.p;
    if (m->family == SF_FAMILY_LOIHI2)
      at += (core.y * m->width + core.x) * m->cores_per_router;
    out->die_cell[s] = sf_thermal_cell_of_core(t, (uint32_t)at);
  }
  return SF_OK;
}

static sf_result influence(const sf_thermal_plate *plate, sf_arena *arena,
                           sf_thermal_influence **out) {
  sf_thermal *network;
  *out = SF_NEW(arena, sf_thermal_influence);
  if (!*out) return SF_OOM;
  SF_TRY(sf_thermal_create(plate, arena, &network));
  return sf_thermal_influence_of(network, arena, *out);
}

sf_result sf_place_warmth_of(const sf_place_board *b,
                             const sf_place_mapping *mapping, double core_power,
                             sf_diag *diag, sf_arena *arena,
                             sf_place_warmth *out) {
  sf_thermal_machine thermal;
  sf_thermal_influence *die, *board = NULL;
  cell_map cells;
  SF_TRY(sf_thermal_of_machine(b->machine, diag, arena, &thermal));
  SF_TRY(influence(&thermal.die, arena, &die));
  if (b->machine->chip_count > 1)
    SF_TRY(influence(&thermal.board, arena, &board));
  SF_TRY(map_cells(b, &thermal, arena, &cells));
  double idle = 1e-3 * constant(b->machine, "core-static-power");
  double busiest = core_power > idle ? core_power - idle : 0;
  *out = (sf_place_warmth){.basis = thermal.basis};
  out->model = (sf_place_heat_model){
      .die = die,
      .board = board,
      .chip_count = cells.chip_count,
      .board_cell = cells.board_cell,
      .chip = cells.chip,
      .die_cell = cells.die_cell,
      .power = powers(b->machine, mapping, busiest, arena),
      .idle = idle};
  return out->model.power ? SF_OK : SF_OOM;
}
