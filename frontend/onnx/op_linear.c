/* op_linear.c - products of matrices: Gemm, MatMul. */
#include "frontend/onnx/linear.h"

#include <string.h>

/* ---- Gemm and MatMul. ---- */

/* `linear` over the last axis of `x` with weights [n, k], a view. */
static sf_value *make_linear(onnx_node *node, sf_value *x, onnx_dtype dtype,
                             const onnx_tensor *weights, sf_blob *bias) {
  if (!x) return NULL;
  int32_t dim[2] = {(int32_t)weights->shape.dim[0],
                    (int32_t)weights->shape.dim[1]};
  sf_blob *blob = sf_onnx_blob(node, weights, 2, dim);
  sf_type type = x->type;
  type.scalar = sf_onnx_scalar(dtype);
  type.dim[type.rank - 1] = dim[0];
  return sf_onnx_build_weights(node, SF_OP_LINEAR, &type, x, blob, bias);
}

static onnx_tensor *swap_axes(onnx_node *node, const onnx_tensor *t) {
  static const unsigned perm[2] = {1, 0};
  return sf_onnx_tensor_transpose(node, t, perm);
}

/* Elements times `factor`, in their own type. */
static onnx_tensor *scaled(onnx_node *node, onnx_tensor *t, double factor) {
  if (!t || factor == 1.0) return t;
  uint64_t count = sf_onnx_elements(&t->shape);
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, t->dtype, &t->shape);
  if (!made) return NULL;
  for (uint64_t i = 0; i < count; i++)
    sf_onnx_set_f64(made, i, factor * sf_onnx_get_f64(t, i));
  made->name = t->name;
  return made;
}

/* Swaps the last two axes of a stream. */
static sf_value *transposed(onnx_node *node, sf_value *x) {
  if (!x) return NULL;
  sf_type type = x->type;
  int64_t perm[ONNX_RANK_MAX];
  for (unsigned i = 0; i < type.rank; i++)
    perm[i] = i;
  unsigned a = type.rank - 2U, b = type.rank - 1U;
  perm[a] = b;
  perm[b] = a;
  type.dim[a] = x->type.dim[b];
  type.dim[b] = x->type.dim[a];
  sf_value *y = sf_onnx_build1(node, SF_OP_TRANSPOSE, &type, x);
  if (!y || sf_op_set_ints(y->op, SF_ATTR_perm, type.rank, perm)) return NULL;
  return y;
}

/* C of Gemm as a bias of n numbers: where every row gets the same. */
static bool is_bias(const onnx_tensor *c) {
  return c && sf_onnx_leading(&c->shape, 1) == 1;
}

static sf_blob *gemm_bias(onnx_node *node, const onnx_tensor *c, int32_t n) {
  onnx_shape row = {.rank = 1, .dim = {n}};
  onnx_shape flat = {.rank = 1, .dim = {(int64_t)sf_onnx_elements(&c->shape)}};
  if (flat.dim[0] != n && flat.dim[0] != 1) {
    (void)sf_onnx_refuse(node, NULL, "C has not %d elements", n);
    return NULL;
  }
  onnx_tensor *list = sf_onnx_tensor_reshape(node, c, &flat);
  onnx_tensor *bias = list ? sf_onnx_tensor_expand(node, list, &row) : NULL;
  bias = scaled(node, bias, sf_onnx_float(node, "beta", 1.0));
  return bias ? sf_onnx_blob(node, bias, 1, &n) : NULL;
}

/* beta C as another addend of y [m, n]. */
static sf_value *add_c(onnx_node *node, sf_value *y) {
  const onnx_value *c = sf_onnx_input(node, 2);
  double beta = sf_onnx_float(node, "beta", 1.0);
  if (!y) return NULL;
  unsigned rank = y->type.rank;
  if (c->shape.rank > 2 || sf_onnx_leading(&c->shape, rank) != 1) {
    (void)sf_onnx_refuse(node, NULL, "C does not broadcast to the product");
    return NULL;
  }
  sf_value *addend = sf_onnx_stream(node, 2, rank);
  if (addend && beta != 1.0)
    addend = sf_onnx_build_blob(
        node, SF_OP_MUL, &addend->type, addend,
        sf_onnx_blob_number(node, "beta", rank, (float)beta));
  return sf_onnx_build2(node, SF_OP_ADD, &y->type, y, addend);
}

