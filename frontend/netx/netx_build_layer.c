/* netx_build_layer.c - which builder a layer takes, input layers, and what the
 * builders share. */
#include "frontend/netx/netx.h"

#include <stdio.h>
#include <string.h>

sf_value *sf_netx_add_op(netx_builder *builder, const netx_layer *layer,
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

sf_scalar sf_netx_message_scalar(const netx_builder *builder) {
  return builder->message_bits ? sf_int((unsigned)builder->message_bits)
                               : sf_spike();
}

/* The stream `steps` later; itself for 0. */
sf_result sf_netx_delay(netx_builder *builder, const netx_layer *layer,
                        const char *suffix, int64_t steps, sf_value **stream) {
  if (steps == 0) return SF_OK;
  sf_value *late = sf_netx_add_op(builder, layer, SF_OP_DELAY, *stream, NULL,
                                  suffix, &(*stream)->type);
  if (!late) return SF_OOM;
  *stream = late;
  return steps == 1 ? SF_OK : sf_op_set_int(late->op, SF_ATTR_steps, steps);
}

sf_blob *sf_netx_weight_blob(netx_builder *builder, const netx_layer *layer,
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
    return layer->kind == NETX_CONV ? sf_netx_build_conv(builder, layer)
                                    : sf_netx_build_dense(builder, layer);
  }
  if (!builder->stream) return build_input(builder, layer);
  return sf_error(builder->model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s' is an input layer behind other layers", layer->path);
}
