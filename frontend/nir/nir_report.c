/* nir_report.c - refusals and choices, each said once. */
#include "frontend/nir/nir.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sf_result sf_nir_refuse(nir_import *import, const nir_node *node,
                        const char *help, const char *format, ...) {
  if (++import->refusals > NIR_REPORTED_MAX) return SF_FAIL;
  char reason[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  if (node)
    (void)sf_error(import->diag, SF_DIAG_IMPORT, node->loc, "%s: %s",
                   node->type->name, reason);
  else
    (void)sf_error(import->diag, SF_DIAG_IMPORT, import->loc, "%s", reason);
  if (help) sf_help(import->diag, "%s", help);
  return SF_FAIL;
}

sf_result sf_nir_end_phase(nir_import *import) {
  if (import->refusals > NIR_REPORTED_MAX)
    sf_note(import->diag, import->loc, "%u more faults were found",
            import->refusals - NIR_REPORTED_MAX);
  return import->refusals ? SF_FAIL : SF_OK;
}

static sf_result grow(nir_import *import) {
  if (import->choice_count < import->choice_capacity) return SF_OK;
  uint32_t capacity =
      import->choice_capacity ? 2 * import->choice_capacity : 16;
  sf_choice *grown = SF_NEW_ARRAY(import->module->arena, sf_choice, capacity);
  if (!grown) return SF_OOM;
  if (import->choices)
    memcpy(grown, import->choices, import->choice_count * sizeof *grown);
  import->choices = grown;
  import->choice_capacity = capacity;
  return SF_OK;
}

sf_result sf_nir_choose(nir_import *import, const char *name, const char *value,
                        const char *format, ...) {
  for (uint32_t i = 0; i < import->choice_count; i++)
    if (strcmp(import->choices[i].name, name) == 0) return SF_OK;
  SF_TRY(grow(import));
  char reason[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  sf_arena *arena = import->module->arena;
  sf_choice choice = {.name = sf_arena_text(arena, sf_slice_of(name)),
                      .value = sf_arena_text(arena, sf_slice_of(value)),
                      .reason = sf_arena_text(arena, sf_slice_of(reason))};
  if (!choice.name || !choice.value || !choice.reason) return SF_OOM;
  import->choices[import->choice_count++] = choice;
  return SF_OK;
}
