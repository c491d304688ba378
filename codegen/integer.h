/* integer.h - exact integers in generated code: a value with the interval that
 * it lies in, so that the narrowest machine width that is exact is used. */
#ifndef SF_CODEGEN_INTEGER_H
#define SF_CODEGEN_INTEGER_H

#include "codegen/codegen.h"
#include "ir/arith.h"

/* `value` is i32, i64 or i128; low <= value <= high. */
typedef struct sf_integer {
  LLVMValueRef value;
  sf_wide low, high;
} sf_integer;

/* A word (i32) of an integer or spike type. */
sf_integer sf_integer_word(sf_codegen *cg, LLVMValueRef word, sf_scalar type);
sf_integer sf_integer_constant(sf_codegen *cg, int64_t value);
/* 32, 64 or 128: narrowest that holds the interval. */
unsigned sf_integer_width(sf_wide low, sf_wide high);
/* Sign-extends or truncates to `bits`. */
LLVMValueRef sf_integer_as(sf_codegen *cg, sf_integer a, unsigned bits);

/* Exact results. */
sf_integer sf_integer_add(sf_codegen *cg, sf_integer a, sf_integer b);
sf_integer sf_integer_sub(sf_codegen *cg, sf_integer a, sf_integer b);
sf_integer sf_integer_mul(sf_codegen *cg, sf_integer a, sf_integer b);
sf_integer sf_integer_min(sf_codegen *cg, sf_integer a, sf_integer b);
sf_integer sf_integer_max(sf_codegen *cg, sf_integer a, sf_integer b);
sf_integer sf_integer_abs(sf_codegen *cg, sf_integer a);
/* a * 2^shift */
sf_integer sf_integer_shift_left(sf_codegen *cg, sf_integer a, unsigned shift);
/* round(a / 2^shift), shift <= 126 */
sf_integer sf_integer_shift_right(sf_codegen *cg, sf_integer a, unsigned shift,
                                  sf_round round);
/* round(a / b), b = 0 gives 0; operands of at most 32 bits. */
sf_integer sf_integer_divide(sf_codegen *cg, sf_integer a, sf_integer b,
                             sf_round round);
/* Fits to a type: the result is an i32 word. No mode: proved to fit. */
sf_integer sf_integer_fit(sf_codegen *cg, sf_integer a, sf_scalar type,
                          sf_mode mode);

#endif
