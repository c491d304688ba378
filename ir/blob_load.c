/* blob_load.c - making the elements of a blob readable: find the file, map it,
 * check everything once. docs/ir.md 3. The bytes stay mapped, perhaps
 * unaligned; the accessors copy element by element. */
#include "sf/module.h"

#include "ir/blob_private.h"
#include "ir/module_private.h"
#include "support/array.h"
#include "support/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A mapped file of the module, with its safetensors header if it has one. */
typedef struct open_file {
  char *path;
  sf_mapped_file map;
  sf_safetensors header;
  bool has_header;
} open_file;

static void close_file(void *memory) {
  open_file *file = memory;
  if (file->has_header) sf_safetensors_destroy(&file->header);
  sf_file_unmap(&file->map);
  free(file->path);
  free(file);
}

static open_file *find_open(const sf_module *module, const char *path) {
  for (struct sf_owned *owned = module->owned; owned; owned = owned->next) {
    if (owned->free_memory != close_file) continue;
    open_file *file = owned->memory;
    if (strcmp(file->path, path) == 0) return file;
  }
  return NULL;
}

/* Takes `path`, which is malloc'ed. */
static sf_result open_path(sf_module *module, char *path, sf_diag *diag,
                           open_file **out) {
  *out = find_open(module, path);
  if (*out) {
    free(path);
    return SF_OK;
  }
  open_file *file = calloc(1, sizeof *file);
  if (!file) {
    free(path);
    return SF_OOM;
  }
  file->path = path;
  sf_result result = sf_file_map(path, diag, &file->map);
  if (result == SF_OK) result = sf_module_own(module, file, close_file);
  if (result != SF_OK) {
    close_file(file);
    return result;
  }
  *out = file;
  return SF_OK;
}

static sf_result open_file_of(sf_blob *blob, sf_diag *diag, open_file **out) {
  sf_module *module = blob->module;
  if (!module->directory) {
    (void)sf_error(diag, SF_DIAG_FILE_PATH, blob->loc,
                   "'@%s' names the file '%s', but its module is in no folder",
                   blob->name, blob->path);
    sf_help(diag, "files are looked up beside the .sf file; read it by name");
    return SF_FAIL;
  }
  char *path = NULL;
  SF_TRY(sf_path_inside(module->directory, blob->path, blob->loc, diag, &path));
  return open_path(module, path, diag, out);
}

/* Finds the stored bytes; does not look at them. */
typedef struct extent {
  const char *data;
  uint64_t bytes;
  sf_dtype dtype;
} extent;

static bool find_dtype(const char *safetensors_name, sf_dtype *out) {
  static const struct {
    const char *name;
    sf_dtype dtype;
  } rows[] = {
#define SF_DTYPE(NUMBER, ID, text, bytes, safetensors)                         \
  {safetensors, SF_DTYPE_##ID},
#include "sf/types.def"
      {"BOOL", SF_DTYPE_U8},
  };
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++)
    if (strcmp(rows[i].name, safetensors_name) == 0) {
      *out = rows[i].dtype;
      return true;
    }
  return false;
}

/* Shapes agree when they differ by axes of extent 1 only. */
static bool shape_agrees(const sf_tensor *tensor, const sf_type *type) {
  unsigned at = 0;
  for (unsigned i = 0; i < tensor->rank; i++) {
    if (tensor->dim[i] == 1) continue;
    while (at < type->rank && type->dim[at] == 1)
      at++;
    if (at == type->rank || tensor->dim[i] != (uint64_t)type->dim[at])
      return false;
    at++;
  }
  while (at < type->rank && type->dim[at] == 1)
    at++;
  return at == type->rank;
}

static sf_result tensor_shape_error(const sf_blob *blob,
                                    const sf_tensor *tensor, sf_diag *diag) {
  char type[160];
  sf_type_text(&blob->type, type, sizeof type);
  (void)sf_error(diag, SF_DIAG_BLOB, blob->loc,
                 "'@%s' is %s, tensor '%s' of '%s' has another shape",
                 blob->name, type, tensor->name, blob->path);
  char shape[256] = "";
  size_t length = 0;
  for (unsigned i = 0; i < tensor->rank && length < sizeof shape - 24; i++)
    length +=
        (size_t)snprintf(shape + length, sizeof shape - length, "%s%llu",
                         i ? ", " : "", (unsigned long long)tensor->dim[i]);
  sf_note(diag, SF_NO_LOC, "the file has %s[%s]", tensor->dtype, shape);
  return SF_FAIL;
}

