/* wire.c - walks the wire format of a mapped model and copies what onnx.proto
 * names, without the elements of tensors.
 *
 * protobuf-c recurses without a limit and copies every byte it unpacks. So this
 * walk, which knows the messages, bounds nesting, counts and lengths first, and
 * leaves the elements where they are: each tensor gets the place of its pieces
 * in a table. Fields that onnx.proto does not name are dropped. */
#include "frontend/onnx/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
  REDUCED_MAX = 1 << 28, /* bytes of a model without its weights */
  TEXT_MAX = 4096,       /* bytes of a name; SF_NAME_MAX */
  LENGTH_BYTES = 5,      /* a length that is written later, padded */
  NUMBERS_MAX = 32       /* above the numbers of the fields that are kept */
};

/* How a value follows its tag. */
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef enum message_kind {
  MODEL,
  OPSET,
  GRAPH,
  NODE,
  ATTRIBUTE,
  TENSOR,
  ENTRY,
  SPARSE,
  VALUE_INFO,
  TYPE,
  TYPE_TENSOR,
  SHAPE,
  DIMENSION,
  FUNCTION,
  KINDS
} message_kind;

static const char *const message_names[] = {
    "ModelProto",       "OperatorSetIdProto", "GraphProto",
    "NodeProto",        "AttributeProto",     "TensorProto",
    "external_data",    "SparseTensorProto",  "ValueInfoProto",
    "TypeProto",        "TypeProto.Tensor",   "TensorShapeProto",
    "TensorShapeProto", "FunctionProto"};

typedef enum field_sort {
  NUMBER,  /* varint */
  REAL,    /* 32 bits */
  NUMBERS, /* varints, packed or not */
  REALS,   /* 32 bits each, packed or not */
  TEXT,    /* UTF-8 without NUL */
  BYTES,
  MESSAGE,
  PIECE_VARINT, /* elements of a tensor */
  PIECE_32,
  PIECE_64,
  PIECE_BYTES
} field_sort;

typedef struct field_row {
  message_kind message;
  uint32_t number;
  field_sort sort;
  message_kind child;
} field_row;

static const field_row rows[] = {
    {MODEL, 1, NUMBER, 0},
    {MODEL, 2, TEXT, 0},
    {MODEL, 3, TEXT, 0},
    {MODEL, 7, MESSAGE, GRAPH},
    {MODEL, 8, MESSAGE, OPSET},
    {MODEL, 25, MESSAGE, FUNCTION},
    {OPSET, 1, TEXT, 0},
    {OPSET, 2, NUMBER, 0},
    {GRAPH, 1, MESSAGE, NODE},
    {GRAPH, 2, TEXT, 0},
    {GRAPH, 5, MESSAGE, TENSOR},
    {GRAPH, 11, MESSAGE, VALUE_INFO},
    {GRAPH, 12, MESSAGE, VALUE_INFO},
    {GRAPH, 13, MESSAGE, VALUE_INFO},
    {GRAPH, 15, MESSAGE, SPARSE},
    {NODE, 1, TEXT, 0},
    {NODE, 2, TEXT, 0},
    {NODE, 3, TEXT, 0},
    {NODE, 4, TEXT, 0},
    {NODE, 5, MESSAGE, ATTRIBUTE},
    {NODE, 7, TEXT, 0},
    {NODE, 8, TEXT, 0},
    {ATTRIBUTE, 1, TEXT, 0},
    {ATTRIBUTE, 2, REAL, 0},
    {ATTRIBUTE, 3, NUMBER, 0},
    {ATTRIBUTE, 4, BYTES, 0},
    {ATTRIBUTE, 5, MESSAGE, TENSOR},
    {ATTRIBUTE, 6, MESSAGE, GRAPH},
    {ATTRIBUTE, 7, REALS, 0},
    {ATTRIBUTE, 8, NUMBERS, 0},
    {ATTRIBUTE, 9, BYTES, 0},
    {ATTRIBUTE, 10, MESSAGE, TENSOR},
    {ATTRIBUTE, 11, MESSAGE, GRAPH},
    {ATTRIBUTE, 20, NUMBER, 0},
    {ATTRIBUTE, 21, TEXT, 0},
    {ATTRIBUTE, 22, MESSAGE, SPARSE},
    {TENSOR, 1, NUMBERS, 0},
    {TENSOR, 2, NUMBER, 0},
    {TENSOR, ONNX_FLOAT_DATA, PIECE_32, 0},
    {TENSOR, ONNX_INT32_DATA, PIECE_VARINT, 0},
    {TENSOR, ONNX_INT64_DATA, PIECE_VARINT, 0},
    {TENSOR, 8, TEXT, 0},
    {TENSOR, ONNX_RAW_DATA, PIECE_BYTES, 0},
    {TENSOR, ONNX_DOUBLE_DATA, PIECE_64, 0},
    {TENSOR, ONNX_UINT64_DATA, PIECE_VARINT, 0},
    {TENSOR, 13, MESSAGE, ENTRY},
    {TENSOR, 14, NUMBER, 0},
    {ENTRY, 1, TEXT, 0},
    {ENTRY, 2, TEXT, 0},
    {SPARSE, 1, MESSAGE, TENSOR},
    {SPARSE, 2, MESSAGE, TENSOR},
    {SPARSE, 3, NUMBERS, 0},
    {VALUE_INFO, 1, TEXT, 0},
    {VALUE_INFO, 2, MESSAGE, TYPE},
    {TYPE, 1, MESSAGE, TYPE_TENSOR},
    {TYPE_TENSOR, 1, NUMBER, 0},
    {TYPE_TENSOR, 2, MESSAGE, SHAPE},
    {SHAPE, 1, MESSAGE, DIMENSION},
    {DIMENSION, 1, NUMBER, 0},
    {DIMENSION, 2, TEXT, 0},
    {FUNCTION, 1, TEXT, 0},
    {FUNCTION, 4, TEXT, 0},
    {FUNCTION, 5, TEXT, 0},
    {FUNCTION, 6, TEXT, 0},
    {FUNCTION, 7, MESSAGE, NODE},
    {FUNCTION, 9, MESSAGE, OPSET},
    {FUNCTION, 10, TEXT, 0},
    {FUNCTION, 11, MESSAGE, ATTRIBUTE},
    {FUNCTION, 13, TEXT, 0},
};

