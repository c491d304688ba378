/* op_attention.c - Attention (opset 23): softmax(Q K' scale + mask) V by heads,
 * written out as products of streams. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/neuron_kind.h"

#include <float.h>
#include <math.h>

/* Q, K, V as [batch, heads, tokens, width]; batch is left out where it is 1. */
typedef struct attention {
  sf_value *q, *k, *v;
  int64_t batch, heads, kv_heads, queries, keys, past, width, v_width;
  bool flat; /* inputs of three axes: [batch, tokens, heads * width] */
  double scale, softcap;
} attention;

/* ---- Heads. ---- */

static int64_t heads_of(onnx_node *node, const onnx_value *x,
                        const char *attribute) {
  return x->shape.rank == 4 ? x->shape.dim[1] : sf_onnx_int(node, attribute, 0);
}

/* Input `index` as [heads, tokens, width], or with the batch before it. */
static sf_value *split_heads(onnx_node *node, uint32_t index, int64_t heads) {
  const onnx_value *x = sf_onnx_input(node, index);
  unsigned one = x->shape.dim[0] == 1 ? 1 : 0;
  if (x->shape.rank == 4) return sf_onnx_stream(node, index, 4 - one);
  onnx_shape shape = {.rank = 4,
                      .dim = {x->shape.dim[0], x->shape.dim[1], heads,
                              x->shape.dim[2] / heads}};
  sf_type type = sf_onnx_type(x->dtype, &shape, 4 - one);
  sf_value *s = sf_onnx_reshape(node, sf_onnx_stream(node, index, 3 - one),
                                type.rank, type.dim);
  static const unsigned perms[2][4] = {{0, 2, 1, 3}, {1, 0, 2}};
  return sf_onnx_transpose(node, s, perms[one]);
}

static sf_value *swap_last(onnx_node *node, sf_value *x) {
  unsigned perm[ONNX_RANK_MAX], rank = x ? x->type.rank : 0;
  for (unsigned i = 0; i < rank; i++)
    perm[i] = i;
  if (rank < 2) return NULL;
  perm[rank - 2] = rank - 1;
  perm[rank - 1] = rank - 2;
  return sf_onnx_transpose(node, x, perm);
}

/* Keys and values of former tokens come first; all of them go out again. */
static sf_result with_past(onnx_node *node, uint32_t past, uint32_t present,
                           int64_t heads, attention *a, sf_value **tokens) {
  if (!*tokens) return sf_onnx_failed(node);
  if (sf_onnx_has_input(node, past)) {
    const onnx_value *p = sf_onnx_input(node, past);
    const sf_type *now = &(*tokens)->type;
    if (p->shape.rank != 4 || p->shape.dim[0] != a->batch ||
        p->shape.dim[1] != heads || p->shape.dim[3] != now->dim[now->rank - 1])
      return sf_onnx_refuse(node, NULL, "input %u does not fit", past);
    sf_value *parts[] = {split_heads(node, past, heads), *tokens};
    a->past = p->shape.dim[2];
    if (!parts[0] || !parts[1]) return sf_onnx_failed(node);
    *tokens = sf_onnx_build_concat(node, 2, parts, parts[0]->type.rank - 2U);
  }
  if (!*tokens) return sf_onnx_failed(node);
  if (!sf_onnx_wants(node, present)) return SF_OK;
  const sf_type *type = &(*tokens)->type;
  onnx_shape shape = {.rank = 4,
                      .dim = {a->batch, heads, type->dim[type->rank - 2],
                              type->dim[type->rank - 1]}};
  return sf_onnx_emit(node, present, *tokens, sf_onnx_input(node, 0)->dtype,
                      &shape);
}

