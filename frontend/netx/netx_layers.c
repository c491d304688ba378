/* netx_layers.c - the layers of a file, each checked by itself. Reference 3.2.
 *
 * Layer types that cannot be read are all named before anything else; then
 * every layer is parsed, so that one run shows what is wrong with each of them.
 */
#include "frontend/netx/netx.h"

#include <stdio.h>
#include <string.h>

typedef struct layer_type {
  const char *name;
  int kind;        /* netx_layer_kind, or -1 */
  const char *why; /* it is refused */
  const char *help;
} layer_type;

static const char not_there[] = "the vendor's loader does not implement it";
static const char by_conv[] =
    "express pooling as a strided or depthwise convolution before export";

static const layer_type layer_types[] = {
    {"input", NETX_INPUT, NULL, NULL},
    {"dense", NETX_DENSE, NULL, NULL},
    {"dense_rec", NETX_DENSE_REC, NULL, NULL},
    {"recurrent", NETX_DENSE_REC, NULL, NULL},
    {"conv", NETX_CONV, NULL, NULL},
    {"flatten", NETX_FLATTEN, NULL, NULL},
    {"pool", -1, not_there, by_conv},
    {"unpool", -1, not_there, by_conv},
    {"average", -1, not_there, by_conv},
    {"convT", -1, not_there, NULL},
    {"concat", -1, not_there,
     "a netx file is a chain; branches need the text IR"},
    {"dense_comp", -1, "the vendor's loader fails on it",
     "a `dense` layer with weight/real and weight/imag is the same"},
};

static sf_result unknown_layer(netx_model *model, const netx_layer *layer,
                               const char *type) {
  const char *why = "no netx reader gives it a meaning", *help = NULL;
  for (size_t i = 0; i < SF_COUNT_OF(layer_types); i++) {
    if (strcmp(type, layer_types[i].name) != 0) continue;
    why = layer_types[i].why;
    help = layer_types[i].help;
  }
  sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
           "layer type '%s' cannot be read: %s", type, why);
  if (help) sf_help(model->diag, "%s", help);
  return SF_FAIL;
}

static sf_result read_kind(netx_model *model, netx_layer *layer) {
  const char *type;
  SF_TRY(sf_netx_read_text(model, layer, layer->path, "type", &type));
  if (!type) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/type' is missing", layer->path);
  }
  for (size_t i = 0; i < SF_COUNT_OF(layer_types); i++) {
    if (strcmp(type, layer_types[i].name) == 0 && layer_types[i].kind >= 0) {
      layer->kind = (netx_layer_kind)layer_types[i].kind;
      if (strcmp(type, "recurrent") == 0) {
        sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
                   "layer type 'recurrent' is the older spelling of dense_rec; "
                   "the vendor's loader leaves such a layer out");
      }
      return SF_OK;
    }
  }
  return unknown_layer(model, layer, type);
}

/* ---- Shapes and conv attributes. -------------------------------------------
 */

static sf_result read_shape(netx_model *model, netx_layer *layer) {
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
static sf_result read_conv(netx_model *model, netx_layer *layer) {
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

/* ---- Dense.
 * ------------------------------------------------------------------ */

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

static sf_result read_dense(netx_model *model, netx_layer *layer) {
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

/* ---- One layer.
 * ---------------------------------------------------------------- */

/* Plain weights, or the group weight/{real, imag}. */
static sf_result read_weight(netx_model *model, netx_layer *layer) {
  if (sf_netx_has(model, layer->path, "weight/imag")) {
    SF_TRY(sf_netx_read_ints(model, layer, layer->path, "weight/real",
                             &layer->weight));
    SF_TRY(sf_netx_read_ints(model, layer, layer->path, "weight/imag",
                             &layer->weight_imag));
  } else {
    SF_TRY(
        sf_netx_read_ints(model, layer, layer->path, "weight", &layer->weight));
  }
  if (layer->weight.present) return SF_OK;
  return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s/weight' is missing", layer->path);
}

/* What goes with what: complex weights with RF, bias not with Sigma. */
static sf_result check_neuron(netx_model *model, netx_layer *layer) {
  netx_neuron_kind kind = layer->neuron.kind;
  bool resonator = kind == NETX_RF || kind == NETX_RF_IZ;
  bool complex = layer->weight_imag.present;
  if (resonator && (!complex || layer->kind != NETX_DENSE)) {
    return sf_error(
        model->diag, SF_DIAG_IMPORT, layer->loc,
        "the resonators of '%s' need a dense layer with weight/real "
        "and weight/imag",
        layer->path);
  }
  if (complex && !resonator) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s' has complex weights; they need RF neurons",
                    layer->path);
  }
  if (kind == NETX_SIGMA && layer->bias.present) {
    return sf_error(
        model->diag, SF_DIAG_IMPORT, layer->loc,
        "'%s' is a sigma output and has a bias; the vendor's loader "
        "refuses both together",
        layer->path);
  }
  if (complex && layer->bias.present) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "'%s/bias' has no effect: resonators take none", layer->path);
  }
  return SF_OK;
}

