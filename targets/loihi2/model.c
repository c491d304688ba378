/* model.c - which neuron program a neuron function is, by its structure, and
 * its parameters in the units of the configuration (loihi2.md 2). */
#include "targets/loihi2/plan.h"

#include <string.h>

/* How a parameter of the function becomes one of the configuration. */
typedef enum conversion {
  SAME,
  MINUS_ONE,     /* iDecay -> du */
  SHIFTED_6,     /* vth: multiple of 64 */
  BIAS_LIF,      /* bias << biasExp, 13 bits */
  SHIFTED_DELTA, /* << (spikeExp + stateExp), common for vth and bias */
  SHIFTED_12     /* vth of `delta`, whose input is shifted by 12 */
} conversion;

typedef struct param_row {
  const char *from, *to;
  conversion conversion;
  uint32_t bits;
  int32_t low, high; /* after conversion */
} param_row;

typedef struct model_row {
  const char *neuron; /* of the library */
  const char *reset_mode;
  bool any_emit; /* in any width, which is that of the payload */
  sf_l2_program program;
  param_row params[6]; /* ends with a NULL name */
} model_row;

#define LIF_PARAMS                                                             \
  {"di", "du", MINUS_ONE, 13, -1, 4095}, {"dv", "dv", SAME, 13, 0, 4096},      \
      {"bias", "bias", BIAS_LIF, 13, -4096, 4095},                             \
      {"vth", "vth", SHIFTED_6, 17, 0, 131071}
#define RF_PARAMS                                                              \
  {"cos", "cosDecay", SAME, 14, -4096, 4096},                                  \
      {"sin", "sinDecay", SAME, 14, -4096, 4096},                              \
      {"vth", "vth", SHIFTED_6, 18, -131072, 131071}
#define IF_PROGRAM                                                             \
  {                                                                            \
    "if", 1, {                                                                 \
      {                                                                        \
        "v", 32, "saturate", NULL                                              \
      }                                                                        \
    }                                                                          \
  }

#define ST_BIF_PROGRAM                                                         \
  {                                                                            \
    "st-bif", 1, {                                                             \
      {"charge", 32, "saturate", "initial"}, { "sum", 16, "saturate", NULL }   \
    }                                                                          \
  }
#define ST_BIF_PARAMS                                                          \
  {"d", "vth", SAME, 24, 1, 8388607},                                          \
      {"q0", "initial", SAME, 32, INT32_MIN, INT32_MAX},                       \
      {"smin", "countMin", SAME, 16, INT16_MIN, INT16_MAX}, {                  \
    "smax", "countMax", SAME, 16, INT16_MIN, INT16_MAX                         \
  }
#define QUANT_PROGRAM                                                          \
  {                                                                            \
    "quant", 1, {{0}}                                                          \
  }
#define QUANT_PARAMS                                                           \
  {"d", "divisor", SAME, 24, 1, 8388607},                                      \
      {"half", "offset", SAME, 32, INT32_MIN, INT32_MAX},                      \
      {"low", "countMin", SAME, 16, INT16_MIN, INT16_MAX}, {                   \
    "high", "countMax", SAME, 16, INT16_MIN, INT16_MAX                         \
  }
#define GAIN_PARAM {"gain", "gain", SAME, 16, INT16_MIN, INT16_MAX}

