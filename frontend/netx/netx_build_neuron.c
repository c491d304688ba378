/* netx_build_neuron.c - the population of a layer: library models and params.
 */
#include "frontend/netx/netx.h"

#include <string.h>

enum { VTH_TOP = 8388607 }; /* v saturates here, so that nothing is above it */

/* ---- Reset. ---- */

int64_t sf_netx_reset_period(const netx_model *model) {
  const netx_options *options = &model->options;
  if (!options->reset_interval || options->layer_lag ||
      options->reset_offset % options->reset_interval != 0 || options->encode ||
      options->readout) {
    return 0;
  }
  for (uint32_t i = 0; i < model->layer_count; i++) {
    netx_neuron_kind kind = model->layers[i].neuron.kind;
    if (kind != NETX_NO_NEURON && kind != NETX_LIF) return 0;
  }
  return options->reset_interval;
}

/* Lava's LIFReset, counted from step 0: layer k starts its own count k steps
 * late when layers lag. */
static void set_reset(const netx_builder *builder, sf_op *op) {
  const netx_options *options = &builder->model->options;
  int64_t first = options->reset_offset;
  if (options->layer_lag) first += builder->created;
  sf_netx_set_param(op, "interval", options->reset_interval);
  sf_netx_set_param(op, "first", first % options->reset_interval);
}

/* ---- Params. ---- */

static sf_result set_blob(netx_builder *builder, const netx_layer *layer,
                          sf_op *op, const char *param, unsigned rank,
                          const int32_t *dims, const int32_t *values) {
  sf_argument *argument = sf_op_argument(op, (sf_slice){param, strlen(param)});
  sf_param *declared =
      sf_neuron_find_param(op->neuron, (sf_slice){param, strlen(param)});
  sf_type type = sf_type_make(declared->value->type, rank, dims);
  const char *name = sf_arena_printf(builder->model->module->arena, "%s%u",
                                     param, layer->index);
  sf_blob *blob =
      name ? sf_blob_create_i32(builder->model->module, name, &type, values)
           : NULL;
  if (!blob) return SF_OOM;
  sf_argument_set_blob(argument, blob);
  return SF_OK;
}

/* A decay is one number, or one a neuron of a dense layer. */
static sf_result set_decay(netx_builder *builder, const netx_layer *layer,
                           sf_op *op, const char *param,
                           const netx_ints *decay) {
  if (decay->count == 1) {
    sf_netx_set_param(op, param, decay->value[0]);
    return SF_OK;
  }
  const sf_type *type = &op->results[0]->type;
  if (type->rank != 1 || decay->count != (size_t)type->dim[0]) {
    return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/neuron' has a decay array of %zu; only a dense layer "
                    "has one a neuron, and as many as neurons",
                    layer->path, decay->count);
  }
  return set_blob(builder, layer, op, param, 1, type->dim, decay->value);
}

/* Bias values as the op's param wants them, in place: shifted, and for LIF cut
 * to 16 bits as Lava stores mantissas. */
static sf_result scale_bias(netx_builder *builder, const netx_layer *layer,
                            int32_t *values, size_t count) {
  bool lif = layer->neuron.kind == NETX_LIF;
  int64_t exponent =
      lif ? NETX_BIAS_EXP : builder->model->options.spike_exp + NETX_STATE_EXP;
  size_t wrapped = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t value = values[i];
    if (lif && value != (int16_t)value) {
      value = (int16_t)value;
      wrapped++;
    }
    value *= (int64_t)1 << exponent;
    if (value != (int32_t)value) {
      return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                      "'%s/bias' element %zu is %d; shifted by %lld it leaves "
                      "32 bits",
                      layer->path, i, (int)values[i], (long long)exponent);
    }
    values[i] = (int32_t)value;
  }
  if (wrapped) {
    sf_warning(builder->model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "%zu biases of '%s' leave 16 bits and wrap, as in Lava", wrapped,
               layer->path);
  }
  return SF_OK;
}

/* A bias for every neuron is stored (W, H, C); the stream is (C, H, W). */
static void turn_bias(const sf_type *type, const int32_t *from, int32_t *to) {
  size_t c = (size_t)type->dim[0], h = (size_t)type->dim[1];
  size_t w = (size_t)type->dim[2];
  for (size_t k = 0; k < c; k++) {
    for (size_t y = 0; y < h; y++)
      for (size_t x = 0; x < w; x++)
        to[(k * h + y) * w + x] = from[(x * h + y) * c + k];
  }
}

static bool is_full_bias(const netx_ints *bias, const sf_type *type) {
  return type->rank == 3 && bias->rank == 3 && bias->dim[0] == type->dim[2] &&
         bias->dim[1] == type->dim[1] && bias->dim[2] == type->dim[0];
}

static sf_result set_bias(netx_builder *builder, const netx_layer *layer,
                          sf_op *op) {
  const netx_ints *bias = &layer->bias;
  if (!bias->present) return SF_OK;
  const sf_type *type = &op->results[0]->type;
  int32_t *values = SF_NEW_ARRAY(builder->model->arena, int32_t, bias->count);
  if (!values) return SF_OOM;
  memcpy(values, bias->value, bias->count * sizeof *values);
  bool full = is_full_bias(bias, type);
  if (full) turn_bias(type, bias->value, values);
  SF_TRY(scale_bias(builder, layer, values, bias->count));
  if (bias->count == 1) {
    sf_netx_set_param(op, "bias", values[0]);
    return SF_OK;
  }
  if (!full && bias->count != (size_t)type->dim[0]) {
    return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/bias' has %zu elements; the layer has %d %s",
                    layer->path, bias->count, (int)type->dim[0],
                    type->rank == 3 ? "channels" : "neurons");
  }
  int32_t dims[3] = {type->dim[0], full ? type->dim[1] : 1,
                     full ? type->dim[2] : 1};
  return set_blob(builder, layer, op, "bias", type->rank, dims, values);
}

