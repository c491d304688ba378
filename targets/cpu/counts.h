/* counts.h - counts of a replay, from the values of each step. sf/counts.h says
 * what counts. Private to targets/cpu/run*.c. */
#ifndef SF_TARGETS_CPU_COUNTS_H
#define SF_TARGETS_CPU_COUNTS_H

#include "targets/cpu/replay.h"

/* What feeds a population: a projection or pool, whose events follow from its
 * operand; or a value, each non-zero element an event. */
typedef struct cpu_feed {
  const sf_op *projection; /* NULL: value */
  const sf_value *value;   /* whose words are read */
  const uint32_t *fan_out; /* events of each element; NULL: one each */
} cpu_feed;

typedef struct cpu_population {
  const sf_op *op;
  uint32_t feed_count;
  cpu_feed *feeds;
} cpu_population;

typedef struct cpu_counting {
  sf_counts counts;
  cpu_population *populations;
} cpu_counting;

sf_result cpu_counting_create(const sf_network *network, sf_arena *arena,
                              sf_diag *diag, cpu_counting *out) SF_MUST_USE;
/* Adds the step just run. */
void cpu_counting_step(cpu_counting *counting, const cpu_replay *replay,
                       uint32_t step);

#endif