static const model_row models[] = {
    {"loihi_lif",
     NULL,
     false,
     {"lif", 1, {{"u", 24, "wrap", NULL}, {"v", 24, "saturate", NULL}}},
     {LIF_PARAMS}},
    {"loihi_lif_reset",
     NULL,
     false,
     {"lif-reset",
      1,
      {{"u", 24, "wrap", NULL},
       {"v", 24, "saturate", NULL},
       {"left", 32, "wrap", "resetFirst"}}},
     /* One word, u and v (loihi2.md 1.6). Lava resets when the step modulo the
      * interval is the offset (2.2): the same for all neurons of a group, so a
      * chip needs no memory of it a neuron. The countdown is the IR's way to
      * say it. `partition` comes to the same: three states of up to 24 bits. */
     {LIF_PARAMS}}, /* and interval, first: see read_params */
    {"sigma_delta",
     NULL,
     false,
     {"sigma-delta",
      1,
      {{"sigma", 32, "wrap", NULL},
       {"act", 32, "wrap", NULL},
       {"res", 32, "wrap", NULL}}},
     {{"bias", "bias", SHIFTED_DELTA, 24, INT32_MIN, INT32_MAX},
      {"vth", "vth", SHIFTED_DELTA, 24, INT32_MIN, INT32_MAX}}},
    {"delta",
     NULL,
     false,
     {"delta", 1, {{"act", 32, "wrap", NULL}, {"res", 32, "wrap", NULL}}},
     {{"vth", "vth", SHIFTED_12, 20, INT32_MIN, INT32_MAX}}},
    {"sigma", NULL, false, {"sigma", 1, {{"sigma", 32, "wrap", NULL}}}, {{0}}},
    {"rf",
     NULL,
     false,
     {"rf", 1, {{"re", 24, "saturate", NULL}, {"im", 24, "saturate", NULL}}},
     {RF_PARAMS}},
    {"rf_iz",
     NULL,
     false,
     {"rf-iz", 1, {{"re", 24, "saturate", NULL}, {"im", 24, "saturate", NULL}}},
     {RF_PARAMS}},
    {"if_int",
     "subtract",
     false,
     IF_PROGRAM,
     {{"theta", "vth", SAME, 32, 0, INT32_MAX}}},
    {"if_int_zero",
     "zero",
     false,
     IF_PROGRAM,
     {{"theta", "vth", SAME, 32, 0, INT32_MAX}}},
    {"lif_int",
     "subtract",
     false,
     IF_PROGRAM,
     {{"dv", "dv", SAME, 13, 0, 4096},
      {"theta", "vth", SAME, 32, 0, INT32_MAX}}},
    {"lif_int_zero",
     "zero",
     false,
     IF_PROGRAM,
     {{"dv", "dv", SAME, 13, 0, 4096},
      {"theta", "vth", SAME, 32, 0, INT32_MAX}}},
    {"stbif", NULL, true, ST_BIF_PROGRAM, {ST_BIF_PARAMS}},
    {"stbif_gain", NULL, true, ST_BIF_PROGRAM, {ST_BIF_PARAMS, GAIN_PARAM}},
    {"quant", NULL, true, QUANT_PROGRAM, {QUANT_PARAMS}},
    {"quant_gain", NULL, true, QUANT_PROGRAM, {QUANT_PARAMS, GAIN_PARAM}},
    {"accumulate",
     NULL,
     false,
     {"accumulate", 1, {{"sum", 32, "saturate", "initial"}}},
     {GAIN_PARAM,
      {"offset", "offset", SAME, 32, INT32_MIN, INT32_MAX},
      {"q0", "initial", SAME, 32, INT32_MIN, INT32_MAX}}},
    {"rate",
     NULL,
     false,
     {"rate", 1, {{"v", 32, "saturate", "initial"}}},
     {GAIN_PARAM,
      {"offset", "offset", SAME, 32, INT32_MIN, INT32_MAX},
      {"theta", "vth", SAME, 32, 1, INT32_MAX},
      {"v0", "initial", SAME, 32, INT32_MIN, INT32_MAX}}},
    {"count_max",
     NULL,
     false,
     {"count-max", 1, {{"lead", 32, "saturate", NULL}}},
     {{0}}},
    {"larger",
     NULL,
     true,
     {"larger", 1, {{"lead", 32, "saturate", "initial"}}},
     {{"lead0", "initial", SAME, 32, INT32_MIN, INT32_MAX}}},
    {"product", NULL, false, {"product", 1, {{0}}}, {{0}}},
};

static const model_row relay_row = {
    "relay", NULL, false, {"relay", 1, {{0}}}, {{0}}};

static const model_row spike_relay_row = {
    "relay", "zero", false, IF_PROGRAM, {{0}}};

