/* netx_build_layer.c - synapses: linear, conv, delays, recurrence. */
#include "frontend/netx/netx.h"

#include <stdio.h>
#include <string.h>

static sf_value *add_op(netx_builder *builder, const netx_layer *layer,
                        sf_op_kind kind, sf_value *operand, sf_blob *blob,
                        const char *suffix, const sf_type *type) {
  sf_op *op =
      sf_op_create(builder->network, NULL, kind, blob ? 2 : 1, layer->loc);
  const char *name = sf_netx_value_name(builder->model, layer, suffix);
  if (!op || !name) return NULL;
  sf_op_set_operand(op, 0, operand);
  if (blob) sf_op_set_operand_blob(op, 1, blob);
  return sf_op_add_result(op, name, type);
}

static sf_scalar message_scalar(const netx_builder *builder) {
  return builder->message_bits ? sf_int((unsigned)builder->message_bits)
                               : sf_spike();
}

/* The stream `steps` later; itself for 0. */
static sf_result delay_stream(netx_builder *builder, const netx_layer *layer,
                              const char *suffix, int64_t steps,
                              sf_value **stream) {
  if (steps == 0) return SF_OK;
  sf_value *late = add_op(builder, layer, SF_OP_DELAY, *stream, NULL, suffix,
                          &(*stream)->type);
  if (!late) return SF_OOM;
  *stream = late;
  return steps == 1 ? SF_OK : sf_op_set_int(late->op, SF_ATTR_steps, steps);
}

static sf_blob *weight_blob(netx_builder *builder, const netx_layer *layer,
                            const char *name, const netx_ints *weight) {
  int32_t dims[SF_RANK_MAX];
  for (unsigned i = 0; i < weight->rank; i++)
    dims[i] = (int32_t)weight->dim[i];
  sf_type type =
      sf_type_make(sf_netx_weights_scalar(weight), weight->rank, dims);
  const char *full = sf_arena_printf(builder->model->module->arena, "%s%u",
                                     name, layer->index);
  if (!full) return NULL;
  return sf_blob_create_i32(builder->model->module, full, &type, weight->value);
}

/* ---- Dense.
 * ------------------------------------------------------------------ */

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
  builder->stream =
      add_op(builder, layer, SF_OP_RESHAPE, builder->stream, NULL, "in", &flat);
  return builder->stream ? SF_OK : SF_OOM;
}

/* One delay for all synapses, or -1. */
static int64_t uniform_delay(const netx_ints *delay) {
  if (!delay->present) return 0;
  for (size_t i = 1; i < delay->count; i++) {
    if (delay->value[i] != delay->value[0]) return -1;
  }
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
  sf_blob *blob = weight_blob(builder, layer, part, weight);
  if (!blob) return NULL;
  sf_value *sum = add_op(builder, layer, SF_OP_LINEAR, source, blob,
                         part[1] ? part + 1 : "sum", &type);
  if (!sum) return NULL;
  choose_mode(sum->op, source, sf_netx_weights_row_bound(weight, (size_t)rows));
  if (uniform_delay(&layer->delay) >= 0) return sum;
  sf_blob *delays = delay_blob(builder, layer);
  if (!delays || sf_op_set_blob(sum->op, SF_ATTR_delays, delays) != SF_OK) {
    return NULL;
  }
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
  return sf_netx_build_input(builder, layer, message_scalar(builder), 1,
                             &layer->weight.dim[1]);
}

