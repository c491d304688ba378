/* gzip.c - a gzipped IDX file, inflated under bounds.
 *
 * The header is inflated first: what it claims must be possible for so many
 * compressed bytes. So memory is never more than 1032 times the file, the most
 * that deflate can expand (zlib.net/zlib_tech.html). */
#include "support/array_format.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { DEFLATE_RATIO_MAX = 1032, GZIP_WINDOW = 15 + 16 };

bool sf_gzip_is(const array_input *input) {
  return input->size >= 2 && input->bytes[0] == 0x1F && input->bytes[1] == 0x8B;
}

/* A stream and the compressed bytes that it was not given yet: its counters
 * have 32 bits. */
typedef struct inflater {
  const array_input *input;
  z_stream stream;
  size_t given;
  bool ended; /* the checksum at the end was right */
} inflater;

static void give_input(inflater *in) {
  size_t left = in->input->size - in->given;
  in->stream.next_in = (Bytef *)(uintptr_t)(in->input->bytes + in->given);
  in->stream.avail_in = left > UINT_MAX ? UINT_MAX : (uInt)left;
  in->given += in->stream.avail_in;
}

/* Up to `size` bytes; *out_got is less only at the end of the stream. */
static sf_result inflate_some(inflater *in, uint8_t *out, size_t size,
                              size_t *out_got) {
  size_t got = 0;
  while (got < size && !in->ended) {
    if (in->stream.avail_in == 0) give_input(in);
    size_t room = size - got;
    in->stream.next_out = out + got;
    in->stream.avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    uInt before = in->stream.avail_out;
    int status = inflate(&in->stream, Z_NO_FLUSH);
    got += before - in->stream.avail_out;
    if (status == Z_MEM_ERROR) return SF_OOM;
    if (status == Z_BUF_ERROR)
      return sf_array_malformed(in->input, "its gzip stream is truncated");
    if (status != Z_OK && status != Z_STREAM_END)
      return sf_array_malformed(in->input, "its gzip stream is damaged");
    in->ended = status == Z_STREAM_END;
  }
  *out_got = got;
  return SF_OK;
}

/* Inflates the header into `bytes` and finds the size of the whole. */
static sf_result inflate_header(inflater *in, uint8_t *bytes,
                                size_t *out_header, uint64_t *out_total) {
  const array_input *input = in->input;
  size_t got = 0, more = 0;
  SF_TRY(inflate_some(in, bytes, 4, &got));
  if (!sf_idx_is(bytes, got))
    return sf_array_malformed(input, "a gzipped file that is not IDX");
  *out_header = sf_idx_header_bytes(bytes);
  SF_TRY(inflate_some(in, bytes + 4, *out_header - 4, &more));
  array_input plain = {bytes, got + more, input->name, input->diag};
  sf_array array = {.rank = 0};
  SF_TRY(sf_idx_header(&plain, &array));
  uint64_t elements, data_bytes;
  bool fits = sf_array_measure(&array, &elements, &data_bytes);
  *out_total = fits ? data_bytes + *out_header : UINT64_MAX;
  if (*out_total / DEFLATE_RATIO_MAX <= input->size) return SF_OK;
  return sf_error(input->diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                  "'%s': its header claims more data than %zu compressed bytes "
                  "can hold",
                  input->name, input->size);
}

/* Exactly `size` bytes, then the end of the stream and of the file. */
static sf_result inflate_rest(inflater *in, uint8_t *out, size_t size) {
  size_t got = 0, more = 0;
  uint8_t extra;
  SF_TRY(inflate_some(in, out, size, &got));
  if (!in->ended) SF_TRY(inflate_some(in, &extra, 1, &more));
  if (got < size || more)
    return sf_array_malformed(
        in->input, "its IDX header promises %zu bytes of data, %s are there",
        size, more ? "more" : "fewer");
  if (in->stream.avail_in || in->given < in->input->size)
    return sf_array_malformed(in->input, "bytes follow its gzip stream");
  return SF_OK;
}

static sf_result inflate_idx(inflater *in, uint8_t **out, size_t *out_size) {
  uint8_t header[4 + 4 * SF_ARRAY_RANK_MAX];
  size_t header_bytes = 0;
  uint64_t total = 0;
  SF_TRY(inflate_header(in, header, &header_bytes, &total));
  if (total > SIZE_MAX) return SF_OOM;
  uint8_t *bytes = malloc((size_t)total);
  if (!bytes) return SF_OOM;
  memcpy(bytes, header, header_bytes);
  sf_result result =
      inflate_rest(in, bytes + header_bytes, (size_t)total - header_bytes);
  if (result != SF_OK) {
    free(bytes);
    return result;
  }
  *out = bytes;
  *out_size = (size_t)total;
  return SF_OK;
}

sf_result sf_gzip_idx_inflate(const array_input *input, uint8_t **out,
                              size_t *out_size) {
  inflater in = {.input = input};
  if (inflateInit2(&in.stream, GZIP_WINDOW) != Z_OK) return SF_OOM;
  sf_result result = inflate_idx(&in, out, out_size);
  inflateEnd(&in.stream);
  return result;
}
