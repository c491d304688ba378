/* spinnaker2_memory.c - the layout of runtime/spinnaker2/pe.h, as arithmetic.
 */
#include "machine/spinnaker2_memory.h"

enum { /* bytes of the records of pe.h */
       HEADER_BYTES = 40,
       SLICE_BYTES = 52,
       RING_BYTES = 8,
       PARAM_BYTES = 8,
       PROJECTION_BYTES = 28,
       SOURCE_BYTES = 16,
       LINK_BYTES = 12,
       WORD = 4
};

static uint64_t value(const sf_machine *machine, const char *name) {
  return (uint64_t)sf_machine_value(machine, name);
}

sf_spinnaker2_limits sf_spinnaker2_limits_of(const sf_machine *machine) {
  uint64_t work = value(machine, "work-bytes");
  uint64_t runtime = value(machine, "runtime-work-bytes");
  return (sf_spinnaker2_limits){
      .data_bytes = value(machine, "data-bytes"),
      .work_bytes = work > runtime ? work - runtime : 0,
      .slices = value(machine, "slices-per-core"),
      .inputs = value(machine, "inputs-per-slice"),
      .neurons = value(machine, "neurons-per-slice"),
      .delay_steps = value(machine, "delay-steps"),
  };
}

static uint64_t padded(uint64_t bytes) { return (bytes + 3) & ~UINT64_C(3); }

uint64_t sf_spinnaker2_projection_bytes(const sf_spinnaker2_projection *p,
                                        uint64_t neurons) {
  uint64_t delay = p->delays ? 1 : 0;
  uint64_t dense =
      p->rows * (padded(neurons * p->weight_bytes) + padded(neurons * delay));
  /* Each of the three parts of a listed row is padded: at most 3 bytes. */
  uint64_t listed = p->rows * (WORD + 3 + 3 + 3 * delay) +
                    p->synapses * (2 + p->weight_bytes + delay);
  uint64_t rows = dense < listed ? dense : listed;
  return PROJECTION_BYTES + padded(rows) + SOURCE_BYTES * p->blocks +
         LINK_BYTES * p->rows;
}

static uint64_t power_of_two(uint64_t least) {
  uint64_t n = 1;
  while (n < least)
    n *= 2;
  return n;
}

/* Slots that the runtime's accumulator ring has: a step adds delays 1 ..
 * longest and reads one slot, which the first of them may reuse. */
static uint64_t ring_slots(uint64_t longest_delay) {
  return power_of_two(longest_delay);
}

sf_spinnaker2_usage sf_spinnaker2_slice_usage(const sf_spinnaker2_slice *s) {
  uint64_t n = s->neurons;
  sf_spinnaker2_usage u = {0};
  u.data_bytes = HEADER_BYTES + SLICE_BYTES + WORD * n + WORD * s->results +
                 RING_BYTES * (s->projection_count + 1) +
                 PARAM_BYTES * (s->params + s->projection_count) +
                 WORD * n * s->blob_params;
  u.work_bytes = WORD * n * (s->states + s->results);
  for (uint64_t i = 0; i < s->projection_count; i++) {
    const sf_spinnaker2_projection *p = &s->projections[i];
    u.data_bytes += sf_spinnaker2_projection_bytes(p, n);
    u.work_bytes += WORD * n * ring_slots(p->longest_delay);
  }
  return u;
}
