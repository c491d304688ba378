/* population.c - ops as populations: elementwise ops as stateless
 * neuron functions, sums as relays, the maximum of spikes as a sum that is
 * compared with zero. A population more takes a step more, which balance-delays
 * accounts for. */
#include "ir/arith.h"
#include "passes/legalize/legalize.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/op_copy.h"
#include "passes/rewrite/relay.h"

#include <string.h>

typedef enum obstacle {
  OBSTACLE_NONE,
  OBSTACLE_FLOAT,
  OBSTACLE_STREAMS,
  OBSTACLE_BROADCAST,
  OBSTACLE_OP
} obstacle;

/* Floats are the model's fault, which was not quantized; the others are what
 * no chip has. */
static const struct {
  sf_diag_id id;
  const char *why, *help;
} obstacle_texts[] = {
    [OBSTACLE_FLOAT] =
        {SF_DIAG_NOT_NORMAL, "works on f32, which no chip does",
         "quantize the model, or mark what reads it {on = host}"},
    [OBSTACLE_STREAMS] =
        {SF_DIAG_TARGET_CANNOT,
         "multiplies two streams, and a synapse has a constant weight",
         "write it as populations of @product neurons and a sum, or mark what "
         "reads it {on = host}"},
    [OBSTACLE_BROADCAST] =
        {SF_DIAG_TARGET_CANNOT,
         "repeats elements of an operand, and a population has none to repeat",
         "give both operands the shape of the result"},
    [OBSTACLE_OP] =
        {SF_DIAG_TARGET_CANNOT, "has no form as synapses or neurons",
         "rewrite it with projections and neuron functions, or mark "
         "what reads it {on = host}"},
};

static sf_result report(sf_legalizer *l, const sf_op *op, obstacle why) {
  bool known = op->order < l->op_count;
  if (known && l->reported[op->order]) return SF_OK;
  if (known) l->reported[op->order] = true;
  sf_error(l->run->diag, obstacle_texts[why].id, op->loc,
           "'%%%s' stands before a population on chip: '%s' %s",
           op->results[0]->name, sf_op_info_get(op->kind)->mnemonic,
           obstacle_texts[why].why);
  sf_help(l->run->diag, "%s", obstacle_texts[why].help);
  return SF_OK;
}

static sf_result no_memory_or_diag(const sf_legalizer *l) {
  return sf_diag_errors(l->run->diag) ? SF_FAIL : SF_OOM;
}

/* ---- Neuron functions. ---- */

/* A spike reaches a population as a sum of one. */
static sf_scalar read_type(const sf_value *value) {
  return value->type.scalar.kind == SF_SCALAR_SPIKE ? sf_int(2)
                                                    : value->type.scalar;
}

static sf_nop_kind nop_of(sf_op_kind kind) {
  switch (kind) {
  case SF_OP_ADD:
    return SF_NOP_ADD;
  case SF_OP_SUB:
    return SF_NOP_SUB;
  case SF_OP_MUL:
    return SF_NOP_MUL;
  case SF_OP_MIN:
    return SF_NOP_MIN;
  case SF_OP_MAX:
    return SF_NOP_MAX;
  default:
    return SF_NOP_WIDEN;
  }
}

/* The value of operand `index`: an input, or a param for a blob. */
static sf_nvalue *add_operand(sf_neuron *neuron, const sf_op *op,
                              uint32_t index) {
  static const char *const names[] = {"a", "b"};
  const sf_value *x = sf_op_operand(op, index);
  if (x) return sf_neuron_add_input(neuron, names[index], read_type(x));
  sf_scalar type = sf_op_operand_blob(op, index)->type.scalar;
  sf_param *param = sf_neuron_add_param(neuron, names[index], type);
  return param ? param->value : NULL;
}

