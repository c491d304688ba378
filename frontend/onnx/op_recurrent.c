/* op_recurrent.c - RNN, GRU and LSTM of a static length, step by step. All
 * steps share one projection of the input; each has one of the state. */
#include "frontend/onnx/axis.h"

#include <string.h>

enum { STEPS_MAX = 4096 };

typedef enum cell { CELL_RNN, CELL_GRU, CELL_LSTM } cell;

typedef struct recurrent {
  cell kind;
  unsigned gates;
  int64_t steps, batch, inputs, hidden, directions;
  const onnx_tensor *w, *r, *b, *peepholes; /* b, peepholes: or NULL */
  const char *functions[6];                 /* three a direction */
} recurrent;

/* ---- Reading. ---- */

static sf_result expect_shape(onnx_node *node, const onnx_tensor *t,
                              const char *what, int64_t a, int64_t b,
                              int64_t c) {
  const onnx_shape *s = &t->shape;
  if (s->rank == (c ? 3 : 2) && s->dim[0] == a && s->dim[1] == b &&
      (!c || s->dim[2] == c))
    return SF_OK;
  return sf_onnx_refuse(node, NULL, "%s has another shape than expected", what);
}

static sf_result read_weights(onnx_node *node, recurrent *r) {
  int64_t rows = r->gates * r->hidden;
  SF_TRY(sf_onnx_need_constant(node, 1, "the weights", &r->w));
  SF_TRY(sf_onnx_need_constant(node, 2, "the recurrent weights", &r->r));
  SF_TRY(expect_shape(node, r->w, "W", r->directions, rows, r->inputs));
  SF_TRY(expect_shape(node, r->r, "R", r->directions, rows, r->hidden));
  if (sf_onnx_has_input(node, 3)) {
    SF_TRY(sf_onnx_need_constant(node, 3, "the biases", &r->b));
    SF_TRY(expect_shape(node, r->b, "B", r->directions, 2 * rows, 0));
  }
  if (r->kind == CELL_LSTM && sf_onnx_has_input(node, 7)) {
    SF_TRY(sf_onnx_need_constant(node, 7, "the peepholes", &r->peepholes));
    SF_TRY(
        expect_shape(node, r->peepholes, "P", r->directions, 3 * r->hidden, 0));
  }
  return SF_OK;
}

/* Every sample has all steps. */
static sf_result check_lengths(onnx_node *node, const recurrent *r) {
  if (!sf_onnx_has_input(node, 4)) return SF_OK;
  const onnx_tensor *t = NULL;
  SF_TRY(sf_onnx_need_constant(node, 4, "sequence_lens", &t));
  uint64_t count = sf_onnx_elements(&t->shape);
  for (uint64_t i = 0; i < count; i++)
    if (sf_onnx_get_i64(t, i) != r->steps)
      return sf_onnx_refuse(node, "give the samples one length",
                            "a sequence is shorter than the others");
  return SF_OK;
}

static sf_result read_functions(onnx_node *node, recurrent *r) {
  static const char *const defaults[3][3] = {
      {"Tanh", "", ""}, {"Sigmoid", "Tanh", ""}, {"Sigmoid", "Tanh", "Tanh"}};
  static const char *const known[] = {"Sigmoid", "Tanh", "Relu"};
  unsigned each = r->kind == CELL_RNN ? 1 : r->kind == CELL_GRU ? 2 : 3;
  const char *const *words = NULL;
  size_t count = sf_onnx_texts(node, "activations", &words);
  if (count && count != each * (size_t)r->directions)
    return sf_onnx_refuse(node, NULL, "%zu activations", count);
  if (sf_onnx_has_attribute(node, "activation_alpha") ||
      sf_onnx_has_attribute(node, "activation_beta"))
    return sf_onnx_refuse(node, NULL, "activations with numbers of their own");
  for (unsigned d = 0; d < r->directions; d++)
    for (unsigned i = 0; i < each; i++) {
      const char *word = count ? words[d * each + i] : defaults[r->kind][i];
      bool fine = false;
      for (size_t k = 0; k < SF_COUNT_OF(known); k++)
        fine |= strcmp(known[k], word) == 0;
      if (!fine)
        return sf_onnx_refuse(node, NULL, "the activation is '%s'", word);
      r->functions[d * 3 + i] = word;
    }
  return SF_OK;
}

