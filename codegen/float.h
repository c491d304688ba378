/* float.h - f32 operations that not every machine has an instruction for, exact
 * for all inputs, without calls. docs/ir.md 6. */
#ifndef SF_CODEGEN_FLOAT_H
#define SF_CODEGEN_FLOAT_H

#include "codegen/codegen.h"

/* x to an integral value, in f32 or f64 (f64 only with has_float_round). */
LLVMValueRef sf_code_round(sf_codegen *cg, LLVMValueRef x, sf_round round);
LLVMValueRef sf_code_magnitude(sf_codegen *cg, LLVMValueRef x);
LLVMValueRef sf_code_sqrt(sf_codegen *cg, LLVMValueRef x);
/* docs/ir.md 6.1, f32. */
LLVMValueRef sf_code_exp(sf_codegen *cg, LLVMValueRef x);
/* round(x), NaN gives 0, then the mode; f32 or f64 to an i32 word. Wrapping
 * takes the low bits of the exact integer, 0 of an infinity. No mode: clamps,
 * which changes nothing where the value fits. */
LLVMValueRef sf_code_to_int(sf_codegen *cg, LLVMValueRef x, sf_scalar type,
                            sf_mode mode, sf_round round);

#endif
