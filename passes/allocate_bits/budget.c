/* budget.c - budgets as they are written. */
#include "passes/allocate_bits/allocate_bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct budget_unit {
  const char *text;
  bool per_item;
  double factor;
} budget_unit;

static const budget_unit units[] = {{"b", true, 1},
                                    {"", false, 1},
                                    {"B", false, 1},
                                    {"KiB", false, 1024},
                                    {"MiB", false, 1048576.0},
                                    {"GiB", false, 1073741824.0}};

bool sf_budget_parse(const char *text, sf_budget *out) {
  if (*text < '0' || *text > '9' || text[1] == 'x' || text[1] == 'X')
    return false;
  char *end = NULL;
  double number = strtod(text, &end);
  for (size_t i = 0; i < SF_COUNT_OF(units); i++) {
    if (strcmp(end, units[i].text) != 0) continue;
    out->per_item = units[i].per_item;
    out->value = number * units[i].factor;
    /* 32 bits are the widest integers; 2^53 is as far as whole numbers go. */
    double most = out->per_item ? 32 : 9007199254740992.0;
    return out->value > 0 && out->value <= most;
  }
  return false;
}

uint64_t sf_packed_bytes(uint64_t items, double bits) {
  return (uint64_t)ceil((double)items * bits / 8);
}
