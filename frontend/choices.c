/* choices.c - a list of conventions with their reasons. */
#include "frontend/choices.h"

#include "ir/names.h"

#include <string.h>

bool sf_choices_has(const sf_choices *choices, const char *name) {
  for (uint32_t i = 0; i < choices->count; i++)
    if (strcmp(choices->items[i].name, name) == 0) return true;
  return false;
}

static sf_result grow(sf_choices *choices, sf_arena *arena) {
  if (choices->count < choices->capacity) return SF_OK;
  uint32_t capacity = choices->capacity ? 2 * choices->capacity : 16;
  sf_choice *grown = SF_NEW_ARRAY(arena, sf_choice, capacity);
  if (!grown) return SF_OOM;
  if (choices->items)
    memcpy(grown, choices->items, choices->count * sizeof *grown);
  choices->items = grown;
  choices->capacity = capacity;
  return SF_OK;
}

sf_result sf_choices_add(sf_choices *choices, sf_arena *arena, const char *name,
                         const char *value, const char *reason) {
  SF_TRY(grow(choices, arena));
  sf_choice choice = {.name = sf_arena_text(arena, sf_slice_of(name)),
                      .value = sf_arena_text(arena, sf_slice_of(value)),
                      .reason = sf_arena_text(arena, sf_slice_of(reason))};
  if (!choice.name || !choice.value || !choice.reason) return SF_OOM;
  choices->items[choices->count++] = choice;
  return SF_OK;
}
