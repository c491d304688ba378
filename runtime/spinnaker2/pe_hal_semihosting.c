/* pe_hal_semihosting.c - packets from and to files of the host that runs the
 * image in an emulator (Arm semihosting, DUI 0471 chapter 8).
 *
 * Reads `pe.in`:  u32 samples; a sample: u32 steps; a step: u32 n, n x (u32
 * key, i32 payload). Writes `pe.out`: a step: n x (u32 key, i32 payload), then
 * (~0, 0). */
#include "pe.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE = 0x05,
  SYS_READ = 0x06,
  SYS_EXIT_EXTENDED = 0x20,
  READ_BINARY = 1,
  WRITE_BINARY = 5,
  APPLICATION_EXIT = 0x20026,
  PE_EXIT_FILE = 3,
  BUFFER_WORDS = 256
};

static uint32_t in_buffer[BUFFER_WORDS], out_buffer[BUFFER_WORDS];
static uint32_t in_used, in_filled, out_filled;
static int in_file, out_file;
static uint32_t samples_left, packets_left;
static int step_open;

static int call_host(int operation, const void *block) {
  register int r0 __asm("r0") = operation;
  register const void *r1 __asm("r1") = block;
  __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

void pe_hal_stop(int code) {
  if (out_filled) {
    uint32_t block[3] = {(uint32_t)out_file, (uint32_t)out_buffer,
                         out_filled * 4};
    call_host(SYS_WRITE, block);
  }
  if (out_file > 0) {
    uint32_t block[1] = {(uint32_t)out_file};
    call_host(SYS_CLOSE, block);
  }
  uint32_t exit_block[2] = {APPLICATION_EXIT, (uint32_t)code};
  call_host(SYS_EXIT_EXTENDED, exit_block);
  for (;;) {
  }
}

static int open_file(const char *name, uint32_t length, uint32_t mode) {
  uint32_t block[3] = {(uint32_t)name, mode, length};
  int file = call_host(SYS_OPEN, block);
  if (file <= 0) pe_hal_stop(PE_EXIT_FILE);
  return file;
}

static int read_word(uint32_t *out) {
  if (in_used == in_filled) {
    uint32_t block[3] = {(uint32_t)in_file, (uint32_t)in_buffer,
                         sizeof in_buffer};
    uint32_t missing = (uint32_t)call_host(SYS_READ, block);
    if (missing > sizeof in_buffer) pe_hal_stop(PE_EXIT_FILE);
    in_filled = (sizeof in_buffer - missing) / 4;
    in_used = 0;
    if (in_filled == 0) return 0;
  }
  *out = in_buffer[in_used++];
  return 1;
}

static uint32_t need_word(void) {
  uint32_t word;
  if (!read_word(&word)) pe_hal_stop(PE_EXIT_FILE);
  return word;
}

static void write_word(uint32_t word) {
  if (out_filled == BUFFER_WORDS) {
    uint32_t block[3] = {(uint32_t)out_file, (uint32_t)out_buffer,
                         sizeof out_buffer};
    if (call_host(SYS_WRITE, block) != 0) pe_hal_stop(PE_EXIT_FILE);
    out_filled = 0;
  }
  out_buffer[out_filled++] = word;
}

void pe_hal_start(void) {
  in_file = open_file("pe.in", 5, READ_BINARY);
  out_file = open_file("pe.out", 6, WRITE_BINARY);
  samples_left = need_word();
}

int pe_hal_sample(uint32_t *steps) {
  if (samples_left == 0) return 0;
  samples_left--;
  *steps = need_word();
  return 1;
}

int pe_hal_receive(uint32_t *key, int32_t *payload) {
  if (!step_open) {
    packets_left = need_word();
    step_open = 1;
  }
  if (packets_left == 0) return 0;
  packets_left--;
  *key = need_word();
  *payload = (int32_t)need_word();
  return 1;
}

void pe_hal_send(uint32_t key, int32_t payload) {
  write_word(key);
  write_word((uint32_t)payload);
}

void pe_hal_step_done(void) {
  step_open = 0;
  write_word(~0u);
  write_word(0);
}
