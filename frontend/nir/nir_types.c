/* nir_types.c - the table of node types, and of their datasets. */
#include "frontend/nir/nir.h"

#include <stdio.h>
#include <string.h>

static const char *const field_names[NIR_FIELD_COUNT] = {
    [NIR_BIAS] = "bias",
    [NIR_DELAYS] = "delay",
    [NIR_DILATION] = "dilation",
    [NIR_END_DIM] = "end_dim",
    [NIR_GROUPS] = "groups",
    [NIR_INPUT_SHAPE] = "input_shape",
    [NIR_INPUT_TYPE] = "input_type",
    [NIR_KERNEL_SIZE] = "kernel_size",
    [NIR_PADDING] = "padding",
    [NIR_R] = "r",
    [NIR_SCALES] = "scale",
    [NIR_SHAPE] = "shape",
    [NIR_START_DIM] = "start_dim",
    [NIR_STRIDE] = "stride",
    [NIR_TAU] = "tau",
    [NIR_TAU_MEM] = "tau_mem",
    [NIR_TAU_SYN] = "tau_syn",
    [NIR_V_LEAK] = "v_leak",
    [NIR_V_RESET] = "v_reset",
    [NIR_V_THRESHOLD] = "v_threshold",
    [NIR_THRESHOLDS] = "threshold",
    [NIR_WEIGHT] = "weight",
    [NIR_W_IN] = "w_in",
};

#define BIT(field) (1u << (field))

enum {
  WINDOW = BIT(NIR_STRIDE) | BIT(NIR_PADDING),
  CONV = WINDOW | BIT(NIR_WEIGHT) | BIT(NIR_BIAS) | BIT(NIR_DILATION) |
         BIT(NIR_GROUPS),
  LEAK = BIT(NIR_R) | BIT(NIR_V_LEAK),
  CUBA = LEAK | BIT(NIR_TAU_SYN) | BIT(NIR_TAU_MEM),
  FIRE = BIT(NIR_V_THRESHOLD),
  RESET = BIT(NIR_V_RESET)
};

/* Sorted by name. */
static const nir_type types[] = {
    {"Affine", NIR_LINEAR, false, false, BIT(NIR_WEIGHT) | BIT(NIR_BIAS), 0, 0,
     "linear", "leading axes of the weights: one product each"},
    {"AvgPool2d", NIR_POOL, false, false, BIT(NIR_KERNEL_SIZE) | WINDOW, 0, 0,
     "pool", "padding counts in the divisor"},
    {"Conv1d", NIR_CONV, false, false, CONV, BIT(NIR_INPUT_SHAPE), 0, "conv",
     "padding same and valid too"},
    {"Conv2d", NIR_CONV, false, false, CONV, BIT(NIR_INPUT_SHAPE), 0, "conv",
     "padding same and valid too"},
    {"CubaLI", NIR_CUBA, false, true, CUBA, BIT(NIR_W_IN), CUBA | BIT(NIR_W_IN),
     "neurons", "sends its potential"},
    {"CubaLIF", NIR_CUBA, true, true, CUBA | FIRE, BIT(NIR_W_IN) | RESET,
     CUBA | FIRE | RESET | BIT(NIR_W_IN), "neurons", ""},
    {"Delay", NIR_DELAY, false, false, BIT(NIR_DELAYS), 0, BIT(NIR_DELAYS),
     "delay", "round(delay / dt) steps; 0 is none"},
    {"Flatten", NIR_FLATTEN, false, false, 0,
     BIT(NIR_START_DIM) | BIT(NIR_END_DIM) | BIT(NIR_INPUT_TYPE), 0, "reshape",
     "start_dim that counts a batch axis is corrected when the next layer "
     "tells"},
    {"I", NIR_INTEGRATOR, false, true, BIT(NIR_R), 0, BIT(NIR_R), "neurons",
     "sends its potential"},
    {"IF", NIR_INTEGRATOR, true, true, BIT(NIR_R) | FIRE, RESET,
     BIT(NIR_R) | FIRE | RESET, "neurons", "gain: see --if-gain"},
    {"Input", NIR_INPUT, false, false, BIT(NIR_SHAPE), 0, 0, "argument",
     "a leading 1 is dropped when the next layer wants one axis less"},
    {"LI", NIR_LEAKY, false, true, LEAK | BIT(NIR_TAU), 0, LEAK | BIT(NIR_TAU),
     "neurons", "sends its potential"},
    {"LIF", NIR_LEAKY, true, true, LEAK | FIRE | BIT(NIR_TAU), RESET,
     LEAK | FIRE | RESET | BIT(NIR_TAU), "neurons", ""},
    {"Linear", NIR_LINEAR, false, false, BIT(NIR_WEIGHT), 0, 0, "linear",
     "leading axes of the weights: one product each"},
    {"NIRGraph", NIR_GRAPH, false, false, 0, 0, 0, "flattened",
     "one Input and one Output when nested"},
    {"Output", NIR_OUTPUT, false, false, BIT(NIR_SHAPE), 0, 0, "return", ""},
    {"Scale", NIR_SCALE, false, false, BIT(NIR_SCALES), 0, BIT(NIR_SCALES),
     "mul", ""},
    {"SumPool2d", NIR_POOL, false, false, BIT(NIR_KERNEL_SIZE) | WINDOW, 0, 0,
     "pool", ""},
    {"Threshold", NIR_THRESHOLD, true, false, BIT(NIR_THRESHOLDS), 0,
     BIT(NIR_THRESHOLDS), "neurons", "no state"},
};

const char *sf_nir_field_name(nir_field field) { return field_names[field]; }

const nir_type *sf_nir_type_find(const char *name) {
  for (size_t i = 0; i < SF_COUNT_OF(types); i++)
    if (strcmp(types[i].name, name) == 0) return &types[i];
  return NULL;
}

const char *sf_nir_type_list(sf_arena *arena) {
  char text[512] = "";
  size_t at = 0;
  for (size_t i = 0; i < SF_COUNT_OF(types) && at < sizeof text; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "",
                           types[i].name);
  return sf_arena_text(arena, sf_slice_of(text));
}

bool sf_nir_operator_at(size_t index, sf_operator_info *out) {
  if (index >= SF_COUNT_OF(types)) return false;
  const nir_type *type = &types[index];
  *out = (sf_operator_info){.domain = "",
                            .name = type->name,
                            .first = 0,
                            .newest = 1,
                            .mapping = type->mapping,
                            .note = type->note};
  return true;
}
