/* allocate_bits.h - what the files of allocate-bits share: which width for
 * which layer, under budgets. conversion.md 4.4. */
#ifndef SF_PASSES_ALLOCATE_BITS_H
#define SF_PASSES_ALLOCATE_BITS_H

#include "passes/sensitivity/sensitivity.h"

enum { SF_COSTS_MAX = 2 };

typedef struct sf_choice {
  double loss; /* at least 0, finite */
  uint64_t cost[SF_COSTS_MAX];
} sf_choice;

/* One choice for each layer, so that the sum of losses is least and no sum of
 * costs is above its budget. */
typedef struct sf_allocation {
  uint32_t layers, options, costs; /* costs: how many budgets count */
  const sf_choice *choices;        /* layers rows of options */
  uint64_t budget[SF_COSTS_MAX];
  /* Out. */
  bool feasible;
  bool exact; /* false: more labels than are kept, thinned out by cost */
  double loss;
  uint8_t *chosen; /* one a layer: index of the option */
} sf_allocation;

/* solve.c: fills the results; `chosen` lives in the arena. Of
 * equal losses the lower cost wins, then the earlier option. */
sf_result sf_allocation_solve(sf_allocation *problem,
                              sf_arena *arena) SF_MUST_USE;
/* Whether a choice for each layer keeps all budgets. */
bool sf_allocation_fits(const sf_allocation *problem, const uint8_t *chosen);

/* budget.c: "4b" (bits of each weight), "3.5b", "20000",
 * "20000B", "20KiB", "1MiB" (bytes of all weights). */
typedef struct sf_budget {
  bool per_item; /* `value` bits an item; else in bytes */
  double value;
} sf_budget;
bool sf_budget_parse(const char *text, sf_budget *out);
/* Bytes of `items` numbers of `bits` bits, rounded up. */
uint64_t sf_packed_bytes(uint64_t items, double bits);

/* repair.c: measures, and moves to neighbours that measure
 * better. */
typedef struct sf_repair {
  sf_subject *subject;
  const sf_widths *widths;
  const sf_allocation *problem;
  uint64_t runs; /* out: allocations measured */
  sf_loss loss;  /* out: of the chosen one */
} sf_repair;
/* Starts from `chosen` and from every width that all layers can have; improves
 * `chosen` in place. */
sf_result sf_allocation_repair(sf_repair *repair, uint8_t *chosen) SF_MUST_USE;

#endif
