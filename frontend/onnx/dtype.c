/* dtype.c - element types and shapes. */
#include "frontend/onnx/model.h"

#include <stdio.h>
#include <string.h>

typedef struct dtype_row {
  const char *name;
  uint8_t bits, width; /* of a value; bytes it takes here, 0: not kept */
  bool is_float, is_signed;
} dtype_row;

static const dtype_row dtypes[] = {
    [ONNX_UNDEFINED] = {"undefined", 0, 0, false, false},
    [ONNX_FLOAT] = {"float", 32, 4, true, true},
    [ONNX_UINT8] = {"uint8", 8, 1, false, false},
    [ONNX_INT8] = {"int8", 8, 1, false, true},
    [ONNX_UINT16] = {"uint16", 16, 2, false, false},
    [ONNX_INT16] = {"int16", 16, 2, false, true},
    [ONNX_INT32] = {"int32", 32, 4, false, true},
    [ONNX_INT64] = {"int64", 64, 8, false, true},
    [ONNX_STRING] = {"string", 0, 0, false, false},
    [ONNX_BOOL] = {"bool", 1, 1, false, false},
    [ONNX_FLOAT16] = {"float16", 16, 2, true, true},
    [ONNX_DOUBLE] = {"double", 64, 8, true, true},
    [ONNX_UINT32] = {"uint32", 32, 4, false, false},
    [ONNX_UINT64] = {"uint64", 64, 8, false, false},
    [14] = {"complex64", 64, 0, false, false},
    [15] = {"complex128", 128, 0, false, false},
    [ONNX_BFLOAT16] = {"bfloat16", 16, 2, true, true},
    [17] = {"float8e4m3fn", 8, 0, true, true},
    [18] = {"float8e4m3fnuz", 8, 0, true, true},
    [19] = {"float8e5m2", 8, 0, true, true},
    [20] = {"float8e5m2fnuz", 8, 0, true, true},
    [ONNX_UINT4] = {"uint4", 4, 1, false, false},
    [ONNX_INT4] = {"int4", 4, 1, false, true},
    [23] = {"float4e2m1", 4, 0, true, true},
    [24] = {"float8e8m0", 8, 0, true, false},
    [ONNX_UINT2] = {"uint2", 2, 1, false, false},
    [ONNX_INT2] = {"int2", 2, 1, false, true}};

static const dtype_row *row_of(onnx_dtype dtype) {
  return (unsigned)dtype < SF_COUNT_OF(dtypes) ? &dtypes[dtype] : &dtypes[0];
}

const char *sf_onnx_dtype_text(onnx_dtype dtype) { return row_of(dtype)->name; }
bool sf_onnx_dtype_known(onnx_dtype dtype) { return row_of(dtype)->width > 0; }
bool sf_onnx_is_float(onnx_dtype dtype) { return row_of(dtype)->is_float; }
bool sf_onnx_is_signed(onnx_dtype dtype) { return row_of(dtype)->is_signed; }
unsigned sf_onnx_dtype_bits(onnx_dtype dtype) { return row_of(dtype)->bits; }
unsigned sf_onnx_width(onnx_dtype dtype) { return row_of(dtype)->width; }

sf_scalar sf_onnx_scalar(onnx_dtype dtype) {
  const dtype_row *row = row_of(dtype);
  if (row->is_float) return sf_f32();
  if (dtype == ONNX_BOOL) return sf_spike();
  unsigned bits = row->bits + (row->is_signed ? 0U : 1U);
  return sf_int(bits < SF_INT_BITS_MAX ? bits : SF_INT_BITS_MAX);
}

uint64_t sf_onnx_elements(const onnx_shape *shape) {
  uint64_t count = 1;
  for (unsigned i = 0; i < shape->rank; i++)
    count *= (uint64_t)shape->dim[i];
  return count;
}

bool sf_onnx_same_shape(const onnx_shape *a, const onnx_shape *b) {
  return a->rank == b->rank &&
         memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0;
}

const char *sf_onnx_shape_text(const onnx_shape *shape,
                               char out[ONNX_SHAPE_TEXT_MAX]) {
  size_t at = 0;
  out[at++] = '[';
  for (unsigned i = 0; i < shape->rank; i++)
    at += (size_t)snprintf(out + at, ONNX_SHAPE_TEXT_MAX - at, "%s%lld",
                           i ? ", " : "", (long long)shape->dim[i]);
  out[at] = ']';
  out[at + 1] = '\0';
  return out;
}

bool sf_onnx_broadcast(const onnx_shape *a, const onnx_shape *b,
                       onnx_shape *out) {
  onnx_shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
  for (unsigned i = 0; i < result.rank; i++) {
    unsigned from_end = result.rank - i;
    int64_t x = from_end > a->rank ? 1 : a->dim[a->rank - from_end];
    int64_t y = from_end > b->rank ? 1 : b->dim[b->rank - from_end];
    if (x != y && x != 1 && y != 1) return false;
    result.dim[i] = x == 1 ? y : x;
  }
  *out = result;
  return true;
}

bool sf_onnx_axis(int64_t axis, unsigned rank, unsigned *out) {
  if (axis < -(int64_t)rank || axis >= (int64_t)rank) return false;
  *out = (unsigned)(axis < 0 ? axis + rank : axis);
  return true;
}