static sf_result read_recurrent(onnx_node *node, cell kind, recurrent *r) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const char *direction = sf_onnx_text(node, "direction", "forward");
  *r = (recurrent){.kind = kind,
                   .gates = kind == CELL_RNN   ? 1
                            : kind == CELL_GRU ? 3
                                               : 4,
                   .directions =
                       strcmp(direction, "bidirectional") == 0 ? 2 : 1};
  if (x->shape.rank != 3 || !sf_onnx_is_float(x->dtype))
    return sf_onnx_refuse(node, NULL, "the input is no sequence of floats");
  bool batch_first = sf_onnx_int(node, "layout", 0) != 0;
  r->steps = x->shape.dim[batch_first ? 1 : 0];
  r->batch = x->shape.dim[batch_first ? 0 : 1];
  r->inputs = x->shape.dim[2];
  const onnx_tensor *w = sf_onnx_constant(node, 2);
  r->hidden = sf_onnx_int(node, "hidden_size",
                          w && w->shape.rank == 3 ? w->shape.dim[2] : 0);
  if (r->hidden < 1 || r->hidden > INT32_MAX / 8 || r->steps > STEPS_MAX)
    return sf_onnx_refuse(node, "use a shorter sequence",
                          "%lld steps and hidden_size %lld; at most %d steps",
                          (long long)r->steps, (long long)r->hidden,
                          (int)STEPS_MAX);
  if (sf_onnx_has_attribute(node, "clip") ||
      sf_onnx_int(node, "input_forget", 0))
    return sf_onnx_refuse(node, NULL, "clip or input_forget is asked for");
  SF_TRY(read_weights(node, r));
  SF_TRY(check_lengths(node, r));
  return read_functions(node, r);
}

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
static sf_blob *input_bias(onnx_node *node, const recurrent *r, int64_t d) {
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
static sf_value *gate(onnx_node *node, const recurrent *r, sf_value *x,
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

/* State of a direction: h and, in an LSTM, c, both [batch, hidden]; blobs that
 * all steps share. */
typedef struct state {
  int64_t direction;
  sf_value *h, *c;
  sf_blob *recurrent;               /* all gates; GRU: z and r */
  sf_blob *candidate, *hidden_bias; /* GRU */
  bool reset_after;                 /* GRU: linear_before_reset */
  sf_blob *peephole[3];             /* i, o, f; or NULL */
} state;

static void step_rnn(onnx_node *node, const recurrent *r, state *s,
                     sf_value *x) {
  sf_value *sum = add(node, x, project(node, s->h, s->recurrent, NULL));
  s->h = activate(node, r->functions[s->direction * 3], sum);
}

/* z and r, then the candidate; h = candidate + z (h - candidate). */
static void step_gru(onnx_node *node, const recurrent *r, state *s,
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
static void step_lstm(onnx_node *node, const recurrent *r, state *s,
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
static sf_value *initial(onnx_node *node, const recurrent *r, uint32_t index,
                         int64_t d, bool batch_first) {
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

static sf_result read_state(onnx_node *node, const recurrent *r, int64_t d,
                            bool batch_first, state *s) {
  int64_t h = r->hidden;
  *s = (state){.direction = d,
               .reset_after = sf_onnx_int(node, "linear_before_reset", 0) != 0};
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

/* x: [steps, batch, inputs]. Hidden states of all steps in parts[t], each
 * [1, batch, hidden]. */
static sf_result run_direction(onnx_node *node, const recurrent *r, int64_t d,
                               bool backward, sf_value *x, state *s,
                               sf_value **parts) {
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

/* ---- Results. ---- */

/* [directions, batch, hidden] of the last states; batch first by the layout. */
static sf_result emit_last(onnx_node *node, const recurrent *r, uint32_t index,
                           sf_value *const *last, bool batch_first) {
  if (!sf_onnx_wants(node, index)) return SF_OK;
  sf_value *parts[2];
  int32_t one[3] = {1, (int32_t)r->batch, (int32_t)r->hidden};
  for (int64_t d = 0; d < r->directions; d++)
    parts[d] = sf_onnx_reshape(node, last[d], 3, one);
  sf_value *y = sf_onnx_build_concat(node, (uint32_t)r->directions, parts, 0);
  onnx_shape shape = {.rank = 3, .dim = {r->directions, r->batch, r->hidden}};
  if (batch_first) {
    y = sf_onnx_transpose(node, y, (unsigned[]){1, 0, 2});
    shape.dim[0] = r->batch;
    shape.dim[1] = r->directions;
  }
  return sf_onnx_emit(node, index, y, ONNX_FLOAT, &shape);
}

/* [steps, directions, batch, hidden], or [batch, steps, directions, hidden]. */
static sf_result emit_all(onnx_node *node, const recurrent *r,
                          sf_value *const *series, bool batch_first) {
  if (!sf_onnx_wants(node, 0)) return SF_OK;
  sf_value *parts[2];
  int32_t dim[4] = {(int32_t)r->steps, 1, (int32_t)r->batch,
                    (int32_t)r->hidden};
  for (int64_t d = 0; d < r->directions; d++)
    parts[d] = sf_onnx_reshape(node, series[d], 4, dim);
  sf_value *y = sf_onnx_build_concat(node, (uint32_t)r->directions, parts, 1);
  onnx_shape shape = {.rank = 4,
                      .dim = {r->steps, r->directions, r->batch, r->hidden}};
  if (batch_first) {
    y = sf_onnx_transpose(node, y, (unsigned[]){2, 0, 1, 3});
    shape = (onnx_shape){.rank = 4,
                         .dim = {r->batch, r->steps, r->directions, r->hidden}};
  }
  return sf_onnx_emit(node, 0, y, ONNX_FLOAT, &shape);
}

static sf_result translate_cell(onnx_node *node, cell kind) {
  recurrent r;
  sf_value *series[2], *h[2], *c[2];
  SF_TRY(read_recurrent(node, kind, &r));
  bool batch_first = sf_onnx_int(node, "layout", 0) != 0;
  bool reverse =
      strcmp(sf_onnx_text(node, "direction", "forward"), "reverse") == 0;
  sf_value *x = sf_onnx_stream(node, 0, 3);
  if (batch_first) x = sf_onnx_transpose(node, x, (unsigned[]){1, 0, 2});
  sf_value **parts = SF_NEW_ARRAY(node->arena, sf_value *, (size_t)r.steps);
  if (!x || !parts) return sf_onnx_failed(node);
  for (int64_t d = 0; d < r.directions; d++) {
    state s;
    SF_TRY(read_state(node, &r, d, batch_first, &s));
    SF_TRY(run_direction(node, &r, d, reverse || d == 1, x, &s, parts));
    series[d] = sf_onnx_build_concat(node, (uint32_t)r.steps, parts, 0);
    h[d] = s.h;
    c[d] = s.c;
    if (!series[d]) return sf_onnx_failed(node);
  }
  SF_TRY(emit_all(node, &r, series, batch_first));
  SF_TRY(emit_last(node, &r, 1, h, batch_first));
  return kind == CELL_LSTM ? emit_last(node, &r, 2, c, batch_first) : SF_OK;
}

static sf_result translate_rnn(onnx_node *node) {
  return translate_cell(node, CELL_RNN);
}
static sf_result translate_gru(onnx_node *node) {
  return translate_cell(node, CELL_GRU);
}
static sf_result translate_lstm(onnx_node *node) {
  return translate_cell(node, CELL_LSTM);
}

const onnx_operator sf_onnx_recurrent_rows[] = {
    {"", "GRU", 7, ONNX_OPSET_NEWEST, ONNX_HOST, translate_gru,
     "constant weights; one length of at most 4,096 steps"},
    {"", "LSTM", 7, ONNX_OPSET_NEWEST, ONNX_HOST, translate_lstm,
     "constant weights; one length of at most 4,096 steps"},
    {"", "RNN", 7, ONNX_OPSET_NEWEST, ONNX_HOST, translate_rnn,
     "constant weights; one length of at most 4,096 steps"},
    {0}};
