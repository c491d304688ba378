/* NIR graphs, as sf-h5dump hands them to the reader: one byte that picks the
 * options, then the stream. What is read must print and read back; what is not
 * must have said why, and never as a bug of ours.
 *
 * Most bytes of a stream are paths and lengths: most mutants change one record
 * (its data, its shape, whether it is there) and set count and checksum right.
 */
#include "frontend/nir/nir.h"
#include "fuzz.h"
#include "import.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);

/* ---- One import. ---- */

static const sf_import_option option_sets[][2] = {
    {{"convention", "nir"}, {"dt", "1"}},
    {{"convention", "sinabs"}, {"ports", "lenient"}},
    {{"convention", "spikingjelly"}, {"dt", "auto"}},
    {{"convention", "loihi"}, {"input-type", "spike"}},
    {{"convention", "lava"}, {"recurrence", "synapse"}},
    {{"convention", "rockpool"}, {"input-type", "spike"}},
    {{"convention", "norse"}, {"reset", "value-late"}},
    {{"convention", "spyx"}, {"scheme", "exponential"}}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  sf_diag *diag = fuzz_diag_create();
  if (!diag) return 0;
  sf_h5_tree tree;
  sf_import import = {0};
  sf_result result =
      sf_h5_tree_parse(data + 1, size - 1, "fuzz.nir", diag, &tree);
  if (result == SF_OK)
    result =
        sf_nir_read_tree(&tree, option_sets[data[0] % SF_COUNT_OF(option_sets)],
                         2, diag, &import);
  fuzz_check_import(result, &import, "fuzz", diag);
  sf_h5_tree_destroy(&tree);
  sf_diag_destroy(diag);
  return 0;
}

/* ---- Records. ---- */

enum { RECORDS_MAX = 1024, ROOM = 1 << 16, HEADER = 13 };

typedef struct record {
  size_t begin, end; /* of all its bytes */
  bool is_group;
  uint32_t path_bytes, kind, width, rank;
  size_t dims, path, data; /* where they start */
} record;

static record records[RECORDS_MAX];
static uint32_t record_count;

static uint64_t get(const uint8_t *at, unsigned bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < bytes; i++)
    value |= (uint64_t)at[i] << (8 * i);
  return value;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; i++)
    at[i] = (uint8_t)(value >> (8 * i));
}

/* The record at `at`; false: it is none, or the end. */
static bool read_record(const uint8_t *data, size_t at, size_t size,
                        record *out) {
  if (size - at < 8) return false;
  uint64_t tag = get(data + at, 4);
  *out = (record){.begin = at, .is_group = tag == SF_H5_TAG_GROUP};
  out->path_bytes = (uint32_t)get(data + at + 4, 4);
  out->path = at + 8;
  size_t left = size - at - 8;
  if (tag == SF_H5_TAG_DATASET) {
    if (left < 12) return false;
    out->kind = (uint32_t)get(data + at + 8, 4);
    out->width = (uint32_t)get(data + at + 12, 4);
    out->rank = (uint32_t)get(data + at + 16, 4);
    out->dims = at + 20;
    if (out->rank > SF_H5_RANK_MAX || left - 12 < 8 * out->rank + 8)
      return false;
    out->path = out->dims + 8 * out->rank + 8;
  } else if (!out->is_group) {
    return false;
  }
  uint64_t bytes = out->is_group ? 0 : get(data + out->path - 8, 8);
  if (out->path_bytes > size - out->path) return false;
  out->data = out->path + out->path_bytes;
  if (bytes > size - out->data) return false;
  out->end = out->data + (size_t)bytes;
  return true;
}

static void find_records(const uint8_t *data, size_t size) {
  record_count = 0;
  size_t at = HEADER;
  while (record_count < RECORDS_MAX && at < size &&
         read_record(data, at, size, &records[record_count]))
    at = records[record_count++].end;
}

static uint32_t draw(uint32_t *state, uint32_t limit) {
  *state = *state * 1664525U + 1013904223U;
  return (uint32_t)(((uint64_t)*state * limit) >> 32);
}

/* ---- Mutants. ---- */

typedef struct text {
  uint8_t bytes[ROOM];
  size_t size;
} text;

static void add(text *out, const uint8_t *bytes, size_t size) {
  if (size > sizeof out->bytes - out->size) size = 0;
  memcpy(out->bytes + out->size, bytes, size);
  out->size += size;
}

/* The record `like` under the path of `r`. */
static void add_as(text *out, const uint8_t *data, const record *r,
                   const record *like) {
  size_t head = out->size;
  add(out, data + like->begin, like->path - like->begin);
  put(out->bytes + head + 4, r->path_bytes, 4);
  add(out, data + r->path, r->path_bytes);
  add(out, data + like->data, like->end - like->data);
}

static double odd_number(uint32_t *state) {
  static const double odd[] = {0,    1,   -1,    2,     3,     0.5,
                               1e-4, 1e9, 1e300, 1e-30, 65536, -0.25};
  return odd[draw(state, SF_COUNT_OF(odd))];
}

