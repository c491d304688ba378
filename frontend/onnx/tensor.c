/* tensor.c - constants: views, elements, conversions. */
#include "frontend/onnx/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_BYTES = 4096 /* up to here the arena holds them */ };

void *sf_onnx_compute(onnx_node *node, uint64_t bytes, onnx_block **block) {
  onnx_import *import = node->import;
  *block = NULL;
  if (bytes > import->computed_max - import->computed) {
    (void)sf_onnx_refuse(node, NULL,
                         "constants would take more than %llu MB of memory",
                         (unsigned long long)(import->computed_max >> 20));
    return NULL;
  }
  import->computed += bytes;
  /* Without elements, too, there is one to read. */
  if (bytes <= SMALL_BYTES)
    return sf_arena_alloc(import->arena, bytes + sizeof(int64_t));
  onnx_block *made = sf_onnx_block_create(bytes);
  if (!made) return NULL;
  made->next = import->blocks;
  import->blocks = made;
  *block = made;
  return made->bytes;
}

bool sf_onnx_charge(onnx_node *node, uint64_t operations) {
  onnx_import *import = node->import;
  if (operations <= import->work_max - import->work) {
    import->work += operations;
    return true;
  }
  (void)sf_onnx_refuse(node,
                       "fold constants when exporting (onnxsim, or "
                       "do_constant_folding)",
                       "computing constants would take more than %llu million "
                       "operations",
                       (unsigned long long)(import->work_max / 1000000));
  return false;
}

void sf_onnx_set_strides(onnx_tensor *tensor) {
  int64_t stride = 1;
  for (unsigned i = tensor->shape.rank; i-- > 0; stride *= tensor->shape.dim[i])
    tensor->stride[i] = stride;
  tensor->contiguous = true;
}

/* Extents of 1 do not matter; one that is 0 makes anything contiguous. */
static void find_contiguous(onnx_tensor *t) {
  int64_t stride = 1;
  t->contiguous = true;
  for (unsigned i = t->shape.rank; i-- > 0; stride *= t->shape.dim[i]) {
    if (t->shape.dim[i] == 0) {
      t->contiguous = true;
      return;
    }
    if (t->shape.dim[i] != 1 && t->stride[i] != stride) t->contiguous = false;
  }
}

bool sf_onnx_is_splat(const onnx_tensor *t) {
  for (unsigned i = 0; i < t->shape.rank; i++)
    if (t->shape.dim[i] > 1 && t->stride[i] != 0) return false;
  return sf_onnx_elements(&t->shape) > 0;
}

static onnx_tensor *new_tensor(onnx_node *node, onnx_dtype dtype,
                               const onnx_shape *shape) {
  int64_t extents = INT32_MAX; /* room for those that are not 0 */
  for (unsigned i = 0; i < shape->rank; i++) {
    int64_t extent = shape->dim[i];
    if (extent > 0) extents /= extent;
    if (extent < 0 || !extents) {
      char text[ONNX_SHAPE_TEXT_MAX];
      (void)sf_onnx_refuse(node, NULL,
                           "a constant of shape %s is too large; at most 2^31 "
                           "elements",
                           sf_onnx_shape_text(shape, text));
      return NULL;
    }
  }
  onnx_tensor *tensor = SF_NEW(node->import->arena, onnx_tensor);
  if (!tensor) return NULL;
  tensor->dtype = dtype;
  tensor->shape = *shape;
  return tensor;
}

onnx_tensor *sf_onnx_tensor_create(onnx_node *node, onnx_dtype dtype,
                                   const onnx_shape *shape) {
  onnx_tensor *tensor = new_tensor(node, dtype, shape);
  if (!tensor) return NULL;
  uint64_t bytes = sf_onnx_elements(shape) * sf_onnx_width(dtype);
  tensor->data = sf_onnx_compute(node, bytes, &tensor->block);
  if (!tensor->data) return NULL;
  sf_onnx_set_strides(tensor);
  return tensor;
}

