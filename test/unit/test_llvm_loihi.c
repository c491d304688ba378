/* Lava's worked traces and the 30 values of the chip, as in
 * test_interp_loihi.c, on the code that the CPU target emits. */
#include "test/support/cpu_harness.h"

#include "test/unit/test_interp_loihi.c"
