/* balance.h - what the files of balance-delays share.
 *
 * Retiming (Leiserson and Saxe 1991) with two differences: only populations,
 * network arguments and delays on a loop of their own have a time; and what
 * runs late also starts late, so that biases and initial states keep their
 * step. */
#ifndef SF_PASSES_BALANCE_H
#define SF_PASSES_BALANCE_H

#include "sf/pass.h"

/* That a value is wanted `time` steps late. Lists ascend by (index, time). */
typedef struct sf_demand {
  uint32_t index; /* result of the op */
  int64_t time;
  bool chip;       /* by a population on chip: long delays need relays */
  sf_value *value; /* what stands for it after the rewrite */
  struct sf_demand *next;
} sf_demand;

typedef struct sf_balance {
  sf_pass_run *run;
  sf_network *network;
  int64_t dmin; /* steps from a population or input to a population on chip */
  int64_t max_delay; /* largest delay that a chip holds */
  uint32_t op_count;
  bool *anchored; /* by order: delays on a loop without a population */
  int64_t *times; /* by order: how late the op's result comes; SF_NO_TIME */
  int64_t lag;    /* of the results */
  sf_demand **op_demands, **argument_demands;
  uint64_t new_delays, new_relays, started;
} sf_balance;

#define SF_NO_TIME (INT64_MIN / 2) /* depends on nothing that has a time */

/* prepare.c: a delayed value that need not be zero before step 0 (a
 * biased projection) becomes a population, whose start keeps it zero. */
sf_result sf_balance_gate(sf_pass_run *run, sf_network *network,
                          uint64_t *relays) SF_MUST_USE;
/* Marks delays whose loop has no population: they stay where they are. */
sf_result sf_balance_anchor(sf_balance *balance) SF_MUST_USE;

/* solve.c: the least times and the least lag, or NO_SLACK with the
 * cycle. */
sf_result sf_balance_solve(sf_balance *balance) SF_MUST_USE;

/* demand.c: what is wanted when. */
sf_result sf_balance_collect(sf_balance *balance) SF_MUST_USE;
/* The demand that `value` wanted `time` late comes down to. */
sf_demand *sf_balance_find(const sf_balance *balance, const sf_value *value,
                           int64_t time);

/* rewrite.c: delays, copies, starts, lag. */
sf_result sf_balance_rewrite(sf_balance *balance) SF_MUST_USE;

#endif
