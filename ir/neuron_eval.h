/* neuron_eval.h - the one place where statements of neuron functions run.
 *
 * A function is compiled once into a row of instructions over registers; each
 * register holds one word for each of SF_LANES elements, and a statement runs
 * over all lanes before the next one starts. Elements are independent, so the
 * order cannot be seen. docs/ir.md 6. */
#ifndef SF_IR_NEURON_EVAL_H
#define SF_IR_NEURON_EVAL_H

#include "sf/interp.h"

enum { SF_LANES = 64 };

typedef struct sf_neuron_program sf_neuron_program;

/* What `rand` depends on beside the element. */
typedef struct sf_neuron_moment {
  int64_t step;
  uint64_t seed;          /* of the population */
  uint32_t first_element; /* element of lane 0 */
} sf_neuron_moment;

/* A statement whose value did not fit. */
typedef struct sf_neuron_overflow {
  const sf_stmt *stmt;
  uint32_t lane;
  double value;
} sf_neuron_overflow;

/* Compiles a verified function; loads its tables. Lives in `arena`. */
sf_result sf_neuron_program_create(const sf_neuron *neuron, sf_arena *arena,
                                   sf_diag *diag,
                                   sf_neuron_program **out) SF_MUST_USE;

/* SF_LANES words: value `slot` of the function. Inputs, params and states are
 * written by the caller before a run. */
sf_word *sf_neuron_program_register(sf_neuron_program *program, uint32_t slot);
/* Registers of what the function emits, and of a state's next value (the
 * state's own when it has none). */
const sf_word *sf_neuron_program_emit(const sf_neuron_program *program,
                                      uint32_t index);
const sf_word *sf_neuron_program_next(const sf_neuron_program *program,
                                      uint32_t state);

/* Runs all statements over lanes 0 .. lanes-1. False: *overflow says which did
 * not fit; registers are then undefined. */
bool sf_neuron_program_run(sf_neuron_program *program, uint32_t lanes,
                           const sf_neuron_moment *moment,
                           sf_neuron_overflow *overflow);

/* Reports OVERFLOW. `population` and `element` NULL: a function alone. */
sf_result sf_neuron_overflow_error(const sf_neuron *neuron,
                                   const sf_neuron_overflow *overflow,
                                   sf_loc loc, const char *place,
                                   sf_diag *diag);

/* A number as an element of `type`. */
sf_word sf_number_word(sf_number number, sf_scalar type);

#endif