static sf_result build_dense(netx_builder *builder, const netx_layer *layer) {
  netx_model *model = builder->model;
  netx_ints weight = layer->weight, imag = layer->weight_imag;
  netx_ints rec = layer->weight_rec;
  sf_netx_weights_optimize(model, layer, &weight, rec.present ? &rec : NULL);
  if (imag.present) sf_netx_weights_optimize(model, layer, &imag, NULL);
  SF_TRY(dense_input(builder, layer));
  builder->flatten = false;
  int64_t uniform = uniform_delay(&layer->delay);
  SF_TRY(delay_stream(builder, layer, "late",
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

/* ---- Convolution.
 * -------------------------------------------------------------- */

static sf_result check_conv(const netx_builder *builder,
                            const netx_layer *layer) {
  const int64_t *in = builder->shape, *w = layer->weight.dim;
  sf_diag *diag = builder->model->diag;
  if (in[0] != w[1] * layer->groups || w[0] % layer->groups != 0) {
    return sf_error(
        diag, SF_DIAG_IMPORT, layer->loc,
        "'%s/weight' is for %lld channels in %lld groups, its input "
        "has %lld",
        layer->path, (long long)(w[1] * layer->groups),
        (long long)layer->groups, (long long)in[0]);
  }
  int64_t have[3] = {w[0], 0, 0};
  for (int i = 0; i < 2; i++) {
    int64_t reach = layer->dilation[i] * (w[2 + i] - 1) + 1;
    int64_t room = in[1 + i] + 2 * layer->pad[i] - reach;
    have[1 + i] = room < 0 ? 0 : room / layer->stride[i] + 1;
  }
  if (layer->shape_rank == 3 && have[0] == layer->shape[0] &&
      have[1] == layer->shape[1] && have[2] == layer->shape[2]) {
    return SF_OK;
  }
  return sf_error(diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s/shape' says %lld x %lld x %lld (channels, height, "
                  "width), but the convolution gives %lld x %lld x %lld",
                  layer->path, (long long)layer->shape[0],
                  (long long)layer->shape[1], (long long)layer->shape[2],
                  (long long)have[0], (long long)have[1], (long long)have[2]);
}

static sf_result conv_input(netx_builder *builder, const netx_layer *layer) {
  if (builder->stream) {
    const sf_type *type = &builder->stream->type;
    builder->rank = type->rank;
    for (unsigned i = 0; i < type->rank && i < 3; i++) {
      builder->shape[i] = type->dim[i];
    }
  }
  if (builder->rank == 0) {
    sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
             "the file has no input layer, so the input of '%s' has no shape",
             layer->path);
    sf_help(builder->model->diag, "give --input-shape x,y,f, such as 28,28,1");
    return SF_FAIL;
  }
  if (builder->rank != 3) {
    return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                    "the input of '%s' has %u axes; a convolution needs "
                    "channels, height and width",
                    layer->path, (unsigned)builder->rank);
  }
  SF_TRY(check_conv(builder, layer));
  if (builder->stream) return SF_OK;
  return sf_netx_build_input(builder, layer, message_scalar(builder), 3,
                             builder->shape);
}

static sf_result set_window(sf_op *op, const netx_layer *layer) {
  int64_t pads[4] = {layer->pad[0], layer->pad[1], layer->pad[0],
                     layer->pad[1]};
  if (layer->stride[0] != 1 || layer->stride[1] != 1) {
    SF_TRY(sf_op_set_ints(op, SF_ATTR_stride, 2, layer->stride));
  }
  if (pads[0] || pads[1]) SF_TRY(sf_op_set_ints(op, SF_ATTR_pad, 4, pads));
  if (layer->dilation[0] != 1 || layer->dilation[1] != 1) {
    SF_TRY(sf_op_set_ints(op, SF_ATTR_dilation, 2, layer->dilation));
  }
  if (layer->groups == 1) return SF_OK;
  return sf_op_set_int(op, SF_ATTR_groups, layer->groups);
}

static sf_result build_conv(netx_builder *builder, const netx_layer *layer) {
  sf_netx_weights_check_conv(builder->model, layer);
  SF_TRY(conv_input(builder, layer));
  builder->flatten = false;
  SF_TRY(delay_stream(builder, layer, "late", builder->model->options.layer_lag,
                      &builder->stream));
  int32_t dims[3];
  for (int i = 0; i < 3; i++)
    dims[i] = (int32_t)layer->shape[i];
  sf_type type = sf_type_make(sf_int(NETX_SUM_BITS), 3, dims);
  sf_blob *blob = weight_blob(builder, layer, "w", &layer->weight);
  if (!blob) return SF_OOM;
  sf_value *sum =
      add_op(builder, layer, SF_OP_CONV, builder->stream, blob, "sum", &type);
  if (!sum) return SF_OOM;
  sum->op->mode = SF_MODE_WRAP; /* Lava wraps convolutions at 24 bits */
  SF_TRY(set_window(sum->op, layer));
  return sf_netx_build_neurons(builder, layer, sum, NULL);
}

/* ---- Input.
 * ---------------------------------------------------------------------- */

/* An input layer with neurons: LIF neurons take the argument as bias mantissa,
 * delta encoders as value. */
static sf_result build_input(netx_builder *builder, const netx_layer *layer) {
  sf_scalar scalar =
      layer->neuron.kind == NETX_DELTA ? sf_int(20) : sf_int(NETX_SUM_BITS);
  SF_TRY(sf_netx_build_input(builder, layer, scalar, layer->shape_rank,
                             layer->shape));
  if (layer->neuron.kind == NETX_LIF) {
    char value[64];
    snprintf(value, sizeof value, "bias = x * %lld + %lld",
             (long long)layer->input_weight, (long long)layer->input_bias);
    SF_TRY(sf_netx_choose(builder, "input-transform", value,
                          "the argument is the bias mantissa of the input "
                          "neurons; the file only suggests this transform"));
  }
  return sf_netx_build_neurons(builder, layer, builder->stream, NULL);
}

sf_result sf_netx_build_layer(netx_builder *builder, const netx_layer *layer) {
  if (layer->kind != NETX_INPUT) {
    return layer->kind == NETX_CONV ? build_conv(builder, layer)
                                    : build_dense(builder, layer);
  }
  if (!builder->stream) return build_input(builder, layer);
  return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s' is an input layer behind other layers", layer->path);
}
