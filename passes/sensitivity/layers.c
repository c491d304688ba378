/* layers.c - projections with f32 weights, and their weights at a width. */
#include "passes/sensitivity/sensitivity.h"

#include "passes/quantize/quantize.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

/* ---- Widths. ---- */

static int by_width(const void *a, const void *b) {
  unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
  return x < y ? 1 : x > y ? -1 : 0;
}

static sf_result bad_widths(sf_diag *diag, const char *text) {
  return sf_error(diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
                  "widths must be up to %d different numbers from 1 to %d with "
                  "commas between them, not '%s'",
                  SF_WIDTHS_MAX, SF_WIDTH_LARGEST, text);
}

sf_result sf_widths_parse(const char *text, sf_diag *diag, sf_widths *out) {
  *out = (sf_widths){0};
  const char *at = text;
  for (;;) {
    char *end = NULL;
    unsigned long bits = *at >= '0' && *at <= '9' ? strtoul(at, &end, 10) : 0;
    if (bits < 1 || bits > SF_WIDTH_LARGEST || out->count == SF_WIDTHS_MAX)
      return bad_widths(diag, text);
    for (uint32_t i = 0; i < out->count; i++)
      if (out->bits[i] == bits) return bad_widths(diag, text);
    out->bits[out->count++] = (unsigned)bits;
    if (*end == '\0') break;
    if (*end != ',') return bad_widths(diag, text);
    at = end + 1;
  }
  qsort(out->bits, out->count, sizeof out->bits[0], by_width);
  return SF_OK;
}

/* ---- Scales of what layers read. ---- */

typedef struct stream {
  bool backed;
  sf_scale scale;
} stream;

static size_t index_of(const sf_value *value) {
  return value->op ? value->network->argument_count + value->op->order
                   : value->index;
}

static sf_result carry(const sf_op *op, stream *streams, sf_arena *arena) {
  sf_scale *scales = SF_NEW_ARRAY(arena, sf_scale, op->operand_count);
  if (!scales) return SF_OOM;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x || !streams[index_of(x)].backed) return SF_OK;
    scales[i] = streams[index_of(x)].scale;
  }
  stream *s = &streams[index_of(op->results[0])];
  return sf_qdq_carry_scale(op, scales, arena, &s->backed, &s->scale);
}

static sf_result find_scale(const sf_op *op, stream *streams, sf_arena *arena,
                            sf_diag *diag) {
  if (op->kind == SF_OP_DEQUANTIZE) {
    stream *s = &streams[index_of(op->results[0])];
    return sf_qdq_scale(op, arena, diag, &s->backed, &s->scale);
  }
  return sf_qdq_is_carrier(op) ? carry(op, streams, arena) : SF_OK;
}

/* ---- Layers. ---- */

static bool is_layer(const sf_op *op) {
  return op->result_count == 1 && sf_op_is(op, SF_TRAIT_PROJECTION) &&
         op->kind != SF_OP_SPARSE && sf_qdq_is_linear(op);
}

enum { CHAIN_MAX = 32 };

/* Nothing rounds between it and the network's result. */
static bool reaches_return(const sf_value *value) {
  for (int n = 0; n < CHAIN_MAX; n++) {
    const sf_use *use = value->first_use;
    if (!use || !use->op) return true;
    if (use->op->kind == SF_OP_QUANTIZE || use->op->result_count != 1 ||
        sf_op_is(use->op, SF_TRAIT_PROJECTION)) {
      return false;
    }
    value = use->op->results[0];
  }
  return false;
}

static int input_axis(const sf_op *op) {
  return op->kind == SF_OP_LINEAR ? sf_op_operand(op, 0)->type.rank - 1 : 0;
}

static sf_result describe(sf_op *op, const stream *streams, sf_arena *arena,
                          sf_diag *diag, sf_layer *out) {
  sf_blob *weights = sf_op_operand_blob(op, 1);
  SF_TRY(sf_blob_load(weights, diag));
  const sf_value *x = sf_op_operand(op, 0), *y = op->results[0];
  const stream *s = &streams[index_of(x)];
  *out = (sf_layer){.op = op,
                    .name = y->name,
                    .weights = sf_blob_elements(weights),
                    .channels = (uint32_t)weights->type.dim[0],
                    .one_unit = reaches_return(y)};
  /* Every weight meets each position once: of the result, or, in a transposed
   * convolution, of the operand. */
  const sf_type *positions = op->kind == SF_OP_CONVT ? &x->type : &y->type;
  int axis = op->kind == SF_OP_LINEAR ? positions->rank - 1 : 0;
  out->products = out->weights *
                  (sf_type_elements(positions) / (size_t)positions->dim[axis]);
  bool folds =
      s->backed && (s->scale.axis < 0 || s->scale.axis == input_axis(op));
  out->scale = folds ? s->scale : sf_scale_uniform(arena, 1);
  return out->scale.values ? SF_OK : SF_OOM;
}

sf_result sf_layers_find(sf_network *network, sf_arena *arena, sf_diag *diag,
                         sf_layer_list *out) {
  size_t count = network->argument_count + (size_t)sf_network_number(network);
  stream *streams = SF_NEW_ARRAY(arena, stream, count + 1);
  *out = (sf_layer_list){
      .layers = SF_NEW_ARRAY(arena, sf_layer, network->op_count + 1u)};
  if (!streams || !out->layers) return SF_OOM;
  SF_FOREACH_OP(op, network) {
    SF_TRY(find_scale(op, streams, arena, diag));
    if (!is_layer(op)) continue;
    SF_TRY(describe(op, streams, arena, diag, &out->layers[out->count]));
    out->count++;
  }
  return SF_OK;
}

/* ---- Weights at a width. ---- */

static double scale_of(const sf_layer *layer, uint32_t channel, size_t k) {
  if (layer->scale.axis < 0) return layer->scale.values[0];
  return layer->scale.values[sf_qdq_input_channel(layer->op, channel, k)];
}

sf_result sf_layer_round(const sf_layer *layer, unsigned bits, sf_arena *arena,
                         float *out) {
  const sf_blob *weights = sf_op_operand_blob(layer->op, 1);
  size_t row = layer->weights / layer->channels;
  sf_grid_row *rows = SF_NEW_ARRAY(arena, sf_grid_row, layer->channels);
  double *all = SF_NEW_ARRAY(arena, double, layer->weights);
  int32_t *whole = SF_NEW_ARRAY(arena, int32_t, row);
  if (!rows || !all || !whole) return SF_OOM;
  for (uint32_t c = 0; c < layer->channels; c++) {
    rows[c] = (sf_grid_row){all + c * row, row, bits};
    for (size_t k = 0; k < row; k++)
      all[c * row + k] =
          (double)sf_blob_f32(weights, c * row + k) * scale_of(layer, c, k);
  }
  double delta = layer->one_unit ? sf_grid_delta(rows, layer->channels) : 0;
  for (uint32_t c = 0; c < layer->channels; c++) {
    if (!layer->one_unit) delta = sf_grid_delta(&rows[c], 1);
    if (delta > 0) sf_grid_round(&rows[c], delta, whole);
    for (size_t k = 0; k < row; k++)
      out[c * row + k] =
          delta > 0 ? (float)(whole[k] * delta / scale_of(layer, c, k)) : 0;
  }
  return SF_OK;
}
