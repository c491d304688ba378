/* targets.c - the machines that code is generated for. */
#include "codegen/codegen.h"

const sf_code_target sf_code_x86_64 = {
    .name = "x86-64",
    .triple = "x86_64-unknown-linux-gnu",
    .cpu = "x86-64",
    .features = "",
    .has_float_round = false, /* SSE4.1 comes with level v2 */
    .position_independent = true,
    .unroll = true,
};

const sf_code_target sf_code_aarch64 = {
    .name = "aarch64",
    .triple = "aarch64-unknown-linux-gnu",
    .cpu = "generic",
    .features = "+neon",
    .has_float_round = true,
    .position_independent = true,
    .unroll = true,
};

const sf_code_target sf_code_cortex_m4 = {
    .name = "cortex-m4",
    .triple = "thumbv7em-none-unknown-eabihf",
    .cpu = "cortex-m4",
    .features = "",
    .has_float_round = false,
    .position_independent = false,
    .unroll = false,
};

const sf_code_level sf_code_x86_levels[SF_CODE_X86_LEVELS] = {
    {"v2", "x86-64-v2", 2},
    {"v3", "x86-64-v3", 3},
    {"v4", "x86-64-v4", 4},
};
