/* wire.h - the wire format of an ONNX file: what is looked at before anything
 * is unpacked. */
#ifndef SF_ONNX_WIRE_H
#define SF_ONNX_WIRE_H

#include "sf/diag.h"
#include "support/buffer.h"

enum {
  ONNX_GRAPHS_DEEP = 64,      /* graphs in graphs */
  ONNX_MESSAGES_MAX = 1 << 22 /* of one file */
};

/* Fields of TensorProto that hold elements. */
typedef enum onnx_piece_field {
  ONNX_FLOAT_DATA = 4,
  ONNX_INT32_DATA = 5,
  ONNX_INT64_DATA = 7,
  ONNX_RAW_DATA = 9,
  ONNX_DOUBLE_DATA = 10,
  ONNX_UINT64_DATA = 11
} onnx_piece_field;

/* A run of a tensor's elements in the file. Packed: the values follow each
 * other; otherwise each stands behind its tag. */
typedef struct onnx_piece {
  onnx_piece_field field;
  bool packed;
  uint64_t offset, bytes;
} onnx_piece;

/* The model without its weights. */
typedef struct onnx_wire {
  sf_buffer reduced; /* for protobuf-c: the messages and fields of onnx.proto */
  onnx_piece *pieces;
  uint32_t piece_count, piece_capacity;
  uint32_t messages;
} onnx_wire;

/* Whether the bytes look like a model: its outermost fields, or the first of
 * them where the file is cut short. */
bool sf_onnx_wire_recognizes(const void *bytes, size_t size);
/* Checks nesting, sizes, counts and names, and writes the reduced model.
 * Errors: FILE_FORMAT, FILE_LIMIT. The caller destroys `out` in any case. */
sf_result sf_onnx_wire_reduce(const void *bytes, size_t size, const char *file,
                              sf_diag *diag, onnx_wire *out) SF_MUST_USE;
void sf_onnx_wire_destroy(onnx_wire *wire);

/* Reads a varint; NULL: it runs over `end` or is longer than 10 bytes. */
const unsigned char *sf_onnx_varint(const unsigned char *at,
                                    const unsigned char *end, uint64_t *out);

#endif
