/* thermal.c - conductances of a plate and the solver of its network. */
#include "machine/thermal.h"

#include <math.h>
#include <string.h>

static bool is_positive(double x) { return isfinite(x) && x > 0; }

static bool is_sheet(const sf_thermal_sheet *s) {
  return is_positive(s->thickness) && is_positive(s->conductivity);
}

static bool is_plate(const sf_thermal_plate *p) {
  if (p->width < 1 || p->height < 1 || p->width > SF_THERMAL_SIDE_MAX ||
      p->height > SF_THERMAL_SIDE_MAX) {
    return false;
  }
  if (!is_positive(p->cell_width) || !is_positive(p->cell_height) ||
      !is_positive(p->resistance) || !is_sheet(&p->die)) {
    return false;
  }
  if (p->spreader.thickness == 0) return true;
  return is_sheet(&p->spreader) &&
         (p->interface.thickness == 0 || is_sheet(&p->interface));
}

static void layer_conductances(sf_thermal *t, const sf_thermal_plate *p,
                               const sf_thermal_sheet *sheet, uint32_t layer) {
  double across = sheet->conductivity * sheet->thickness; /* W/K a square */
  double area = p->cell_width * p->cell_height;
  t->gx[layer] = across * p->cell_height / p->cell_width;
  t->gy[layer] = across * p->cell_width / p->cell_height;
  t->capacity[layer] = sheet->heat_capacity * area * sheet->thickness;
}

/* From the middle of the die to the middle of the spreader. */
static double vertical_conductance(const sf_thermal_plate *p) {
  double area = p->cell_width * p->cell_height;
  double r = p->die.thickness / 2 / p->die.conductivity +
             p->spreader.thickness / 2 / p->spreader.conductivity;
  if (p->interface.thickness > 0)
    r += p->interface.thickness / p->interface.conductivity;
  return area / r;
}

static sf_result allocate(sf_thermal *t, const sf_thermal_plate *p,
                          sf_arena *arena) {
  t->present = SF_NEW_ARRAY(arena, bool, t->cells);
  if (!t->present) return SF_OOM;
  for (uint32_t i = 0; i < t->cells; i++) {
    t->present[i] = !p->present || p->present[i];
    t->present_count += t->present[i];
  }
  for (uint32_t i = 0; i < SF_COUNT_OF(t->work); i++) {
    t->work[i] = SF_NEW_ARRAY(arena, double, t->nodes);
    if (!t->work[i]) return SF_OOM;
  }
  return t->present_count ? SF_OK : SF_FAIL;
}

sf_result sf_thermal_create(const sf_thermal_plate *plate, sf_arena *arena,
                            sf_thermal **out) {
  *out = NULL;
  if (!is_plate(plate)) return SF_FAIL;
  sf_thermal *t = SF_NEW(arena, sf_thermal);
  if (!t) return SF_OOM;
  bool spread = plate->spreader.thickness > 0;
  t->width = plate->width;
  t->height = plate->height;
  t->cells = plate->width * plate->height;
  t->layers = spread ? 2 : 1;
  t->nodes = t->layers * t->cells;
  SF_TRY(allocate(t, plate, arena));
  layer_conductances(t, plate, &plate->die, 0);
  if (spread) {
    layer_conductances(t, plate, &plate->spreader, 1);
    t->vertical = vertical_conductance(plate);
  }
  t->ambient = 1 / (plate->resistance * t->present_count);
  *out = t;
  return SF_OK;
}

/* ---- The network as a matrix. -----------------------------------------------
 */

/* The cell behind an edge; false: none is there. */
static bool neighbour(const sf_thermal *t, uint32_t x, uint32_t y, int dx,
                      int dy, uint32_t *out) {
  int64_t nx = (int64_t)x + dx, ny = (int64_t)y + dy;
  if (t->periodic) {
    nx = (nx + t->width) % t->width;
    ny = (ny + t->height) % t->height;
  }
  if (nx < 0 || ny < 0 || nx >= t->width || ny >= t->height) return false;
  *out = (uint32_t)(ny * t->width + nx);
  return t->present[*out];
}

static const int STEPS[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};

/* Heat that leaves a node for its neighbours in the layer, and the sum of the
 * conductances over which it leaves. */
static double lateral(const sf_thermal *t, uint32_t layer, uint32_t cell,
                      const double *x, double *sum) {
  uint32_t column = cell % t->width, row = cell / t->width, other;
  double flow = 0;
  *sum = 0;
  for (uint32_t k = 0; k < SF_COUNT_OF(STEPS); k++) {
    if (!neighbour(t, column, row, STEPS[k][0], STEPS[k][1], &other)) continue;
    double g = STEPS[k][0] ? t->gx[layer] : t->gy[layer];
    flow += g * (x[cell] - x[other]);
    *sum += g;
  }
  return flow;
}

static double downward(const sf_thermal *t, uint32_t layer) {
  return layer + 1 == t->layers ? t->ambient : t->vertical;
}

