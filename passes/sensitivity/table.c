/* table.c - losses as attributes of the module, in whole 1e-9 nats. */
#include "passes/sensitivity/sensitivity.h"

#include <math.h>
#include <string.h>

static const double unit = 1e-9;

static sf_item number_of(double loss) {
  double whole = floor(loss / unit + 0.5);
  /* 2^53, as far as whole numbers go; NaN and infinity are there too. */
  if (!(whole < 9007199254740992.0)) whole = 9007199254740992.0;
  return (sf_item){.kind = SF_ITEM_NUMBER,
                   .number = sf_number_int(whole > 0 ? (int64_t)whole : 0)};
}

static sf_result store_widths(sf_module *module, const sf_widths *widths) {
  sf_item items[SF_WIDTHS_MAX];
  for (uint32_t i = 0; i < widths->count; i++)
    items[i] = (sf_item){.kind = SF_ITEM_NUMBER,
                         .number = sf_number_int(widths->bits[i])};
  sf_item list = {.kind = SF_ITEM_LIST, .count = widths->count, .items = items};
  return sf_dict_set(module->arena, &module->attrs, "sensitivity_bits", &list);
}

sf_result sf_table_store(sf_module *module, const sf_layer_list *layers,
                         const sf_widths *widths, const double *loss) {
  uint32_t row = widths->count + 1;
  sf_arena *arena = module->arena;
  sf_item *rows = SF_NEW_ARRAY(arena, sf_item, layers->count + 1u);
  sf_item *cells = SF_NEW_ARRAY(arena, sf_item, (size_t)layers->count * row);
  if (!rows || (layers->count && !cells)) return SF_OOM;
  for (uint32_t i = 0; i < layers->count; i++) {
    sf_item *cell = cells + (size_t)i * row;
    rows[i] = (sf_item){.kind = SF_ITEM_LIST, .count = row, .items = cell};
    cell[0] = (sf_item){.kind = SF_ITEM_STRING, .text = layers->layers[i].name};
    for (uint32_t k = 0; k < widths->count; k++)
      cell[k + 1] = number_of(loss[(size_t)i * widths->count + k]);
  }
  sf_item list = {.kind = SF_ITEM_LIST, .count = layers->count, .items = rows};
  SF_TRY(store_widths(module, widths));
  return sf_dict_set(arena, &module->attrs, "sensitivity", &list);
}

/* ---- Reading. ---- */

static sf_result wrong_table(const sf_module *module, sf_diag *diag,
                             const char *what) {
  sf_error(diag, SF_DIAG_ATTR, module->loc,
           "attribute 'sensitivity' of the module %s", what);
  sf_help(diag, "run 'analyze-sensitivity' again on this network");
  return SF_FAIL;
}

static bool whole_number(const sf_item *item) {
  return item->kind == SF_ITEM_NUMBER && !item->number.is_float;
}

static bool load_widths(const sf_item *list, sf_widths *out) {
  *out = (sf_widths){0};
  if (!list || list->kind != SF_ITEM_LIST || list->count == 0 ||
      list->count > SF_WIDTHS_MAX) {
    return false;
  }
  for (uint32_t i = 0; i < list->count; i++) {
    const sf_item *item = &list->items[i];
    if (!whole_number(item) || item->number.i < 1 ||
        item->number.i > SF_WIDTH_LARGEST ||
        (i && item->number.i >= (int64_t)out->bits[i - 1])) {
      return false;
    }
    out->bits[out->count++] = (unsigned)item->number.i;
  }
  return true;
}

static bool load_row(const sf_item *row, const char *name, uint32_t count,
                     double *out) {
  if (row->kind != SF_ITEM_LIST || row->count != count + 1 ||
      row->items[0].kind != SF_ITEM_STRING ||
      strcmp(row->items[0].text, name) != 0) {
    return false;
  }
  for (uint32_t k = 0; k < count; k++) {
    const sf_item *item = &row->items[k + 1];
    if (!whole_number(item) || item->number.i < 0) return false;
    out[k] = (double)item->number.i * unit;
  }
  return true;
}

sf_result sf_table_load(const sf_module *module, const sf_layer_list *layers,
                        sf_arena *arena, sf_diag *diag, bool *found,
                        sf_widths *widths, double **loss) {
  const sf_item *list = sf_dict_find(&module->attrs, "sensitivity");
  *found = list != NULL;
  if (!list) return SF_OK;
  if (!load_widths(sf_dict_find(&module->attrs, "sensitivity_bits"), widths))
    return wrong_table(module, diag, "has no widths in 'sensitivity_bits'");
  if (list->kind != SF_ITEM_LIST || list->count != layers->count)
    return wrong_table(module, diag, "does not have a row for each layer");
  *loss =
      SF_NEW_ARRAY(arena, double, (size_t)layers->count * widths->count + 1);
  if (!*loss) return SF_OOM;
  for (uint32_t i = 0; i < layers->count; i++) {
    if (!load_row(&list->items[i], layers->layers[i].name, widths->count,
                  *loss + (size_t)i * widths->count)) {
      return wrong_table(module, diag,
                         "has a row that is not the name and the losses of "
                         "the layer at its place");
    }
  }
  return SF_OK;
}