/* `(%a, %b) -> emit`: the op on scalars. A spike is emitted as `result > 0`. */
static sf_neuron *create_function(sf_module *module, const sf_op *op) {
  char name[64];
  snprintf(name, sizeof name, "%s_op", sf_op_info_get(op->kind)->mnemonic);
  sf_neuron *neuron = sf_neuron_create(module, name, op->loc);
  sf_nvalue *operands[2] = {0};
  for (uint32_t i = 0; neuron && i < op->operand_count; i++) {
    operands[i] = add_operand(neuron, op, i);
    if (!operands[i]) return NULL;
  }
  sf_scalar emit = op->results[0]->type.scalar;
  bool spikes = emit.kind == SF_SCALAR_SPIKE;
  sf_stmt *stmt = neuron ? sf_neuron_add_stmt(neuron, nop_of(op->kind), "r",
                                              spikes ? sf_int(3) : emit)
                         : NULL;
  if (!stmt) return NULL;
  stmt->mode = spikes ? SF_MODE_NONE : op->mode;
  for (uint32_t i = 0; i < op->operand_count; i++)
    stmt->operand[i] = sf_noperand_value(operands[i]);
  sf_nvalue *result = stmt->result;
  if (spikes) {
    sf_stmt *positive = sf_neuron_add_stmt(neuron, SF_NOP_GT, "s", emit);
    if (!positive) return NULL;
    positive->operand[0] = sf_noperand_value(result);
    positive->operand[1] = sf_noperand_number(sf_number_int(0));
    result = positive->result;
  }
  if (sf_neuron_add_emit(neuron, sf_noperand_value(result), emit) != SF_OK)
    return NULL;
  return neuron;
}

/* An equal function of the module takes the place of a new one. */
static sf_neuron *find_function(sf_module *module, const sf_op *op) {
  sf_neuron *made = create_function(module, op);
  if (!made) return NULL;
  for (sf_neuron *n = module->first_neuron; n != made; n = n->next) {
    if (!sf_neuron_same_structure(n, made)) continue;
    sf_neuron_erase(made);
    return n;
  }
  return made;
}

/* ---- Populations. ---- */

static sf_op *create_population(sf_legalizer *l, sf_op *op, uint32_t inputs,
                                sf_neuron *neuron) {
  sf_op *population =
      sf_op_create(l->network, op->next, SF_OP_NEURONS, inputs, op->loc);
  if (!population || sf_op_set_neuron(population, neuron) != SF_OK) return NULL;
  population->order = UINT32_MAX;
  l->new_populations++;
  return population;
}

static sf_result finish(sf_legalizer *l, sf_op *population, const sf_op *op,
                        sf_value **out) {
  *out =
      sf_op_add_result(population, op->results[0]->name, &op->results[0]->type);
  if (!*out) return SF_OOM;
  for (uint32_t i = 0; i < population->operand_count; i++)
    SF_TRY(sf_legalize_push(l, population, i, SF_PLACE_CURRENT));
  return SF_OK;
}

static sf_result as_relay(sf_legalizer *l, sf_op *op, sf_value *sum,
                          sf_value **out) {
  sf_scalar emit = op->results[0]->type.scalar;
  sf_neuron *relay =
      sf_relay_function(l->run->module, sum->type.scalar, emit, l->run->diag);
  if (!relay) return no_memory_or_diag(l);
  sf_op *population = create_population(l, sum->op, 1, relay);
  if (!population) return SF_OOM;
  sf_op_set_operand(population, 0, sum);
  return finish(l, population, op, out);
}

static bool is_rounding(const sf_op *op) {
  return op->kind == SF_OP_CONVERT &&
         op->results[0]->type.scalar.kind != SF_SCALAR_F32 &&
         sf_op_operand(op, 0)->type.scalar.kind == SF_SCALAR_F32;
}

/* An input in f32 is rounded on the host, which has it, and sent as integers.
 * Behind anything else a chip would have to work on f32. */
static sf_result as_host_input(sf_legalizer *l, sf_op *op, sf_value **out) {
  if (sf_op_operand(op, 0)->op) return report(l, op, OBSTACLE_FLOAT);
  sf_scalar type = op->results[0]->type.scalar;
  sf_neuron *relay =
      sf_relay_function(l->run->module, type, type, l->run->diag);
  if (!relay) return no_memory_or_diag(l);
  sf_op *population = create_population(l, op, 1, relay);
  if (!population) return SF_OOM;
  SF_TRY(sf_op_set_int(population, SF_ATTR_on, SF_ON_HOST));
  sf_op_set_operand(population, 0, op->results[0]);
  *out =
      sf_op_add_result(population, op->results[0]->name, &op->results[0]->type);
  return *out ? SF_OK : SF_OOM;
}