static onnx_tensor *create_splat(onnx_node *node, onnx_dtype dtype,
                                 const onnx_shape *shape) {
  onnx_tensor *tensor = new_tensor(node, dtype, shape);
  if (!tensor) return NULL;
  tensor->data = sf_arena_alloc(node->import->arena, sizeof(int64_t));
  if (!tensor->data) return NULL;
  find_contiguous(tensor);
  return tensor;
}

/* ---- Elements. ---- */

static const char *element(const onnx_tensor *t, uint64_t index) {
  int64_t at = (int64_t)index;
  if (!t->contiguous) {
    at = 0;
    for (unsigned i = t->shape.rank; i-- > 0;) {
      uint64_t extent = (uint64_t)t->shape.dim[i];
      at += (int64_t)(index % extent) * t->stride[i];
      index /= extent;
    }
  }
  return t->data + at * (int64_t)sf_onnx_width(t->dtype);
}

/* IEEE binary16, by way of binary32's bits. */
static float half_to_float(uint16_t half) {
  uint32_t exponent = (half >> 10) & 31U, fraction = half & 1023U;
  float magnitude = exponent == 31 ? (fraction ? NAN : INFINITY)
                    : exponent == 0
                        ? ldexpf((float)fraction, -24)
                        : ldexpf((float)(fraction + 1024U), (int)exponent - 25);
  return half & 0x8000U ? -magnitude : magnitude;
}

/* Nearest, ties to even, at once from binary64. */
static uint16_t double_to_half(double value) {
  uint16_t sign = signbit(value) ? 0x8000U : 0;
  double magnitude = fabs(value);
  if (isnan(value)) return 0x7E00U;
  if (magnitude >= 65520.0) return (uint16_t)(sign | 0x7C00U);
  int exponent = -14;
  if (magnitude >= 0x1p-14) exponent = ilogb(magnitude);
  /* In units of the last place; the sum carries into the exponent by itself. */
  double units = nearbyint(ldexp(magnitude, 10 - exponent));
  unsigned biased = (unsigned)(exponent + 14) << 10;
  return (uint16_t)(sign | (biased + (unsigned)units));
}

static uint16_t float_to_bfloat(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  if (isnan(value)) return 0x7FC0U;
  bits += 0x7FFFU + ((bits >> 16) & 1U);
  return (uint16_t)(bits >> 16);
}

typedef union element_bits {
  uint8_t u8;
  int8_t i8;
  uint16_t u16;
  int16_t i16;
  uint32_t u32;
  int32_t i32;
  uint64_t u64;
  int64_t i64;
  float f32;
  double f64;
} element_bits;

static double bfloat_to_double(uint16_t bits) {
  element_bits wide = {.u32 = (uint32_t)bits << 16};
  return (double)wide.f32;
}

double sf_onnx_get_f64(const onnx_tensor *tensor, uint64_t index) {
  element_bits e = {0};
  memcpy(&e, element(tensor, index), sf_onnx_width(tensor->dtype));
  switch (tensor->dtype) {
  case ONNX_FLOAT:
    return (double)e.f32;
  case ONNX_DOUBLE:
    return e.f64;
  case ONNX_FLOAT16:
    return (double)half_to_float(e.u16);
  case ONNX_BFLOAT16:
    return bfloat_to_double(e.u16);
  case ONNX_UINT64:
    return (double)e.u64;
  default:
    return (double)sf_onnx_get_i64(tensor, index);
  }
}

int64_t sf_onnx_get_i64(const onnx_tensor *tensor, uint64_t index) {
  element_bits e = {0};
  memcpy(&e, element(tensor, index), sf_onnx_width(tensor->dtype));
  switch (tensor->dtype) {
  case ONNX_INT64:
  case ONNX_UINT64:
    return e.i64;
  case ONNX_INT32:
    return e.i32;
  case ONNX_UINT32:
    return e.u32;
  case ONNX_INT16:
    return e.i16;
  case ONNX_UINT16:
    return e.u16;
  case ONNX_INT8:
  case ONNX_INT4:
  case ONNX_INT2:
    return e.i8;
  case ONNX_UINT8:
  case ONNX_UINT4:
  case ONNX_UINT2:
    return e.u8;
  case ONNX_BOOL:
    return e.u8 != 0;
  default: {
    double value = sf_onnx_get_f64(tensor, index);
    if (isnan(value)) return 0;
    if (value >= 0x1p63) return INT64_MAX;
    return value <= -0x1p63 ? INT64_MIN : (int64_t)value;
  }
  }
}

