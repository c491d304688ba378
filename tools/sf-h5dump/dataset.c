/* dataset.c - one dataset: refused, named, or read and written.
 *
 * Sizes are known before anything is read, so a small file that unpacks to much
 * is refused by its own header. */
#include "tools/sf-h5dump/h5dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_filters(hid_t plist, const char *path) {
  int count = H5Pget_nfilters(plist);
  for (int i = 0; i < count; i++) {
    unsigned flags = 0, config = 0;
    size_t values = 0;
    char name[64] = "";
    H5Z_filter_t filter = H5Pget_filter2(plist, (unsigned)i, &flags, &values,
                                         NULL, sizeof name - 1, name, &config);
    if (filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE ||
        filter == H5Z_FILTER_FLETCHER32) {
      continue;
    }
    refuse(path,
           "is packed with filter %d%s%s%s; gzip, shuffle and fletcher32 "
           "are read",
           (int)filter, *name ? " (" : "", name, *name ? ")" : "");
  }
}

/* Virtual and external data would open other files; a chunk is unpacked as a
 * whole, so its size counts too. */
static void check_storage(hid_t dataset, const char *path,
                          uint64_t element_bytes) {
  hid_t plist = H5Dget_create_plist(dataset);
  if (plist < 0) refuse(path, "has a damaged header");
  H5D_layout_t layout = H5Pget_layout(plist);
  if (layout == H5D_VIRTUAL)
    refuse(path, "is a virtual dataset, assembled from other files");
  if (H5Pget_external_count(plist) > 0)
    refuse(path, "keeps its data in another file");
  check_filters(plist, path);
  if (layout == H5D_CHUNKED) {
    hsize_t dims[H5S_MAX_RANK];
    int rank = H5Pget_chunk(plist, H5S_MAX_RANK, dims);
    uint64_t bytes = element_bytes ? element_bytes : 1;
    for (int i = 0; i < rank; i++) {
      if (dims[i] == 0 || bytes > (SF_H5_DATA_MAX / 4) / dims[i])
        refuse(path, "has chunks that are too large");
      bytes *= dims[i];
    }
  }
  H5Pclose(plist);
}

/* Elements of a dataset; refuses ranks and products out of bounds. */
static uint64_t read_shape(hid_t dataset, const char *path, uint32_t *out_rank,
                           hsize_t *dims) {
  hid_t space = H5Dget_space(dataset);
  if (space < 0) refuse(path, "has a damaged shape");
  H5S_class_t class = H5Sget_simple_extent_type(space);
  *out_rank = 0;
  uint64_t count = 1;
  if (class == H5S_NULL) {
    *out_rank = 1; /* no elements at all */
    dims[0] = 0;
    count = 0;
  } else if (class == H5S_SIMPLE) {
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > SF_H5_RANK_MAX)
      refuse(path, "has %d axes; at most %d are read", rank, SF_H5_RANK_MAX);
    *out_rank = (uint32_t)rank;
    H5Sget_simple_extent_dims(space, dims, NULL);
    for (int i = 0; i < rank; i++) {
      if (dims[i] != 0 && count > SF_H5_DATA_MAX / dims[i])
        refuse(path, "has too many elements");
      count *= dims[i];
    }
  }
  H5Sclose(space);
  return count;
}

typedef struct number_type {
  sf_h5_kind kind;
  uint32_t bytes;
  hid_t memory; /* not owned */
} number_type;

static bool choose_integer(hid_t type, number_type *out) {
  bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
  out->kind = is_signed ? SF_H5_INT : SF_H5_UINT;
  size_t size = H5Tget_size(type);
  out->bytes = size <= 1 ? 1 : size <= 2 ? 2 : size <= 4 ? 4 : 8;
  switch (out->bytes) {
  case 1:
    out->memory = is_signed ? H5T_STD_I8LE : H5T_STD_U8LE;
    break;
  case 2:
    out->memory = is_signed ? H5T_STD_I16LE : H5T_STD_U16LE;
    break;
  case 4:
    out->memory = is_signed ? H5T_STD_I32LE : H5T_STD_U32LE;
    break;
  default:
    out->memory = is_signed ? H5T_STD_I64LE : H5T_STD_U64LE;
    break;
  }
  return size >= 1 && size <= 8;
}

/* Whether the elements are plain numbers, and how to read them. An enumeration
 * of one byte (a boolean of h5py) has no byte order and is read as it lies. */
static bool choose_number(hid_t type, number_type *out) {
  H5T_class_t class = H5Tget_class(type);
  if (class == H5T_INTEGER) return choose_integer(type, out);
  if (class == H5T_FLOAT) {
    out->kind = SF_H5_FLOAT;
    out->bytes = H5Tget_size(type) <= 4 ? 4 : 8;
    out->memory = out->bytes == 4 ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;
    return H5Tget_size(type) <= 8;
  }
  if (class == H5T_ENUM && H5Tget_size(type) == 1) {
    *out = (number_type){SF_H5_UINT, 1, type};
    return true;
  }
  return false;
}

static const char *class_name(H5T_class_t class) {
  switch (class) {
  case H5T_TIME:
    return "time";
  case H5T_BITFIELD:
    return "bitfield";
  case H5T_OPAQUE:
    return "opaque";
  case H5T_COMPOUND:
    return "compound";
  case H5T_REFERENCE:
    return "reference";
  case H5T_ENUM:
    return "enumeration";
  case H5T_VLEN:
    return "sequence";
  case H5T_ARRAY:
    return "array";
  case H5T_INTEGER:
    return "wide integer";
  case H5T_FLOAT:
    return "wide float";
  default:
    return "unknown";
  }
}

static void dump_numbers(stream *out, hid_t dataset, const char *path,
                         const number_type *number, uint32_t rank,
                         const hsize_t *dims, uint64_t count) {
  uint64_t bytes = count * number->bytes;
  stream_reserve(out, path, bytes);
  void *data = calloc((size_t)(count ? count : 1), number->bytes);
  if (!data) refuse(path, "needs more memory than there is");
  if (count && H5Dread(dataset, number->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                       data) < 0) {
    refuse(path, "cannot be read: its data are damaged or cut off");
  }
  stream_dataset(out, path, number->kind, number->bytes, rank, dims, data,
                 bytes);
  free(data);
}

void dump_dataset(stream *out, hid_t dataset, const char *path) {
  hid_t type = H5Dget_type(dataset);
  if (type < 0) refuse(path, "has a damaged type");
  check_storage(dataset, path, H5Tget_size(type));
  uint32_t rank = 0;
  hsize_t dims[SF_H5_RANK_MAX] = {0};
  uint64_t count = read_shape(dataset, path, &rank, dims);
  number_type number = {.kind = SF_H5_OTHER};
  if (H5Tget_class(type) == H5T_STRING) {
    dump_strings(out, dataset, type, path, rank, dims, count);
  } else if (choose_number(type, &number)) {
    dump_numbers(out, dataset, path, &number, rank, dims, count);
  } else {
    const char *name = class_name(H5Tget_class(type));
    stream_dataset(out, path, SF_H5_OTHER, 0, rank, dims, name, strlen(name));
  }
  H5Tclose(type);
}