/* Two streams: the product of matrices, scaled where alpha says so. */
static sf_value *gemm_streams(onnx_node *node, bool transpose_a,
                              bool transpose_b, const onnx_shape *shape) {
  sf_value *a = sf_onnx_stream(node, 0, 2), *b = sf_onnx_stream(node, 1, 2);
  if (transpose_a) a = transposed(node, a);
  if (transpose_b) b = transposed(node, b);
  double alpha = sf_onnx_float(node, "alpha", 1.0);
  sf_type type = sf_onnx_type(sf_onnx_input(node, 0)->dtype, shape, 2);
  sf_value *y = sf_onnx_build2(node, SF_OP_MATMUL, &type, a, b);
  if (alpha == 1.0 || !y) return y;
  return sf_onnx_build_blob(
      node, SF_OP_MUL, &type, y,
      sf_onnx_blob_number(node, "alpha", 2, (float)alpha));
}

static sf_result translate_gemm(onnx_node *node) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  bool transpose_a = sf_onnx_int(node, "transA", 0) != 0;
  bool transpose_b = sf_onnx_int(node, "transB", 0) != 0;
  if (a->shape.rank != 2 || b->shape.rank != 2)
    return sf_onnx_refuse(node, NULL, "A and B must be matrices");
  int64_t k = a->shape.dim[transpose_a ? 0 : 1];
  onnx_shape shape = {.rank = 2,
                      .dim = {a->shape.dim[transpose_a ? 1 : 0],
                              b->shape.dim[transpose_b ? 0 : 1]}};
  if (b->shape.dim[transpose_b ? 1 : 0] != k)
    return sf_onnx_refuse(node, NULL, "A and B do not agree");
  const onnx_tensor *c = sf_onnx_constant(node, 2);
  sf_value *y;
  bool with_bias = is_bias(c);
  if (b->kind == ONNX_CONSTANT) {
    onnx_tensor *w = transpose_b ? b->tensor : swap_axes(node, b->tensor);
    w = scaled(node, w, sf_onnx_float(node, "alpha", 1.0));
    sf_value *x =
        sf_onnx_stream(node, 0, transpose_a || shape.dim[0] > 1 ? 2 : 1);
    if (transpose_a) x = transposed(node, x);
    sf_blob *bias =
        with_bias && w ? gemm_bias(node, c, (int32_t)shape.dim[1]) : NULL;
    if (!w || (with_bias && !bias)) return sf_onnx_failed(node);
    y = make_linear(node, x, a->dtype, w, bias);
  } else {
    y = gemm_streams(node, transpose_a, transpose_b, &shape);
    with_bias = false;
  }
  if (sf_onnx_has_input(node, 2) && !with_bias) y = add_c(node, y);
  return sf_onnx_emit(node, 0, y, a->dtype, &shape);
}

/* ---- MatMul. ---- */

/* Result of numpy's matmul; false: the shapes do not agree. */
static bool matmul_shape(const onnx_shape *a, const onnx_shape *b,
                         onnx_shape *out) {
  onnx_shape x = *a, y = *b;
  if (!a->rank || !b->rank) return false;
  if (a->rank == 1) x = (onnx_shape){.rank = 2, .dim = {1, a->dim[0]}};
  if (b->rank == 1) y = (onnx_shape){.rank = 2, .dim = {b->dim[0], 1}};
  int64_t m = x.dim[x.rank - 2], n = y.dim[y.rank - 1];
  if (x.dim[x.rank - 1] != y.dim[y.rank - 2]) return false;
  x.rank = (uint8_t)(x.rank - 2);
  y.rank = (uint8_t)(y.rank - 2);
  if (!sf_onnx_broadcast(&x, &y, out)) return false;
  if (out->rank + 2 > ONNX_RANK_MAX) return false;
  if (a->rank > 1) out->dim[out->rank++] = m;
  if (b->rank > 1) out->dim[out->rank++] = n;
  return true;
}

/* Stream times constant matrix: weights over the last axis. */
static sf_value *times_constant(onnx_node *node, onnx_dtype dtype,
                                const onnx_shape *shape) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  onnx_shape matrix = b->shape;
  if (matrix.rank == 1)
    matrix = (onnx_shape){.rank = 2, .dim = {matrix.dim[0], 1}};
  while (matrix.rank > 2) { /* leading axes of extent 1 */
    memmove(matrix.dim, matrix.dim + 1, sizeof matrix.dim - sizeof *matrix.dim);
    matrix.rank--;
  }
  onnx_tensor *flat = sf_onnx_tensor_reshape(node, b->tensor, &matrix);
  onnx_tensor *w = flat ? swap_axes(node, flat) : NULL;
  unsigned rank = a->shape.rank;
  while (rank > 1 && sf_onnx_leading(&a->shape, rank - 1) == 1)
    rank--;
  sf_value *y =
      w ? make_linear(node, sf_onnx_stream(node, 0, rank), dtype, w, NULL)
        : NULL;
  if (!y || b->shape.rank > 1) return y;
  sf_type type = sf_onnx_type(dtype, shape, shape->rank);
  return sf_onnx_reshape(node, y, type.rank, type.dim);
}

