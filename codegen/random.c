/* random.c - Philox4x32-10 as LLVM IR, from the paper: ten rounds of two
 * multiplications 32 x 32 -> 64. */
#include "codegen/random.h"

enum { ROUNDS = 10 };

typedef struct product {
  LLVMValueRef high, low;
} product;

static product multiply(sf_codegen *cg, uint32_t factor, LLVMValueRef x) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef wide = LLVMBuildMul(b, LLVMBuildZExt(b, x, cg->i64, ""),
                                   LLVMConstInt(cg->i64, factor, false), "");
  LLVMValueRef high =
      LLVMBuildLShr(b, wide, LLVMConstInt(cg->i64, 32, false), "");
  return (product){LLVMBuildTrunc(b, high, cg->i32, ""),
                   LLVMBuildTrunc(b, wide, cg->i32, "")};
}

LLVMValueRef sf_code_philox(sf_codegen *cg, const LLVMValueRef key[2],
                            const LLVMValueRef counter[4]) {
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef k0 = key[0], k1 = key[1];
  LLVMValueRef c0 = counter[0], c1 = counter[1];
  LLVMValueRef c2 = counter[2], c3 = counter[3];
  for (unsigned round = 0; round < ROUNDS; round++) {
    product p0 = multiply(cg, 0xD2511F53u, c0);
    product p1 = multiply(cg, 0xCD9E8D57u, c2);
    c0 = LLVMBuildXor(b, LLVMBuildXor(b, p1.high, c1, ""), k0, "");
    c1 = p1.low;
    c2 = LLVMBuildXor(b, LLVMBuildXor(b, p0.high, c3, ""), k1, "");
    c3 = p0.low;
    /* Weyl sequence of the key: golden ratio, sqrt(3) - 1. */
    k0 = LLVMBuildAdd(b, k0, LLVMConstInt(cg->i32, 0x9E3779B9u, false), "");
    k1 = LLVMBuildAdd(b, k1, LLVMConstInt(cg->i32, 0xBB67AE85u, false), "");
  }
  return c0;
}
