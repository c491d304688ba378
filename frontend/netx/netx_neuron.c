/* netx_neuron.c - the `neuron` group of a layer. Reference 3.3. */
#include "frontend/netx/netx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  DECAY_ONE = 4096,     /* a decay of 1 in 12-bit fractions */
  VTH_MAX = 131071,     /* 17 bits */
  DEFAULT_VTH = 131072, /* of a dense layer without neuron: 1 << 18 - 1 */
  PATH_SIZE = 256
};

/* M_PI is not in C17. */
static const double pi = 3.14159265358979323846;

void sf_netx_rf_constants(int32_t sine, int32_t cosine, int32_t *out_sine,
                          int32_t *out_cosine) {
  double s = sine / (double)DECAY_ONE, c = cosine / (double)DECAY_ONE;
  double decay = 1 - sqrt(s * s + c * c);
  double frequency = atan2(s, c) / 2 / pi;
  double period = 1 / frequency; /* sine 0: infinite, and the angle is 0 */
  double angle = 2 * pi / period;
  *out_sine = (int32_t)((1 - decay) * sin(angle) * (double)DECAY_ONE);
  *out_cosine = (int32_t)((1 - decay) * cos(angle) * (double)DECAY_ONE);
}

static void ignored(const netx_model *model, const netx_layer *layer,
                    const char *field, const char *what) {
  sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
             "'%s/neuron/%s' has no effect: %s", layer->path, field, what);
}

/* Fields that users believe to act, and that the vendor's loader drops. */
static sf_result warn_ignored(netx_model *model, const netx_layer *layer,
                              const char *group) {
  int64_t delay, graded, exponent;
  SF_TRY(sf_netx_read_scalar(model, layer, group, "refDelay", 1, &delay));
  SF_TRY(sf_netx_read_scalar(model, layer, group, "gradedSpike", 0, &graded));
  SF_TRY(sf_netx_read_scalar(model, layer, group, "wgtExp", 0, &exponent));
  if (delay > 1) {
    ignored(model, layer, "refDelay",
            "the fixed-point models have no "
            "refractory period");
  }
  if (graded != 0 && layer->neuron.kind == NETX_LIF)
    ignored(model, layer, "gradedSpike", "LIF neurons send one bit");
  if (exponent != 0)
    ignored(model, layer, "wgtExp", "weights are used as they stand");
  if (sf_netx_has(model, group, "messageBits")) {
    ignored(model, layer, "messageBits",
            "message width follows from the "
            "neuron type");
  }
  return SF_OK;
}

static sf_result read_vth(netx_model *model, netx_layer *layer,
                          const char *group) {
  int64_t vth;
  if (!sf_netx_has(model, group, "vThMant")) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/vThMant', the threshold, is missing", group);
  }
  SF_TRY(sf_netx_read_scalar(model, layer, group, "vThMant", 0, &vth));
  if (vth < 0 || vth > VTH_MAX) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/vThMant' is %lld; a threshold is 0 to %d", group,
                    (long long)vth, VTH_MAX);
  }
  layer->neuron.vth = (int32_t)vth;
  return SF_OK;
}

/* Scalar, or one decay a neuron. */
static sf_result read_decay(netx_model *model, netx_layer *layer,
                            const char *group, const char *name,
                            netx_ints *out) {
  SF_TRY(sf_netx_read_ints(model, layer, group, name, out));
  if (!out->present) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/%s' is missing", group, name);
  }
  for (size_t i = 0; i < out->count; i++) {
    if (out->value[i] < 0 || out->value[i] > DECAY_ONE) {
      return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                      "'%s/%s' is %d; a decay is 0 to %d", group, name,
                      (int)out->value[i], DECAY_ONE);
    }
  }
  const sf_h5_item *item = sf_h5_member(&model->tree, group, name);
  if (item->kind == SF_H5_UINT && out->count > 1 &&
      strcmp(name, "iDecay") == 0) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "'%s' is unsigned: the vendor's loader subtracts 1, and a decay "
               "of 0 underflows there; here it means no decay",
               item->path);
  }
  return SF_OK;
}