/* Constant matrix times stream: weights over the last axis but one. */
static sf_value *constant_times(onnx_node *node, onnx_dtype dtype,
                                const onnx_shape *shape) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  int64_t k = a->shape.dim[a->shape.rank - 1];
  onnx_shape matrix = {.rank = 2,
                       .dim = {(int64_t)sf_onnx_elements(&a->shape) / k, k}};
  onnx_tensor *w = sf_onnx_tensor_reshape(node, a->tensor, &matrix);
  unsigned rank = b->shape.rank == 1 ? 1 : 2;
  while (sf_onnx_leading(&b->shape, rank) != 1)
    rank++;
  sf_value *x = sf_onnx_stream(node, 1, rank);
  if (b->shape.rank > 1) x = transposed(node, x);
  sf_value *y = w && x ? make_linear(node, x, dtype, w, NULL) : NULL;
  if (b->shape.rank > 1) y = transposed(node, y);
  if (!y || (a->shape.rank > 1 && b->shape.rank > 1)) return y;
  sf_type type = sf_onnx_type(dtype, shape, shape->rank);
  return sf_onnx_reshape(node, y, type.rank, type.dim);
}

/* Streams (or constants) of any rank: leading axes broadcast. */
static sf_value *times_stream(onnx_node *node, onnx_dtype dtype,
                              const onnx_shape *shape) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  onnx_shape x = a->shape, y = b->shape;
  if (a->shape.rank == 1) x = (onnx_shape){.rank = 2, .dim = {1, x.dim[0]}};
  if (b->shape.rank == 1) y = (onnx_shape){.rank = 2, .dim = {y.dim[0], 1}};
  unsigned rank = x.rank > y.rank ? x.rank : y.rank;
  sf_type left = sf_onnx_type(a->dtype, &x, rank);
  sf_type right = sf_onnx_type(b->dtype, &y, rank);
  sf_value *s = sf_onnx_stream_as(node, 0, &x),
           *t = sf_onnx_stream_as(node, 1, &y);
  s = sf_onnx_reshape(node, s, rank, left.dim);
  t = sf_onnx_reshape(node, t, rank, right.dim);
  sf_type type = left;
  type.scalar = sf_onnx_scalar(dtype);
  for (unsigned i = 0; i + 2 < rank; i++)
    type.dim[i] = left.dim[i] == 1 ? right.dim[i] : left.dim[i];
  type.dim[rank - 1] = right.dim[rank - 1];
  sf_value *product = sf_onnx_build2(node, SF_OP_MATMUL, &type, s, t);
  sf_type result = sf_onnx_type(dtype, shape, shape->rank);
  return sf_onnx_reshape(node, product, result.rank, result.dim);
}

sf_result sf_onnx_matmul(onnx_node *node, onnx_dtype dtype, onnx_shape *shape,
                         sf_value **out) {
  const onnx_value *a = sf_onnx_input(node, 0), *b = sf_onnx_input(node, 1);
  *out = NULL;
  if (!matmul_shape(&a->shape, &b->shape, shape))
    return sf_onnx_refuse(node, NULL, "the matrices do not agree");
  bool linear = b->kind == ONNX_CONSTANT && a->kind == ONNX_STREAM &&
                sf_onnx_leading(&b->shape, 2) == 1 &&
                b->shape.rank <= a->shape.rank + (a->shape.rank == 1 ? 1U : 0U);
  bool left = a->kind == ONNX_CONSTANT && b->kind == ONNX_STREAM &&
              sf_onnx_leading(&a->shape, 2) == 1 &&
              a->shape.rank <= b->shape.rank + (b->shape.rank == 1 ? 1U : 0U);
  *out = linear ? times_constant(node, dtype, shape)
         : left ? constant_times(node, dtype, shape)
                : times_stream(node, dtype, shape);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_result translate_matmul(onnx_node *node) {
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(sf_onnx_matmul(node, dtype, &shape, &y));
  return sf_onnx_emit(node, 0, y, dtype, &shape);
}

const onnx_operator sf_onnx_linear_rows[] = {
    {"", "Gemm", 6, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_gemm,
     "two streams: host"},
    {"", "MatMul", 1, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_matmul,
     "two streams: product neurons or host"},
    {0}};
