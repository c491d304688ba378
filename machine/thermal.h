/* thermal.h - the compact thermal network of a die or a board (mapping.md 5.1).
 *
 * A plate is a grid of equal cells (cores of a die, chips of a board): a die
 * layer that the power enters, an optional spreader under it, and a path to
 * ambient that all cells share. Edges are adiabatic. Temperatures are rises
 * over ambient, in K; cell (x, y) has number y * width + x. Everything is
 * linear, so that rise = R * power with a symmetric positive matrix R, until
 * leakage, which grows with temperature, closes the loop.
 *
 * Plain data: no machine is needed. What a machine's description says about
 * its package is read by machine/thermal_machine.h. */
#ifndef SF_MACHINE_THERMAL_H
#define SF_MACHINE_THERMAL_H

#include "sf/base.h"

enum { SF_THERMAL_SIDE_MAX = 1024, SF_THERMAL_MATRIX_CELLS_MAX = 4096 };

typedef struct sf_thermal_sheet {
  double thickness;     /* m; 0: there is none (interface, spreader) */
  double conductivity;  /* W/(m K) */
  double heat_capacity; /* J/(m^3 K); 0: no transients */
} sf_thermal_sheet;

typedef struct sf_thermal_plate {
  uint32_t width, height;         /* cells, 1 .. SF_THERMAL_SIDE_MAX */
  double cell_width, cell_height; /* m */
  const bool *present; /* cells that exist; NULL: all. Borrowed by create */
  sf_thermal_sheet die, interface, spreader;
  double resistance; /* K/W from the lowest layer to ambient, all cells */
} sf_thermal_plate;

/* The network; one thread at a time, since solving writes its work arrays. */
typedef struct sf_thermal {
  uint32_t width, height, cells; /* cells = width * height */
  uint32_t layers, nodes;        /* 1 or 2; nodes = layers * cells */
  uint32_t present_count;
  bool *present;
  bool periodic;       /* joined at its edges: kernels only */
  double gx[2], gy[2]; /* W/K between neighbours of a layer */
  double vertical;     /* W/K between the layers of a cell */
  double ambient;      /* W/K of a cell to ambient */
  double capacity[2];  /* J/K of a cell in a layer */
  double *work[4];     /* of the solver, `nodes` each */
} sf_thermal;

/* Everything in `arena`. Errors: OOM; FAIL without a message when a dimension
 * is not positive and finite or no cell is present. */
sf_result sf_thermal_create(const sf_thermal_plate *plate, sf_arena *arena,
                            sf_thermal **out) SF_MUST_USE;

/* Steady state. power: W a cell; rise: K a node, the die's cells first, then
 * the spreader's; absent cells keep 0. Preconditioned conjugate gradient in a
 * fixed order, to a residual of 1e-14 of the power. */
sf_result sf_thermal_steady(sf_thermal *thermal, const double *power,
                            double *rise) SF_MUST_USE;

/* One step of backward Euler: rise (K a node) becomes the field `seconds`
 * later under constant power. Errors: FAIL when a layer has no capacity. */
sf_result sf_thermal_advance(sf_thermal *thermal, const double *power,
                             double seconds, double *rise) SF_MUST_USE;

/* W that flow to ambient: equals the power in a steady state. */
double sf_thermal_outflow(const sf_thermal *thermal, const double *rise);

/* ---- Leakage: thermal_leakage.c. -------------------------------------------
 * A cell leaks power * exp(sensitivity * (T - reference)). */
typedef struct sf_thermal_leakage {
  const double *power; /* W a cell at the reference temperature */
  double reference;    /* K */
  double sensitivity;  /* 1/K, 0.02 .. 0.03 for CMOS (mapping.md 5.1) */
  double ambient;      /* K */
} sf_thermal_leakage;

typedef struct sf_thermal_feedback {
  bool runaway;   /* no steady state exists; rise is then not one */
  double gain;    /* of the loop, spectral radius of R diag(sensitivity *
                     leakage): below 1 where the state is stable. At a runaway
                     a lower bound of at least 1 */
  double leakage; /* W of all cells at the state found */
  uint32_t iterations;
} sf_thermal_feedback;

/* Steady state with leakage: the lower one of the two, which is the stable one.
 * rise as for sf_thermal_steady. Errors: OOM; FAIL as for create. */
sf_result sf_thermal_steady_leaking(sf_thermal *thermal, const double *power,
                                    const sf_thermal_leakage *leakage,
                                    double *rise,
                                    sf_thermal_feedback *out) SF_MUST_USE;

/* ---- Influence: thermal_influence.c. ----------------------------------------
 * R without the solver, for searches. A full plate keeps the kernel of the
 * torus of twice its sides: with adiabatic edges R is the sum of four images of
 * it, exactly. A plate with absent cells keeps the matrix. */
typedef struct sf_thermal_influence {
  uint32_t width, height, cells;
  const double *kernel; /* (2 height) x (2 width); NULL: see matrix */
  const double *matrix; /* cells x cells */
} sf_thermal_influence;

/* In `arena`. Errors: OOM; FAIL without a message when cells are absent and
 * there are more than SF_THERMAL_MATRIX_CELLS_MAX. */
sf_result sf_thermal_influence_of(sf_thermal *thermal, sf_arena *arena,
                                  sf_thermal_influence *out) SF_MUST_USE;
/* K/W: rise of cell `at` by a watt in cell `of`. */
double sf_thermal_influence_at(const sf_thermal_influence *influence,
                               uint32_t at, uint32_t of);

/* ---- Private to thermal*.c. -------------------------------------------------
 * (G + diag(extra)) x = b, x from 0; extra: W/K a node, NULL: none. false: the
 * matrix is not positive definite, or the numbers are not finite. */
bool sf_thermal_solve(sf_thermal *thermal, const double *extra, const double *b,
                      double *x);
/* out = G x. */
void sf_thermal_apply(const sf_thermal *thermal, const double *x, double *out);

#endif
