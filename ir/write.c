/* write.c - a module in a file, its large derived blobs beside it. */
#include "sf/ir.h"

#include "ir/blob_private.h"
#include "ir/printer.h"
#include "support/array.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Both name the same folder, links and `.` undone. */
static bool same_directory(const char *a, const char *b) {
  char real_a[PATH_MAX], real_b[PATH_MAX];
  return realpath(a, real_a) && realpath(b, real_b) &&
         strcmp(real_a, real_b) == 0;
}

/* folder/X.sf -> X.safetensors; malloc'ed. */
static char *companion_name(const char *path) {
  path = sf_path_base(path);
  size_t length = strlen(path);
  if (length > 3 && strcmp(path + length - 3, ".sf") == 0) length -= 3;
  static const char suffix[] = ".safetensors";
  char *companion = malloc(length + sizeof suffix);
  if (!companion) return NULL;
  snprintf(companion, length + sizeof suffix, "%.*s%s", (int)length, path,
           suffix);
  return companion;
}

static const char *safetensors_dtype(sf_dtype dtype) {
  static const char *const names[] = {
#define SF_DTYPE(NUMBER, ID, text, bytes, safetensors) [NUMBER] = safetensors,
#include "sf/types.def"
  };
  return names[dtype];
}

static sf_tensor_out tensor_of(const sf_blob *blob) {
  sf_tensor_out tensor = {.name = blob->name,
                          .dtype = safetensors_dtype(blob->dtype),
                          .rank = blob->type.rank,
                          .data = blob->data};
  for (unsigned i = 0; i < blob->type.rank; i++)
    tensor.dim[i] = (uint64_t)blob->type.dim[i];
  tensor.bytes = sf_blob_elements(blob) * sf_dtype_bytes(blob->dtype);
  return tensor;
}

/* The tensors of the companion, in the module's order. Loads what is to be
 * copied from files. */
typedef struct tensor_list {
  sf_tensor_out *tensors;
  size_t count;
} tensor_list;

static sf_result collect(const sf_printer *printer, sf_arena *scratch,
                         sf_diag *diag, tensor_list *out) {
  size_t total = 0;
  const sf_module *module = printer->module;
  for (const sf_blob *b = module->first_blob; b; b = b->next)
    total += sf_blob_in_companion(printer, b);
  out->tensors = SF_NEW_ARRAY(scratch, sf_tensor_out, total ? total : 1);
  if (!out->tensors) return SF_OOM;
  for (sf_blob *b = module->first_blob; b; b = b->next) {
    if (!sf_blob_in_companion(printer, b)) continue;
    SF_TRY(sf_blob_load(b, diag));
    out->tensors[out->count++] = tensor_of(b);
  }
  return SF_OK;
}

/* Replacing the companion must not lose what the module reads from it. */
static void decide_moves(sf_printer *printer, const char *directory) {
  const sf_module *module = printer->module;
  printer->copy_files =
      module->directory && !same_directory(module->directory, directory);
  for (const sf_blob *b = module->first_blob; b; b = b->next)
    printer->rewrites |= sf_blob_in_companion(printer, b);
}

/* The text takes its room on the disk before the companion gets its name, and
 * its own name last: a full disk leaves what was there before, and a text that
 * names a companion never stands alone. */
static sf_result publish(const sf_printer *printer, const char *path,
                         const char *companion, const tensor_list *list,
                         sf_diag *diag) {
  sf_writer writer;
  SF_TRY(sf_writer_begin(path, diag, &writer));
  sf_result result =
      sf_writer_add(&writer, printer->out->data, printer->out->size, diag);
  if (result == SF_OK && list->count)
    result = sf_safetensors_write(companion, list->tensors, list->count, diag);
  if (result == SF_OK) return sf_writer_publish(&writer, diag);
  sf_writer_discard(&writer);
  return result;
}

static sf_result write_both(sf_printer *printer, const char *path,
                            sf_arena *scratch, sf_diag *diag) {
  char *directory = sf_path_directory(path);
  char *companion =
      directory ? sf_path_join(directory, printer->companion) : NULL;
  tensor_list list = {0};
  sf_result result = SF_OOM;
  if (companion) {
    decide_moves(printer, directory);
    result = collect(printer, scratch, diag, &list);
  }
  if (result == SF_OK) {
    sf_print_module(printer);
    if (printer->out->failed) result = SF_OOM;
  }
  if (result == SF_OK) result = publish(printer, path, companion, &list, diag);
  free(companion);
  free(directory);
  return result;
}

sf_result sf_write_module(const sf_module *module, const char *path,
                          const sf_print_options *options, sf_diag *diag) {
  sf_buffer text = {0};
  sf_printer printer = {.out = &text, .module = module};
  sf_arena *scratch = sf_arena_create();
  char *companion = companion_name(path);
  printer.companion = companion;
  if (options) printer.locations = options->locations;
  if (options && options->companion) printer.companion = options->companion;
  sf_result result =
      scratch && companion ? write_both(&printer, path, scratch, diag) : SF_OOM;
  free(companion);
  sf_arena_destroy(scratch);
  sf_buffer_destroy(&text);
  return result;
}
