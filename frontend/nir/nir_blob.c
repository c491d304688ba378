/* nir_blob.c - datasets as blobs of f32. */
#include "frontend/nir/nir.h"

#include <stdlib.h>

bool sf_nir_is_zero(const sf_h5_item *item) {
  for (uint64_t i = 0; i < item->elements; i++)
    if (sf_h5_f64(item, i) != 0) return false;
  return true;
}

sf_blob *sf_nir_blob(nir_import *import, const nir_node *node,
                     const sf_h5_item *item, const char *suffix, uint64_t first,
                     const sf_type *type) {
  const char *name =
      sf_arena_printf(import->arena, "%s.%s", node->name, suffix);
  for (char *c = (char *)(uintptr_t)name; c && *c; c++)
    if (*c == '/') *c = '.';
  if (!name) return NULL;
  size_t count = sf_type_elements(type);
  if (item->elements == 1)
    return sf_blob_create_splat(import->module, name, type,
                                sf_number_float((float)sf_h5_f64(item, 0)));
  float *values = malloc(count * sizeof *values);
  if (!values) return NULL;
  for (size_t i = 0; i < count; i++)
    values[i] = (float)sf_h5_f64(item, first + i);
  sf_blob *blob = sf_blob_create_f32(import->module, name, type, values);
  free(values);
  return blob;
}