typedef struct walk {
  const unsigned char *start; /* of the file */
  sf_loc loc;
  sf_diag *diag;
  onnx_wire *out;
  unsigned graphs;                 /* that the place is inside of */
  uint8_t row[KINDS][NUMBERS_MAX]; /* index + 1 of the field's row */
} walk;

/* One field: its tag, and the bytes of its value without tag and length. */
typedef struct field {
  uint32_t number;
  unsigned wire;
  const unsigned char *tag, *value, *end;
} field;

const unsigned char *sf_onnx_varint(const unsigned char *at,
                                    const unsigned char *end, uint64_t *out) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && at < end; shift += 7, at++) {
    value |= (uint64_t)(*at & 127U) << (shift < 64 ? shift : 63);
    if (!(*at & 128U)) {
      *out = value;
      return at + 1;
    }
  }
  return NULL;
}

static sf_result damaged(walk *w, const unsigned char *at, message_kind message,
                         const char *what) {
  return sf_error(w->diag, SF_DIAG_FILE_FORMAT, w->loc,
                  "byte %zu: %s %s; the file is truncated or not an ONNX model",
                  (size_t)(at - w->start), message_names[message], what);
}

/* Splits the next field off; false: it is malformed or runs over `end`. */
static bool next_field(const unsigned char *at, const unsigned char *end,
                       field *out) {
  uint64_t tag, length;
  out->tag = at;
  at = sf_onnx_varint(at, end, &tag);
  if (!at || tag >> 3 == 0 || tag >> 3 > 536870911) return false;
  out->number = (uint32_t)(tag >> 3);
  out->wire = (unsigned)(tag & 7);
  out->value = at;
  switch (out->wire) {
  case WIRE_VARINT:
    out->end = sf_onnx_varint(at, end, &length);
    return out->end != NULL;
  case WIRE_32:
  case WIRE_64:
    length = out->wire == WIRE_32 ? 4 : 8;
    break;
  case WIRE_BYTES:
    at = sf_onnx_varint(at, end, &length);
    if (!at) return false;
    out->value = at;
    break;
  default: /* groups are of no ONNX file */
    return false;
  }
  if (length > (uint64_t)(end - at)) return false;
  out->end = at + length;
  return true;
}

/* ---- What is copied. ---- */

static void put_varint(sf_buffer *out, uint64_t value) {
  while (value > 127) {
    sf_buffer_char(out, (char)(unsigned char)(128U | (value & 127U)));
    value >>= 7;
  }
  sf_buffer_char(out, (char)value);
}

