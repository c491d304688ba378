/* random.h - Philox in generated code. */
#ifndef SF_CODEGEN_RANDOM_H
#define SF_CODEGEN_RANDOM_H

#include "codegen/codegen.h"

/* Word 0 of Philox4x32-10 (Salmon et al., SC'11); all i32. */
LLVMValueRef sf_code_philox(sf_codegen *cg, const LLVMValueRef key[2],
                            const LLVMValueRef counter[4]);

#endif
