/* elf.c - headers, segments and entry of an ELF against the size of its file.
 * Field offsets: System V ABI, gABI 4.1, chapters 4 and 5. */
#include "support/elf.h"

#include <string.h>

enum {
  EHDR_BYTES = 52,
  PHDR_BYTES = 32,
  SHDR_BYTES = 40,
  CLASS_32 = 1,
  DATA_LITTLE = 1,
  TYPE_EXECUTABLE = 2,
  MACHINE_ARM = 40,
  SEGMENT_LOAD = 1
};

static uint64_t half(const unsigned char *p) {
  return (uint64_t)p[0] | (uint64_t)p[1] << 8;
}

static uint64_t word(const unsigned char *p) {
  return half(p) | half(p + 2) << 16;
}

/* Sums of two words and a product of halves do not overflow 64 bits. */
static bool table_inside(uint64_t offset, uint64_t count, uint64_t entry,
                         size_t size) {
  return offset + count * entry <= size;
}

static const char *header_fault(const unsigned char *e, size_t size) {
  if (size < EHDR_BYTES) return "is shorter than the header of an ELF";
  if (memcmp(e, "\177ELF", 4) != 0) return "is no ELF";
  if (e[4] != CLASS_32 || e[5] != DATA_LITTLE ||
      half(e + 16) != TYPE_EXECUTABLE || half(e + 18) != MACHINE_ARM)
    return "is no 32-bit little-endian executable for ARM";
  if (half(e + 42) < PHDR_BYTES || half(e + 44) == 0)
    return "has no program headers";
  if (!table_inside(word(e + 28), half(e + 44), half(e + 42), size))
    return "has program headers outside the file";
  if (half(e + 48) > 0 &&
      (half(e + 46) < SHDR_BYTES ||
       !table_inside(word(e + 32), half(e + 48), half(e + 46), size)))
    return "has section headers outside the file";
  return NULL;
}

const char *sf_elf_fault(const void *bytes, size_t size) {
  const unsigned char *e = bytes;
  const char *fault = header_fault(e, size);
  if (fault) return fault;
  uint64_t entry = word(e + 24) & ~UINT64_C(1); /* bit 0: Thumb code */
  bool entered = false;
  for (uint64_t i = 0; i < half(e + 44); i++) {
    const unsigned char *p = e + word(e + 28) + i * half(e + 42);
    if (word(p) != SEGMENT_LOAD) continue;
    uint64_t address = word(p + 8), in_file = word(p + 16);
    if (word(p + 4) + in_file > size) return "has a segment outside the file";
    if (in_file > word(p + 20) || address + word(p + 20) > UINT32_MAX)
      return "has a segment outside the memory";
    entered = entered || (entry >= address && entry - address < in_file);
  }
  return entered ? NULL : "has its entry in no segment";
}