static void put_field(walk *w, const field *f) {
  sf_buffer *out = &w->out->reduced;
  put_varint(out, (uint64_t)f->number << 3 | f->wire);
  size_t length = (size_t)(f->end - f->value);
  if (f->wire == WIRE_BYTES) put_varint(out, length);
  sf_buffer_add(out, f->value, length);
}

/* Strict UTF-8 without NUL, surrogates and overlong forms. */
static bool is_text(const unsigned char *at, const unsigned char *end) {
  while (at < end) {
    unsigned first = *at++, count, low = 0x80, high = 0xBF;
    if (first == 0) return false;
    if (first < 0x80) continue;
    if (first < 0xC2 || first > 0xF4) return false;
    count = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    if ((size_t)(end - at) < count || *at < low || *at > high) return false;
    for (unsigned i = 1; i < count; i++)
      if (at[i] < 0x80 || at[i] > 0xBF) return false;
    at += count;
  }
  return true;
}

static sf_result take_text(walk *w, message_kind message, const field *f) {
  if (f->end - f->value > TEXT_MAX)
    return sf_error(w->diag, SF_DIAG_FILE_LIMIT, w->loc,
                    "byte %zu: a name of %zu bytes in %s; at most %d",
                    (size_t)(f->value - w->start), (size_t)(f->end - f->value),
                    message_names[message], (int)TEXT_MAX);
  if (!is_text(f->value, f->end))
    return damaged(w, f->value, message, "has a name that is not UTF-8");
  put_field(w, f);
  return SF_OK;
}

static sf_result take_piece(walk *w, const field *f, bool packed) {
  onnx_wire *out = w->out;
  onnx_piece piece = {(onnx_piece_field)f->number, packed,
                      (uint64_t)(f->value - w->start),
                      (uint64_t)(f->end - f->value)};
  if (!packed) { /* the tags belong to the run */
    piece.offset = (uint64_t)(f->tag - w->start);
    piece.bytes = (uint64_t)(f->end - f->tag);
    onnx_piece *last =
        out->piece_count ? &out->pieces[out->piece_count - 1] : NULL;
    if (last && !last->packed && last->field == piece.field &&
        last->offset + last->bytes == piece.offset) {
      last->bytes += piece.bytes;
      return SF_OK;
    }
  }
  if (!out->pieces || out->piece_count == out->piece_capacity) {
    uint32_t capacity = out->piece_capacity ? 2 * out->piece_capacity : 64;
    if (capacity > 2U * ONNX_MESSAGES_MAX)
      return sf_error(w->diag, SF_DIAG_FILE_LIMIT, w->loc,
                      "the elements of the tensors lie in more than %u pieces",
                      out->piece_count);
    onnx_piece *grown = realloc(out->pieces, capacity * sizeof *grown);
    if (!grown) return SF_OOM;
    out->pieces = grown;
    out->piece_capacity = capacity;
  }
  out->pieces[out->piece_count++] = piece;
  return SF_OK;
}

/* ---- The walk. ---- */

static sf_result walk_message(walk *w, message_kind message,
                              const unsigned char *at,
                              const unsigned char *end);

/* The length is known at the end only: five bytes wait for it. */
static sf_result walk_child(walk *w, const field *f, message_kind child) {
  sf_buffer *out = &w->out->reduced;
  if (++w->out->messages > ONNX_MESSAGES_MAX)
    return sf_error(w->diag, SF_DIAG_FILE_LIMIT, w->loc,
                    "the model has more than %d nodes, tensors and attributes",
                    (int)ONNX_MESSAGES_MAX);
  if (child == GRAPH && ++w->graphs > ONNX_GRAPHS_DEEP)
    return sf_error(w->diag, SF_DIAG_FILE_LIMIT, w->loc,
                    "byte %zu: graphs are nested more than %d deep",
                    (size_t)(f->tag - w->start), (int)ONNX_GRAPHS_DEEP);
  put_varint(out, (uint64_t)f->number << 3 | WIRE_BYTES);
  size_t at = out->size;
  sf_buffer_add(out, "\0\0\0\0\0", LENGTH_BYTES);
  SF_TRY(walk_message(w, child, f->value, f->end));
  if (child == GRAPH) w->graphs--;
  if (out->failed) return SF_OOM;
  if (out->size > REDUCED_MAX)
    return sf_error(w->diag, SF_DIAG_FILE_LIMIT, w->loc,
                    "the model has more than %d bytes without its weights",
                    (int)REDUCED_MAX);
  size_t length = out->size - at - LENGTH_BYTES;
  for (unsigned i = 0; i < LENGTH_BYTES; i++, length >>= 7)
    out->data[at + i] =
        (char)(unsigned char)((length & 127U) |
                              (i + 1 < LENGTH_BYTES ? 128U : 0));
  return SF_OK;
}