/* ---- Models. ---- */

static sf_result set_lif(netx_builder *builder, const netx_layer *layer,
                         sf_op *op, bool reset) {
  const netx_neuron *neuron = &layer->neuron;
  int64_t vth = (int64_t)neuron->vth << NETX_BIAS_EXP;
  sf_netx_set_param(op, "vth", vth < VTH_TOP ? vth : VTH_TOP);
  if (reset) set_reset(builder, op);
  SF_TRY(set_decay(builder, layer, op, "dv", &neuron->voltage_decay));
  if (layer->kind == NETX_INPUT) {
    /* The argument is the bias: without memory in u it adds the same. */
    sf_netx_set_param(op, "di", 4096);
    return SF_OK;
  }
  SF_TRY(set_decay(builder, layer, op, "di", &neuron->current_decay));
  return set_bias(builder, layer, op);
}

static sf_result set_graded(netx_builder *builder, const netx_layer *layer,
                            sf_op *op) {
  int64_t exponent = builder->model->options.spike_exp + NETX_STATE_EXP;
  int64_t vth = (int64_t)layer->neuron.vth << exponent;
  if (vth > INT32_MAX) {
    return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                    "the threshold %d of '%s', shifted by %lld, leaves 32 bits",
                    (int)layer->neuron.vth, layer->path, (long long)exponent);
  }
  sf_netx_set_param(op, "vth", vth);
  return layer->kind == NETX_INPUT ? SF_OK : set_bias(builder, layer, op);
}

static sf_result set_params(netx_builder *builder, const netx_layer *layer,
                            sf_op *op, bool reset) {
  switch (layer->neuron.kind) {
  case NETX_LIF:
    return set_lif(builder, layer, op, reset);
  case NETX_DELTA:
  case NETX_SIGMA_DELTA:
    return set_graded(builder, layer, op);
  case NETX_RF:
  case NETX_RF_IZ:
    sf_netx_set_param(op, "cos", layer->neuron.cosine);
    sf_netx_set_param(op, "sin", layer->neuron.sine);
    sf_netx_set_param(op, "vth",
                      (int64_t)layer->neuron.vth << NETX_BIAS_EXP < VTH_TOP
                          ? (int64_t)layer->neuron.vth << NETX_BIAS_EXP
                          : VTH_TOP);
    return SF_OK;
  default:
    return SF_OK; /* sigma has none */
  }
}

static sf_neuron *use_model(netx_builder *builder, const netx_layer *layer,
                            bool reset) {
  static const char *const names[] = {[NETX_LIF] = "loihi_lif",
                                      [NETX_DELTA] = "delta",
                                      [NETX_SIGMA_DELTA] = "sigma_delta",
                                      [NETX_SIGMA] = "sigma",
                                      [NETX_RF] = "rf",
                                      [NETX_RF_IZ] = "rf_iz"};
  netx_model *model = builder->model;
  const char *name = reset ? "loihi_lif_reset" : names[layer->neuron.kind];
  sf_neuron *neuron = sf_library_use(
      model->module, (sf_slice){name, strlen(name)}, model->diag);
  if (!neuron || layer->neuron.kind != NETX_DELTA) return neuron;
  return sf_netx_delta_variant(builder, neuron);
}

/* 0 for neurons that send one bit, else the width of their messages. */
static int64_t sent_bits(const sf_neuron *neuron) {
  sf_scalar sent = neuron->emit_types[0];
  return sent.kind == SF_SCALAR_SPIKE ? 0 : sent.bits;
}

sf_result sf_netx_build_neurons(netx_builder *builder, const netx_layer *layer,
                                sf_value *sum, sf_value *second) {
  const netx_options *options = &builder->model->options;
  bool reset = layer->neuron.kind == NETX_LIF && options->reset_interval &&
               !sf_netx_reset_period(builder->model);
  if (options->reset_interval && layer->neuron.kind != NETX_LIF) {
    sf_warning(builder->model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "--reset-interval has no effect on '%s': only LIF layers reset",
               layer->path);
  }
  sf_neuron *neuron = use_model(builder, layer, reset);
  if (!neuron) return sf_diag_errors(builder->model->diag) ? SF_FAIL : SF_OOM;
  sf_op *op = sf_op_create(builder->network, NULL, SF_OP_NEURONS,
                           second ? 2 : 1, layer->loc);
  const char *name = sf_netx_value_name(builder->model, layer, NULL);
  if (!op || !name) return SF_OOM;
  sf_op_set_operand(op, 0, sum);
  if (second) sf_op_set_operand(op, 1, second);
  SF_TRY(sf_op_set_neuron(op, neuron));
  sf_type type = sum->type;
  type.scalar = neuron->emit_types[0];
  builder->stream = sf_op_add_result(op, name, &type);
  if (!builder->stream) return SF_OOM;
  builder->message_bits = sent_bits(neuron);
  /* Chips have a program for the usual encoder only; hosts have any. */
  if (layer->neuron.kind == NETX_DELTA && options->spike_exp != NETX_SPIKE_EXP)
    SF_TRY(sf_op_set_int(op, SF_ATTR_on, SF_ON_HOST));
  return set_params(builder, layer, op, reset);
}
