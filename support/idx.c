/* idx.c - the IDX format of the MNIST files (LeCun, Cortes, Burges): two zero
 * bytes, type, rank, then big-endian dimensions and elements. */
#include "support/array_format.h"

enum { MAGIC_BYTES = 4, DIMENSION_BYTES = 4 };

static bool find_type(uint8_t code, sf_array_type *out) {
  switch (code) {
  case 0x08:
    *out = SF_ARRAY_U8;
    return true;
  case 0x09:
    *out = SF_ARRAY_I8;
    return true;
  case 0x0B:
    *out = SF_ARRAY_I16;
    return true;
  case 0x0C:
    *out = SF_ARRAY_I32;
    return true;
  case 0x0D:
    *out = SF_ARRAY_F32;
    return true;
  case 0x0E:
    *out = SF_ARRAY_F64;
    return true;
  default:
    return false;
  }
}

bool sf_idx_is(const uint8_t *bytes, size_t size) {
  sf_array_type type;
  return size >= MAGIC_BYTES && bytes[0] == 0 && bytes[1] == 0 &&
         find_type(bytes[2], &type) && bytes[3] >= 1 &&
         bytes[3] <= SF_ARRAY_RANK_MAX;
}

size_t sf_idx_header_bytes(const uint8_t *bytes) {
  return MAGIC_BYTES + DIMENSION_BYTES * (size_t)bytes[3];
}

sf_result sf_idx_header(const array_input *input, sf_array *out) {
  if (!sf_idx_is(input->bytes, input->size) ||
      input->size < sf_idx_header_bytes(input->bytes))
    return sf_array_malformed(input, "an IDX file that ends in its header");
  find_type(input->bytes[2], &out->type);
  out->rank = input->bytes[3];
  for (unsigned i = 0; i < out->rank; i++) {
    const uint8_t *at = input->bytes + MAGIC_BYTES + DIMENSION_BYTES * i;
    out->dim[i] = (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 |
                  (uint64_t)at[2] << 8 | at[3];
  }
  return SF_OK;
}

sf_result sf_idx_parse(const array_input *input, sf_array *out) {
  SF_TRY(sf_idx_header(input, out));
  array_layout layout = {.big_endian = true,
                         .data_offset = sf_idx_header_bytes(input->bytes)};
  return sf_array_place(input, &layout, out);
}