static sf_result find_tensor(sf_blob *blob, open_file *file, sf_diag *diag,
                             extent *out) {
  if (!file->has_header) {
    SF_TRY(sf_safetensors_parse(file->map.data, file->map.size, blob->path,
                                diag, &file->header));
    file->has_header = true;
  }
  const sf_tensor *tensor = sf_safetensors_find(&file->header, blob->tensor);
  if (!tensor)
    return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                    "'%s' has no tensor '%s', which '@%s' names", blob->path,
                    blob->tensor, blob->name);
  if (!find_dtype(tensor->dtype, &out->dtype))
    return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                    "tensor '%s' of '%s' is stored as %s; known are I8, U8, "
                    "I16, U16, I32, F32, F16 and BOOL",
                    blob->tensor, blob->path, tensor->dtype);
  if (!shape_agrees(tensor, &blob->type))
    return tensor_shape_error(blob, tensor, diag);
  out->data = (const char *)file->map.data + tensor->offset;
  out->bytes = tensor->bytes;
  return SF_OK;
}

static sf_result find_raw(sf_blob *blob, const open_file *file, sf_diag *diag,
                          extent *out) {
  uint64_t bytes = sf_blob_elements(blob) * sf_dtype_bytes(blob->dtype);
  if (blob->offset > file->map.size || bytes > file->map.size - blob->offset)
    return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                    "'@%s' needs bytes %llu .. %llu of '%s', which has %zu",
                    blob->name, (unsigned long long)blob->offset,
                    (unsigned long long)(blob->offset + bytes), blob->path,
                    file->map.size);
  *out =
      (extent){(const char *)file->map.data + blob->offset, bytes, blob->dtype};
  return SF_OK;
}

static sf_result check_extent(const sf_blob *blob, const extent *found,
                              sf_diag *diag) {
  bool float_type = blob->type.scalar.kind == SF_SCALAR_F32;
  bool float_data =
      found->dtype == SF_DTYPE_F32 || found->dtype == SF_DTYPE_F16;
  char type[160];
  sf_type_text(&blob->type, type, sizeof type);
  if (float_type != float_data)
    return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                    "'@%s' is %s, but its data are stored as %s", blob->name,
                    type, sf_dtype_text(found->dtype));
  uint64_t wanted = sf_blob_elements(blob) * sf_dtype_bytes(found->dtype);
  if (found->bytes != wanted)
    return sf_error(diag, SF_DIAG_BLOB, blob->loc,
                    "'@%s' is %s and needs %llu bytes, found %llu", blob->name,
                    type, (unsigned long long)wanted,
                    (unsigned long long)found->bytes);
  if (!blob->sha256) return SF_OK;
  char sha256[65];
  sf_sha256(found->data, found->bytes, sha256);
  if (sha256[0] == '\0') return SF_OOM;
  if (strcmp(sha256, blob->sha256) == 0) return SF_OK;
  (void)sf_error(diag, SF_DIAG_BLOB, blob->loc,
                 "the data of '@%s' do not have the hash that is written",
                 blob->name);
  sf_note(diag, SF_NO_LOC, "expected %s, found %s", blob->sha256, sha256);
  return SF_FAIL;
}

static sf_result load_file(sf_blob *blob, sf_diag *diag) {
  open_file *file = NULL;
  extent found = {0};
  SF_TRY(open_file_of(blob, diag, &file));
  if (blob->source == SF_SOURCE_FILE)
    SF_TRY(find_tensor(blob, file, diag, &found));
  else
    SF_TRY(find_raw(blob, file, diag, &found));
  SF_TRY(check_extent(blob, &found, diag));
  sf_dtype declared = blob->dtype;
  blob->dtype = found.dtype;
  blob->data = found.data;
  sf_result result = sf_blob_check(blob, diag);
  if (result != SF_OK) {
    blob->data = NULL;
    blob->dtype = declared;
  }
  return result;
}

/* The base is checked as a whole. */
static sf_result load_slice(sf_blob *slice, sf_diag *diag) {
  sf_blob *base = slice->base;
  SF_TRY(sf_blob_load(base, diag));
  slice->dtype = base->dtype;
  slice->data = base->data ? base->data : &base->splat;
  return SF_OK;
}

sf_result sf_blob_load(sf_blob *blob, sf_diag *diag) {
  switch (blob->source) {
  case SF_SOURCE_FILE:
  case SF_SOURCE_RAW:
    return blob->data ? SF_OK : load_file(blob, diag);
  case SF_SOURCE_SLICE:
    return load_slice(blob, diag);
  case SF_SOURCE_ELIDED:
    (void)sf_error(diag, SF_DIAG_BLOB_ELIDED, blob->loc,
                   "the data of '@%s' were left out of this text", blob->name);
    sf_help(diag, "print the module to a file with -o: its data go beside it");
    return SF_FAIL;
  default:
    if (blob->checked) return SF_OK;
    SF_TRY(sf_blob_check(blob, diag));
    blob->checked = true;
    return SF_OK;
  }
}