static sf_result read_input(netx_model *model, netx_layer *layer) {
  SF_TRY(sf_netx_read_scalar(model, layer, layer->path, "weight", 64,
                             &layer->input_weight));
  SF_TRY(sf_netx_read_scalar(model, layer, layer->path, "bias", 0,
                             &layer->input_bias));
  SF_TRY(sf_netx_parse_neuron(model, layer));
  netx_neuron_kind kind = layer->neuron.kind;
  if (kind != NETX_RF && kind != NETX_RF_IZ) return SF_OK;
  return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                  "'%s' is an input layer of resonators, which nothing drives",
                  layer->path);
}

static sf_result parse_layer(netx_model *model, netx_layer *layer) {
  SF_TRY(read_shape(model, layer));
  if (layer->kind == NETX_FLATTEN) return SF_OK;
  if (layer->kind == NETX_INPUT) return read_input(model, layer);
  SF_TRY(read_weight(model, layer));
  SF_TRY(sf_netx_read_ints(model, layer, layer->path, "bias", &layer->bias));
  if (layer->kind == NETX_CONV) {
    SF_TRY(read_conv(model, layer));
  } else {
    SF_TRY(read_dense(model, layer));
  }
  SF_TRY(sf_netx_parse_neuron(model, layer));
  return check_neuron(model, layer);
}

static sf_result name_layer(netx_model *model, netx_layer *layer,
                            uint32_t index) {
  const char *node = sf_arena_printf(model->module->arena, "layer/%u", index);
  layer->index = index;
  layer->path = sf_arena_printf(model->arena, "/layer/%u", index);
  layer->loc = (sf_loc){.file = model->module->loc.file, .node = node};
  return node && layer->path ? SF_OK : SF_OOM;
}

/* Groups "0", "1", .. without a gap. */
static sf_result count_layers(netx_model *model) {
  char path[64];
  sf_loc loc = model->module->loc;
  const sf_h5_item *root = sf_h5_find(&model->tree, "/layer");
  if (!root || !root->is_group) {
    sf_error(model->diag, SF_DIAG_IMPORT, loc,
             "'%s' has no group '/layer': it is HDF5, but not a netx network",
             model->tree.name);
    return SF_FAIL;
  }
  uint32_t count = 0;
  while (count < NETX_LAYERS_MAX) {
    snprintf(path, sizeof path, "/layer/%u", count);
    const sf_h5_item *group = sf_h5_find(&model->tree, path);
    if (!group || !group->is_group) break;
    count++;
  }
  int64_t wanted = model->options.num_layers;
  if (wanted && wanted < count) count = (uint32_t)wanted;
  if (count == 0) {
    return sf_error(model->diag, SF_DIAG_IMPORT, loc,
                    "'/layer' has no group '0'; layers are numbered from 0");
  }
  model->layer_count = count;
  return SF_OK;
}

/* Members of /layer that the count stopped before: a gap in the numbers. */
static sf_result check_gap(netx_model *model) {
  if (model->options.num_layers) return SF_OK;
  uint64_t groups = 0;
  for (uint64_t i = 0; i < model->tree.count; i++) {
    const sf_h5_item *item = &model->tree.items[i];
    if (strncmp(item->path, "/layer/", 7) == 0 && item->is_group &&
        !strchr(item->path + 7, '/')) {
      groups++;
    }
  }
  if (groups == model->layer_count) return SF_OK;
  return sf_error(model->diag, SF_DIAG_IMPORT, model->module->loc,
                  "'/layer' has %llu groups, but they are numbered without a "
                  "gap only up to %u",
                  (unsigned long long)groups, model->layer_count - 1);
}

/* Goes on after a failure, so that all are reported; not without memory. */
static sf_result each_layer(netx_model *model,
                            sf_result (*step)(netx_model *, netx_layer *)) {
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    sf_result one = step(model, &model->layers[i]);
    if (one == SF_OOM) return SF_OOM;
    if (one != SF_OK) result = one;
  }
  return result;
}

sf_result sf_netx_parse(netx_model *model) {
  SF_TRY(count_layers(model));
  SF_TRY(check_gap(model));
  model->layers = SF_NEW_ARRAY(model->arena, netx_layer, model->layer_count);
  if (!model->layers) return SF_OOM;
  for (uint32_t i = 0; i < model->layer_count; i++) {
    SF_TRY(name_layer(model, &model->layers[i], i));
  }
  SF_TRY(each_layer(model, read_kind));
  return each_layer(model, parse_layer);
}
