/* heat.h - the thermal term of placement: plain data on machine/thermal.h.
 *
 * Searches lower E = sum over clusters of power * rise, rise = R * power. It is
 * smooth where the peak is not, convex in the power map, least where the field
 * is flattest, and an exchange changes it in O(1):
 *
 *   dE = 2 w (T_q - T_p) + w^2 (R_pp + R_qq - 2 R_pq),  w watts from p to q
 *
 * The field is rewritten when an exchange happens, O(cells of the chips). */
#ifndef SF_PASSES_PLACE_HEAT_H
#define SF_PASSES_PLACE_HEAT_H

#include "machine/thermal.h"
#include "passes/place/graph.h"

/* Arrays and influences are borrowed. All dies are alike; the board under them
 * adds its own rise, one a chip (machine/thermal_machine.h). */
typedef struct sf_place_heat_model {
  const sf_thermal_influence *die;
  const sf_thermal_influence *board; /* NULL: chips do not feel each other */
  uint32_t chip_count;
  const uint32_t *board_cell;      /* of each chip */
  const uint32_t *chip, *die_cell; /* of each seat */
  const double *power;             /* W of each cluster above idle */
  double idle;                     /* W of every cell of a die */
} sf_place_heat_model;

typedef struct sf_place_heat sf_place_heat;

/* The field of a placement, in `arena`; the model is borrowed. */
sf_result sf_place_heat_create(const sf_place_heat_model *model,
                               const sf_placement *placement, sf_arena *arena,
                               sf_place_heat **out) SF_MUST_USE;
/* Change of E, in W K, when `watts` go from one seat to another. */
double sf_place_heat_delta(const sf_place_heat *heat, uint32_t from,
                           uint32_t to, double watts);
void sf_place_heat_move(sf_place_heat *heat, uint32_t from, uint32_t to,
                        double watts);
double sf_place_heat_power(const sf_place_heat *heat, uint32_t cluster);

typedef struct sf_place_temperatures {
  double peak;   /* K over ambient, hottest cell */
  double spread; /* K between hottest and coolest cell of the chips in use */
  double excess; /* W K: E less what a flat field of the same power would be */
} sf_place_temperatures;
/* Of the field as it is; `placement` says which seats have power. */
sf_place_temperatures sf_place_heat_temperatures(const sf_place_heat *heat,
                                                 const sf_placement *placement);

#endif
