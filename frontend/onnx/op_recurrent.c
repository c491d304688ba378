/* op_recurrent.c - RNN, GRU and LSTM of a static length, step by step: what
 * the node says, and its results. */
#include "frontend/onnx/recurrent.h"

#include <string.h>

enum { STEPS_MAX = 4096 };

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

static sf_result read_weights(onnx_node *node, onnx_recurrent *r) {
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
static sf_result check_lengths(onnx_node *node, const onnx_recurrent *r) {
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

static sf_result read_functions(onnx_node *node, onnx_recurrent *r) {
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

static sf_result read_recurrent(onnx_node *node, onnx_cell kind,
                                onnx_recurrent *r) {
  const onnx_value *x = sf_onnx_input(node, 0);
  const char *direction = sf_onnx_text(node, "direction", "forward");
  *r = (onnx_recurrent){.kind = kind,
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

/* ---- Results. ---- */

/* [directions, batch, hidden] of the last states; batch first by the layout. */
static sf_result emit_last(onnx_node *node, const onnx_recurrent *r,
                           uint32_t index, sf_value *const *last,
                           bool batch_first) {
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
static sf_result emit_all(onnx_node *node, const onnx_recurrent *r,
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

static sf_result translate_cell(onnx_node *node, onnx_cell kind) {
  onnx_recurrent r;
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
    onnx_state s;
    SF_TRY(sf_onnx_recurrent_state(node, &r, d, batch_first, &s));
    SF_TRY(sf_onnx_recurrent_run(node, &r, d, reverse || d == 1, x, &s, parts));
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
