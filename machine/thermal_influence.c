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
