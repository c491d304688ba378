/* interp_neurons.c - populations: params, states, start, period. docs/ir.md 7.
 */
#include "ir/interp_node.h"
#include "ir/neuron_eval.h"

#include <inttypes.h>
#include <string.h>

/* A param: one word for all elements, or one each. */
typedef struct population_param {
  sf_word uniform;
  const sf_word *each; /* NULL: uniform */
  sf_index_map map;
} population_param;

typedef struct sf_population {
  const sf_neuron *neuron;
  sf_neuron_program *program;
  size_t elements;
  int64_t start, period; /* period 0: none */
  uint64_t seed;
  population_param *params;
  sf_word **states;
} sf_population;

static sf_word param_word(const population_param *param, size_t element) {
  return param->each ? param->each[sf_mapped(&param->map, element)]
                     : param->uniform;
}

void sf_population_reset(sf_population *p) {
  for (uint32_t s = 0; s < p->neuron->state_count; s++) {
    const sf_state *state = &p->neuron->states[s];
    sf_word word = sf_number_word(state->initial, state->value->type);
    for (size_t n = 0; n < p->elements; n++)
      p->states[s][n] =
          state->initial_param
              ? param_word(&p->params[state->initial_param->index], n)
              : word;
  }
}

const sf_word *sf_population_state(const sf_population *population,
                                   uint32_t state) {
  return population->states[state];
}

bool sf_population_runs(const sf_population *population, int64_t step) {
  return step >= population->start;
}

/* ---- One step. ---- */

static void load_lanes(const sf_interp_node *node, size_t first,
                       uint32_t lanes) {
  const sf_population *p = node->population;
  const sf_neuron *neuron = p->neuron;
  for (uint32_t n = 0; n < neuron->input_count; n++)
    memcpy(sf_neuron_program_register(p->program, neuron->inputs[n]->slot),
           node->operands[n].data + first, lanes * sizeof(sf_word));
  for (uint32_t n = 0; n < neuron->state_count; n++)
    memcpy(
        sf_neuron_program_register(p->program, neuron->states[n].value->slot),
        p->states[n] + first, lanes * sizeof(sf_word));
  for (uint32_t n = 0; n < neuron->param_count; n++) {
    if (!p->params[n].each) continue; /* written once, by write_uniform */
    sf_word *out =
        sf_neuron_program_register(p->program, neuron->params[n].value->slot);
    for (uint32_t k = 0; k < lanes; k++)
      out[k] = param_word(&p->params[n], first + k);
  }
}

static void store_lanes(sf_interp_node *node, size_t first, uint32_t lanes) {
  sf_population *p = node->population;
  for (uint32_t n = 0; n < p->neuron->state_count; n++)
    memcpy(p->states[n] + first, sf_neuron_program_next(p->program, n),
           lanes * sizeof(sf_word));
  for (uint32_t n = 0; n < p->neuron->emit_count; n++)
    memcpy(node->results[n] + first, sf_neuron_program_emit(p->program, n),
           lanes * sizeof(sf_word));
}

static sf_result report(const sf_interp *interp, const sf_interp_node *node,
                        const sf_neuron_overflow *overflow, size_t first) {
  char place[128], text[256];
  const sf_value *result = sf_op_result(node->op, 0);
  sf_interp_place(&result->type, first + overflow->lane, place, sizeof place);
  snprintf(text, sizeof text, "population '%%%.64s', element %s, step %" PRId64,
           result->name, place, interp->time);
  return sf_neuron_overflow_error(node->population->neuron, overflow,
                                  node->op->loc, text, interp->diag);
}

static sf_result run_neurons(sf_interp *interp, sf_interp_node *node) {
  sf_population *p = node->population;
  int64_t t = interp->time;
  if (t < p->start) {
    for (uint32_t n = 0; n < p->neuron->emit_count; n++)
      memset(node->results[n], 0, p->elements * sizeof(sf_word));
    return SF_OK;
  }
  if (p->period > 0 && (t - p->start) % p->period == 0) sf_population_reset(p);
  sf_neuron_moment moment = {.step = t, .seed = p->seed};
  for (size_t first = 0; first < p->elements; first += SF_LANES) {
    size_t left = p->elements - first;
    uint32_t lanes = left < SF_LANES ? (uint32_t)left : SF_LANES;
    sf_neuron_overflow overflow;
    moment.first_element = (uint32_t)first;
    load_lanes(node, first, lanes);
    if (!sf_neuron_program_run(p->program, lanes, &moment, &overflow))
      return report(interp, node, &overflow, first);
    store_lanes(node, first, lanes);
  }
  return SF_OK;
}

