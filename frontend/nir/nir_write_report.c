/* nir_write_report.c - refusals, options for the reader, datasets. */
#include "frontend/nir/nir_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

sf_result sf_nir_cannot(nir_export *export, const sf_op *op, const char *help,
                        const char *format, ...) {
  if (++export->refusals > NIR_REPORTED_MAX) return SF_FAIL;
  char reason[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  if (op)
    (void)sf_error(export->diag, SF_DIAG_EXPORT, op->loc, "%s '%%%s': %s",
                   sf_op_info_get(op->kind)->mnemonic,
                   op->result_count ? op->results[0]->name : "", reason);
  else
    (void)sf_error(export->diag, SF_DIAG_EXPORT, export->network->loc, "%s",
                   reason);
  if (help) sf_help(export->diag, "%s", help);
  return SF_FAIL;
}

void sf_nir_warn(nir_export *export, sf_diag_id id, sf_loc loc,
                 const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  nir_out_warning *warning = SF_NEW(export->arena, nir_out_warning);
  if (!warning) return;
  *warning = (nir_out_warning){id, loc,
                               sf_arena_text(export->arena, sf_slice_of(text)),
                               export->warnings};
  if (warning->text) export->warnings = warning;
}

void sf_nir_give_warnings(const nir_export *export) {
  uint32_t count = 0;
  for (const nir_out_warning *w = export->warnings; w; w = w->next)
    count++;
  for (; count; count--) { /* the first one first; there are few */
    const nir_out_warning *w = export->warnings;
    for (uint32_t i = 1; i < count; i++)
      w = w->next;
    sf_warning(export->diag, w->id, w->loc, "%s", w->text);
  }
}

sf_result sf_nir_tell(nir_export *export, const char *name, const char *value,
                      const char *reason) {
  return sf_choices_add(&export->choices, export->out->arena, name, value,
                        reason);
}

/* ---- Datasets. ---- */

void sf_nir_add_field(nir_out_node *node, const char *name, sf_h5_kind kind,
                      uint32_t element_bytes, uint32_t rank, const int32_t *dim,
                      const void *data) {
  nir_out_field *field = &node->field[node->field_count++];
  *field = (nir_out_field){.name = name,
                           .kind = kind,
                           .element_bytes = element_bytes,
                           .rank = rank,
                           .data = data};
  for (uint32_t i = 0; i < rank; i++)
    field->dim[i] = (uint64_t)dim[i];
}

sf_result sf_nir_add_ints(nir_export *export, nir_out_node *node,
                          const char *name, uint32_t count,
                          const int64_t *values) {
  int64_t *copy = SF_NEW_ARRAY(export->arena, int64_t, count + 1u);
  if (!copy) return SF_OOM;
  memcpy(copy, values, count * sizeof *copy);
  int32_t dim = (int32_t)count;
  sf_nir_add_field(node, name, SF_H5_INT, sizeof *copy, 1, &dim, copy);
  return SF_OK;
}

sf_result sf_nir_add_int(nir_export *export, nir_out_node *node,
                         const char *name, int64_t value) {
  SF_TRY(sf_nir_add_ints(export, node, name, 1, &value));
  node->field[node->field_count - 1].rank = 0;
  return SF_OK;
}

sf_result sf_nir_add_text(nir_export *export, nir_out_node *node,
                          const char *name, const char *text) {
  const char **words = SF_NEW_ARRAY(export->arena, const char *, 1);
  if (!words) return SF_OOM;
  words[0] = text;
  sf_nir_add_field(node, name, SF_H5_STRING, 0, 0, NULL, words);
  return SF_OK;
}