static obstacle elementwise_obstacle(const sf_op *op) {
  const sf_type *type = &op->results[0]->type;
  if (type->scalar.kind == SF_SCALAR_F32) return OBSTACLE_FLOAT;
  /* With a mode or not, three bits hold any of these ops on two spikes but a
   * wrapped one, which nobody writes for a spike. */
  if (type->scalar.kind == SF_SCALAR_SPIKE && op->mode == SF_MODE_WRAP)
    return OBSTACLE_OP;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x && type->scalar.kind == SF_SCALAR_SPIKE) return OBSTACLE_OP;
    if (!x) continue;
    if (x->type.scalar.kind == SF_SCALAR_F32) return OBSTACLE_FLOAT;
    if (!sf_type_same_shape(&x->type, type)) return OBSTACLE_BROADCAST;
    if (type->scalar.kind == SF_SCALAR_SPIKE &&
        x->type.scalar.kind != SF_SCALAR_SPIKE) {
      return OBSTACLE_OP;
    }
  }
  return OBSTACLE_NONE;
}

static sf_result as_elementwise(sf_legalizer *l, sf_op *op, sf_value **out) {
  obstacle why = elementwise_obstacle(op);
  if (why != OBSTACLE_NONE) return report(l, op, why);
  sf_neuron *neuron = find_function(l->run->module, op);
  if (!neuron) return SF_OOM;
  uint32_t streams = 0;
  for (uint32_t i = 0; i < op->operand_count; i++)
    streams += sf_op_operand(op, i) != NULL;
  sf_op *population = create_population(l, op, streams, neuron);
  if (!population) return SF_OOM;
  uint32_t input = 0, param = 0;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    if (sf_op_operand(op, i)) {
      sf_op_set_operand(population, input++, sf_op_operand(op, i));
    } else {
      sf_argument_set_blob(&population->arguments[param++],
                           sf_op_operand_blob(op, i));
    }
  }
  return finish(l, population, op, out);
}

/* Some spike in the window: the sum of the window is above zero. */
static sf_result as_or(sf_legalizer *l, sf_op *op, sf_value **out) {
  int64_t kernel[2] = {1, 1};
  sf_op_ints(op, SF_ATTR_kernel, sf_op_operand(op, 0)->type.rank - 1u, kernel);
  if (kernel[0] * kernel[1] > INT32_MAX / 2) return report(l, op, OBSTACLE_OP);
  sf_op *pool = sf_op_copy_without_streams(op, 1);
  if (!pool) return SF_OOM;
  SF_TRY(sf_op_set_int(pool, SF_ATTR_kind, SF_POOL_SUM));
  sf_op_set_operand(pool, 0, sf_op_operand(op, 0));
  sf_type type = op->results[0]->type;
  type.scalar = sf_int_holding(0, kernel[0] * kernel[1]);
  sf_value *sum = sf_op_add_result(pool, op->results[0]->name, &type);
  return sum ? as_relay(l, op, sum, out) : SF_OOM;
}

static bool is_spike_maximum(const sf_op *op) {
  return op->kind == SF_OP_POOL && sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX &&
         op->results[0]->type.scalar.kind == SF_SCALAR_SPIKE;
}

static bool is_plain_convert(const sf_op *op) {
  return op->kind == SF_OP_CONVERT && sf_op_number(op, SF_ATTR_scale) == 1.0f;
}

sf_result sf_legalize_population(sf_legalizer *l, sf_op *op, sf_value **out) {
  *out = NULL;
  bool adds =
      op->kind == SF_OP_ADD && sf_op_operand(op, 0) && sf_op_operand(op, 1);
  bool is_float = op->results[0]->type.scalar.kind == SF_SCALAR_F32;
  if (is_float) return report(l, op, OBSTACLE_FLOAT);
  if (sf_is_synapses(op) || adds) return as_relay(l, op, op->results[0], out);
  if (is_spike_maximum(op)) return as_or(l, op, out);
  if (is_rounding(op)) return as_host_input(l, op, out);
  if (is_plain_convert(op)) return as_elementwise(l, op, out);
  switch (op->kind) {
  case SF_OP_ADD:
  case SF_OP_SUB:
  case SF_OP_MUL:
  case SF_OP_MIN:
  case SF_OP_MAX:
    return as_elementwise(l, op, out);
  case SF_OP_MATMUL:
    return report(l, op, OBSTACLE_STREAMS);
  default:
    return report(l, op, OBSTACLE_OP);
  }
}