static bool wire_fits(field_sort sort, unsigned wire) {
  switch (sort) {
  case NUMBER:
    return wire == WIRE_VARINT;
  case REAL:
    return wire == WIRE_32;
  case NUMBERS:
  case PIECE_VARINT:
    return wire == WIRE_VARINT || wire == WIRE_BYTES;
  case REALS:
  case PIECE_32:
    return wire == WIRE_32 || wire == WIRE_BYTES;
  case PIECE_64:
    return wire == WIRE_64 || wire == WIRE_BYTES;
  default:
    return wire == WIRE_BYTES;
  }
}

static sf_result take_field(walk *w, message_kind message, const field *f) {
  unsigned index = f->number < NUMBERS_MAX ? w->row[message][f->number] : 0;
  if (!index) return SF_OK;
  const field_row *row = &rows[index - 1];
  if (!wire_fits(row->sort, f->wire))
    return damaged(w, f->tag, message, "has a field of another kind");
  switch (row->sort) {
  case MESSAGE:
    return walk_child(w, f, row->child);
  case TEXT:
    return take_text(w, message, f);
  case PIECE_VARINT:
  case PIECE_32:
  case PIECE_64:
  case PIECE_BYTES:
    return take_piece(w, f, f->wire == WIRE_BYTES);
  case REALS:
    if (f->wire == WIRE_BYTES && (f->end - f->value) % 4)
      return damaged(w, f->value, message, "has a list of odd length");
    break;
  default:
    break;
  }
  put_field(w, f);
  return SF_OK;
}

static sf_result walk_message(walk *w, message_kind message,
                              const unsigned char *at,
                              const unsigned char *end) {
  uint32_t first_piece = w->out->piece_count;
  while (at < end) {
    field f;
    if (!next_field(at, end, &f))
      return damaged(w, at, message, "has a field that runs over its end");
    SF_TRY(take_field(w, message, &f));
    if (w->out->reduced.size > REDUCED_MAX) break; /* reported by the parent */
    at = f.end;
  }
  if (message == TENSOR) {
    put_varint(&w->out->reduced, 1001U << 3 | WIRE_VARINT);
    put_varint(&w->out->reduced, first_piece);
    put_varint(&w->out->reduced, 1002U << 3 | WIRE_VARINT);
    put_varint(&w->out->reduced, w->out->piece_count - first_piece);
  }
  return SF_OK;
}

sf_result sf_onnx_wire_reduce(const void *bytes, size_t size, const char *file,
                              sf_diag *diag, onnx_wire *out) {
  *out = (onnx_wire){0};
  walk w = {.start = bytes, .loc = {.file = file}, .diag = diag, .out = out};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++)
    w.row[rows[i].message][rows[i].number] = (uint8_t)(i + 1);
  SF_TRY(walk_message(&w, MODEL, w.start, w.start + size));
  if (out->reduced.failed) return SF_OOM;
  if (out->reduced.size > REDUCED_MAX)
    return sf_error(diag, SF_DIAG_FILE_LIMIT, w.loc,
                    "the model has more than %d bytes without its weights",
                    (int)REDUCED_MAX);
  return SF_OK;
}

void sf_onnx_wire_destroy(onnx_wire *wire) {
  sf_buffer_destroy(&wire->reduced);
  free(wire->pieces);
  *wire = (onnx_wire){0};
}

/* Outermost fields of a model and how their values follow. */
static bool is_model_field(const field *f) {
  switch (f->number) {
  case 1:
  case 5:
    return f->wire == WIRE_VARINT;
  case 2:
  case 3:
  case 4:
  case 6:
  case 7:
  case 8:
  case 14:
  case 20:
  case 25:
  case 26:
    return f->wire == WIRE_BYTES;
  default:
    return false;
  }
}

bool sf_onnx_wire_recognizes(const void *bytes, size_t size) {
  const unsigned char *at = bytes, *end = at + size;
  bool has_graph = false;
  unsigned fields = 0;
  for (; at < end; fields++) {
    field f;
    /* Cut short, but it began as a model does: with its version. */
    if (!next_field(at, end, &f))
      return fields > 0 && size > 8 && *(const unsigned char *)bytes == 8;
    if (!is_model_field(&f)) return false;
    has_graph |= f.number == 7;
    at = f.end;
  }
  return has_graph || (fields > 1 && *(const unsigned char *)bytes == 8);
}
