/* ONNX models, from a file as the reader wants it. What is read must print and
 * read back; what is not must have said why, and never as a bug of ours.
 *
 * Most bytes of such a file are lengths: half of the mutants change one field
 * of the wire format and set the lengths around it right. */
#include "fuzz.h"
#include "import.h"
#include "sf/frontend.h"
#include "support/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);

/* ---- One import. ---- */

static char folder[512];
static char path[sizeof folder + 16], data_path[sizeof folder + 16];

static void remove_files(void) {
  (void)unlink(path);
  (void)unlink(data_path);
  (void)rmdir(folder);
}

static void write_file(const char *name, const void *data, size_t size) {
  FILE *file = fopen(name, "wb");
  if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
    abort();
}

/* A folder of our own, with a file for external data. */
static void prepare(void) {
  static const char numbers[4096] = "external data";
  if (*path) return;
  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/fuzz_onnx_XXXXXX",
           parent && *parent ? parent : "/tmp");
  if (!mkdtemp(folder)) abort();
  snprintf(path, sizeof path, "%s/m.onnx", folder);
  snprintf(data_path, sizeof data_path, "%s/data", folder);
  write_file(data_path, numbers, sizeof numbers);
  atexit(remove_files);
}

static const sf_frontend *onnx(void) {
  const sf_frontend *reader;
  for (size_t i = 0; (reader = sf_frontend_at(i)); i++)
    if (strcmp(reader->name, "onnx") == 0) return reader;
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const sf_import_option options[] = {{"batch", "none"}};
  uint32_t option_count = size & 1; /* either way, the same for the same file */
  sf_import import;
  prepare();
  write_file(path, data, size);
  sf_diag *diag = fuzz_diag_create();
  if (!diag) return 0;
  sf_result result = onnx()->read(path, options, option_count, diag, &import);
  fuzz_check_import(result, &import, path, diag);
  sf_diag_destroy(diag);
  return 0;
}

/* ---- Mutants. ---- */

enum { FIELDS_MAX = 4096, FIELDS_DEEP = 12, ROOM = 1 << 17 };

typedef struct field {
  int parent; /* -1: outermost */
  unsigned wire;
  size_t tag, value, end; /* offsets; the length stands before the value */
} field;

static field fields[FIELDS_MAX];
static int field_count;

static size_t read_varint(const uint8_t *data, size_t at, size_t end,
                          uint64_t *out) {
  *out = 0;
  for (unsigned shift = 0; shift < 64 && at < end; shift += 7) {
    *out |= (uint64_t)(data[at] & 127U) << shift;
    if (!(data[at++] & 128U)) return at;
  }
  return 0;
}

static size_t put_varint(uint8_t *out, uint64_t value) {
  size_t at = 0;
  for (; value > 127; value >>= 7)
    out[at++] = (uint8_t)(128U | (value & 127U));
  out[at++] = (uint8_t)value;
  return at;
}

/* The fields from `at` to `end`, and those inside of them where a field reads
 * as a message. False, and none is added: these are no fields. */
static bool find_fields(const uint8_t *data, size_t at, size_t end, int parent,
                        int depth) {
  int first = field_count;
  while (at < end && field_count < FIELDS_MAX) {
    uint64_t tag, length = 0;
    field f = {.parent = parent, .tag = at};
    at = read_varint(data, at, end, &tag);
    f.wire = (unsigned)(tag & 7);
    f.value = at;
    bool known = at && tag >> 3 > 0 && tag >> 3 < 64;
    if (known && f.wire == 2) {
      f.value = at = read_varint(data, at, end, &length);
    } else if (known && f.wire == 0) {
      at = read_varint(data, at, end, &length);
      length = 0;
    } else {
      length = f.wire == 5 ? 4 : 8;
      known &= f.wire == 5 || f.wire == 1;
    }
    if (!known || !at || length > end - at) {
      field_count = first;
      return false;
    }
    at += length;
    f.end = at;
    fields[field_count++] = f;
    if (f.wire == 2 && length > 1 && depth < FIELDS_DEEP)
      (void)find_fields(data, f.value, f.end, field_count - 1, depth + 1);
  }
  return true;
}

/* Puts `text` in the place of field `index` and sets the lengths around it.
 * Gives the size of the whole, 0 when it has no room. */
