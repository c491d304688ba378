/* blob.c - constants as blobs of the module. Weights that lie in a file in a
 * form that the IR has are named there and never copied. */
#include "frontend/onnx/model.h"

#include <limits.h>
#include <stdio.h>

enum { COPIED_MAX = 64 /* elements: blobs this small are printed inline */ };

/* Stored form that the IR reads as it is; false: elements are converted. */
static bool stored_dtype(onnx_dtype dtype, sf_dtype *out) {
  switch (dtype) {
  case ONNX_FLOAT:
    *out = SF_DTYPE_F32;
    return true;
  case ONNX_FLOAT16:
    *out = SF_DTYPE_F16;
    return true;
  case ONNX_INT8:
    *out = SF_DTYPE_I8;
    return true;
  case ONNX_UINT8:
    *out = SF_DTYPE_U8;
    return true;
  case ONNX_INT16:
    *out = SF_DTYPE_I16;
    return true;
  case ONNX_UINT16:
    *out = SF_DTYPE_U16;
    return true;
  case ONNX_INT32:
    *out = SF_DTYPE_I32;
    return true;
  default:
    return false;
  }
}

/* An integer must fit the type; the type holds 32 bits at most. */
static sf_result check_fits(onnx_node *node, const onnx_tensor *t,
                            sf_scalar scalar, int64_t value) {
  if (value >= sf_scalar_min(scalar) && value <= sf_scalar_max(scalar))
    return SF_OK;
  return sf_onnx_refuse(node, NULL,
                        "constant '%s' has the element %lld, which does not "
                        "fit 32 bits",
                        t->name ? t->name : node->label, (long long)value);
}

static sf_blob *splat_blob(onnx_node *node, const onnx_tensor *t,
                           const char *name, const sf_type *type) {
  sf_module *module = node->import->module;
  if (type->scalar.kind == SF_SCALAR_F32)
    return sf_blob_create_splat(module, name, type,
                                sf_number_float((float)sf_onnx_get_f64(t, 0)));
  int64_t value = sf_onnx_get_i64(t, 0);
  if (check_fits(node, t, type->scalar, value) != SF_OK) return NULL;
  return sf_blob_create_splat(module, name, type, sf_number_int(value));
}

/* The mapped elements of a view that has been copied. */
static void drop_source(const onnx_tensor *t) {
  int64_t span = 1;
  for (unsigned i = 0; i < t->shape.rank; i++) {
    if (t->stride[i] < 0) return;
    span += (t->shape.dim[i] - 1) * t->stride[i];
  }
  if (t->path)
    sf_onnx_drop_pages(t->data, (uint64_t)span * sf_onnx_width(t->dtype));
}

/* Elements in the IR's own storage. */
static sf_blob *converted_blob(onnx_node *node, const onnx_tensor *t,
                               const char *name, const sf_type *type) {
  bool is_float = type->scalar.kind == SF_SCALAR_F32;
  uint64_t count = sf_type_elements(type);
  onnx_block *block = NULL;
  sf_word *words = sf_onnx_compute(node, count * sizeof *words, &block);
  if (!words) return NULL;
  for (uint64_t i = 0; i < count; i++) {
    if (is_float) {
      words[i].f = (float)sf_onnx_get_f64(t, i);
      continue;
    }
    int64_t value = sf_onnx_get_i64(t, i);
    if (check_fits(node, t, type->scalar, value) != SF_OK) return NULL;
    words[i].i = (int32_t)value;
  }
  if (!block)
    return is_float
               ? sf_blob_create_f32(node->import->module, name, type, &words->f)
               : sf_blob_create_i32(node->import->module, name, type,
                                    &words->i);
  if (sf_onnx_block_give(block, node->import->module) != SF_OK) return NULL;
  drop_source(t);
  return sf_blob_create_bytes(node->import->module, name, type,
                              is_float ? SF_DTYPE_F32 : SF_DTYPE_I32, words);
}