/* The low `bits` of a value, with its sign if it has one. */
static int64_t wrap(int64_t value, unsigned bits, bool is_signed) {
  if (bits == 64) return value;
  uint64_t low = (uint64_t)value & (((uint64_t)1 << bits) - 1);
  if (is_signed && low >> (bits - 1)) low |= ~(uint64_t)0 << bits;
  return (int64_t)low;
}

void sf_onnx_set_i64(onnx_tensor *tensor, uint64_t index, int64_t value) {
  onnx_dtype dtype = tensor->dtype;
  if (sf_onnx_is_float(dtype)) {
    sf_onnx_set_f64(tensor, index, (double)value);
    return;
  }
  element_bits e = {.i64 = dtype == ONNX_BOOL
                               ? value != 0
                               : wrap(value, sf_onnx_dtype_bits(dtype),
                                      sf_onnx_is_signed(dtype))};
  unsigned width = sf_onnx_width(dtype);
  memcpy((char *)(uintptr_t)tensor->data + index * width, &e, width);
}

void sf_onnx_set_f64(onnx_tensor *tensor, uint64_t index, double value) {
  element_bits e = {0};
  switch (tensor->dtype) {
  case ONNX_FLOAT:
    e.f32 = (float)value;
    break;
  case ONNX_DOUBLE:
    e.f64 = value;
    break;
  case ONNX_FLOAT16:
    e.u16 = double_to_half(value);
    break;
  case ONNX_BFLOAT16:
    e.u16 = float_to_bfloat((float)value);
    break;
  case ONNX_BOOL:
    sf_onnx_set_i64(tensor, index, value != 0);
    return;
  default: { /* a float that no int64 holds becomes the nearest end */
    double whole = isnan(value) ? 0 : trunc(value);
    sf_onnx_set_i64(tensor, index,
                    whole >= 0x1p63    ? INT64_MAX
                    : whole <= -0x1p63 ? INT64_MIN
                                       : (int64_t)whole);
    return;
  }
  }
  unsigned width = sf_onnx_width(tensor->dtype);
  memcpy((char *)(uintptr_t)tensor->data + index * width, &e, width);
}

void sf_onnx_copy(onnx_tensor *made, uint64_t to, const onnx_tensor *tensor,
                  uint64_t from) {
  unsigned width = sf_onnx_width(tensor->dtype);
  memcpy((char *)(uintptr_t)made->data + to * width, element(tensor, from),
         width);
}

/* A tensor of one element for all, which a full one of rank 0 can set. */
onnx_tensor *sf_onnx_tensor_splat_i64(onnx_node *node, onnx_dtype dtype,
                                      const onnx_shape *shape, int64_t value) {
  onnx_tensor *tensor = create_splat(node, dtype, shape);
  if (tensor) sf_onnx_set_i64(tensor, 0, value);
  return tensor;
}

onnx_tensor *sf_onnx_tensor_splat_f64(onnx_node *node, onnx_dtype dtype,
                                      const onnx_shape *shape, double value) {
  onnx_tensor *tensor = create_splat(node, dtype, shape);
  if (tensor) sf_onnx_set_f64(tensor, 0, value);
  return tensor;
}

onnx_tensor *sf_onnx_tensor_ints(onnx_node *node, const int64_t *values,
                                 size_t count) {
  onnx_shape shape = {.rank = 1, .dim = {(int64_t)count}};
  onnx_tensor *tensor = sf_onnx_tensor_create(node, ONNX_INT64, &shape);
  for (size_t i = 0; tensor && i < count; i++)
    sf_onnx_set_i64(tensor, i, values[i]);
  return tensor;
}
