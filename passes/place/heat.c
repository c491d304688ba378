/* heat.c - see heat.h. */
#include "passes/place/heat.h"

#include <math.h>

struct sf_place_heat {
  const sf_place_heat_model *model;
  uint32_t cells;    /* of a die */
  double *rise;      /* K of each cell of each chip over its board */
  double *board;     /* K of each chip's board; without one 0 */
  double *influence; /* cells x cells of the die when small, else NULL */
};

enum { TABLE_CELLS_MAX = 512 }; /* 2 MiB */

static double of_die(const sf_place_heat *h, uint32_t at, uint32_t of) {
  return h->influence ? h->influence[(size_t)at * h->cells + of]
                      : sf_thermal_influence_at(h->model->die, at, of);
}

static double of_board(const sf_place_heat *h, uint32_t at, uint32_t of) {
  const sf_place_heat_model *m = h->model;
  return m->board ? sf_thermal_influence_at(m->board, m->board_cell[at],
                                            m->board_cell[of])
                  : 0;
}

/* K at a seat for a watt at another. */
static double between(const sf_place_heat *h, uint32_t at, uint32_t of) {
  const sf_place_heat_model *m = h->model;
  double rise = of_board(h, m->chip[at], m->chip[of]);
  if (m->chip[at] == m->chip[of])
    rise += of_die(h, m->die_cell[at], m->die_cell[of]);
  return rise;
}

static double rise_at(const sf_place_heat *h, uint32_t seat) {
  uint32_t chip = h->model->chip[seat];
  return h->rise[(size_t)chip * h->cells + h->model->die_cell[seat]] +
         h->board[chip];
}

static void add_to_die(sf_place_heat *h, uint32_t chip, uint32_t cell,
                       double watts) {
  double *rise = h->rise + (size_t)chip * h->cells;
  for (uint32_t i = 0; i < h->cells; i++)
    rise[i] += watts * of_die(h, i, cell);
}

static void add_to_board(sf_place_heat *h, uint32_t chip, double watts) {
  for (uint32_t i = 0; i < h->model->chip_count && h->model->board; i++)
    h->board[i] += watts * of_board(h, i, chip);
}

static sf_result make_table(sf_place_heat *h, sf_arena *arena) {
  if (h->cells > TABLE_CELLS_MAX) return SF_OK;
  double *table = SF_NEW_ARRAY(arena, double, (size_t)h->cells * h->cells);
  if (!table) return SF_OOM;
  for (uint32_t i = 0; i < h->cells; i++)
    for (uint32_t k = 0; k < h->cells; k++)
      table[(size_t)i * h->cells + k] =
          sf_thermal_influence_at(h->model->die, i, k);
  h->influence = table;
  return SF_OK;
}

/* Idle power of one die, the same for all. */
static sf_result add_idle(sf_place_heat *h, sf_arena *arena) {
  const sf_place_heat_model *m = h->model;
  double *idle = SF_NEW_ARRAY(arena, double, h->cells);
  if (!idle) return SF_OOM;
  for (uint32_t i = 0; i < h->cells && m->idle > 0; i++)
    for (uint32_t k = 0; k < h->cells; k++)
      idle[k] += m->idle * of_die(h, k, i);
  for (uint32_t chip = 0; chip < m->chip_count; chip++) {
    for (uint32_t k = 0; k < h->cells; k++)
      h->rise[(size_t)chip * h->cells + k] += idle[k];
    add_to_board(h, chip, m->idle * h->cells);
  }
  return SF_OK;
}

sf_result sf_place_heat_create(const sf_place_heat_model *m,
                               const sf_placement *placement, sf_arena *arena,
                               sf_place_heat **out) {
  sf_place_heat *h = SF_NEW(arena, sf_place_heat);
  if (!h) return SF_OOM;
  h->model = m;
  h->cells = m->die->cells;
  h->rise = SF_NEW_ARRAY(arena, double, (size_t)m->chip_count * h->cells + 1);
  h->board = SF_NEW_ARRAY(arena, double, m->chip_count + (size_t)1);
  if (!h->rise || !h->board) return SF_OOM;
  SF_TRY(make_table(h, arena));
  SF_TRY(add_idle(h, arena));
  /* The board once a chip, not once a core. */
  double *sum = SF_NEW_ARRAY(arena, double, m->chip_count + (size_t)1);
  if (!sum) return SF_OOM;
  for (uint32_t c = 0; c < placement->cluster_count; c++) {
    uint32_t seat = placement->seat[c];
    add_to_die(h, m->chip[seat], m->die_cell[seat], m->power[c]);
    sum[m->chip[seat]] += m->power[c];
  }
  for (uint32_t chip = 0; chip < m->chip_count; chip++)
    if (sum[chip] > 0) add_to_board(h, chip, sum[chip]);
  *out = h;
  return SF_OK;
}

double sf_place_heat_power(const sf_place_heat *h, uint32_t cluster) {
  return h->model->power[cluster];
}

double sf_place_heat_delta(const sf_place_heat *h, uint32_t p, uint32_t q,
                           double watts) {
  if (watts == 0) return 0;
  double own = between(h, p, p) + between(h, q, q) - 2 * between(h, p, q);
  return 2 * watts * (rise_at(h, q) - rise_at(h, p)) + watts * watts * own;
}

void sf_place_heat_move(sf_place_heat *h, uint32_t p, uint32_t q,
                        double watts) {
  const sf_place_heat_model *m = h->model;
  if (watts == 0) return;
  add_to_die(h, m->chip[p], m->die_cell[p], -watts);
  add_to_die(h, m->chip[q], m->die_cell[q], watts);
  if (m->chip[p] == m->chip[q]) return;
  add_to_board(h, m->chip[p], -watts);
  add_to_board(h, m->chip[q], watts);
}

sf_place_temperatures sf_place_heat_temperatures(const sf_place_heat *h,
                                                 const sf_placement *p) {
  const sf_place_heat_model *m = h->model;
  double low = INFINITY, high = 0, mean = 0, power = 0, energy = 0;
  for (uint32_t chip = 0; chip < m->chip_count; chip++) {
    for (uint32_t k = 0; k < h->cells; k++) {
      double t = h->rise[(size_t)chip * h->cells + k] + h->board[chip];
      low = fmin(low, t);
      high = fmax(high, t);
      mean += t / ((double)h->cells * m->chip_count);
    }
  }
  for (uint32_t c = 0; c < p->cluster_count; c++) {
    power += m->power[c];
    energy += m->power[c] * rise_at(h, p->seat[c]);
  }
  return (sf_place_temperatures){high, high - low, energy - power * mean};
}