static sf_result read_attention(onnx_node *node, attention *a) {
  const onnx_value *q = sf_onnx_input(node, 0), *k = sf_onnx_input(node, 1),
                   *v = sf_onnx_input(node, 2);
  unsigned rank = q->shape.rank;
  *a = (attention){.heads = heads_of(node, q, "q_num_heads"),
                   .kv_heads = heads_of(node, k, "kv_num_heads"),
                   .flat = rank == 3};
  if (!sf_onnx_is_float(q->dtype) || (rank != 3 && rank != 4) ||
      k->shape.rank != rank || v->shape.rank != rank || a->heads < 1 ||
      a->kv_heads < 1 || a->heads % a->kv_heads)
    return sf_onnx_refuse(node, NULL, "Q, K and V are no tensors of heads");
  a->batch = q->shape.dim[0];
  a->queries = q->shape.dim[rank - 2];
  a->width = q->shape.dim[rank - 1] / (rank == 3 ? a->heads : 1);
  a->v_width = v->shape.dim[rank - 1] / (rank == 3 ? a->kv_heads : 1);
  int64_t k_width = k->shape.dim[rank - 1] / (rank == 3 ? a->kv_heads : 1);
  if (k->shape.dim[0] != a->batch || v->shape.dim[0] != a->batch ||
      k->shape.dim[rank - 2] != v->shape.dim[rank - 2] || k_width != a->width ||
      (rank == 3 && (a->width * a->heads != q->shape.dim[2] ||
                     a->v_width * a->kv_heads != v->shape.dim[2])) ||
      (rank == 4 && v->shape.dim[1] != a->kv_heads))
    return sf_onnx_refuse(node, NULL, "Q, K and V do not agree");
  if (sf_onnx_has_input(node, 6))
    return sf_onnx_refuse(node, NULL, "lengths of padded keys");
  a->scale = sf_onnx_float(node, "scale", 1.0 / sqrt((double)a->width));
  a->softcap = sf_onnx_float(node, "softcap", 0.0);
  a->q = split_heads(node, 0, a->heads);
  a->k = split_heads(node, 1, a->kv_heads);
  a->v = split_heads(node, 2, a->kv_heads);
  SF_TRY(with_past(node, 4, 1, a->kv_heads, a, &a->k));
  SF_TRY(with_past(node, 5, 2, a->kv_heads, a, &a->v));
  a->keys = a->k->type.dim[a->k->type.rank - 2];
  if (a->v->type.dim[a->v->type.rank - 2] != a->keys)
    return sf_onnx_refuse(node, NULL, "former keys and values do not agree");
  unsigned axis = a->k->type.rank - 3U; /* each key serves a group of heads */
  a->k = sf_onnx_repeat(node, a->k, axis, a->heads / a->kv_heads, true);
  a->v = sf_onnx_repeat(node, a->v, axis, a->heads / a->kv_heads, true);
  return a->q && a->k && a->v ? SF_OK : sf_onnx_failed(node);
}

/* ---- Masks: numbers that are added to the scores. ---- */

static const onnx_neuron_kind mask_kind = {
    "attention_mask",
    "s",
    'f',
    NULL,
    NULL,
    "%r = select %a, 0.0, -3.4028235e38 : f32"};

/* The lowest number instead of minus infinity, which no blob has. */
static double bounded(double x) {
  return x < -(double)FLT_MAX ? -(double)FLT_MAX : x;
}

static onnx_tensor *constant_mask(onnx_node *node, const onnx_tensor *t) {
  uint64_t count = sf_onnx_elements(&t->shape);
  if (!sf_onnx_charge(node, count)) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_FLOAT, &t->shape);
  for (uint64_t i = 0; made && i < count; i++)
    sf_onnx_set_f64(made, i,
                    t->dtype == ONNX_BOOL
                        ? (sf_onnx_get_i64(t, i) ? 0 : -(double)FLT_MAX)
                        : bounded(sf_onnx_get_f64(t, i)));
  return made;
}

/* Later keys than the query's own are hidden. */
static onnx_tensor *causal_mask(onnx_node *node, const attention *a) {
  onnx_shape shape = {.rank = 2, .dim = {a->queries, a->keys}};
  if (!sf_onnx_charge(node, (uint64_t)(a->queries * a->keys))) return NULL;
  onnx_tensor *made = sf_onnx_tensor_create(node, ONNX_FLOAT, &shape);
  for (int64_t i = 0; made && i < a->queries; i++)
    for (int64_t j = 0; j < a->keys; j++)
      sf_onnx_set_f64(made, (uint64_t)(i * a->keys + j),
                      j > i + a->past ? -(double)FLT_MAX : 0);
  return made;
}

/* A mask is broadcast to the scores, never the other way round. */
static bool mask_fits(onnx_node *node, const sf_type *scores,
                      const onnx_shape *mask) {
  unsigned rank = scores->rank;
  bool fits = sf_onnx_leading(mask, rank) == 1;
  for (unsigned i = 1; fits && i <= mask->rank && i <= rank; i++) {
    int64_t extent = mask->dim[mask->rank - i];
    fits = extent == 1 || extent == scores->dim[rank - i];
  }
  if (!fits)
    (void)sf_onnx_refuse(node, NULL, "the mask does not fit the scores");
  return fits;
}

static sf_value *add_constant(onnx_node *node, sf_value *scores,
                              const onnx_tensor *mask) {
  if (!mask || !scores) return NULL;
  unsigned rank = scores->type.rank;
  if (!mask_fits(node, &scores->type, &mask->shape)) return NULL;
  sf_type type = sf_onnx_type(ONNX_FLOAT, &mask->shape, rank);
  return sf_onnx_build_blob(node, SF_OP_ADD, &scores->type, scores,
                            sf_onnx_blob(node, mask, rank, type.dim));
}

