/* pe_start.c - vectors and reset: copy .data, clear .bss, switch on the FPU. */
#include "pe.h"

extern uint32_t pe_data_begin[], pe_data_end[], pe_data_load[];
extern uint32_t pe_bss_begin[], pe_bss_end[];
extern uint32_t pe_stack_top[];

void pe_reset(void) __attribute__((noreturn));
void pe_fault(void) __attribute__((noreturn));

/* Exit code of a fault, so that a run that dies says so. */
enum { PE_EXIT_FAULT = 99 };

void pe_fault(void) { pe_hal_stop(PE_EXIT_FAULT); }

void pe_reset(void) {
  uint32_t *from = pe_data_load;
  for (uint32_t *to = pe_data_begin; to < pe_data_end;)
    *to++ = *from++;
  for (uint32_t *to = pe_bss_begin; to < pe_bss_end;)
    *to++ = 0;
  /* CPACR, ARMv7-M B3.2.20: full access to coprocessors 10 and 11. Must come
   * before the first float instruction. */
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
  __asm volatile("dsb\n isb");
  pe_hal_stop(pe_main());
}

/* 16 system vectors; no interrupt is enabled, so the external ones are not
 * needed. Word 0 is the stack pointer. */
__attribute__((section(".vectors"),
               used)) static const void *const pe_vectors[16] = {
    pe_stack_top,
    (void *)pe_reset,
    (void *)pe_fault,
    (void *)pe_fault,
    (void *)pe_fault,
    (void *)pe_fault,
    (void *)pe_fault,
    0,
    0,
    0,
    0,
    (void *)pe_fault,
    (void *)pe_fault,
    0,
    (void *)pe_fault,
    (void *)pe_fault};
