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

sf_result sf_nir_choose(nir_import *import, const char *name, const char *value,
                        const char *format, ...) {
  if (sf_choices_has(&import->choices, name)) return SF_OK;
  char reason[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  return sf_choices_add(&import->choices, import->module->arena, name, value,
                        reason);
}