/* ---- Preparation. ---- */

static bool inside(const sf_param *param, sf_word word) {
  if (!param->has_range) return true;
  if (param->value->type.kind == SF_SCALAR_F32)
    return word.f >= param->low.f && word.f <= param->high.f;
  return word.i >= param->low.i && word.i <= param->high.i;
}

/* Proofs rely on the declared range, so what a file holds is checked. */
static sf_result check_range(const sf_interp *interp, const sf_op *op,
                             const sf_param *param, const sf_blob *blob,
                             const sf_word *words) {
  size_t elements = sf_blob_elements(blob);
  for (size_t n = 0; n < elements; n++) {
    if (inside(param, words[n])) continue;
    char place[128];
    sf_interp_place(&blob->type, n, place, sizeof place);
    return sf_error(interp->diag, SF_DIAG_BLOB, op->loc,
                    "'@%s' is outside [%g, %g], the range of param '%%%s', at "
                    "%s",
                    blob->name, param->low.d, param->high.d, param->value->name,
                    place);
  }
  return SF_OK;
}

static sf_result prepare_param(sf_interp *interp, const sf_op *op,
                               uint32_t index, population_param *out) {
  const sf_param *param = &op->neuron->params[index];
  const sf_argument *argument = &op->arguments[index];
  sf_scalar type = param->value->type;
  switch (argument->kind) {
  case SF_ARGUMENT_DEFAULT:
    out->uniform = sf_number_word(param->initial, type);
    return SF_OK;
  case SF_ARGUMENT_NUMBER:
    out->uniform = sf_number_word(argument->number, type);
    return SF_OK;
  case SF_ARGUMENT_BLOB:
    break;
  }
  SF_TRY(sf_interp_blob_words(interp, argument->blob, &out->each));
  SF_TRY(check_range(interp, op, param, argument->blob, out->each));
  return sf_broadcast_map(interp, &argument->blob->type,
                          &sf_op_result(op, 0)->type, &out->map);
}

static void write_uniform(const sf_population *p) {
  for (uint32_t n = 0; n < p->neuron->param_count; n++) {
    sf_word *out = sf_neuron_program_register(p->program,
                                              p->neuron->params[n].value->slot);
    for (uint32_t k = 0; k < SF_LANES; k++)
      out[k] = p->params[n].uniform;
  }
}

static sf_result allocate(sf_interp *interp, sf_population *p) {
  const sf_neuron *neuron = p->neuron;
  p->params =
      SF_NEW_ARRAY(interp->arena, population_param, neuron->param_count + 1u);
  p->states = SF_NEW_ARRAY(interp->arena, sf_word *, neuron->state_count + 1u);
  if (!p->params || !p->states) return SF_OOM;
  for (uint32_t n = 0; n < neuron->state_count; n++) {
    p->states[n] = SF_NEW_ARRAY(interp->arena, sf_word, p->elements);
    if (!p->states[n]) return SF_OOM;
  }
  return SF_OK;
}

sf_result sf_prepare_neurons(sf_interp *interp, sf_interp_node *node) {
  sf_population *p = SF_NEW(interp->arena, sf_population);
  if (!p) return SF_OOM;
  const sf_op *op = node->op;
  node->population = p;
  node->run = run_neurons;
  p->neuron = op->neuron;
  p->elements = sf_type_elements(&sf_op_result(op, 0)->type);
  p->start = sf_op_int(op, SF_ATTR_start);
  p->period = interp->network->period > 0 ? interp->network->period : 0;
  p->seed = sf_op_has_attr(op, SF_ATTR_seed)
                ? (uint64_t)sf_op_int(op, SF_ATTR_seed)
                : 0;
  SF_TRY(sf_neuron_program_create(op->neuron, interp->arena, interp->diag,
                                  &p->program));
  SF_TRY(allocate(interp, p));
  for (uint32_t n = 0; n < op->neuron->param_count; n++)
    SF_TRY(prepare_param(interp, op, n, &p->params[n]));
  write_uniform(p);
  return SF_OK;
}
