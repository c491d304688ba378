/* recurrent_cell.c - the steps of RNN, GRU and LSTM. All steps share one
 * projection of the input; each has one of the state. */
#include "frontend/onnx/recurrent.h"

/* ---- Parts of the constants. ---- */

/* Rows begin .. end-1 of direction `d` of a tensor [directions, rows, ..]. */
static onnx_tensor *rows_of(onnx_node *node, const onnx_tensor *t, int64_t d,
                            int64_t begin, int64_t end) {
  int64_t from[ONNX_RANK_MAX] = {d, begin}, step[ONNX_RANK_MAX];
  onnx_shape shape = t->shape, flat = {.rank = (uint8_t)(t->shape.rank - 1)};
  for (unsigned i = 0; i < ONNX_RANK_MAX; i++)
    step[i] = 1;
  shape.dim[0] = 1;
  shape.dim[1] = end - begin;
  for (unsigned i = 0; i < flat.rank; i++)
    flat.dim[i] = shape.dim[i + 1];
  onnx_tensor *cut = sf_onnx_tensor_slice(node, t, from, step, &shape);
  return cut ? sf_onnx_tensor_reshape(node, cut, &flat) : NULL;
}

static sf_blob *rows_blob(onnx_node *node, const onnx_tensor *t, int64_t d,
                          int64_t begin, int64_t end) {
  onnx_tensor *rows = t ? rows_of(node, t, d, begin, end) : NULL;
  if (!rows) return NULL;
  sf_type type = sf_onnx_type(rows->dtype, &rows->shape, rows->shape.rank);
  return sf_onnx_blob(node, rows, type.rank, type.dim);
}

/* Biases of the input, with those of the state, which are added anyway; only
 * the candidate of a GRU has its own. */
static sf_blob *input_bias(onnx_node *node, const onnx_recurrent *r,
                           int64_t d) {
  int64_t rows = r->gates * r->hidden;
  int64_t shared = (r->kind == CELL_GRU ? 2 : r->gates) * r->hidden;
  int32_t count = (int32_t)rows;
  float *sum = SF_NEW_ARRAY(node->arena, float, (size_t)rows);
  if (!sum) return NULL;
  for (int64_t i = 0; i < rows; i++) {
    uint64_t at = (uint64_t)(d * 2 * rows + i);
    double value = sf_onnx_get_f64(r->b, at);
    if (i < shared) value += sf_onnx_get_f64(r->b, at + (uint64_t)rows);
    sum[i] = (float)value;
  }
  return sf_onnx_blob_f32(node, "bias", 1, &count, sum);
}

/* ---- Small ops. ---- */

static sf_value *project(onnx_node *node, sf_value *x, sf_blob *w,
                         sf_blob *bias) {
  if (!x || !w) return NULL;
  sf_type type = x->type;
  type.dim[type.rank - 1] = w->type.dim[0];
  return sf_onnx_build_weights(node, SF_OP_LINEAR, &type, x, w, bias);
}

static sf_value *activate(onnx_node *node, const char *function, sf_value *x) {
  return sf_onnx_apply(node,
                       function[0] == 'S'   ? SF_OP_SIGMOID
                       : function[0] == 'T' ? SF_OP_TANH
                                            : SF_OP_RELU,
                       x);
}

/* Gate `index` of values [batch, gates * hidden]. */
static sf_value *gate(onnx_node *node, const onnx_recurrent *r, sf_value *x,
                      int64_t index) {
  return sf_onnx_cut(node, x, 1, index * r->hidden, (index + 1) * r->hidden);
}

static sf_value *add(onnx_node *node, sf_value *a, sf_value *b) {
  return sf_onnx_combine(node, SF_OP_ADD, a, b);
}

static sf_value *multiply(onnx_node *node, sf_value *a, sf_value *b) {
  return sf_onnx_combine(node, SF_OP_MUL, a, b);
}

/* ---- One step. ---- */

static void step_rnn(onnx_node *node, const onnx_recurrent *r, onnx_state *s,
                     sf_value *x) {
  sf_value *sum = add(node, x, project(node, s->h, s->recurrent, NULL));
  s->h = activate(node, r->functions[s->direction * 3], sum);
}

/* z and r, then the candidate; h = candidate + z (h - candidate). */
static void step_gru(onnx_node *node, const onnx_recurrent *r, onnx_state *s,
                     sf_value *x) {
  const char *const *f = r->functions + s->direction * 3;
  sf_value *zr = add(node, sf_onnx_cut(node, x, 1, 0, 2 * r->hidden),
                     project(node, s->h, s->recurrent, NULL));
  zr = activate(node, f[0], zr);
  sf_value *z = gate(node, r, zr, 0), *reset = gate(node, r, zr, 1);
  sf_value *from_state =
      s->reset_after
          ? multiply(node, reset,
                     project(node, s->h, s->candidate, s->hidden_bias))
          : project(node, multiply(node, reset, s->h), s->candidate,
                    s->hidden_bias);
  sf_value *h =
      activate(node, f[1], add(node, gate(node, r, x, 2), from_state));
  sf_value *change =
      multiply(node, z, sf_onnx_combine(node, SF_OP_SUB, s->h, h));
  s->h = add(node, h, change);
}

