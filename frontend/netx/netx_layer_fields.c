/* netx_layer_fields.c - what the fields of one layer must be: shapes, windows,
 * matrices, delays. Reference 3.2. */
#include "frontend/netx/netx.h"

sf_result sf_netx_read_shape(netx_model *model, netx_layer *layer) {
  netx_ints shape;
  SF_TRY(sf_netx_read_ints(model, layer, layer->path, "shape", &shape));
  if (!shape.present) {
    if (layer->kind == NETX_FLATTEN) return SF_OK;
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/shape' is missing", layer->path);
  }
  if (shape.rank > 1 || shape.count > 3) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/shape' must have one to three sizes (C, H, W)",
                    layer->path);
  }
  int64_t elements = 1;
  layer->shape_rank = (uint8_t)shape.count;
  for (size_t i = 0; i < shape.count; i++) {
    layer->shape[i] = shape.value[i];
    if (shape.value[i] < 1 || elements > INT32_MAX / shape.value[i]) {
      return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                      "'%s/shape' has size %d; sizes are positive and a layer "
                      "has fewer than 2^31 neurons",
                      layer->path, (int)shape.value[i]);
    }
    elements *= shape.value[i];
  }
  return SF_OK;
}

/* A scalar, or (height, width). */
static sf_result read_pair(netx_model *model, netx_layer *layer,
                           const char *name, int64_t low, int64_t *out) {
  netx_ints pair;
  out[0] = out[1] = low;
  SF_TRY(sf_netx_read_ints(model, layer, layer->path, name, &pair));
  if (!pair.present) return SF_OK;
  if (pair.rank > 1 || pair.count > 2) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/%s' must be one number or two (height, width)",
                    layer->path, name);
  }
  for (size_t i = 0; i < 2; i++) {
    out[i] = pair.value[pair.count == 2 ? i : 0];
    if (out[i] < low || out[i] > 65535) {
      return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                      "'%s/%s' is %lld; it must be %lld to 65535", layer->path,
                      name, (long long)out[i], (long long)low);
    }
  }
  return SF_OK;
}

static sf_result read_groups(netx_model *model, netx_layer *layer) {
  SF_TRY(sf_netx_read_scalar(model, layer, layer->path, "groups", 1,
                             &layer->groups));
  if (layer->groups >= 1) return SF_OK;
  return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s/groups' is %lld; it must be at least 1", layer->path,
                  (long long)layer->groups);
}

/* (O, I/groups, kH, kW), or the same with a trailing axis of 1. */
sf_result sf_netx_read_conv(netx_model *model, netx_layer *layer) {
  SF_TRY(read_pair(model, layer, "stride", 1, layer->stride));
  SF_TRY(read_pair(model, layer, "padding", 0, layer->pad));
  SF_TRY(read_pair(model, layer, "dilation", 1, layer->dilation));
  SF_TRY(read_groups(model, layer));
  netx_ints *weight = &layer->weight;
  if (weight->rank == 5 && weight->dim[4] == 1) weight->rank = 4;
  if (weight->rank != 4) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/weight' has %u axes; a convolution has (out, in, "
                    "height, width)",
                    layer->path, (unsigned)weight->rank);
  }
  if (sf_netx_has(model, layer->path, "delay")) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "'%s/delay' has no effect: convolutions have no delays",
               layer->path);
  }
  return SF_OK;
}

/* ---- Dense. ---- */

static int64_t layer_size(const netx_layer *layer) {
  int64_t size = 1;
  for (unsigned i = 0; i < layer->shape_rank; i++)
    size *= layer->shape[i];
  return size;
}

/* (N, M), or one axis that is cut into N rows. */
static sf_result shape_matrix(netx_model *model, const netx_layer *layer,
                              netx_ints *weight, const char *name) {
  int64_t rows = layer_size(layer);
  if (weight->rank == 2 && weight->dim[0] == rows) return SF_OK;
  if (weight->rank == 1 && (int64_t)weight->count % rows == 0) {
    weight->rank = 2;
    weight->dim[0] = rows;
    weight->dim[1] = (int64_t)weight->count / rows;
    return SF_OK;
  }
  return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s/%s' has %zu elements on %u axes; for %lld neurons it "
                  "must be (%lld, inputs)",
                  layer->path, name, weight->count, (unsigned)weight->rank,
                  (long long)rows, (long long)rows);
}

static sf_result read_recurrent(netx_model *model, netx_layer *layer) {
  const char *name = sf_netx_has(model, layer->path, "weight_rec")
                         ? "weight_rec"
                         : "recWeight";
  SF_TRY(
      sf_netx_read_ints(model, layer, layer->path, name, &layer->weight_rec));
  if (!layer->weight_rec.present) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/weight_rec' is missing", layer->path);
  }
  SF_TRY(shape_matrix(model, layer, &layer->weight_rec, name));
  if (layer->weight_rec.dim[1] != layer_size(layer)) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/%s' has %lld columns; a recurrent layer of %lld "
                    "neurons needs as many",
                    layer->path, name, (long long)layer->weight_rec.dim[1],
                    (long long)layer_size(layer));
  }
  if (sf_netx_has(model, layer->path, "delay")) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s' is recurrent and has delays; the vendor's loader "
                    "refuses both together",
                    layer->path);
  }
  return SF_OK;
}

/* Scalar, (N,), (M,) or (N, M); above the limit it is clamped. */
static sf_result read_delay(netx_model *model, netx_layer *layer) {
  netx_ints *delay = &layer->delay;
  SF_TRY(sf_netx_read_ints(model, layer, layer->path, "delay", delay));
  if (!delay->present) return SF_OK;
  int64_t rows = layer->weight.dim[0], columns = layer->weight.dim[1];
  bool matrix =
      delay->rank == 2 && delay->dim[0] == rows && delay->dim[1] == columns;
  bool vector =
      delay->rank == 1 && (delay->dim[0] == rows || delay->dim[0] == columns);
  if (delay->rank != 0 && !vector && !matrix) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/delay' fits neither the %lld neurons nor the %lld "
                    "inputs nor both",
                    layer->path, (long long)rows, (long long)columns);
  }
  size_t clamped = 0;
  for (size_t i = 0; i < delay->count; i++) {
    if (delay->value[i] < 0) {
      return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                      "'%s/delay' element %zu is negative", layer->path, i);
    }
    if (delay->value[i] <= NETX_DELAY_MAX) continue;
    delay->value[i] = NETX_DELAY_MAX;
    clamped++;
  }
  if (clamped) {
    sf_warning(
        model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
        "%zu delays of '%s' are above %d steps and are clamped to it, as "
        "in the vendor's loader",
        clamped, layer->path, NETX_DELAY_MAX);
  }
  return SF_OK;
}

sf_result sf_netx_read_dense(netx_model *model, netx_layer *layer) {
  SF_TRY(shape_matrix(model, layer, &layer->weight, "weight"));
  if (layer->weight_imag.present) {
    SF_TRY(shape_matrix(model, layer, &layer->weight_imag, "weight/imag"));
    if (layer->weight_imag.dim[1] != layer->weight.dim[1]) {
      return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                      "weight/real and weight/imag of '%s' differ in shape",
                      layer->path);
    }
  }
  if (layer->kind == NETX_DENSE_REC) return read_recurrent(model, layer);
  return read_delay(model, layer);
}