/* `x` made wider, which loses nothing: how legalize writes `convert`. */
static bool widens_input(const sf_neuron *neuron) {
  if (neuron->stmt_count != 1) return false;
  const sf_stmt *s = neuron->stmts;
  return s->kind == SF_NOP_WIDEN && s->operand[0].value == neuron->inputs[0] &&
         s->result->type.kind == SF_SCALAR_INT &&
         s->result->type.bits >= neuron->inputs[0]->type.bits &&
         neuron->emits[0].value == s->result;
}

/* Relays of any width: one input, passed on. */
static bool is_relay(const sf_neuron *neuron) {
  if (neuron->state_count != 0 || neuron->input_count != 1 ||
      neuron->emit_count != 1 || neuron->inputs[0]->type.kind == SF_SCALAR_F32)
    return false;
  if (widens_input(neuron)) return true;
  return neuron->stmt_count == 0 && neuron->emits[0].value == neuron->inputs[0];
}

/* Relays of spikes that arrive as a sum: `emit x > 0`. A potential that forgets
 * everything and fires above 0 does just that. */
static bool is_spike_relay(const sf_neuron *neuron) {
  if (neuron->stmt_count != 1 || neuron->state_count != 0 ||
      neuron->input_count != 1 || neuron->emit_count != 1)
    return false;
  const sf_stmt *s = &neuron->stmts[0];
  return s->kind == SF_NOP_GT && s->operand[0].value == neuron->inputs[0] &&
         neuron->inputs[0]->type.kind == SF_SCALAR_INT &&
         !s->operand[1].value && s->operand[1].literal.i == 0 &&
         neuron->emits[0].value == s->result;
}

static const model_row *find_model(const sf_neuron *neuron,
                                   const sf_module *library) {
  if (is_relay(neuron)) return &relay_row;
  if (is_spike_relay(neuron)) return &spike_relay_row;
  for (size_t i = 0; i < SF_COUNT_OF(models); i++) {
    sf_slice name = {models[i].neuron, strlen(models[i].neuron)};
    const sf_neuron *known = sf_module_find_neuron(library, name);
    bool same =
        known && (models[i].any_emit ? sf_neuron_same_but_emit(neuron, known)
                                     : sf_neuron_same_structure(neuron, known));
    if (same) return &models[i];
  }
  return NULL;
}

static sf_result no_model(sf_l2_plan *plan, const sf_op *op) {
  sf_l2_cannot(plan, op,
               "neuron model @%s is none that Loihi 2 programs are known for",
               op->neuron->name);
  sf_help(
      plan->diag,
      "recognized by structure: loihi_lif, loihi_lif_reset, sigma_delta, "
      "delta, sigma, rf, rf_iz, if_int, if_int_zero, lif_int, "
      "lif_int_zero, quant, quant_gain, stbif, stbif_gain, accumulate, "
      "rate, count_max, larger, product, relay; any other function of integers "
      "with %d params, %d states and one result at most becomes a listing; f32 "
      "models must be quantized first, and `on = host` keeps a population on "
      "the host",
      SF_L2_PARAMS, SF_L2_STATES);
  return SF_FAIL;
}

/* Index in a blob of the population's rank with 1 on broadcast axes. */
static size_t broadcast_index(const sf_type *blob, const sf_type *stream,
                              size_t element) {
  size_t index = 0, stride = 1;
  for (uint32_t axis = stream->rank; axis-- > 0;) {
    size_t extent = (size_t)stream->dim[axis];
    size_t at = element % extent;
    element /= extent;
    if (blob->rank != stream->rank || blob->dim[axis] == 1) continue;
    index += at * stride;
    stride *= (size_t)blob->dim[axis];
  }
  return index;
}