static sf_value *add_stream(onnx_node *node, sf_value *scores) {
  if (!scores) return NULL;
  unsigned rank = scores->type.rank;
  const onnx_value *input = sf_onnx_input(node, 3);
  if (input->dtype != ONNX_BOOL && !sf_onnx_is_float(input->dtype)) {
    (void)sf_onnx_refuse(node, NULL, "the mask is no float and no bool");
    return NULL;
  }
  if (!mask_fits(node, &scores->type, &input->shape)) return NULL;
  sf_value *mask = sf_onnx_stream(node, 3, rank);
  if (mask && mask->type.scalar.kind == SF_SCALAR_SPIKE) {
    onnx_neuron_operand operand = sf_onnx_operand_stream(mask);
    mask = sf_onnx_neurons(node, &mask_kind, sf_spike(), &operand);
  }
  return sf_onnx_combine(node, SF_OP_ADD, scores, mask);
}

static sf_value *masked(onnx_node *node, const attention *a, sf_value *scores) {
  const onnx_value *mask = sf_onnx_input(node, 3);
  if (mask->kind == ONNX_CONSTANT)
    scores = add_constant(node, scores, constant_mask(node, mask->tensor));
  else if (mask->kind == ONNX_STREAM)
    scores = add_stream(node, scores);
  if (sf_onnx_int(node, "is_causal", 0))
    scores = add_constant(node, scores, causal_mask(node, a));
  return scores;
}

/* ---- The node. ---- */

/* Scores go out after the product, the mask, the cap or the softmax. */
static sf_result emit_scores(onnx_node *node, const attention *a, int64_t stage,
                             sf_value *scores) {
  if (!scores) return sf_onnx_failed(node);
  if (!sf_onnx_wants(node, 3) ||
      sf_onnx_int(node, "qk_matmul_output_mode", 0) != stage)
    return SF_OK;
  onnx_shape shape = {.rank = 4,
                      .dim = {a->batch, a->heads, a->queries, a->keys}};
  return sf_onnx_emit(node, 3, scores, sf_onnx_input(node, 0)->dtype, &shape);
}

static sf_value *product(onnx_node *node, sf_value *a, sf_value *b) {
  if (!a || !b) return NULL;
  sf_type type = a->type;
  type.dim[type.rank - 1] = b->type.dim[type.rank - 1];
  return sf_onnx_build2(node, SF_OP_MATMUL, &type, a, b);
}

static sf_result emit_result(onnx_node *node, const attention *a, sf_value *y) {
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  onnx_shape shape = {.rank = 4,
                      .dim = {a->batch, a->heads, a->queries, a->v_width}};
  if (!a->flat) return sf_onnx_emit(node, 0, y, dtype, &shape);
  static const unsigned perms[2][4] = {{0, 2, 1, 3}, {1, 0, 2}};
  unsigned one = a->batch == 1 ? 1 : 0;
  shape = (onnx_shape){.rank = 3,
                       .dim = {a->batch, a->queries, a->heads * a->v_width}};
  sf_type type = sf_onnx_type(dtype, &shape, 3 - one);
  y = sf_onnx_transpose(node, y, perms[one]);
  return sf_onnx_emit(node, 0, sf_onnx_reshape(node, y, type.rank, type.dim),
                      dtype, &shape);
}

static sf_result translate_attention(onnx_node *node) {
  attention a;
  SF_TRY(read_attention(node, &a));
  sf_value *q = sf_onnx_apply_number(node, SF_OP_MUL, a.q, "scale", a.scale);
  sf_value *scores = product(node, q, swap_last(node, a.k));
  SF_TRY(emit_scores(node, &a, 0, scores));
  scores = masked(node, &a, scores);
  SF_TRY(emit_scores(node, &a, 1, scores));
  if (a.softcap != 0.0) {
    scores =
        sf_onnx_apply_number(node, SF_OP_DIV, scores, "softcap", a.softcap);
    scores = sf_onnx_apply(node, SF_OP_TANH, scores);
    scores =
        sf_onnx_apply_number(node, SF_OP_MUL, scores, "softcap", a.softcap);
  }
  SF_TRY(emit_scores(node, &a, 2, scores));
  sf_value *weights = sf_onnx_apply(node, SF_OP_SOFTMAX, scores);
  SF_TRY(emit_scores(node, &a, 3, weights));
  return emit_result(node, &a, product(node, weights, a.v));
}

const onnx_operator sf_onnx_attention_rows[] = {
    {"", "Attention", 23, ONNX_OPSET_NEWEST, ONNX_HOST, translate_attention,
     "softmax and products of streams"},
    {0}};
