/* math.h - elementary functions of binary64 in generated code, for the analog
 * ops of docs/ir.md 4. */
#ifndef SF_CODEGEN_MATH_H
#define SF_CODEGEN_MATH_H

#include "codegen/codegen.h"

/* Relative error against the real function at most 2e-12 for f32 operands
 * (test_llvm_math measures it); infinities, zeros and NaN as in C's Annex F,
 * except that exp is 0 below -708 and infinite above 709. */
typedef enum sf_math {
  SF_MATH_EXP,
  SF_MATH_EXPM1,
  SF_MATH_LOG, /* of normal numbers */
  SF_MATH_ERF,
  SF_MATH_NORMAL, /* (1 + erf(x / sqrt 2)) / 2, without cancellation */
  SF_MATH_TANH,
  SF_MATH_SIGMOID,
  SF_MATH_SOFTPLUS,
  SF_MATH_POW, /* operands are f32 values */
  SF_MATH_COUNT
} sf_math;

/* f64 of f64; `y` for pow only, else NULL. A call of an internal function of
 * the level that is being built, which LLVM inlines: it is a straight line, so
 * that the loop around it can become vector code. */
LLVMValueRef sf_code_math(sf_codegen *cg, sf_math function, LLVMValueRef x,
                          LLVMValueRef y);

#endif
