/* nir_loihi.c - integers as the paper's script gives them to Lava: decays of
 * 4095ths, weights and thresholds of 1/256, thresholds from 17 bits. */
#include "frontend/nir/nir.h"

#include <stdlib.h>
#include <string.h>

enum { THETA_SHIFT = 9 };
static const double weight_one = 256, decay_one = 4095, theta_one = 131071;

static double gain_of(const nir_import *import, const nir_node *node,
                      uint64_t i) {
  bool cuba = node->type->kind == NIR_CUBA;
  if (node->type->kind == NIR_INTEGRATOR)
    return import->options.use.if_gain > 0
               ? import->options.use.if_gain
               : sf_nir_each(node->field[NIR_R], i, 1) * import->dt;
  double r = sf_nir_each(node->field[NIR_R], i, 1);
  double gain =
      import->dt / sf_nir_each(node->field[cuba ? NIR_TAU_MEM : NIR_TAU], i, 1);
  gain *= r;
  if (cuba)
    gain *= import->dt / sf_nir_each(node->field[NIR_TAU_SYN], i, 1) *
            sf_nir_each(node->field[NIR_W_IN], i, 1);
  return gain;
}

/* The one gain of the neurons behind a projection. */
static sf_result gain_behind(nir_import *import, const nir_node *node,
                             double *out) {
  *out = 1;
  for (uint32_t s = 0; s < node->succ_count; s++) {
    const nir_node *to = &import->nodes[import->edges[node->succs[s]].to];
    if (!to->type->has_state)
      return sf_nir_refuse(import, node, NULL,
                           "convention loihi needs neurons behind every "
                           "projection; '%s' is a %s",
                           to->name, to->type->name);
    for (int64_t i = 0; i < sf_nir_elements(&to->out); i++) {
      double gain = gain_of(import, to, (uint64_t)i);
      if (s == 0 && i == 0) *out = gain;
      if (gain != *out)
        return sf_nir_refuse(import, to, NULL,
                             "convention loihi needs one gain in a layer; "
                             "neuron %lld has another",
                             (long long)i);
    }
  }
  return SF_OK;
}

sf_result sf_nir_loihi_weights(nir_import *import, nir_node *node,
                               const sf_type *type, sf_blob **out) {
  double gain = 1;
  SF_TRY(gain_behind(import, node, &gain));
  const sf_h5_item *item = node->field[NIR_WEIGHT];
  size_t count = sf_type_elements(type);
  int32_t *values = malloc(count * sizeof *values);
  if (!values) return SF_OOM;
  sf_result result = SF_OK;
  for (size_t i = 0; i < count && result == SF_OK; i++) {
    double w = sf_nir_each(item, i, 0) * gain * weight_one;
    values[i] = w > -1e6 && w < 1e6 ? (int32_t)w : INT32_MAX;
    if (values[i] < -256 || values[i] > 255)
      result = sf_nir_refuse(import, node, NULL,
                             "convention loihi needs weights times gain from "
                             "-1 to 255/256; element %zu is %g",
                             i, w / weight_one);
  }
  if (result == SF_OK) {
    sf_type integers = *type;
    integers.scalar = sf_int(9);
    const char *name = sf_arena_printf(import->arena, "%s.w", node->name);
    *out = name ? sf_blob_create_i32(import->module, name, &integers, values)
                : NULL;
    if (!*out) result = SF_OOM;
  }
  free(values);
  return result;
}

/* ---- Neurons. ---- */

/* int(4095 dt / tau): 4096ths that leak. Lava's du means one more. */
static sf_result decay(nir_import *import, const nir_node *node,
                       nir_field field, int64_t *out) {
  const sf_h5_item *item = node->field[field];
  double first = import->dt / sf_h5_f64(item, 0);
  for (uint64_t i = 1; i < item->elements; i++)
    if (sf_h5_f64(item, i) != sf_h5_f64(item, 0))
      return sf_nir_refuse(import, node, NULL,
                           "convention loihi needs one '%s' in a layer",
                           sf_nir_field_name(field));
  if (first > 1)
    return sf_nir_refuse(import, node, "give a smaller --dt",
                         "'%s' is shorter than the step of %g",
                         sf_nir_field_name(field), import->dt);
  *out = (int64_t)(first * decay_one);
  return SF_OK;
}

static void set_number(sf_op *op, const char *param, int64_t value) {
  sf_argument_set_number(sf_op_argument(op, sf_slice_of(param)),
                         sf_number_int(value));
}

/* vth = int(threshold 131071) >> 9, and Lava shifts it by 6 again. */
static sf_result threshold(nir_import *import, const nir_node *node,
                           int64_t *out) {
  const sf_h5_item *item = node->field[NIR_V_THRESHOLD];
  double theta = sf_h5_f64(item, 0);
  for (uint64_t i = 1; i < item->elements; i++)
    if (sf_h5_f64(item, i) != theta)
      return sf_nir_refuse(import, node, NULL,
                           "convention loihi needs one threshold in a layer");
  if (!(theta >= 0 && theta < 512))
    return sf_nir_refuse(import, node, NULL,
                         "convention loihi needs thresholds from 0 to 512, "
                         "this one is %g",
                         theta);
  *out = ((int64_t)(theta * theta_one) >> THETA_SHIFT) << 6;
  return SF_OK;
}

sf_result sf_nir_loihi_neurons(nir_import *import, nir_node *node, sf_value *x,
                               sf_value **out) {
  if (!node->type->spikes || import->options.use.reset != NIR_RESET_VALUE ||
      (node->field[NIR_V_LEAK] && !sf_nir_is_zero(node->field[NIR_V_LEAK])))
    return sf_nir_refuse(import, node, NULL,
                         "convention loihi takes spiking neurons that leak to "
                         "0 and reset to 0");
  if (x->type.scalar.kind == SF_SCALAR_F32)
    return sf_nir_refuse(import, node, NULL,
                         "convention loihi needs a Linear or a convolution "
                         "before the neurons");
  int64_t di = 4096, dv = 0, vth = 0;
  bool cuba = node->type->kind == NIR_CUBA;
  if (cuba) {
    SF_TRY(decay(import, node, NIR_TAU_SYN, &di));
    di++;
  }
  if (node->type->kind != NIR_INTEGRATOR)
    SF_TRY(decay(import, node, cuba ? NIR_TAU_MEM : NIR_TAU, &dv));
  SF_TRY(threshold(import, node, &vth));
  sf_neuron *neuron =
      sf_library_use(import->module, sf_slice_of("loihi_lif"), import->diag);
  if (!neuron) return SF_FAIL;
  sf_type type = x->type;
  type.scalar = sf_spike();
  *out = sf_nir_op(import, node, SF_OP_NEURONS, x, NULL, NULL, NULL, &type);
  if (!*out) return SF_OOM;
  SF_TRY(sf_op_set_neuron((*out)->op, neuron));
  set_number((*out)->op, "di", di);
  set_number((*out)->op, "dv", dv);
  set_number((*out)->op, "vth", vth);
  return SF_OK;
}
