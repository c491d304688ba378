/* netx_build_dense.c - dense layers: linear, delays, recurrence. */
#include "frontend/netx/netx.h"

/* The column order of a dense layer after flatten is c, then h, then w, which
 * is the order of a channels-first stream. */
static sf_result flatten_stream(netx_builder *builder,
                                const netx_layer *layer) {
  int32_t columns = (int32_t)layer->weight.dim[1];
  sf_type flat = sf_type_make(builder->stream->type.scalar, 1, &columns);
  size_t elements = sf_type_elements(&builder->stream->type);
  if (elements != (size_t)columns) {
    return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/weight' has %d columns, but the layer before sends "
                    "%zu values",
                    layer->path, (int)columns, elements);
  }
  if (builder->stream->type.rank == 1) return SF_OK;
  if (!builder->flatten) {
    sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
             "'%s' is dense and follows a layer with height and width; a "
             "flatten layer must stand between them",
             layer->path);
    return SF_FAIL;
  }
  builder->stream = sf_netx_add_op(builder, layer, SF_OP_RESHAPE,
                                   builder->stream, NULL, "in", &flat);
  return builder->stream ? SF_OK : SF_OOM;
}

/* One delay for all synapses, or -1. */
static int64_t uniform_delay(const netx_ints *delay) {
  if (!delay->present) return 0;
  for (size_t i = 1; i < delay->count; i++)
    if (delay->value[i] != delay->value[0]) return -1;
  return delay->value[0];
}

/* (N,) is one delay a neuron, tried first when N = M; (M,) one an input. */
static sf_blob *delay_blob(netx_builder *builder, const netx_layer *layer) {
  size_t rows = (size_t)layer->weight.dim[0];
  size_t columns = (size_t)layer->weight.dim[1];
  const netx_ints *delay = &layer->delay;
  int32_t *full = SF_NEW_ARRAY(builder->model->arena, int32_t, rows *columns);
  if (!full) return NULL;
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) {
      size_t from = delay->rank == 2       ? r * columns + c
                    : delay->count == rows ? r
                                           : c;
      full[r * columns + c] = delay->value[from];
    }
  }
  sf_type type =
      sf_type_make(sf_int(7), 2, (int32_t[]){(int32_t)rows, (int32_t)columns});
  const char *name =
      sf_arena_printf(builder->model->module->arena, "delay%u", layer->index);
  return name ? sf_blob_create_i32(builder->model->module, name, &type, full)
              : NULL;
}

/* Sums of binary spikes that fit have no mode; others wrap, as in Lava. */
static void choose_mode(sf_op *op, const sf_value *source, int64_t bound) {
  bool fits = source->type.scalar.kind == SF_SCALAR_SPIKE &&
              bound < (int64_t)1 << (NETX_SUM_BITS - 1);
  op->mode = fits ? SF_MODE_NONE : SF_MODE_WRAP;
}

static sf_value *add_linear(netx_builder *builder, const netx_layer *layer,
                            sf_value *source, const char *part,
                            const netx_ints *weight) {
  int32_t rows = (int32_t)weight->dim[0];
  sf_type type = sf_type_make(sf_int(NETX_SUM_BITS), 1, &rows);
  sf_blob *blob = sf_netx_weight_blob(builder, layer, part, weight);
  if (!blob) return NULL;
  sf_value *sum = sf_netx_add_op(builder, layer, SF_OP_LINEAR, source, blob,
                                 part[1] ? part + 1 : "sum", &type);
  if (!sum) return NULL;
  choose_mode(sum->op, source, sf_netx_weights_row_bound(weight, (size_t)rows));
  if (uniform_delay(&layer->delay) >= 0) return sum;
  sf_blob *delays = delay_blob(builder, layer);
  if (!delays || sf_op_set_blob(sum->op, SF_ATTR_delays, delays) != SF_OK)
    return NULL;
  return sum;
}

/* What a layer sends, from its neurons. */
static sf_scalar sent_scalar(const netx_layer *layer) {
  switch (layer->neuron.kind) {
  case NETX_SIGMA_DELTA:
    return sf_int(26);
  case NETX_SIGMA:
    return sf_int(32);
  default:
    return sf_spike();
  }
}

/* Own messages of the step before, added to the feed-forward sum. The operand
 * of the delay is the population, which stands below. */
static sf_result build_recurrent(netx_builder *builder, const netx_layer *layer,
                                 const netx_ints *weight, sf_value *sum) {
  bool graded = sent_scalar(layer).kind != SF_SCALAR_SPIKE;
  if (graded && builder->stream->type.scalar.kind == SF_SCALAR_SPIKE) {
    return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s' sends graded messages to itself and takes binary "
                    "spikes: the vendor's loader makes both synapses binary, "
                    "which loses the messages",
                    layer->path);
  }
  sf_type sent = sum->type;
  sent.scalar = sent_scalar(layer);
  sf_op *delay =
      sf_op_create(builder->network, NULL, SF_OP_DELAY, 1, layer->loc);
  const char *name = sf_netx_value_name(builder->model, layer, "last");
  sf_value *last = delay && name ? sf_op_add_result(delay, name, &sent) : NULL;
  if (!last) return SF_OOM;
  sf_value *own = add_linear(builder, layer, last, "wrec", weight);
  sf_op *add = sf_op_create(builder->network, NULL, SF_OP_ADD, 2, layer->loc);
  name = sf_netx_value_name(builder->model, layer, "all");
  if (!own || !add || !name) return SF_OOM;
  sf_op_set_operand(add, 0, sum);
  sf_op_set_operand(add, 1, own);
  add->mode = SF_MODE_WRAP;
  sf_value *all = sf_op_add_result(add, name, &sum->type);
  if (!all) return SF_OOM;
  SF_TRY(sf_netx_build_neurons(builder, layer, all, NULL));
  sf_op_set_operand(delay, 0, builder->stream);
  return SF_OK;
}

static sf_result dense_input(netx_builder *builder, const netx_layer *layer) {
  if (builder->stream) return flatten_stream(builder, layer);
  return sf_netx_build_input(builder, layer, sf_netx_message_scalar(builder), 1,
                             &layer->weight.dim[1]);
}

sf_result sf_netx_build_dense(netx_builder *builder, const netx_layer *layer) {
  netx_model *model = builder->model;
  netx_ints weight = layer->weight, imag = layer->weight_imag;
  netx_ints rec = layer->weight_rec;
  sf_netx_weights_optimize(model, layer, &weight, rec.present ? &rec : NULL);
  if (imag.present) sf_netx_weights_optimize(model, layer, &imag, NULL);
  SF_TRY(dense_input(builder, layer));
  builder->flatten = false;
  int64_t uniform = uniform_delay(&layer->delay);
  SF_TRY(sf_netx_delay(builder, layer, "late",
                       model->options.layer_lag + (uniform > 0 ? uniform : 0),
                       &builder->stream));
  sf_value *source = builder->stream;
  sf_value *sum = add_linear(builder, layer, source, "w", &weight);
  if (!sum) return SF_OOM;
  sf_value *second = NULL;
  if (imag.present) {
    second = add_linear(builder, layer, source, "wimag", &imag);
    if (!second) return SF_OOM;
  }
  if (rec.present) return build_recurrent(builder, layer, &rec, sum);
  return sf_netx_build_neurons(builder, layer, sum, second);
}