/* The function's own values, one number or one an element. */
sf_result sf_l2_read_argument(sf_l2_plan *plan, const sf_l2_layer *layer,
                              uint32_t index, sf_l2_param *out) {
  const sf_argument *argument = &layer->op->arguments[index];
  if (argument->kind != SF_ARGUMENT_BLOB) {
    sf_number number = argument->kind == SF_ARGUMENT_NUMBER
                           ? argument->number
                           : layer->op->neuron->params[index].initial;
    out->value = (int32_t)number.i;
    return SF_OK;
  }
  SF_TRY(sf_blob_load(argument->blob, plan->diag));
  sf_word uniform;
  if (sf_blob_is_uniform(argument->blob, &uniform)) {
    out->value = uniform.i;
    return SF_OK;
  }
  int32_t *each = SF_NEW_ARRAY(plan->arena, int32_t, layer->elements);
  if (!each) return SF_OOM;
  for (uint32_t e = 0; e < layer->elements; e++)
    each[e] =
        sf_blob_i32(argument->blob, broadcast_index(&argument->blob->type,
                                                    &layer->value->type, e));
  out->each = each;
  return SF_OK;
}

/* Trailing zero bits that all values share, at most `most`. */
static unsigned common_shift(const sf_l2_param *param, uint32_t elements,
                             unsigned most) {
  uint32_t bits = (uint32_t)param->value;
  if (param->each) {
    bits = 0;
    for (uint32_t e = 0; e < elements; e++)
      bits |= (uint32_t)param->each[e];
  }
  unsigned shift = bits ? (unsigned)__builtin_ctz(bits) : most;
  return shift < most ? shift : most;
}

/* Arithmetic shift right of values that are multiples, or minus one. */
static sf_result convert(sf_l2_plan *plan, const sf_l2_layer *layer,
                         const param_row *row, unsigned shift,
                         sf_l2_param *param) {
  int32_t less = row->conversion == MINUS_ONE;
  int64_t bad = 0;
  bool out_of_range = false;
  int32_t *each =
      param->each ? SF_NEW_ARRAY(plan->arena, int32_t, layer->elements) : NULL;
  if (param->each && !each) return SF_OOM;
  uint32_t count = param->each ? layer->elements : 1;
  for (uint32_t e = 0; e < count; e++) {
    int32_t value = param->each ? param->each[e] : param->value;
    value = (value >> shift) - less;
    if (!out_of_range && (value < row->low || value > row->high)) {
      out_of_range = true;
      bad = value;
    }
    if (each)
      each[e] = value;
    else
      param->value = value;
  }
  if (each) param->each = each;
  if (!out_of_range) return SF_OK;
  return sf_l2_cannot(plan, layer->op,
                      "'%s' needs the mantissa %lld, Loihi 2 has %d .. %d",
                      row->from, (long long)bad, row->low, row->high);
}

/* Bits that the parameter must be a multiple of, or that are free to choose. */
static sf_result choose_shift(sf_l2_plan *plan, const sf_l2_layer *layer,
                              const param_row *row, const sf_l2_param *param,
                              unsigned delta_shift, unsigned *out) {
  unsigned shift = 0, needed = 0;
  switch (row->conversion) {
  case SHIFTED_6:
    shift = needed = 6;
    break;
  case SHIFTED_12:
    shift = needed = 12;
    break;
  case SHIFTED_DELTA:
    shift = needed = delta_shift;
    break;
  case BIAS_LIF:
    shift = common_shift(param, layer->elements, 7);
    break;
  default:
    break;
  }
  *out = shift;
  if (common_shift(param, layer->elements, needed) == needed) return SF_OK;
  sf_l2_cannot(plan, layer->op,
               "'%s' must be a multiple of %u: the chip stores a mantissa",
               row->from, 1u << needed);
  sf_help(plan->diag,
          "scale weights, biases and thresholds of the layer so "
          "that the threshold is a multiple of %u",
          1u << needed);
  return SF_FAIL;
}

static sf_l2_param *add_param(sf_l2_layer *layer, const char *name,
                              uint32_t bits) {
  sf_l2_param *param = &layer->params[layer->param_count++];
  *param = (sf_l2_param){.name = name, .bits = bits};
  return param;
}

/* Names may differ from the library's; the same structure has the same order.
 */
static uint32_t param_index(const char *name, const sf_module *library,
                            const char *model) {
  const sf_neuron *known =
      sf_module_find_neuron(library, (sf_slice){model, strlen(model)});
  uint32_t index = 0;
  while (strcmp(known->params[index].value->name, name) != 0)
    index++;
  return index;
}

