/* h5_stream_write.c - records of support/h5_stream.h, and the run of the helper
 * sf-h5pack. */
#include "frontend/h5_stream_write.h"

#include "support/file.h"
#include "support/process.h"

#include <stdlib.h>
#include <string.h>

enum { HELPER_SECONDS = 120 };

/* A file has its own tables beside the data. */
#define FILE_MAX ((size_t)SF_H5_DATA_MAX + ((size_t)512 << 20))

static void put_number(sf_h5_stream *stream, uint64_t value, unsigned bytes) {
  unsigned char text[8];
  for (unsigned i = 0; i < bytes; i++)
    text[i] = (unsigned char)(value >> (8 * i));
  sf_buffer_add(&stream->bytes, text, bytes);
}

static void begin(sf_h5_stream *stream) {
  stream->too_large |= stream->records == SF_H5_OBJECTS_MAX;
  if (stream->records++) return;
  sf_buffer_add(&stream->bytes, SF_H5_MAGIC, sizeof SF_H5_MAGIC - 1);
  put_number(stream, SF_H5_VERSION, 4);
}

void sf_h5_stream_group(sf_h5_stream *stream, const char *path) {
  begin(stream);
  put_number(stream, SF_H5_TAG_GROUP, 4);
  put_number(stream, strlen(path), 4);
  sf_buffer_text(&stream->bytes, path);
}

static void put_strings(sf_h5_stream *stream, uint64_t count,
                        const char *const *texts) {
  for (uint64_t i = 0; i < count; i++) {
    put_number(stream, strlen(texts[i]), 4);
    sf_buffer_text(&stream->bytes, texts[i]);
  }
}

static uint64_t string_bytes(uint64_t count, const char *const *texts) {
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < count; i++)
    bytes += 4 + strlen(texts[i]);
  return bytes;
}

void sf_h5_stream_dataset(sf_h5_stream *stream, const char *path,
                          sf_h5_kind kind, uint32_t element_bytes,
                          uint32_t rank, const uint64_t *dims,
                          const void *data) {
  uint64_t elements = 1;
  for (uint32_t i = 0; i < rank; i++)
    elements *= dims[i];
  bool text = kind == SF_H5_STRING;
  uint64_t bytes =
      text ? string_bytes(elements, data) : elements * element_bytes;
  stream->data_bytes += bytes;
  stream->too_large |= stream->data_bytes > SF_H5_DATA_MAX;
  if (stream->too_large) return;
  begin(stream);
  put_number(stream, SF_H5_TAG_DATASET, 4);
  put_number(stream, strlen(path), 4);
  put_number(stream, kind, 4);
  put_number(stream, text ? 0 : element_bytes, 4);
  put_number(stream, rank, 4);
  for (uint32_t i = 0; i < rank; i++)
    put_number(stream, dims[i], 8);
  put_number(stream, bytes, 8);
  sf_buffer_text(&stream->bytes, path);
  if (text)
    put_strings(stream, elements, data);
  else
    sf_buffer_add(&stream->bytes, data, (size_t)bytes);
}

void sf_h5_stream_end(sf_h5_stream *stream) {
  put_number(stream, SF_H5_TAG_END, 4);
  put_number(stream, stream->records, 8);
  uint64_t hash = SF_H5_FNV_START;
  const unsigned char *bytes = (const unsigned char *)stream->bytes.data;
  if (stream->bytes.failed) return;
  for (size_t i = 0; i < stream->bytes.size; i++)
    hash = (hash ^ bytes[i]) * SF_H5_FNV_PRIME;
  put_number(stream, hash, 8);
}

void sf_h5_stream_destroy(sf_h5_stream *stream) {
  sf_buffer_destroy(&stream->bytes);
  *stream = (sf_h5_stream){0};
}

/* ---- The helper. ---- */

static sf_result explain(const char *path, const sf_process_result *answer,
                         sf_diag *diag) {
  if (answer->timed_out)
    return sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
                    "making '%s' took sf-h5pack more than %d seconds", path,
                    HELPER_SECONDS);
  int length = (int)strcspn(answer->errors, "\r\n");
  return sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
                  "sf-h5pack ended with code %d while making '%s'%s%.*s",
                  answer->exit_code, path, length ? ": " : "", length,
                  answer->errors);
}

static sf_result run_helper(const char *program, const sf_h5_stream *stream,
                            const char *path, sf_diag *diag) {
  const char *arguments[] = {program, NULL};
  sf_process_options options = {.arguments = arguments,
                                .input = stream->bytes.data,
                                .input_size = stream->bytes.size,
                                .output_limit = FILE_MAX,
                                .timeout_seconds = HELPER_SECONDS};
  sf_process_result answer = {0};
  SF_TRY(sf_process_run(&options, diag, &answer));
  bool failed = answer.exit_code != 0 || answer.timed_out || answer.too_long;
  sf_result result =
      failed ? explain(path, &answer, diag)
             : sf_file_write(path, answer.output, answer.output_size, diag);
  sf_process_result_destroy(&answer);
  return result;
}

sf_result sf_h5_stream_write(const sf_h5_stream *stream, const char *path,
                             sf_diag *diag) {
  char *program = sf_program_find("sf-h5pack");
  if (!program) {
    sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
             "cannot write '%s': the helper sf-h5pack is missing", path);
    sf_help(diag, "it belongs beside this program, or in PATH; install "
                  "SpikeFormer again");
    return SF_FAIL;
  }
  sf_result result = run_helper(program, stream, path, diag);
  free(program);
  return result;
}
