/* print_blob.c - blobs as text: inline, by file, by companion, or elided. */
#include "ir/printer.h"

#include "ir/blob_private.h"
#include "support/hash.h"

#include <string.h>

bool sf_blob_in_companion(const sf_printer *printer, const sf_blob *blob) {
  if (blob->source == SF_SOURCE_DERIVED)
    return sf_blob_elements(blob) > SF_BLOB_INLINE_MAX;
  if (blob->source != SF_SOURCE_FILE && blob->source != SF_SOURCE_RAW)
    return false;
  return printer->copy_files ||
         (printer->rewrites && strcmp(blob->path, printer->companion) == 0);
}

static void print_element(sf_buffer *out, const sf_blob *blob, size_t index) {
  if (blob->type.scalar.kind == SF_SCALAR_F32)
    sf_print_f32(out, sf_blob_raw_f32(blob, index));
  else
    sf_buffer_printf(out, "%d", sf_blob_i32(blob, index));
}

static bool all_equal(const sf_blob *blob) {
  sf_word unused;
  return sf_blob_is_uniform(blob, &unused);
}

static void print_inline(sf_buffer *out, const sf_blob *blob) {
  if (all_equal(blob)) {
    sf_buffer_text(out, "splat ");
    print_element(out, blob, 0);
    return;
  }
  sf_buffer_text(out, "dense [");
  size_t count = sf_blob_elements(blob);
  for (size_t i = 0; i < count; i++) {
    if (i) sf_buffer_text(out, ", ");
    print_element(out, blob, i);
  }
  sf_buffer_char(out, ']');
}

static void print_hash(sf_buffer *out, const char *sha256) {
  if (sha256) sf_buffer_printf(out, " sha256 \"%s\"", sha256);
}

static void print_box(sf_buffer *out, const sf_blob *slice) {
  for (unsigned i = 0; i < slice->type.rank; i++)
    sf_buffer_printf(out, "%s%d:%d", i ? ", " : " [", slice->begin[i],
                     slice->begin[i] + slice->type.dim[i]);
  sf_buffer_char(out, ']');
}

/* Length and hash of bytes that are at hand but not printed. */
static void print_outside(const sf_printer *printer, const sf_blob *blob) {
  char sha256[65];
  size_t bytes = sf_blob_elements(blob) * sf_dtype_bytes(blob->dtype);
  sf_sha256(blob->data, bytes, sha256);
  if (sha256[0] == '\0') printer->out->failed = true;
  if (printer->companion) {
    sf_buffer_text(printer->out, "file ");
    sf_print_string(printer->out, printer->companion);
    sf_buffer_char(printer->out, ' ');
    sf_print_string(printer->out, blob->name);
  } else {
    sf_buffer_printf(printer->out, "elided %zu", bytes);
  }
  print_hash(printer->out, sha256);
}

static void print_source(const sf_printer *printer, const sf_blob *blob) {
  sf_buffer *out = printer->out;
  if (sf_blob_in_companion(printer, blob)) {
    print_outside(printer, blob);
    return;
  }
  switch (blob->source) {
  case SF_SOURCE_FILE:
    sf_buffer_text(out, "file ");
    sf_print_string(out, blob->path);
    sf_buffer_char(out, ' ');
    sf_print_string(out, blob->tensor);
    print_hash(out, blob->sha256);
    return;
  case SF_SOURCE_RAW:
    sf_buffer_text(out, "raw ");
    sf_print_string(out, blob->path);
    sf_buffer_printf(out, " at %llu %s", (unsigned long long)blob->offset,
                     sf_dtype_text(blob->dtype));
    print_hash(out, blob->sha256);
    return;
  case SF_SOURCE_SLICE:
    sf_buffer_text(out, "slice ");
    sf_print_name(out, '@', blob->base->name);
    print_box(out, blob);
    return;
  case SF_SOURCE_ELIDED:
    sf_buffer_printf(out, "elided %llu", (unsigned long long)blob->bytes);
    print_hash(out, blob->sha256);
    return;
  default:
    print_inline(out, blob);
  }
}

void sf_print_blob(const sf_printer *printer, const sf_blob *blob) {
  sf_buffer_text(printer->out, "  blob ");
  sf_print_name(printer->out, '@', blob->name);
  sf_buffer_text(printer->out, " : ");
  sf_print_type(printer->out, &blob->type);
  sf_buffer_text(printer->out, " = ");
  print_source(printer, blob);
  sf_buffer_char(printer->out, '\n');
}
