/* thermal_influence.c - rises by look-up instead of solving, for placement. */
#include "machine/thermal.h"

#include <math.h>
#include <string.h>

/* The response of a torus of twice the sides to one watt in cell 0. A plate
 * with adiabatic edges, mirrored at them, is this torus, so that a source on
 * the plate and its three mirror images give the plate's field exactly. */
static sf_result make_kernel(const sf_thermal *t, sf_arena *arena,
                             const double **out) {
  sf_thermal torus = *t;
  torus.periodic = true;
  torus.width = 2 * t->width;
  torus.height = 2 * t->height;
  torus.cells = 4 * t->cells;
  torus.nodes = 4 * t->nodes;
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  torus.present = SF_NEW_ARRAY(scratch, bool, torus.cells);
  double *power = SF_NEW_ARRAY(scratch, double, torus.nodes);
  double *rise = SF_NEW_ARRAY(scratch, double, torus.nodes);
  double *kernel = SF_NEW_ARRAY(arena, double, torus.cells);
  sf_result result = torus.present && power && rise && kernel ? SF_OK : SF_OOM;
  for (size_t i = 0; i < SF_COUNT_OF(torus.work) && result == SF_OK; i++) {
    torus.work[i] = SF_NEW_ARRAY(scratch, double, torus.nodes);
    if (!torus.work[i]) result = SF_OOM;
  }
  if (result == SF_OK) {
    memset(torus.present, 1, torus.cells * sizeof *torus.present);
    power[0] = 1;
    if (!sf_thermal_solve(&torus, NULL, power, rise)) result = SF_FAIL;
    memcpy(kernel, rise, torus.cells * sizeof *kernel);
  }
  *out = kernel;
  sf_arena_destroy(scratch);
  return result;
}

/* Column by column; R is symmetric, so that rows are columns. */
static sf_result make_matrix(sf_thermal *t, sf_arena *arena,
                             const double **out) {
  if (t->cells > SF_THERMAL_MATRIX_CELLS_MAX) return SF_FAIL;
  double *matrix = sf_arena_array(arena, t->cells, t->cells * sizeof *matrix);
  sf_arena *scratch = sf_arena_create();
  double *power = scratch ? SF_NEW_ARRAY(scratch, double, t->nodes) : NULL;
  double *rise = scratch ? SF_NEW_ARRAY(scratch, double, t->nodes) : NULL;
  sf_result result = matrix && power && rise ? SF_OK : SF_OOM;
  for (uint32_t i = 0; i < t->cells && result == SF_OK; i++) {
    if (!t->present[i]) continue;
    power[i] = 1;
    if (!sf_thermal_solve(t, NULL, power, rise)) result = SF_FAIL;
    power[i] = 0;
    memcpy(&matrix[(size_t)i * t->cells], rise, t->cells * sizeof *matrix);
  }
  *out = matrix;
  sf_arena_destroy(scratch);
  return result;
}

sf_result sf_thermal_influence_of(sf_thermal *t, sf_arena *arena,
                                  sf_thermal_influence *out) {
  *out = (sf_thermal_influence){t->width, t->height, t->cells, NULL, NULL};
  if (t->present_count == t->cells) return make_kernel(t, arena, &out->kernel);
  return make_matrix(t, arena, &out->matrix);
}

double sf_thermal_influence_at(const sf_thermal_influence *r, uint32_t at,
                               uint32_t of) {
  if (!r->kernel) return r->matrix[(size_t)of * r->cells + at];
  uint32_t columns = 2 * r->width;
  uint32_t ax = at % r->width, ay = at / r->width;
  uint32_t bx = of % r->width, by = of / r->width;
  /* Distances to the source and to its images; the kernel is even. */
  uint32_t dx = ax > bx ? ax - bx : bx - ax, mx = ax + bx + 1;
  uint32_t dy = ay > by ? ay - by : by - ay, my = ay + by + 1;
  const double *near = r->kernel + (size_t)dy * columns;
  const double *far = r->kernel + (size_t)my * columns;
  return (near[dx] + near[mx]) + (far[dx] + far[mx]);
}

sf_result sf_thermal_field_create(const sf_thermal_influence *influence,
                                  const double *power, sf_arena *arena,
                                  sf_thermal_field *out) {
  *out = (sf_thermal_field){influence, NULL};
  out->rise = SF_NEW_ARRAY(arena, double, influence->cells);
  if (!out->rise) return SF_OOM;
  for (uint32_t of = 0; of < influence->cells; of++) {
    if (power[of] == 0) continue;
    for (uint32_t at = 0; at < influence->cells; at++)
      out->rise[at] += power[of] * sf_thermal_influence_at(influence, at, of);
  }
  return SF_OK;
}

double sf_thermal_field_peak(const sf_thermal_field *field) {
  double peak = 0;
  for (uint32_t i = 0; i < field->influence->cells; i++)
    if (field->rise[i] > peak) peak = field->rise[i];
  return peak;
}

static double change(const sf_thermal_field *field, uint32_t at, uint32_t from,
                     uint32_t to, double watts) {
  return watts * (sf_thermal_influence_at(field->influence, at, to) -
                  sf_thermal_influence_at(field->influence, at, from));
}

double sf_thermal_field_peak_after(const sf_thermal_field *field, uint32_t from,
                                   uint32_t to, double watts) {
  double peak = 0;
  for (uint32_t i = 0; i < field->influence->cells; i++) {
    double rise = field->rise[i] + change(field, i, from, to, watts);
    if (rise > peak) peak = rise;
  }
  return peak;
}

void sf_thermal_field_move(sf_thermal_field *field, uint32_t from, uint32_t to,
                           double watts) {
  for (uint32_t i = 0; i < field->influence->cells; i++)
    field->rise[i] += change(field, i, from, to, watts);
}
