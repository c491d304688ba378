/* choices.h - conventions that a reader chose, or that a reader must be told,
 * in the order in which they came up. */
#ifndef SF_FRONTEND_CHOICES_H
#define SF_FRONTEND_CHOICES_H

#include "sf/frontend.h"

typedef struct sf_choices {
  sf_choice *items;
  uint32_t count, capacity;
} sf_choices;

bool sf_choices_has(const sf_choices *choices, const char *name);
/* Copies of the texts, and the array, are in `arena`, which is the same in all
 * calls. Errors: OOM. */
sf_result sf_choices_add(sf_choices *choices, sf_arena *arena, const char *name,
                         const char *value, const char *reason) SF_MUST_USE;

#endif
