/* types.h - scalars, shapes, numbers: the vocabulary of the IR. docs/ir.md 3.
 */
#ifndef SF_TYPES_H
#define SF_TYPES_H

#include "sf/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sf_scalar_kind {
#define SF_SCALAR(NUMBER, ID, text) SF_SCALAR_##ID = NUMBER,
#include "sf/types.def"
} sf_scalar_kind;

typedef enum sf_dtype {
#define SF_DTYPE(NUMBER, ID, text, bytes, safetensors) SF_DTYPE_##ID = NUMBER,
#include "sf/types.def"
} sf_dtype;

typedef enum sf_mode {
#define SF_MODE(NUMBER, ID, text) SF_MODE_##ID = NUMBER,
#include "sf/types.def"
} sf_mode;

typedef enum sf_round {
#define SF_ROUND(NUMBER, ID, text, doc) SF_ROUND_##ID = NUMBER,
#include "sf/types.def"
} sf_round;

typedef enum sf_pool_kind {
#define SF_POOL(NUMBER, ID, text) SF_POOL_##ID = NUMBER,
#include "sf/types.def"
} sf_pool_kind;

typedef enum sf_place_on {
#define SF_PLACE_ON(NUMBER, ID, text) SF_ON_##ID = NUMBER,
#include "sf/types.def"
} sf_place_on;

enum {
  SF_RANK_MAX = 8,
  SF_INT_BITS_MIN = 2,
  SF_INT_BITS_MAX = 32,
  SF_NAME_MAX = 4096,         /* bytes of a name */
  SF_TEXT_BYTES_MAX = 1 << 30 /* of a .sf file: 2^24 ops of 64 bytes */
};

/* `bits` is 1 for spike, 2..32 for integers, 32 for f32. */
typedef struct sf_scalar {
  uint8_t kind; /* sf_scalar_kind */
  uint8_t bits;
} sf_scalar;

/* One step of a stream: a tensor in C order, channels first. Rank 0: one
 * element. Dimensions are at least 1 and their product below 2^31. */
typedef struct sf_type {
  sf_scalar scalar;
  uint8_t rank;
  int32_t dim[SF_RANK_MAX];
} sf_type;

/* One element while running: spikes (0, 1) and integers in `i`, f32 in `f`. */
typedef union sf_word {
  int32_t i;
  float f;
} sf_word;

/* A number as written. `f` is the text rounded once to f32, `d` once to f64;
 * both are set for integers too. */
typedef struct sf_number {
  bool is_float;
  int64_t i;
  float f;
  double d;
} sf_number;

sf_number sf_number_int(int64_t value);         /* f, d: rounded once */
sf_number sf_number_float(float value);         /* d = value */
sf_number sf_number_double(double value);       /* f = (float)value */
bool sf_number_equal(sf_number a, sf_number b); /* same kind and bits */

/* Written so that C++ takes them too: it has no compound literals. */
static inline sf_scalar sf_spike(void) {
  sf_scalar scalar = {SF_SCALAR_SPIKE, 1};
  return scalar;
}
/* iN, 2 <= bits <= 32. */
static inline sf_scalar sf_int(unsigned bits) {
  sf_scalar scalar = {SF_SCALAR_INT, (uint8_t)bits};
  return scalar;
}
/* The IEEE single. */
static inline sf_scalar sf_f32(void) {
  sf_scalar scalar = {SF_SCALAR_F32, 32};
  return scalar;
}

bool sf_scalar_equal(sf_scalar a, sf_scalar b); /* kind and bits */
/* Smallest and largest value of a spike or integer type; not for f32. */
int64_t sf_scalar_min(sf_scalar scalar);
int64_t sf_scalar_max(sf_scalar scalar);

/* `rank` (at most SF_RANK_MAX) dimensions, copied; `dim` may be NULL at rank 0.
 */
sf_type sf_type_make(sf_scalar scalar, unsigned rank, const int32_t *dim);
/* Same scalar and shape; same rank and dimensions, whatever the scalar. */
bool sf_type_equal(const sf_type *a, const sf_type *b);
bool sf_type_same_shape(const sf_type *a, const sf_type *b);
/* Elements; types in a verified module are below 2^31. */
size_t sf_type_elements(const sf_type *type);
/* `spike[64, 196]`; writes at most `size` bytes, terminated; returns the
 * length that the whole text has. */
size_t sf_type_text(const sf_type *type, char *out, size_t size);
/* The same of a scalar: `spike`, `i24`, `f32`. */
size_t sf_scalar_text(sf_scalar scalar, char *out, size_t size);

/* The words of types.def, as the text IR spells them; static. */
const char *sf_dtype_text(sf_dtype dtype);   /* "i8" */
size_t sf_dtype_bytes(sf_dtype dtype);       /* of one element */
const char *sf_mode_text(sf_mode mode);      /* "wrap"; "" without a mode */
const char *sf_round_text(sf_round round);   /* "half-even" */
const char *sf_pool_text(sf_pool_kind kind); /* "avg" */

/* The arithmetic of docs/ir.md 5 and 6 on exact integers, for passes and the
 * interpreter. round(value / 2^shift), 0 <= shift <= 62. */
int64_t sf_shift_round(int64_t value, unsigned shift, sf_round round);
/* round(a / b); b = 0 gives 0. */
int64_t sf_divide_round(int64_t a, int64_t b, sf_round round);
/* Applies `mode`. Without a mode returns false when the value does not fit, and
 * leaves *out alone. */
bool sf_fit(int64_t value, sf_scalar scalar, sf_mode mode, int64_t *out);
/* Exponential of docs/ir.md 6.1, bit for bit. */
float sf_exp_f32(float x);

#ifdef __cplusplus
}
#endif
#endif
