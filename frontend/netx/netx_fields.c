/* netx_fields.c - datasets of the file as integers, scalars and words. */
#include "frontend/netx/netx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool sf_netx_has(const netx_model *model, const char *directory,
                 const char *name) {
  return sf_h5_member(&model->tree, directory, name) != NULL;
}

static sf_result wrong(const netx_model *model, const netx_layer *layer,
                       const sf_h5_item *item, const char *wanted) {
  const char *is = item->is_group               ? "a group"
                   : item->kind == SF_H5_OTHER  ? item->other
                   : item->kind == SF_H5_STRING ? "text"
                   : item->elements == 0        ? "empty"
                   : item->elements > 1         ? "an array"
                                                : "a number";
  return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s' must be %s, but is %s", item->path, wanted, is);
}

/* The loader casts to an integer type, which truncates: users are told once. */
static sf_result convert(netx_model *model, const netx_layer *layer,
                         const sf_h5_item *item, netx_ints *out) {
  size_t fractions = 0, first = 0;
  for (size_t i = 0; i < out->count; i++) {
    int64_t value;
    if (!sf_h5_i64(item, i, &value) || value < INT32_MIN || value > INT32_MAX) {
      return sf_error(
          model->diag, SF_DIAG_IMPORT, layer->loc,
          "'%s' element %zu is %g; it must be an integer of 32 bits",
          item->path, i, sf_h5_f64(item, i));
    }
    if (item->kind == SF_H5_FLOAT && sf_h5_f64(item, i) != (double)value) {
      if (fractions++ == 0) first = i;
    }
    out->value[i] = (int32_t)value;
  }
  if (fractions) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "%zu elements of '%s' are not integers; fractions are cut off "
               "towards zero, as the vendor's loader does (element %zu, %g, "
               "becomes %d)",
               fractions, item->path, first, sf_h5_f64(item, first),
               (int)out->value[first]);
  }
  return SF_OK;
}

sf_result sf_netx_read_ints(netx_model *model, const netx_layer *layer,
                            const char *directory, const char *name,
                            netx_ints *out) {
  *out = (netx_ints){0};
  const sf_h5_item *item = sf_h5_member(&model->tree, directory, name);
  if (!item) return SF_OK;
  if (!sf_h5_is_number(item)) return wrong(model, layer, item, "numbers");
  if (item->elements == 0) return wrong(model, layer, item, "not empty");
  out->present = true;
  out->rank = item->rank;
  out->count = (size_t)item->elements;
  for (unsigned i = 0; i < item->rank; i++)
    out->dim[i] = (int64_t)item->dim[i];
  out->value = SF_NEW_ARRAY(model->arena, int32_t, out->count);
  if (!out->value) return SF_OOM;
  return convert(model, layer, item, out);
}

sf_result sf_netx_read_scalar(netx_model *model, const netx_layer *layer,
                              const char *directory, const char *name,
                              int64_t fallback, int64_t *out) {
  *out = fallback;
  const sf_h5_item *item = sf_h5_member(&model->tree, directory, name);
  if (!item) return SF_OK;
  if (!sf_h5_is_number(item) || item->elements != 1)
    return wrong(model, layer, item, "one number");
  netx_ints ints;
  SF_TRY(sf_netx_read_ints(model, layer, directory, name, &ints));
  if (ints.present) *out = ints.value[0];
  return SF_OK;
}

sf_result sf_netx_read_text(netx_model *model, const netx_layer *layer,
                            const char *directory, const char *name,
                            const char **out) {
  *out = NULL;
  const sf_h5_item *item = sf_h5_member(&model->tree, directory, name);
  if (!item) return SF_OK;
  if (item->is_group || item->kind != SF_H5_STRING || item->elements < 1)
    return wrong(model, layer, item, "text");
  for (const char *c = item->strings[0]; *c; c++) {
    if (*c < ' ' || *c > '~') {
      return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                      "'%s' is not plain ASCII text", item->path);
    }
  }
  *out = item->strings[0];
  return SF_OK;
}