static sf_value *with_peephole(onnx_node *node, sf_value *sum, sf_value *c,
                               sf_blob *weights) {
  if (!weights || !c) return sum;
  return add(node, sum,
             sf_onnx_build_blob(node, SF_OP_MUL, &c->type, c, weights));
}

/* Gates i, o, f, c. */
static void step_lstm(onnx_node *node, const onnx_recurrent *r, onnx_state *s,
                      sf_value *x) {
  const char *const *f = r->functions + s->direction * 3;
  sf_value *sum = add(node, x, project(node, s->h, s->recurrent, NULL));
  sf_value *i =
      with_peephole(node, gate(node, r, sum, 0), s->c, s->peephole[0]);
  sf_value *forget =
      with_peephole(node, gate(node, r, sum, 2), s->c, s->peephole[2]);
  sf_value *kept = multiply(node, activate(node, f[0], forget), s->c);
  sf_value *fresh = multiply(node, activate(node, f[0], i),
                             activate(node, f[1], gate(node, r, sum, 3)));
  s->c = add(node, kept, fresh);
  sf_value *o =
      with_peephole(node, gate(node, r, sum, 1), s->c, s->peephole[1]);
  s->h = multiply(node, activate(node, f[0], o), activate(node, f[2], s->c));
}

/* ---- A direction. ---- */

/* Input `index`, [directions, batch, hidden], or zeros. */
static sf_value *initial(onnx_node *node, const onnx_recurrent *r,
                         uint32_t index, int64_t d, bool batch_first) {
  onnx_shape shape = {.rank = 2, .dim = {r->batch, r->hidden}};
  if (!sf_onnx_has_input(node, index)) {
    onnx_tensor *zeros = sf_onnx_tensor_splat_f64(node, ONNX_FLOAT, &shape, 0);
    return zeros ? sf_onnx_constant_stream(node, zeros) : NULL;
  }
  const onnx_shape *x = &sf_onnx_input(node, index)->shape;
  unsigned axis = batch_first ? 1 : 0;
  if (x->rank != 3 || x->dim[axis] != r->directions ||
      x->dim[1 - axis] != r->batch || x->dim[2] != r->hidden) {
    (void)sf_onnx_refuse(node, NULL, "an initial state has another shape");
    return NULL;
  }
  sf_value *cut =
      sf_onnx_cut(node, sf_onnx_stream(node, index, 3), axis, d, d + 1);
  sf_type type = sf_onnx_type(ONNX_FLOAT, &shape, 2);
  return sf_onnx_reshape(node, cut, 2, type.dim);
}

sf_result sf_onnx_recurrent_state(onnx_node *node, const onnx_recurrent *r,
                                  int64_t d, bool batch_first, onnx_state *s) {
  int64_t h = r->hidden;
  *s = (onnx_state){.direction = d,
                    .reset_after =
                        sf_onnx_int(node, "linear_before_reset", 0) != 0};
  s->h = initial(node, r, 5, d, batch_first);
  if (r->kind == CELL_LSTM) s->c = initial(node, r, 6, d, batch_first);
  int64_t shared = r->kind == CELL_GRU ? 2 : r->gates;
  s->recurrent = rows_blob(node, r->r, d, 0, shared * h);
  if (r->kind == CELL_GRU) {
    s->candidate = rows_blob(node, r->r, d, 2 * h, 3 * h);
    if (r->b) s->hidden_bias = rows_blob(node, r->b, d, 5 * h, 6 * h);
  }
  for (int64_t i = 0; r->peepholes && i < 3; i++) {
    sf_blob *list = NULL;
    onnx_tensor *rows = rows_of(node, r->peepholes, d, i * h, (i + 1) * h);
    int32_t dim[2] = {1, (int32_t)h};
    if (rows) list = sf_onnx_blob(node, rows, 2, dim);
    if (!list) return sf_onnx_failed(node);
    s->peephole[i] = list;
  }
  return s->h && s->recurrent ? SF_OK : sf_onnx_failed(node);
}

sf_result sf_onnx_recurrent_run(onnx_node *node, const onnx_recurrent *r,
                                int64_t d, bool backward, sf_value *x,
                                onnx_state *s, sf_value **parts) {
  int64_t rows = r->gates * r->hidden;
  sf_blob *bias = r->b ? input_bias(node, r, d) : NULL;
  if (r->b && !bias) return sf_onnx_failed(node);
  sf_value *all = project(node, x, rows_blob(node, r->w, d, 0, rows), bias);
  int32_t flat[2] = {(int32_t)r->batch, (int32_t)rows};
  int32_t one[3] = {1, (int32_t)r->batch, (int32_t)r->hidden};
  for (int64_t i = 0; i < r->steps; i++) {
    int64_t t = backward ? r->steps - 1 - i : i;
    sf_value *xt =
        sf_onnx_reshape(node, sf_onnx_cut(node, all, 0, t, t + 1), 2, flat);
    if (r->kind == CELL_RNN) step_rnn(node, r, s, xt);
    if (r->kind == CELL_GRU) step_gru(node, r, s, xt);
    if (r->kind == CELL_LSTM) step_lstm(node, r, s, xt);
    parts[t] = sf_onnx_reshape(node, s->h, 3, one);
    if (!parts[t]) return sf_onnx_failed(node);
  }
  return SF_OK;
}
