/* op_rotary.c - RotaryEmbedding (opset 23): pairs of numbers turned by angles
 * that are constants. */
#include "frontend/onnx/axis.h"

#include <string.h>

/* X as [batch, tokens, heads, width], of which `turned` numbers are turned. */
typedef struct rotary {
  int64_t batch, tokens, heads, width, turned;
  bool flat; /* X has three axes, else [batch, heads, tokens, width] */
} rotary;

static sf_result read_rotary(onnx_node *node, rotary *r) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const int64_t *d = x->shape.dim;
  *r = (rotary){.flat = x->shape.rank == 3, .batch = d[0]};
  if ((x->shape.rank != 3 && x->shape.rank != 4) || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is no tensor of heads");
  r->heads = r->flat ? sf_onnx_int(node, "num_heads", 0) : d[1];
  if (r->heads < 1 || (r->flat && d[2] % r->heads))
    return sf_onnx_refuse(node, NULL, "num_heads does not divide the width");
  r->tokens = r->flat ? d[1] : d[2];
  r->width = r->flat ? d[2] / r->heads : d[3];
  r->turned = sf_onnx_int(node, "rotary_embedding_dim", 0);
  if (!r->turned) r->turned = r->width;
  if (r->turned < 2 || r->turned % 2 || r->turned > r->width)
    return sf_onnx_refuse(node, NULL, "%lld of %lld numbers are turned",
                          (long long)r->turned, (long long)r->width);
  return SF_OK;
}

/* Cosines or sines of each token, broadcast over heads: [batch, tokens, 1,
 * turned / 2]. */
static sf_result angles(onnx_node *node, uint32_t index, const rotary *r,
                        sf_blob **out) {
  const onnx_tensor *cache = NULL, *ids = NULL;
  int64_t half = r->turned / 2;
  SF_TRY(sf_onnx_need_constant(node, index, "the angles", &cache));
  bool by_id = sf_onnx_has_input(node, 3);
  if (by_id) SF_TRY(sf_onnx_need_constant(node, 3, "position_ids", &ids));
  const onnx_shape *c = &cache->shape;
  bool fits = by_id ? c->rank == 2 && c->dim[1] == half &&
                          sf_onnx_elements(&ids->shape) ==
                              (uint64_t)(r->batch * r->tokens)
                    : c->rank == 3 && c->dim[0] == r->batch &&
                          c->dim[1] == r->tokens && c->dim[2] == half;
  if (!fits)
    return sf_onnx_refuse(node, NULL, "angles or position_ids do not fit");
  onnx_shape shape = {.rank = 4, .dim = {r->batch, r->tokens, 1, half}};
  uint64_t count = sf_onnx_elements(&shape);
  if (!sf_onnx_charge(node, count)) return SF_FAIL;
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_FLOAT, &shape);
  if (!made) return sf_onnx_failed(node);
  for (uint64_t i = 0; i < count; i++) {
    uint64_t row = i / (uint64_t)half;
    int64_t id = by_id ? sf_onnx_get_i64(ids, row) : (int64_t)row;
    if (by_id && (id < 0 || id >= c->dim[0]))
      return sf_onnx_refuse(node, NULL, "position %lld has no angle",
                            (long long)id);
    sf_onnx_set_f64(
        made, i,
        sf_onnx_get_f64(cache, (uint64_t)(id * half) + i % (uint64_t)half));
  }
  sf_type type = sf_onnx_type(ONNX_FLOAT, &shape, 4);
  *out = sf_onnx_blob(node, made, 4, type.dim);
  return *out ? SF_OK : sf_onnx_failed(node);
}

static sf_value *scaled(onnx_node *node, sf_value *x, sf_blob *by) {
  return x ? sf_onnx_build_blob(node, SF_OP_MUL, &x->type, x, by) : NULL;
}

/* Even or odd numbers, or the first or second half, of the turned part. */
static sf_value *part(onnx_node *node, sf_value *x, const rotary *r,
                      bool interleaved, int64_t which) {
  int64_t begin[4] = {0}, end[4], step[4] = {1, 1, 1, 1};
  if (!x) return NULL;
  for (unsigned i = 0; i < 4; i++)
    end[i] = x->type.dim[i];
  begin[3] = interleaved ? which : which * r->turned / 2;
  end[3] = interleaved ? r->turned - 1 + which : begin[3] + r->turned / 2;
  step[3] = interleaved ? 2 : 1;
  return sf_onnx_build_slice(node, x, begin, end, step);
}

/* a and b side by side: in pairs, or one behind the other. */
static sf_value *joined(onnx_node *node, sf_value *a, sf_value *b,
                        bool interleaved) {
  if (!a || !b) return NULL;
  sf_value *parts[] = {a, b};
  if (!interleaved) return sf_onnx_build_concat(node, 2, parts, 3);
  sf_type type = a->type;
  int32_t pair[5] = {type.dim[0], type.dim[1], type.dim[2], type.dim[3], 1};
  parts[0] = sf_onnx_reshape(node, a, 5, pair);
  parts[1] = sf_onnx_reshape(node, b, 5, pair);
  sf_value *y = sf_onnx_build_concat(node, 2, parts, 4);
  type.dim[3] *= 2;
  return sf_onnx_reshape(node, y, 4, type.dim);
}

static sf_value *turn(onnx_node *node, const rotary *r, sf_value *x,
                      sf_blob *cosine, sf_blob *sine) {
  bool interleaved = sf_onnx_int(node, "interleaved", 0) != 0;
  sf_value *a = part(node, x, r, interleaved, 0);
  sf_value *b = part(node, x, r, interleaved, 1);
  sf_value *real = sf_onnx_combine(node, SF_OP_SUB, scaled(node, a, cosine),
                                   scaled(node, b, sine));
  sf_value *imaginary = sf_onnx_combine(node, SF_OP_ADD, scaled(node, a, sine),
                                        scaled(node, b, cosine));
  sf_value *y = joined(node, real, imaginary, interleaved);
  if (r->turned == r->width || !y) return y;
  sf_value *parts[] = {y, sf_onnx_cut(node, x, 3, r->turned, r->width)};
  return parts[1] ? sf_onnx_build_concat(node, 2, parts, 3) : NULL;
}

static sf_result translate_rotary(onnx_node *node) {
  const onnx_value *x = sf_onnx_input(node, 0);
  static const unsigned swap[4] = {0, 2, 1, 3};
  rotary r;
  sf_blob *cosine = NULL, *sine = NULL;
  SF_TRY(read_rotary(node, &r));
  SF_TRY(angles(node, 1, &r, &cosine));
  SF_TRY(angles(node, 2, &r, &sine));
  onnx_shape heads = {.rank = 4, .dim = {r.batch, r.tokens, r.heads, r.width}};
  sf_value *s = r.flat
                    ? sf_onnx_stream_as(node, 0, &heads)
                    : sf_onnx_transpose(node, sf_onnx_stream(node, 0, 4), swap);
  sf_value *y = turn(node, &r, s, cosine, sine);
  sf_type type = sf_onnx_type(x->dtype, &x->shape, x->shape.rank);
  y = r.flat ? sf_onnx_reshape(node, y, type.rank, type.dim)
             : sf_onnx_transpose(node, y, swap);
  return sf_onnx_emit(node, 0, y, x->dtype, &x->shape);
}

const onnx_operator sf_onnx_rotary_rows[] = {
    {"", "RotaryEmbedding", 23, ONNX_OPSET_NEWEST, ONNX_LINEAR,
     translate_rotary, "constant angles and positions"},
    {0}};
