/* nir_fields.c - datasets of a node: there, numbers, finite, in range. */
#include "frontend/nir/nir.h"

#include <math.h>
#include <string.h>

double sf_nir_number(const sf_h5_item *item, uint64_t index) {
  return sf_h5_f64(item, index);
}

double sf_nir_each(const sf_h5_item *item, uint64_t index, double fallback) {
  if (!item) return fallback;
  return sf_h5_f64(item, item->elements == 1 ? 0 : index);
}

sf_result sf_nir_ints(nir_import *import, const nir_node *node, nir_field field,
                      unsigned count, int64_t fallback, int64_t low,
                      int64_t *out) {
  const sf_h5_item *item = node->field[field];
  for (unsigned i = 0; i < count; i++)
    out[i] = fallback;
  if (!item) return SF_OK;
  const char *name = sf_nir_field_name(field);
  if (!sf_h5_is_number(item) ||
      (item->elements != 1 && item->elements != count))
    return sf_nir_refuse(import, node, NULL, "'%s' must be %s%u integers", name,
                         count > 1 ? "one or " : "", count);
  for (unsigned i = 0; i < count; i++) {
    uint64_t at = item->elements == 1 ? 0 : i;
    if (!sf_h5_i64(item, at, &out[i]) || out[i] < low || out[i] > INT32_MAX ||
        sf_h5_f64(item, at) != (double)out[i])
      return sf_nir_refuse(import, node, NULL,
                           "'%s' is %g; it must be an integer from %lld on",
                           name, sf_h5_f64(item, at), (long long)low);
  }
  return SF_OK;
}

sf_result sf_nir_read_shape(nir_import *import, const nir_node *node,
                            nir_field field, nir_shape *out) {
  const sf_h5_item *item = node->field[field];
  const char *name = sf_nir_field_name(field);
  *out = (nir_shape){0};
  if (!sf_h5_is_number(item) || item->rank > 1 || item->elements < 1 ||
      item->elements > SF_RANK_MAX)
    return sf_nir_refuse(import, node, NULL,
                         "'%s' must be a list of one to %d sizes", name,
                         (int)SF_RANK_MAX);
  int64_t product = 1;
  for (uint64_t i = 0; i < item->elements; i++) {
    int64_t extent = 0;
    if (!sf_h5_i64(item, i, &extent) || extent < 1 ||
        extent > INT32_MAX / product || sf_h5_f64(item, i) != (double)extent)
      return sf_nir_refuse(import, node, NULL,
                           "'%s' has the size %g; sizes are integers from 1 "
                           "on, fewer than 2^31 elements in all",
                           name, sf_h5_f64(item, i));
    out->dim[i] = extent;
    product *= extent;
  }
  out->rank = (uint8_t)item->elements;
  out->known = true;
  return SF_OK;
}

/* ---- Checks. ---- */

static const char *what_it_is(const sf_h5_item *item) {
  return item->is_group               ? "a group"
         : item->kind == SF_H5_OTHER  ? item->other
         : item->kind == SF_H5_STRING ? "text"
                                      : "empty";
}

static sf_result check_finite(nir_import *import, const nir_node *node,
                              nir_field field, const sf_h5_item *item) {
  if (item->kind != SF_H5_FLOAT) return SF_OK;
  for (uint64_t i = 0; i < item->elements; i++) {
    double value = sf_h5_f64(item, i);
    if (isfinite((float)value)) continue;
    return sf_nir_refuse(
        import, node, NULL, "'%s' element %llu is %g; it must be a finite f32",
        sf_nir_field_name(field), (unsigned long long)i, value);
  }
  return SF_OK;
}

static sf_result check_positive(nir_import *import, const nir_node *node,
                                nir_field field, const sf_h5_item *item) {
  bool tau = field == NIR_TAU || field == NIR_TAU_MEM || field == NIR_TAU_SYN;
  if (!tau && field != NIR_DELAYS) return SF_OK;
  for (uint64_t i = 0; i < item->elements; i++) {
    double value = sf_h5_f64(item, i);
    if (tau ? value > 0 : value >= 0) continue;
    return sf_nir_refuse(
        import, node,
        tau ? "a time constant that is not positive makes no neuron; the "
              "exporter or the training went wrong"
            : NULL,
        "'%s' element %llu is %g; it must be %s", sf_nir_field_name(field),
        (unsigned long long)i, value, tau ? "above 0" : "0 or more");
  }
  return SF_OK;
}

/* Padding may be a word; everything else is numbers. */
static sf_result check_field(nir_import *import, const nir_node *node,
                             nir_field field) {
  const sf_h5_item *item = node->field[field];
  if (field == NIR_PADDING && !item->is_group && item->kind == SF_H5_STRING &&
      item->elements == 1 && node->type->kind == NIR_CONV)
    return SF_OK;
  if (!sf_h5_is_number(item) || item->elements == 0)
    return sf_nir_refuse(import, node, NULL, "'%s' must be numbers, but is %s",
                         sf_nir_field_name(field), what_it_is(item));
  if (item->elements > INT32_MAX)
    return sf_nir_refuse(import, node, NULL, "'%s' has 2^31 elements or more",
                         sf_nir_field_name(field));
  SF_TRY(check_finite(import, node, field, item));
  return check_positive(import, node, field, item);
}

/* Datasets of one number a neuron agree in shape, or have one element. */
static sf_result check_each(nir_import *import, const nir_node *node) {
  const sf_h5_item *first = NULL;
  nir_field first_field = NIR_BIAS;
  for (int f = 0; f < NIR_FIELD_COUNT; f++) {
    const sf_h5_item *item = node->field[f];
    if (!item || !(node->type->each >> f & 1) || item->elements == 1) continue;
    if (!first) {
      first = item;
      first_field = (nir_field)f;
      continue;
    }
    if (item->rank == first->rank &&
        memcmp(item->dim, first->dim, first->rank * sizeof *first->dim) == 0)
      continue;
    return sf_nir_refuse(import, node, NULL,
                         "'%s' and '%s' have different shapes; each has one "
                         "number a neuron, or one for all",
                         sf_nir_field_name(first_field),
                         sf_nir_field_name((nir_field)f));
  }
  return SF_OK;
}

sf_result sf_nir_check_fields(nir_import *import, nir_node *node) {
  uint32_t before = import->refusals;
  for (int f = 0; f < NIR_FIELD_COUNT; f++) {
    if (node->field[f]) {
      if (check_field(import, node, (nir_field)f) == SF_OOM) return SF_OOM;
    } else if (node->type->required >> f & 1) {
      sf_nir_refuse(import, node, NULL, "it has no dataset '%s'",
                    sf_nir_field_name((nir_field)f));
    }
  }
  if (import->refusals == before) (void)check_each(import, node);
  return SF_OK; /* refusals end the phase */
}