/* One number of the data, written over. */
static void change_number(uint8_t *data, const record *r, uint32_t *state) {
  size_t count = r->width ? (r->end - r->data) / r->width : 0;
  if (r->kind > SF_H5_FLOAT || count == 0) return;
  double value = odd_number(state);
  size_t at = r->data + draw(state, (uint32_t)count) * r->width;
  if (r->kind == SF_H5_FLOAT && r->width == 8) {
    memcpy(data + at, &value, sizeof value);
  } else if (r->kind == SF_H5_FLOAT && r->width == 4) {
    float narrow = (float)value;
    memcpy(data + at, &narrow, sizeof narrow);
  } else if (r->width <= 8) {
    put(data + at, draw(state, 2) ? draw(state, 5) : (uint64_t)1 << 31,
        r->width);
  }
}

/* Another shape, with data to fill it: the old ones again and again. */
static void add_reshaped(text *out, const uint8_t *data, const record *r,
                         uint32_t *state) {
  size_t length = r->end - r->data, head = out->size;
  uint64_t bytes = r->width, dims[3];
  uint32_t rank = draw(state, 4);
  for (uint32_t i = 0; i < rank; i++)
    bytes *= dims[i] = draw(state, 5);
  if (r->kind > SF_H5_FLOAT || length == 0) {
    add(out, data + r->begin, r->end - r->begin);
    return;
  }
  add(out, data + r->begin, 20);
  put(out->bytes + head + 16, rank, 4);
  uint8_t number[8];
  for (uint32_t i = 0; i < rank; i++) {
    put(number, dims[i], 8);
    add(out, number, 8);
  }
  put(number, bytes, 8);
  add(out, number, 8);
  add(out, data + r->path, r->path_bytes);
  for (uint64_t i = 0; i < bytes; i++)
    add(out, data + r->data + i % length, 1);
}

/* One string replaced by another of the same record, or by a node's name. */
static void add_renamed(text *out, const uint8_t *data, const record *r,
                        uint32_t *state) {
  size_t head = out->size, start = 0;
  add(out, data + r->begin, r->data - r->begin);
  size_t path = out->size - head - r->path_bytes;
  uint32_t chosen = draw(state, 8), index = 0;
  const record *other = &records[draw(state, record_count)];
  const uint8_t *name = data + other->path + other->path_bytes;
  while (name > data + other->path && name[-1] != '/')
    name--;
  size_t name_size = (size_t)(data + other->path + other->path_bytes - name);
  size_t first = out->size;
  for (size_t at = r->data; at + 4 <= r->end; index++) {
    size_t length = (size_t)get(data + at, 4);
    if (length > r->end - at - 4) break;
    if (index == chosen) {
      uint8_t number[4];
      put(number, name_size, 4);
      add(out, number, 4);
      add(out, name, name_size);
    } else {
      add(out, data + at, 4 + length);
    }
    at += 4 + length;
  }
  start = head + path - 8;
  put(out->bytes + start, out->size - first, 8);
}

static void add_mutant(text *out, uint8_t *data, const record *r,
                       uint32_t *state) {
  const record *other = &records[draw(state, record_count)];
  switch (draw(state, r->is_group ? 2 : 7)) {
  case 0: /* gone */
    break;
  case 1: /* and another one's data under its path */
    add_as(out, data, r, r->is_group == other->is_group ? other : r);
    break;
  case 2:
    if (r->kind == SF_H5_STRING) {
      add_renamed(out, data, r, state);
      break;
    }
    add_reshaped(out, data, r, state);
    break;
  case 3:
    (void)LLVMFuzzerMutate(data + r->data, r->end - r->data, r->end - r->data);
    add(out, data + r->begin, r->end - r->begin);
    break;
  default:
    if (r->kind == SF_H5_STRING) {
      add_renamed(out, data, r, state);
      break;
    }
    change_number(data, r, state);
    add(out, data + r->begin, r->end - r->begin);
  }
}

static void add_end(text *out, uint32_t count) {
  uint64_t hash = SF_H5_FNV_START;
  uint8_t end[20];
  put(end, SF_H5_TAG_END, 4);
  put(end + 4, count, 8);
  add(out, end, 12);
  for (size_t i = 1; i < out->size; i++) /* the options are not of the stream */
    hash = (hash ^ out->bytes[i]) * SF_H5_FNV_PRIME;
  put(end, hash, 8);
  add(out, end, 8);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed) {
  static text out;
  uint32_t state = seed;
  if (size < HEADER || size > ROOM / 4 || draw(&state, 16) == 0)
    return LLVMFuzzerMutate(data, size, max_size);
  find_records(data, size);
  if (record_count == 0) return LLVMFuzzerMutate(data, size, max_size);
  uint32_t chosen = draw(&state, record_count);
  out.size = 0;
  add(&out, data, HEADER);
  if (draw(&state, 16) == 0) out.bytes[0] = (uint8_t)draw(&state, 8);
  for (uint32_t i = 0; i < record_count; i++)
    if (i == chosen)
      add_mutant(&out, data, &records[i], &state);
    else
      add(&out, data + records[i].begin, records[i].end - records[i].begin);
  find_records(out.bytes, out.size);
  add_end(&out, record_count);
  if (out.size > max_size) return 0;
  memcpy(data, out.bytes, out.size);
  return out.size;
}