static sf_result read_rf(netx_model *model, netx_layer *layer,
                         const char *group, const char *type) {
  netx_neuron *neuron = &layer->neuron;
  neuron->kind = strstr(type, "PHASE") ? NETX_RF : NETX_RF_IZ;
  int64_t sine, cosine;
  if (!sf_netx_has(model, group, "sinDecay") ||
      !sf_netx_has(model, group, "cosDecay")) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s' needs sinDecay and cosDecay", group);
  }
  SF_TRY(sf_netx_read_scalar(model, layer, group, "sinDecay", 0, &sine));
  SF_TRY(sf_netx_read_scalar(model, layer, group, "cosDecay", 0, &cosine));
  if (sine * sine + cosine * cosine > (int64_t)DECAY_ONE * DECAY_ONE) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "sinDecay %lld and cosDecay %lld of '%s' make the state "
                    "grow; their squares may add up to 4096^2",
                    (long long)sine, (long long)cosine, group);
  }
  sf_netx_rf_constants((int32_t)sine, (int32_t)cosine, &neuron->sine,
                       &neuron->cosine);
  if (neuron->sine != sine || neuron->cosine != cosine) {
    sf_warning(
        model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
        "sinDecay %lld, cosDecay %lld become %d, %d: the vendor's loader "
        "turns them into a period and a decay and back, and cuts off",
        (long long)sine, (long long)cosine, (int)neuron->sine,
        (int)neuron->cosine);
  }
  if (strncmp(type, "RF", 2) != 0) {
    sf_warning(model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
               "neuron type '%s' is read as %s, as the vendor's loader does; "
               "its adaptation has no effect",
               type, neuron->kind == NETX_RF ? "RF_PHASE" : "RF_IZHIKEVICH");
  }
  return SF_OK;
}

/* A dense layer without a neuron: integrates for ever, forgets v each step. */
static sf_result default_neuron(netx_model *model, netx_layer *layer) {
  if (layer->kind != NETX_DENSE && layer->kind != NETX_DENSE_REC) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/neuron' is missing", layer->path);
  }
  int32_t *decays = SF_NEW_ARRAY(model->arena, int32_t, 2);
  if (!decays) return SF_OOM;
  decays[1] = DECAY_ONE;
  layer->neuron = (netx_neuron){
      .kind = NETX_LIF,
      .vth = DEFAULT_VTH,
      .current_decay = {.present = true, .count = 1, .value = decays},
      .voltage_decay = {.present = true, .count = 1, .value = decays + 1}};
  sf_warning(
      model->diag, SF_DIAG_IMPORT_IGNORED, layer->loc,
      "'%s' has no neuron: the vendor's loader makes it a LIF layer that "
      "can never spike (iDecay 0, vDecay 4096, vThMant 131072)",
      layer->path);
  return SF_OK;
}

static sf_result unknown_type(netx_model *model, const netx_layer *layer,
                              const char *type) {
  sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
           "neuron type '%s' of '%s' is not known", type, layer->path);
  sf_help(model->diag, "netx has LOIHI, CUBA, SDNN, RF_PHASE and "
                       "RF_IZHIKEVICH; the vendor's loader refuses others too");
  return SF_FAIL;
}

sf_result sf_netx_parse_neuron(netx_model *model, netx_layer *layer) {
  char group[PATH_SIZE];
  snprintf(group, sizeof group, "%s/neuron", layer->path);
  if (!sf_h5_find(&model->tree, group)) {
    if (layer->kind == NETX_INPUT) return SF_OK;
    return default_neuron(model, layer);
  }
  const char *type;
  SF_TRY(sf_netx_read_text(model, layer, group, "type", &type));
  if (!type) {
    return sf_error(model->diag, SF_DIAG_IMPORT, layer->loc,
                    "'%s/type' is missing", group);
  }
  netx_neuron *neuron = &layer->neuron;
  if (strcmp(type, "LOIHI") == 0 || strcmp(type, "CUBA") == 0) {
    neuron->kind = NETX_LIF;
    SF_TRY(read_decay(model, layer, group, "iDecay", &neuron->current_decay));
    SF_TRY(read_decay(model, layer, group, "vDecay", &neuron->voltage_decay));
  } else if (strcmp(type, "SDNN") == 0) {
    neuron->kind = layer->kind == NETX_INPUT ? NETX_DELTA
                   : sf_netx_has(model, group, "sigma_output")
                       ? NETX_SIGMA
                       : NETX_SIGMA_DELTA;
  } else if (strstr(type, "RF")) {
    SF_TRY(read_rf(model, layer, group, type));
  } else {
    return unknown_type(model, layer, type);
  }
  if (neuron->kind != NETX_SIGMA) SF_TRY(read_vth(model, layer, group));
  return warn_ignored(model, layer, group);
}