/* Sigma-delta: vth and bias share spikeExp + stateExp; stateExp is 6. */
static sf_result delta_exponents(sf_l2_plan *plan, sf_l2_layer *layer,
                                 const sf_module *library,
                                 const model_row *model, unsigned *out) {
  unsigned shift = 12;
  for (const param_row *row = model->params; row->from; row++) {
    sf_l2_param raw = {0};
    uint32_t index = param_index(row->from, library, model->neuron);
    SF_TRY(sf_l2_read_argument(plan, layer, index, &raw));
    unsigned common = common_shift(&raw, layer->elements, 12);
    if (common < shift) shift = common;
  }
  *out = shift < 6 ? 6 : shift;
  return SF_OK;
}

static sf_result read_param(sf_l2_plan *plan, sf_l2_layer *layer,
                            const sf_module *library, const model_row *model,
                            const param_row *row, unsigned delta_shift) {
  sf_l2_param *param = add_param(layer, row->to, row->bits);
  uint32_t index = param_index(row->from, library, model->neuron);
  SF_TRY(sf_l2_read_argument(plan, layer, index, param));
  if (model->any_emit)
    param->bits = layer->op->neuron->params[index].value->type.bits;
  unsigned shift;
  param_row named = *row; /* messages use the user's own name */
  named.from = layer->op->neuron->params[index].value->name;
  SF_TRY(choose_shift(plan, layer, &named, param, delta_shift, &shift));
  SF_TRY(convert(plan, layer, &named, shift, param));
  if (row->conversion == BIAS_LIF)
    add_param(layer, "biasExp", 3)->value = (int32_t)shift;
  return SF_OK;
}

static const param_row reset_rows[] = {
    {"interval", "resetInterval", SAME, 32, 1, INT32_MAX},
    {"first", "resetFirst", SAME, 32, 0, INT32_MAX},
    {0}};

/* What is sent saturates at the width of its type (ir.md 5). */
static void add_emit_range(sf_l2_layer *layer) {
  uint32_t bits = layer->value->type.scalar.bits;
  int32_t most = (int32_t)((UINT32_C(1) << (bits - 1)) - 1);
  add_param(layer, "countMin", bits)->value = -most - 1;
  add_param(layer, "countMax", bits)->value = most;
}

static sf_result read_params(sf_l2_plan *plan, sf_l2_layer *layer,
                             const sf_module *library, const model_row *model) {
  unsigned delta_shift = 12;
  bool sigma_delta = strcmp(model->program.name, "sigma-delta") == 0;
  bool delta = strcmp(model->program.name, "delta") == 0;
  if (sigma_delta)
    SF_TRY(delta_exponents(plan, layer, library, model, &delta_shift));
  for (const param_row *row = model->params; row->from; row++)
    SF_TRY(read_param(plan, layer, library, model, row, delta_shift));
  if (strcmp(model->program.name, "lif-reset") == 0)
    for (const param_row *row = reset_rows; row->from; row++)
      SF_TRY(read_param(plan, layer, library, model, row, delta_shift));
  if (sigma_delta || delta) {
    add_param(layer, "spikeExp", 4)->value = (int32_t)delta_shift - 6;
    add_param(layer, "stateExp", 4)->value = 6;
  }
  if (strcmp(model->program.name, "larger") == 0) add_emit_range(layer);
  bool integrates = strcmp(model->program.name, "if") == 0;
  if (model == &spike_relay_row) {
    add_param(layer, "vth", 32)->value = 0;
    add_param(layer, "dv", 13)->value = 4096;
    return SF_OK;
  }
  if (integrates && layer->param_count == 1) add_param(layer, "dv", 13);
  return SF_OK;
}

sf_result sf_l2_model_recognize(sf_l2_plan *plan, const sf_module *library,
                                sf_l2_layer *layer) {
  const model_row *model = find_model(layer->op->neuron, library);
  if (!model && sf_l2_code_fits(layer->op->neuron))
    return sf_l2_code_recognize(plan, layer);
  if (!model) return no_model(plan, layer->op);
  layer->program = &model->program;
  layer->reset_mode = model->reset_mode;
  return read_params(plan, layer, library, model);
}
