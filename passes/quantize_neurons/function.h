/* function.h - what function.c and statements.c share. */
#ifndef SF_PASSES_QUANTIZE_NEURONS_FUNCTION_H
#define SF_PASSES_QUANTIZE_NEURONS_FUNCTION_H

#include "passes/quantize_neurons/quantize_neurons.h"

/* What stands for an f32 value: real = operand u^degree / 2^bits. */
typedef struct sf_fixed {
  sf_noperand operand;
  int degree, bits;
  bool known;
  bool whole; /* bits of the old value after the point are 0 */
} sf_fixed;

/* A param that a constant became. */
typedef struct sf_made_param {
  const double *values; /* of the constant: its identity */
  int degree, bits;
  const int32_t *integers;
  uint32_t index; /* of the new function */
} sf_made_param;

typedef struct sf_translator {
  sf_neurons_job *job;
  sf_op *op;
  const sf_neuron *from;
  sf_neuron *to;
  sf_constants constants;
  sf_degrees degrees;
  int fraction;     /* bits of values of degree 1 */
  sf_fixed *of;     /* of each slot of `from` */
  sf_nvalue **copy; /* of what is not f32 */
  uint32_t made_count, made_capacity;
  sf_made_param *made;
  uint32_t *origin; /* of each param of `to`: index in from's, + 1; 0: made */
  uint32_t origin_count, origin_capacity;
} sf_translator;

/* Fraction bits of what changes and has that degree. */
int sf_fraction_of(const sf_translator *t, int degree);
/* A constant as a literal, where all neurons have the same, or as a param named
 * after `name`. */
sf_result sf_fixed_constant(sf_translator *t, const double *values,
                            const char *name, int degree, int bits,
                            sf_noperand *out) SF_MUST_USE;
/* The value of an operand with that many fraction bits. */
sf_result sf_fixed_operand(sf_translator *t, const sf_stmt *stmt,
                           uint32_t index, int bits,
                           sf_noperand *out) SF_MUST_USE;
/* `operand`, a value of the old function or a literal of `degree`, aligned. */
sf_result sf_fixed_align(sf_translator *t, const sf_noperand *operand,
                         int degree, int bits, sf_noperand *out) SF_MUST_USE;
/* statements.c: one statement of the old function. Errors: NOT_NORMAL, what has
 * no integer form. */
sf_result sf_fixed_statement(sf_translator *t, const sf_stmt *stmt) SF_MUST_USE;

#endif
