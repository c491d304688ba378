/* fuzz.h - the entry that libFuzzer calls for each input. */
#ifndef SF_TEST_FUZZ_H
#define SF_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
