/* elf.h - is an executable whole? Loaders take what a damaged header says, and
 * then wait for code that never comes. */
#ifndef SF_SUPPORT_ELF_H
#define SF_SUPPORT_ELF_H

#include "sf/base.h"

/* What is wrong with the bytes of a file as a 32-bit little-endian ARM
 * executable: its headers, the segments to load and the entry must lie in the
 * file. A phrase for a message ("a segment ends outside the file"), static;
 * NULL: nothing. Reads nothing but the headers. */
const char *sf_elf_fault(const void *bytes, size_t size);

#endif
