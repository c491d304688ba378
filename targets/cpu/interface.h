/* interface.h - parts of the generated interface. Private to interface*.c. */
#ifndef SF_TARGETS_CPU_INTERFACE_H
#define SF_TARGETS_CPU_INTERFACE_H

#include "targets/cpu/cpu.h"

/* <prefix>_<suffix>, linkage external; the builder stands in its entry. */
LLVMValueRef cpu_public(cpu_module *m, const char *suffix, LLVMTypeRef result,
                        const LLVMTypeRef *parameters, unsigned count);
/* The constant that <prefix>_info returns. */
sf_result cpu_description(cpu_module *m, LLVMValueRef *out) SF_MUST_USE;
/* Between the caller's arrays and the words of values: one port. */
void cpu_unpack(cpu_module *m, const cpu_port *port, LLVMValueRef in);
void cpu_pack(cpu_module *m, const cpu_port *port, LLVMValueRef out);
/* <prefix>_probe(scratch, name) and <prefix>_peek(state, name) */
sf_result cpu_build_probe(cpu_module *m) SF_MUST_USE;

#endif
