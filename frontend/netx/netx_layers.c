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

/* ---- One layer. ---- */

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
  if (complex && layer->delay.present) {
    layer->delay = (netx_ints){0};
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "'%s/delay' has no effect: the vendor's loader reads delays of "
               "real weights only",
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
  SF_TRY(sf_netx_read_shape(model, layer));
  if (layer->kind == NETX_FLATTEN) return SF_OK;
  if (layer->kind == NETX_INPUT) return read_input(model, layer);
  SF_TRY(read_weight(model, layer));
  SF_TRY(sf_netx_read_ints(model, layer, layer->path, "bias", &layer->bias));
  if (layer->kind == NETX_CONV)
    SF_TRY(sf_netx_read_conv(model, layer));
  else
    SF_TRY(sf_netx_read_dense(model, layer));
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
  for (uint32_t i = 0; i < model->layer_count; i++)
    SF_TRY(name_layer(model, &model->layers[i], i));
  SF_TRY(each_layer(model, read_kind));
  return each_layer(model, parse_layer);
}
