/* report.c - what the log says of a conversion. */
#include "passes/convert/convert.h"

#include <string.h>

sf_result sf_convert_report(sf_converter *c) {
  bool exact = c->form != SF_FORM_RATE;
  char *text =
      sf_arena_printf(c->arena, "convert-to-spiking: @%s", c->network->name);
  if (!text) return SF_OOM;
  sf_log_entry *entry = sf_module_add_log(
      c->run->module, exact ? SF_EXACT : SF_APPROXIMATE, 0, text);
  if (!entry) return SF_OOM;
  sf_arena *arena = c->run->module->arena;
  SF_TRY(sf_dict_set_word(arena, &entry->attrs, "form", c->options->form));
  if (c->dropped_names)
    SF_TRY(
        sf_dict_set_string(arena, &entry->attrs, "dropped", c->dropped_names));
  return SF_OK;
}