/* Computed elements whose storage is the IR's: the module takes it over. */
static sf_blob *given_blob(onnx_node *node, const onnx_tensor *t,
                           const char *name, const sf_type *type,
                           sf_dtype dtype) {
  sf_module *module = node->import->module;
  if (sf_onnx_block_give(t->block, module) != SF_OK) return NULL;
  return sf_blob_create_bytes(module, name, type, dtype, t->data);
}

static sf_blob *make_blob(onnx_node *node, const onnx_tensor *t,
                          const char *name, const sf_type *type) {
  uint64_t count = sf_type_elements(type);
  sf_dtype dtype = SF_DTYPE_F32;
  bool as_stored = t->contiguous && stored_dtype(t->dtype, &dtype);
  if (count > 1 && sf_onnx_is_splat(t)) return splat_blob(node, t, name, type);
  if (as_stored && count > COPIED_MAX && t->path)
    return sf_blob_create_raw(node->import->module, name, type, dtype, t->path,
                              t->file_offset);
  if (as_stored && count > COPIED_MAX && t->block)
    return given_blob(node, t, name, type, dtype);
  return converted_blob(node, t, name, type);
}

/* The view and the type in words: equal ones share a blob, so that what a loop
 * reads in every iteration is there once. Storage lives as long as the import.
 */
static const char *blob_key(onnx_node *node, const onnx_tensor *t,
                            const sf_type *type) {
  char text[768];
  size_t at = (size_t)snprintf(text, sizeof text, "%p %d",
                               (const void *)t->data, (int)t->dtype);
  for (unsigned i = 0; i < t->shape.rank; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, " %lld*%lld",
                           (long long)t->shape.dim[i], (long long)t->stride[i]);
  text[at++] = ' ';
  sf_type_text(type, text + at, sizeof text - at);
  return sf_arena_text(node->import->arena, sf_slice_of(text));
}

sf_blob *sf_onnx_blob(onnx_node *node, const onnx_tensor *tensor, unsigned rank,
                      const int32_t *dim) {
  sf_type type = sf_type_make(sf_onnx_scalar(tensor->dtype), rank, dim);
  if (sf_onnx_elements(&tensor->shape) == 0) {
    (void)sf_onnx_refuse(node, NULL, "constant '%s' has no element",
                         tensor->name ? tensor->name : node->label);
    return NULL;
  }
  sf_names *made = &node->import->blobs;
  const char *key = blob_key(node, tensor, &type);
  if (!key) return NULL;
  sf_blob *blob = sf_names_find(made, sf_slice_of(key));
  if (blob) return blob;
  const char *name = tensor->name && *tensor->name ? tensor->name : node->label;
  blob = make_blob(node, tensor, name, &type);
  if (!blob || sf_names_set(made, key, blob) != SF_OK) return NULL;
  blob->loc = node->loc;
  return blob;
}

static const char *suffixed(const onnx_node *node, const char *suffix) {
  return sf_arena_printf(node->import->arena, "%s.%s", node->label, suffix);
}

sf_blob *sf_onnx_blob_f32(onnx_node *node, const char *suffix, unsigned rank,
                          const int32_t *dim, const float *values) {
  sf_type type = sf_type_make(sf_f32(), rank, dim);
  const char *name = suffixed(node, suffix);
  sf_blob *blob =
      name ? sf_blob_create_f32(node->import->module, name, &type, values)
           : NULL;
  if (blob) blob->loc = node->loc;
  return blob;
}

sf_blob *sf_onnx_blob_number(onnx_node *node, const char *suffix, unsigned rank,
                             float value) {
  int32_t dim[ONNX_RANK_MAX];
  for (unsigned i = 0; i < rank; i++)
    dim[i] = 1;
  sf_type type = sf_type_make(sf_f32(), rank, dim);
  const char *name = suffixed(node, suffix);
  sf_blob *blob = name ? sf_blob_create_splat(node->import->module, name, &type,
                                              sf_number_float(value))
                       : NULL;
  if (blob) blob->loc = node->loc;
  return blob;
}
