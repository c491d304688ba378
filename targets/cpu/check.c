/* check.c - what stands in the way of CPU code, all of it. */
#include "targets/cpu/cpu.h"

#include <string.h>

enum { ELEMENTS_MAX_BITS = 40 }; /* bytes of state and scratch: 2^40 */

static bool isa_is_known(const char *isa) {
  if (!isa || strcmp(isa, "aarch64") == 0) return true;
  for (unsigned i = 0; i < SF_CODE_X86_LEVELS; i++)
    if (strcmp(isa, sf_code_x86_levels[i].name) == 0 ||
        strcmp(isa, sf_code_x86_levels[i].cpu) == 0)
      return true;
  return false;
}

static uint64_t network_bytes(const sf_network *network) {
  uint64_t bytes = 0;
  SF_FOREACH_OP(op, network)
    for (uint32_t i = 0; i < op->result_count; i++) {
      uint64_t states = op->kind == SF_OP_NEURONS ? op->neuron->state_count : 0;
      uint64_t one = cpu_state_stride(sf_type_elements(&op->results[i]->type));
      uint64_t copies = 5 + states; /* the value, a sum of 16 bytes, states */
      if (bytes < UINT64_C(1) << 62) bytes += one * copies;
    }
  return bytes;
}

sf_result cpu_check(const sf_emit_job *job) {
  bool fine = true;
  if (!isa_is_known(job->isa)) {
    sf_error(job->diag, SF_DIAG_USAGE, SF_NO_LOC,
             "unknown instruction set '%s'; known: v2, v3, v4, aarch64",
             job->isa);
    fine = false;
  }
  if (fine && network_bytes(job->network) >> ELEMENTS_MAX_BITS) {
    sf_error(job->diag, SF_DIAG_CAPACITY, job->network->loc,
             "network '@%s' needs more than 2^40 bytes of memory",
             job->network->name);
    fine = false;
  }
  if (!fine) return SF_FAIL;
  return sf_prove_ranges(job->network, job->diag);
}