void sf_thermal_apply(const sf_thermal *t, const double *x, double *out) {
  for (uint32_t layer = 0; layer < t->layers; layer++) {
    const double *here = x + (size_t)layer * t->cells;
    const double *above = here - t->cells, *below = here + t->cells;
    bool lowest = layer + 1 == t->layers;
    for (uint32_t i = 0; i < t->cells; i++) {
      double *flow = &out[(size_t)layer * t->cells + i], sum;
      *flow = 0;
      if (!t->present[i]) continue;
      *flow = lateral(t, layer, i, here, &sum);
      *flow += downward(t, layer) * (lowest ? here[i] : here[i] - below[i]);
      if (layer > 0) *flow += t->vertical * (here[i] - above[i]);
    }
  }
}

/* 1 / diagonal of G + diag(extra); 0 for absent cells. false: not positive. */
static bool preconditioner(const sf_thermal *t, const double *extra,
                           const double *any, double *out) {
  for (uint32_t n = 0; n < t->nodes; n++) {
    uint32_t layer = n / t->cells, cell = n % t->cells;
    double sum;
    out[n] = 0;
    if (!t->present[cell]) continue;
    (void)lateral(t, layer, cell, any, &sum);
    sum += downward(t, layer) + (layer > 0 ? t->vertical : 0);
    if (extra) sum += extra[n];
    if (!is_positive(sum)) return false;
    out[n] = 1 / sum;
  }
  return true;
}

static double dot(const double *a, const double *b, uint32_t n) {
  double sum = 0;
  for (uint32_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* sum of inverse[i] * r[i]^2: the squared residual, weighed. */
static double weighed(const double *inverse, const double *r, uint32_t n) {
  double sum = 0;
  for (uint32_t i = 0; i < n; i++)
    sum += inverse[i] * r[i] * r[i];
  return sum;
}

bool sf_thermal_solve(sf_thermal *t, const double *extra, const double *b,
                      double *x) {
  double *inverse = t->work[0], *r = t->work[1], *p = t->work[2],
         *q = t->work[3];
  const uint32_t n = t->nodes;
  const double tolerance = 1e-14;
  memset(x, 0, n * sizeof *x);
  if (!preconditioner(t, extra, x, inverse)) return false;
  for (uint32_t i = 0; i < n; i++) {
    r[i] = t->present[i % t->cells] ? b[i] : 0;
    p[i] = inverse[i] * r[i];
  }
  double rho = weighed(inverse, r, n);
  const double enough = tolerance * tolerance * rho;
  for (uint64_t k = 0; rho > enough; k++) {
    if (k > 20 * (uint64_t)n + 1000) return false;
    sf_thermal_apply(t, p, q);
    for (uint32_t i = 0; extra && i < n; i++)
      q[i] += extra[i] * p[i];
    double curvature = dot(p, q, n);
    if (!is_positive(curvature)) return false;
    double step = rho / curvature;
    for (uint32_t i = 0; i < n; i++) {
      x[i] += step * p[i];
      r[i] -= step * q[i];
    }
    double next = weighed(inverse, r, n), turn = next / rho;
    for (uint32_t i = 0; i < n; i++)
      p[i] = inverse[i] * r[i] + turn * p[i];
    rho = next;
  }
  return isfinite(rho);
}

/* ---- What callers ask. ------------------------------------------------------
 */

/* b of the network: power enters the die's nodes. */
static void load_power(const sf_thermal *t, const double *power, double *b) {
  memcpy(b, power, t->cells * sizeof *b);
  memset(b + t->cells, 0, (t->nodes - t->cells) * sizeof *b);
}

sf_result sf_thermal_steady(sf_thermal *t, const double *power, double *rise) {
  sf_arena *scratch = sf_arena_create();
  double *b = scratch ? SF_NEW_ARRAY(scratch, double, t->nodes) : NULL;
  sf_result result = b ? SF_OK : SF_OOM;
  if (b) {
    load_power(t, power, b);
    if (!sf_thermal_solve(t, NULL, b, rise)) result = SF_FAIL;
  }
  sf_arena_destroy(scratch);
  return result;
}

sf_result sf_thermal_advance(sf_thermal *t, const double *power, double seconds,
                             double *rise) {
  for (uint32_t layer = 0; layer < t->layers; layer++)
    if (!is_positive(t->capacity[layer] / seconds)) return SF_FAIL;
  sf_arena *scratch = sf_arena_create();
  double *b = scratch ? SF_NEW_ARRAY(scratch, double, t->nodes) : NULL;
  double *extra = scratch ? SF_NEW_ARRAY(scratch, double, t->nodes) : NULL;
  sf_result result = b && extra ? SF_OK : SF_OOM;
  if (result == SF_OK) {
    load_power(t, power, b);
    for (uint32_t n = 0; n < t->nodes; n++) {
      extra[n] = t->capacity[n / t->cells] / seconds;
      b[n] += extra[n] * rise[n];
    }
    if (!sf_thermal_solve(t, extra, b, rise)) result = SF_FAIL;
  }
  sf_arena_destroy(scratch);
  return result;
}

double sf_thermal_outflow(const sf_thermal *t, const double *rise) {
  const double *lowest = rise + (size_t)(t->layers - 1) * t->cells;
  double sum = 0;
  for (uint32_t i = 0; i < t->cells; i++)
    if (t->present[i]) sum += t->ambient * lowest[i];
  return sum;
}