static size_t splice(uint8_t *data, size_t size, size_t max_size, int index,
                     const uint8_t *text, size_t length) {
  static uint8_t now[ROOM], next[ROOM];
  memcpy(now, text, length);
  size_t begin = fields[index].tag, end = fields[index].end;
  for (int p = fields[index].parent;; p = fields[p].parent) {
    size_t from = p < 0 ? 0 : fields[p].value;
    size_t to = p < 0 ? size : fields[p].end;
    size_t whole = (begin - from) + length + (to - end), at = 0;
    if (whole + 32 > ROOM || whole > max_size) return 0;
    if (p >= 0) {
      uint64_t tag;
      (void)read_varint(data, fields[p].tag, size, &tag);
      at = put_varint(next, tag);
      at += put_varint(next + at, whole);
    }
    memcpy(next + at, data + from, begin - from);
    memcpy(next + at + (begin - from), now, length);
    memcpy(next + at + (begin - from) + length, data + end, to - end);
    length = at + whole;
    memcpy(now, next, length);
    if (p < 0) break;
    begin = fields[p].tag;
    end = fields[p].end;
  }
  if (length > max_size) return 0;
  memcpy(data, now, length);
  return length;
}

static uint32_t draw(uint32_t *state, uint32_t limit) {
  *state = *state * 1664525U + 1013904223U;
  return (uint32_t)(((uint64_t)*state * limit) >> 32);
}

static uint64_t odd_number(uint32_t *state) {
  static const uint64_t odd[] = {0,
                                 1,
                                 2,
                                 3,
                                 4,
                                 7,
                                 8,
                                 10,
                                 11,
                                 13,
                                 16,
                                 17,
                                 64,
                                 255,
                                 4096,
                                 INT32_MAX,
                                 (uint64_t)1 << 31,
                                 (uint64_t)1 << 40,
                                 INT64_MAX,
                                 (uint64_t)INT64_MAX + 1,
                                 UINT64_MAX,
                                 UINT64_MAX - 1,
                                 UINT64_MAX - 7};
  return odd[draw(state, sizeof odd / sizeof *odd)];
}

/* Another value of the field, behind its tag; gives the size. */
static size_t other_value(const uint8_t *data, const field *f, uint8_t *out,
                          uint32_t *state) {
  size_t at = f->value - f->tag, length = f->end - f->value;
  uint64_t tag;
  if (f->wire == 2) {
    (void)read_varint(data, f->tag, f->end, &tag);
    uint8_t *value = out + ROOM / 2;
    if (length > ROOM / 4) length = ROOM / 4;
    memcpy(value, data + f->value, length);
    length = LLVMFuzzerMutate(value, length, length + 16);
    at = put_varint(out, tag);
    at += put_varint(out + at, length);
    memmove(out + at, value, length);
    return at + length;
  }
  memcpy(out, data + f->tag, f->end - f->tag);
  if (f->wire == 0) return at + put_varint(out + at, odd_number(state));
  (void)LLVMFuzzerMutate(out + at, length, length);
  return at + length;
}

/* The field under another one's value, of the same kind. */
static size_t borrowed(const uint8_t *data, const field *f, const field *other,
                       uint8_t *out) {
  uint64_t tag;
  (void)read_varint(data, f->tag, f->end, &tag);
  size_t length = other->end - other->value;
  if (other->wire != f->wire || length + 32 > ROOM) return 0;
  size_t at = put_varint(out, tag);
  if (f->wire == 2) at += put_varint(out + at, length);
  memcpy(out + at, data + other->value, length);
  return at + length;
}

static size_t mutate_field(uint8_t *data, size_t size, size_t max_size,
                           uint32_t *state) {
  static uint8_t text[ROOM];
  field_count = 0;
  if (!find_fields(data, 0, size, -1, 0) || !field_count) return 0;
  int index = (int)draw(state, (uint32_t)field_count);
  const field *f = &fields[index];
  const field *other = &fields[draw(state, (uint32_t)field_count)];
  size_t own = f->end - f->tag, theirs = other->end - other->tag;
  if (own + theirs + 32 > ROOM) return 0;
  memcpy(text, data + f->tag, own);
  switch (draw(state, 8)) {
  case 0: /* gone */
    return splice(data, size, max_size, index, text, 0);
  case 1: /* twice */
    memcpy(text + own, data + f->tag, own);
    return splice(data, size, max_size, index, text, 2 * own);
  case 2: /* before another one */
    memcpy(text + own, data + other->tag, theirs);
    return splice(data, size, max_size, index, text, own + theirs);
  case 3: /* another one in its place */
    return splice(data, size, max_size, index, data + other->tag, theirs);
  case 4:
  case 5:
    own = borrowed(data, f, other, text);
    return own ? splice(data, size, max_size, index, text, own) : 0;
  default:
    return splice(data, size, max_size, index, text,
                  other_value(data, f, text, state));
  }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed) {
  uint32_t state = seed;
  size_t changed = 0;
  if (size < ROOM / 4 && draw(&state, 4) > 0)
    changed = mutate_field(data, size, max_size, &state);
  return changed ? changed : LLVMFuzzerMutate(data, size, max_size);
}
