/* netx_build_conv.c - convolutions. */
#include "frontend/netx/netx.h"

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
    for (unsigned i = 0; i < type->rank && i < 3; i++)
      builder->shape[i] = type->dim[i];
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
  return sf_netx_build_input(builder, layer, sf_netx_message_scalar(builder), 3,
                             builder->shape);
}

static sf_result set_window(sf_op *op, const netx_layer *layer) {
  int64_t pads[4] = {layer->pad[0], layer->pad[1], layer->pad[0],
                     layer->pad[1]};
  if (layer->stride[0] != 1 || layer->stride[1] != 1)
    SF_TRY(sf_op_set_ints(op, SF_ATTR_stride, 2, layer->stride));
  if (pads[0] || pads[1]) SF_TRY(sf_op_set_ints(op, SF_ATTR_pad, 4, pads));
  if (layer->dilation[0] != 1 || layer->dilation[1] != 1)
    SF_TRY(sf_op_set_ints(op, SF_ATTR_dilation, 2, layer->dilation));
  if (layer->groups == 1) return SF_OK;
  return sf_op_set_int(op, SF_ATTR_groups, layer->groups);
}

sf_result sf_netx_build_conv(netx_builder *builder, const netx_layer *layer) {
  sf_netx_weights_check_conv(builder->model, layer);
  SF_TRY(conv_input(builder, layer));
  builder->flatten = false;
  SF_TRY(sf_netx_delay(builder, layer, "late",
                       builder->model->options.layer_lag, &builder->stream));
  int32_t dims[3];
  for (int i = 0; i < 3; i++)
    dims[i] = (int32_t)layer->shape[i];
  sf_type type = sf_type_make(sf_int(NETX_SUM_BITS), 3, dims);
  sf_blob *blob = sf_netx_weight_blob(builder, layer, "w", &layer->weight);
  if (!blob) return SF_OOM;
  sf_value *sum = sf_netx_add_op(builder, layer, SF_OP_CONV, builder->stream,
                                 blob, "sum", &type);
  if (!sum) return SF_OOM;
  sum->op->mode = SF_MODE_WRAP; /* Lava wraps convolutions at 24 bits */
  SF_TRY(set_window(sum->op, layer));
  return sf_netx_build_neurons(builder, layer, sum, NULL);
}
