/* thermal_machine.h - the thermal networks of a machine, from its description.
 *
 * Two levels, joined at one node a chip, so that rises add up exactly: cores
 * heat the die of their chip over the board under it (one plate a chip, through
 * package-resistance), and chips heat the board over the air (one plate, a cell
 * a chip, through board-resistance). The core at cell c of chip b is
 * ambient + die[c] + board[b].
 *
 * Cells of a die: a router's cores (or a quad's PEs) side by side in a block as
 * square as their number allows, row by row; that order is our assumption. */
#ifndef SF_MACHINE_THERMAL_MACHINE_H
#define SF_MACHINE_THERMAL_MACHINE_H

#include "machine/thermal.h"
#include "sf/machine.h"

typedef struct sf_thermal_machine {
  sf_thermal_plate die;          /* cells: cores of a chip */
  sf_thermal_plate board;        /* cells: chips, at their place on the board */
  double ambient;                /* K */
  double leakage_reference;      /* K */
  double leakage_sensitivity;    /* 1/K */
  const char *basis;             /* the weakest of all constants */
  uint32_t block_width, columns; /* cells a router or quad, routers a row */
  const sf_machine *machine;     /* borrowed */
} sf_thermal_machine;

/* Arrays in `arena`. Errors: OOM; MACHINE, naming the constants that the
 * description lacks. */
sf_result sf_thermal_of_machine(const sf_machine *machine, sf_diag *diag,
                                sf_arena *arena,
                                sf_thermal_machine *out) SF_MUST_USE;
/* Cell of core `number` of a chip (sf/machine.h: (y width + x) cores_per_router
 * + p, or the number of a PE), below cores_per_chip. */
uint32_t sf_thermal_cell_of_core(const sf_thermal_machine *thermal,
                                 uint32_t number);
/* Cell of a chip on the board. */
uint32_t sf_thermal_cell_of_chip(const sf_thermal_machine *thermal,
                                 const sf_chip *chip);

#endif
