/* netx_build.c - from layers to a network: the chain, its input, its choices.
 */
#include "frontend/netx/netx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"input", "dense", "dense", "conv",
                                         "flatten"};

const char *sf_netx_value_name(netx_model *model, const netx_layer *layer,
                               const char *suffix) {
  return sf_arena_printf(model->module->arena, "%s%u%s%s",
                         kind_names[layer->kind], layer->index,
                         suffix ? "." : "", suffix ? suffix : "");
}

void sf_netx_set_param(sf_op *op, const char *param, int64_t value) {
  sf_argument *argument = sf_op_argument(op, (sf_slice){param, strlen(param)});
  sf_argument_set_number(argument, sf_number_int(value));
}

/* ---- Choices. ---- */

sf_result sf_netx_choose(netx_builder *builder, const char *name,
                         const char *value, const char *format, ...) {
  char reason[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, sizeof reason, format, arguments);
  va_end(arguments);
  return sf_choices_add(&builder->choices, builder->model->module->arena, name,
                        value, reason);
}

static sf_result choose_lag(netx_builder *builder) {
  if (builder->model->options.layer_lag == 1) {
    return sf_netx_choose(
        builder, "layer-lag", "1",
        "asked for: each layer sees the one before a step later, "
        "as Lava runs it; outputs are late and biases act from "
        "step 0");
  }
  return sf_netx_choose(
      builder, "layer-lag", "0",
      "the file does not say; layers see each other in the same "
      "step, so that no input step is lost at the end");
}

static sf_result choose_reset(netx_builder *builder) {
  const netx_options *options = &builder->model->options;
  if (!options->reset_interval) {
    return sf_netx_choose(
        builder, "reset-interval", "none",
        "the file does not say; state lasts for the whole run");
  }
  char value[32];
  snprintf(value, sizeof value, "%lld", (long long)options->reset_interval);
  return sf_netx_choose(
      builder, "reset-interval", value,
      options->layer_lag
          ? "LIF layer k, counted from 0, clears u and v in steps "
            "offset %lld + k and every interval after"
          : "every LIF layer clears u and v in step offset %lld "
            "and every interval after",
      (long long)options->reset_offset);
}

/* What the neurons of the file make worth saying. */
static sf_result choose_graded(netx_builder *builder) {
  const netx_model *model = builder->model;
  bool graded = false;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    netx_neuron_kind kind = model->layers[i].neuron.kind;
    graded |= kind == NETX_DELTA || kind == NETX_SIGMA_DELTA;
  }
  if (!graded) return SF_OK;
  char value[32];
  snprintf(value, sizeof value, "%lld", (long long)model->options.spike_exp);
  SF_TRY(sf_netx_choose(builder, "spike-exp", value,
                        "%s; messages are that "
                        "many bits finer than the file's unit, 1/64",
                        model->options.spike_exp == NETX_SPIKE_EXP
                            ? "the default of the vendor's loader"
                            : "asked for"));
  return sf_netx_choose(
      builder, "graded-sums", "i24, wrap",
      "sums of graded messages wrap at 24 bits in every layer; "
      "Lava's CPU model does so in convolutions and has 32 bits "
      "in dense layers");
}

/* ---- The input. ---- */

static sf_type stream_type(sf_scalar scalar, unsigned rank,
                           const int64_t *shape) {
  int32_t dims[SF_RANK_MAX];
  for (unsigned i = 0; i < rank; i++)
    dims[i] = (int32_t)shape[i];
  return sf_type_make(scalar, rank, dims);
}

static int64_t elements(unsigned rank, const int64_t *shape) {
  int64_t count = 1;
  for (unsigned i = 0; i < rank; i++)
    count *= shape[i];
  return count;
}

/* --input-shape says how the input is laid out, not how large it is, when the
 * file says that. */
static sf_result check_asked_shape(const netx_builder *builder, unsigned rank,
                                   const int64_t *shape) {
  const netx_options *options = &builder->model->options;
  if (options->input_rank == 0) return SF_OK;
  int64_t asked = elements((unsigned)options->input_rank, options->input_shape);
  int64_t taken = elements(rank, shape);
  if (asked == taken) return SF_OK;
  return sf_error(builder->model->diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "--input-shape has %lld elements, the first layer takes %lld",
                  (long long)asked, (long long)taken);
}

sf_result sf_netx_build_input(netx_builder *builder, const netx_layer *layer,
                              sf_scalar scalar, unsigned rank,
                              const int64_t *shape) {
  SF_TRY(check_asked_shape(builder, rank, shape));
  if (builder->model->options.encode) {
    SF_TRY(sf_netx_build_encoder(builder, layer, scalar, rank, shape));
  } else {
    sf_type type = stream_type(scalar, rank, shape);
    builder->stream = sf_network_add_argument(builder->network, "x", &type);
    if (!builder->stream) return SF_OOM;
  }
  char text[128];
  sf_type_text(&builder->network->arguments[0]->type, text, sizeof text);
  return sf_netx_choose(builder, "input", text, "%s",
                        builder->model->options.encode
                            ? "what the encoder takes, channels first"
                            : "what the first layer takes, channels first");
}

/* ---- The chain. ---- */

/* A layer that is left out, or an input layer without neurons, still says what
 * shape and messages the next one gets. */
static void pass_over(netx_builder *builder, const netx_layer *layer) {
  if (layer->kind == NETX_FLATTEN) {
    builder->flatten = true;
    return;
  }
  builder->flatten = false;
  if (layer->kind != NETX_DENSE && layer->kind != NETX_DENSE_REC) {
    builder->rank = layer->shape_rank;
    memcpy(builder->shape, layer->shape, sizeof builder->shape);
  }
  netx_neuron_kind kind = layer->neuron.kind;
  if (kind == NETX_DELTA || kind == NETX_SIGMA_DELTA || kind == NETX_SIGMA)
    builder->message_bits = 16;
  else if (kind != NETX_NO_NEURON)
    builder->message_bits = 0;
}

static sf_result build_chain(netx_builder *builder) {
  const netx_model *model = builder->model;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    const netx_layer *layer = &model->layers[i];
    bool silent =
        layer->kind == NETX_FLATTEN ||
        (layer->kind == NETX_INPUT && layer->neuron.kind == NETX_NO_NEURON);
    if (silent || i < model->options.skip_layers) {
      pass_over(builder, layer);
      continue;
    }
    SF_TRY(sf_netx_build_layer(builder, layer));
    builder->created++;
  }
  if (builder->stream) return SF_OK;
  return sf_error(model->diag, SF_DIAG_IMPORT, model->module->loc,
                  "no layer is left: the file has %u, %lld are skipped",
                  model->layer_count, (long long)model->options.skip_layers);
}

sf_result sf_netx_build(netx_model *model, sf_import *out) {
  netx_builder builder = {.model = model,
                          .rank = (uint8_t)model->options.input_rank,
                          .message_bits = model->options.input_message_bits};
  memcpy(builder.shape, model->options.input_shape, sizeof builder.shape);
  builder.network =
      sf_network_create(model->module, "main", model->module->loc);
  if (!builder.network) return SF_OOM;
  SF_TRY(choose_lag(&builder));
  SF_TRY(choose_reset(&builder));
  SF_TRY(choose_graded(&builder));
  SF_TRY(build_chain(&builder));
  SF_TRY(sf_netx_build_readout(&builder));
  int64_t period = sf_netx_reset_period(model);
  if (period) builder.network->period = period;
  SF_TRY(sf_network_set_returns(builder.network, 1, &builder.stream));
  out->choices = builder.choices.items;
  out->choice_count = builder.choices.count;
  return SF_OK;
}
