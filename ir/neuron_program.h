/* neuron_program.h - a neuron function as a row of instructions. Private to
 * neuron_program.c (compiles) and neuron_eval.c (runs). */
#ifndef SF_IR_NEURON_PROGRAM_H
#define SF_IR_NEURON_PROGRAM_H

#include "ir/neuron_eval.h"

/* Which loop runs a statement. */
typedef enum sf_form {
  SF_FORM_INTEGER, /* exact in 64 bits, then fitted */
  SF_FORM_F32,
  SF_FORM_COMPARE,
  SF_FORM_COMPARE_F32,
  SF_FORM_LOGIC,
  SF_FORM_SELECT,
  SF_FORM_TO_INT,
  SF_FORM_TO_FLOAT,
  SF_FORM_LOOKUP,
  SF_FORM_RAND
} sf_form;

/* a, b, c, result: registers; those that the op has not are 0. */
typedef struct sf_instruction {
  sf_nop_kind kind;
  sf_form form;
  sf_scalar type; /* of the result */
  sf_mode mode;
  sf_round round;
  uint8_t shift;
  uint32_t a, b, c, result;
  uint32_t occurrence;  /* rand */
  const sf_word *table; /* lookup */
  size_t table_size;
  const sf_stmt *stmt;
} sf_instruction;

struct sf_neuron_program {
  const sf_neuron *neuron;
  uint32_t instruction_count;
  sf_instruction *instructions;
  uint32_t *emits, *nexts; /* registers */
  /* One row of SF_LANES words a slot, then one a literal. */
  uint32_t register_count;
  sf_word *registers;
};

#endif
