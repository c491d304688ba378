/* cpu.c - the CPU target: object, libraries and header for x86-64 and AArch64.
 *
 * Files in DIRECTORY/cpu, <net> being the network's name as a C identifier:
 *   <net>.o  lib<net>.a  lib<net>.so  <net>.h  metadata.json */
#include "targets/cpu/cpu.h"

static const char *const machines[] = {NULL};

const sf_target sf_target_cpu = {
    .size = sizeof(sf_target),
    .abi = SF_ABI,
    .name = "cpu",
    .summary = "object, library and header for x86-64 (v2, v3, v4) or AArch64",
    .pipeline = "canonicalize",
    .default_machine = NULL,
    .machines = machines,
    .check = cpu_check,
    .emit = cpu_emit,
    .run = cpu_run,
    .takes_analog = true,
};
