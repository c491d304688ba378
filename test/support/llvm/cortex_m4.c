/* cortex_m4.c - runs `batch` on a Cortex-M4F in QEMU: input words are preloaded
 * at INPUT, output words are written to out.bin through semihosting. */
#include <stdint.h>

#define INPUT  ((uint32_t *)0x21000000) /* word 0: output words; then data */
#define OUTPUT ((uint32_t *)0x21800000)

void batch(const uint32_t *in, uint32_t *out);
void reset(void);

static int semihost(int operation, const void *argument) {
  register int r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = argument;
  __asm volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

static void leave(uint32_t code) {
  const uint32_t block[2] = {0x20026, code};
  semihost(0x20, block);
  for (;;) {
  }
}

static void fault(void) { leave(99); }

static void write_output(uint32_t words) {
  static const char name[] = "out.bin";
  const uint32_t open[3] = {(uint32_t)name, 5, sizeof name - 1};
  uint32_t file = (uint32_t)semihost(0x01, open);
  const uint32_t write[3] = {file, (uint32_t)OUTPUT, words * 4};
  uint32_t left = (uint32_t)semihost(0x05, write);
  semihost(0x02, &file);
  leave(left != 0);
}

void reset(void) {
  *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: FPU on */
  __asm volatile("dsb\n isb");
  batch(INPUT + 1, OUTPUT);
  write_output(INPUT[0]);
}

__attribute__((section(".vectors"),
               used)) static const void *const vectors[] = {
    (void *)0x20400000, (void *)reset, (void *)fault, (void *)fault,
    (void *)fault,      (void *)fault, (void *)fault,
};
