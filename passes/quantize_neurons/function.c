/* function.c - a neuron function in integers.
 *
 *   %k = mul %beta, %v          %x.u = shl.sat %x {shift = 4} : i32
 *   %h = add %k, %x        =>   %k = mulshr.sat %v, 29491 {shift = 15} : i32
 *   %s = gt %h, %theta          %h = add.sat %k, %x.u : i32
 *                               %s = gt %h, %theta
 *
 * Every number has a degree (degrees.h) and fraction bits: real = integer
 * u^degree / 2^bits. What is added or compared is brought to the same bits; all
 * have 32 bits and saturate, products round to nearest, a half up. */
#include "passes/quantize_neurons/function.h"

#include <math.h>
#include <string.h>

enum {
  HEADROOM = 26,   /* bits of the largest numbers that products are made for */
  PLAIN_BITS = 16, /* fraction bits of what has no unit */
  FRACTION_MAX = 16,
  CONSTANT_BITS = 19 /* of the largest threshold: the rest is headroom */
};

int sf_fraction_of(const sf_translator *t, int degree) {
  if (degree == 0) return PLAIN_BITS;
  return degree * t->fraction - HEADROOM * (degree - 1);
}

/* ---- Constants. ---- */

static bool all_equal(const int32_t *values, uint32_t count) {
  for (uint32_t i = 1; i < count; i++)
    if (values[i] != values[0]) return false;
  return true;
}

/* Remembers where a param of the new function comes from. */
static sf_result note_param(sf_translator *t, uint32_t origin) {
  if (t->origin_count == t->origin_capacity) {
    uint32_t capacity = 2 * t->origin_capacity + 8;
    uint32_t *grown = SF_NEW_ARRAY(t->job->run->scratch, uint32_t, capacity);
    if (!grown) return SF_OOM;
    for (uint32_t i = 0; i < t->origin_count; i++)
      grown[i] = t->origin[i];
    t->origin = grown;
    t->origin_capacity = capacity;
  }
  t->origin[t->origin_count++] = origin;
  return SF_OK;
}

static sf_result push_made(sf_translator *t, sf_made_param made) {
  if (t->made_count == t->made_capacity) {
    uint32_t capacity = 2 * t->made_capacity + 8;
    sf_made_param *grown =
        SF_NEW_ARRAY(t->job->run->scratch, sf_made_param, capacity);
    if (!grown) return SF_OOM;
    for (uint32_t i = 0; i < t->made_count; i++)
      grown[i] = t->made[i];
    t->made = grown;
    t->made_capacity = capacity;
  }
  t->made[t->made_count++] = made;
  return SF_OK;
}

static sf_result add_made(sf_translator *t, sf_made_param made,
                          const char *name, sf_noperand *out) {
  sf_param *param = sf_neuron_add_param(t->to, name, sf_int(32));
  if (!param) return SF_OOM;
  made.index = t->to->param_count - 1;
  *out = sf_noperand_value(param->value);
  SF_TRY(note_param(t, 0));
  return push_made(t, made);
}

sf_result sf_fixed_constant(sf_translator *t, const double *values,
                            const char *name, int degree, int bits,
                            sf_noperand *out) {
  for (uint32_t i = 0; i < t->made_count; i++) {
    const sf_made_param *m = &t->made[i];
    if (m->values != values || m->degree != degree || m->bits != bits) continue;
    *out = sf_noperand_value(t->to->params[m->index].value);
    return SF_OK;
  }
  int32_t *integers = sf_constant_round(&t->constants, values, degree, bits);
  if (!integers) return SF_OOM;
  bool is_param = false;
  for (uint32_t i = 0; i < t->from->param_count; i++)
    is_param = is_param ||
               t->constants.of_slot[t->from->params[i].value->slot] == values;
  if (!is_param && all_equal(integers, t->constants.count)) {
    *out = sf_noperand_number(sf_number_int(integers[0]));
    return SF_OK;
  }
  sf_made_param made = {values, degree, bits, integers, 0};
  return add_made(t, made, name, out);
}

sf_result sf_fixed_align(sf_translator *t, const sf_noperand *operand,
                         int degree, int bits, sf_noperand *out) {
  const sf_fixed *value = operand->value && t->of[operand->value->slot].known
                              ? &t->of[operand->value->slot]
                              : NULL;
  if (!value) {
    const double *values = sf_constant_of(&t->constants, operand);
    if (!values) return SF_OOM;
    const char *name = operand->value ? operand->value->name : "c";
    return sf_fixed_constant(t, values, name, degree, bits, out);
  }
  *out = value->operand;
  int shift = bits - value->bits;
  if (shift == 0) return SF_OK;
  sf_stmt *s = sf_neuron_add_stmt(t->to, shift > 0 ? SF_NOP_SHL : SF_NOP_SHR,
                                  operand->value->name, sf_int(32));
  if (!s) return SF_OOM;
  s->operand[0] = value->operand;
  s->mode = SF_MODE_SAT;
  s->shift = (uint8_t)fmin(fabs((double)shift), 31);
  if (shift < 0) s->round = SF_ROUND_HALF_UP;
  *out = sf_noperand_value(s->result);
  return SF_OK;
}

sf_result sf_fixed_operand(sf_translator *t, const sf_stmt *stmt,
                           uint32_t index, int bits, sf_noperand *out) {
  int degree = sf_degree_of_operand(&t->degrees, stmt, index);
  return sf_fixed_align(t, &stmt->operand[index], degree, bits, out);
}

/* ---- Bits of a potential. ---- */

static void widen_most(const sf_translator *t, const sf_stmt *stmt,
                       uint32_t index, double *most) {
  const sf_noperand *o = &stmt->operand[index];
  if (!sf_is_f32(sf_stmt_operand_type(stmt, index)) ||
      sf_degree_of_operand(&t->degrees, stmt, index) != 1)
    return;
  if (!o->value) {
    for (uint32_t i = 0; i < t->constants.count && isfinite(o->literal.f); i++)
      *most =
          fmax(*most, fabs((double)o->literal.f) / t->constants.unit_values[i]);
    return;
  }
  const double *values = t->constants.of_slot[o->value->slot];
  if (values) *most = fmax(*most, sf_constant_most(&t->constants, values, 1));
}

/* The largest threshold gets CONSTANT_BITS, so that potentials have room for
 * thousands of it. */
static void choose_fraction(sf_translator *t) {
  double most = 0;
  for (uint32_t i = 0; i < t->from->stmt_count; i++)
    for (uint32_t k = 0; k < t->from->stmts[i].operand_count; k++)
      widen_most(t, &t->from->stmts[i], k, &most);
  int bits = CONSTANT_BITS - (most > 0 ? (int)ceil(log2(most)) : 10);
  t->fraction = bits < 0 ? 0 : bits > FRACTION_MAX ? FRACTION_MAX : bits;
}

/* ---- Inputs, params, states. ---- */

static sf_result add_inputs(sf_translator *t, sf_value *const *operands) {
  for (uint32_t i = 0; i < t->from->input_count; i++) {
    const sf_nvalue *old = t->from->inputs[i];
    sf_nvalue *input =
        sf_neuron_add_input(t->to, old->name, operands[i]->type.scalar);
    if (!input) return SF_OOM;
    if (!sf_is_f32(old->type)) {
      t->copy[old->slot] = input;
      continue;
    }
    t->of[old->slot] = (sf_fixed){
        .operand = sf_noperand_value(input), .degree = 1, .known = true};
  }
  return SF_OK;
}

/* Params that are no f32 stay; the others come where they are used. */
static sf_result copy_params(sf_translator *t) {
  for (uint32_t i = 0; i < t->from->param_count; i++) {
    const sf_param *old = &t->from->params[i];
    if (sf_is_f32(old->value->type)) continue;
    sf_param *param =
        sf_neuron_add_param(t->to, old->value->name, old->value->type);
    if (!param) return SF_OOM;
    t->copy[old->value->slot] = param->value;
    param->has_range = old->has_range;
    param->has_default = old->has_default;
    param->low = old->low;
    param->high = old->high;
    param->initial = old->initial;
    SF_TRY(note_param(t, i + 1));
  }
  return SF_OK;
}

static sf_result add_state(sf_translator *t, uint32_t index) {
  const sf_state *old = &t->from->states[index];
  const sf_nvalue *value = old->value;
  bool is_f32 = sf_is_f32(value->type);
  int degree = t->degrees.of[value->slot];
  int bits = is_f32 ? sf_fraction_of(t, degree) : 0;
  sf_noperand initial = sf_noperand_number(old->initial);
  if (old->initial_param)
    initial = sf_noperand_value((sf_nvalue *)old->initial_param);
  if (is_f32)
    SF_TRY(sf_fixed_align(t, &initial, degree, bits, &initial));
  else if (initial.value)
    initial = sf_noperand_value(t->copy[initial.value->slot]);
  sf_state *state = sf_neuron_add_state(t->to, value->name,
                                        is_f32 ? sf_int(32) : value->type);
  if (!state) return SF_OOM;
  state->initial_param = initial.value;
  state->initial = initial.literal;
  if (is_f32)
    t->of[value->slot] =
        (sf_fixed){sf_noperand_value(state->value), degree, bits, true, false};
  else
    t->copy[value->slot] = state->value;
  return SF_OK;
}

static sf_result add_nexts(sf_translator *t) {
  for (uint32_t i = 0; i < t->from->state_count; i++) {
    const sf_state *old = &t->from->states[i];
    if (!old->has_next) continue;
    int degree = t->degrees.of[old->value->slot];
    sf_noperand next = old->next;
    if (sf_is_f32(old->value->type))
      SF_TRY(sf_fixed_align(t, &old->next, degree, sf_fraction_of(t, degree),
                            &next));
    else if (next.value)
      next = sf_noperand_value(t->copy[next.value->slot]);
    t->to->states[i].has_next = true;
    t->to->states[i].next = next;
  }
  return SF_OK;
}

static sf_result add_emits(sf_translator *t) {
  for (uint32_t i = 0; i < t->from->emit_count; i++) {
    sf_noperand emit = t->from->emits[i];
    sf_scalar type = t->from->emit_types[i];
    if (sf_is_f32(type)) {
      int degree = emit.value ? t->degrees.of[emit.value->slot] : 1;
      SF_TRY(
          sf_fixed_align(t, &emit, degree, sf_fraction_of(t, degree), &emit));
      type = sf_int(32);
    } else if (emit.value) {
      emit = sf_noperand_value(t->copy[emit.value->slot]);
    }
    if (sf_neuron_add_emit(t->to, emit, type) != SF_OK) return SF_OOM;
  }
  return SF_OK;
}

/* ---- The function and its population. ---- */

static sf_neuron *create(sf_translator *t) {
  sf_module *module = t->job->run->module;
  for (unsigned n = 0;; n++) {
    const char *name =
        n ? sf_arena_printf(t->job->run->scratch, "%s.int.%u", t->from->name, n)
          : sf_arena_printf(t->job->run->scratch, "%s.int", t->from->name);
    if (!name) return NULL;
    if (sf_module_find_neuron(module, (sf_slice){name, strlen(name)})) continue;
    return sf_neuron_create(module, name, t->from->loc);
  }
}

static sf_result build(sf_translator *t, sf_value *const *operands) {
  SF_TRY(add_inputs(t, operands));
  SF_TRY(copy_params(t));
  for (uint32_t i = 0; i < t->from->state_count; i++)
    SF_TRY(add_state(t, i));
  for (uint32_t i = 0; i < t->from->stmt_count; i++)
    SF_TRY(sf_fixed_statement(t, &t->from->stmts[i]));
  SF_TRY(add_nexts(t));
  return add_emits(t);
}

/* One function for all populations that come out the same. */
static void share(sf_translator *t) {
  for (sf_neuron *n = t->job->run->module->first_neuron; n && n != t->to;
       n = n->next) {
    if (!sf_neuron_same_structure(n, t->to)) continue;
    sf_neuron_erase(t->to);
    t->to = n;
    return;
  }
}

static sf_result set_made(sf_translator *t, sf_op *op,
                          const sf_made_param *made) {
  sf_argument *argument = &op->arguments[made->index];
  if (all_equal(made->integers, t->constants.count)) {
    sf_argument_set_number(argument, sf_number_int(made->integers[0]));
    return SF_OK;
  }
  sf_type type = t->constants.type;
  type.scalar = sf_int(32);
  const char *name =
      sf_arena_printf(t->job->run->scratch, "%s.%s", t->op->results[0]->name,
                      t->to->params[made->index].value->name);
  sf_blob *blob = name ? sf_blob_create_i32(t->job->run->module, name, &type,
                                            made->integers)
                       : NULL;
  if (!blob) return SF_OOM;
  sf_argument_set_blob(argument, blob);
  return SF_OK;
}

static sf_result set_arguments(sf_translator *t, sf_op *op) {
  for (uint32_t i = 0; i < t->origin_count; i++) {
    if (!t->origin[i]) continue;
    const sf_argument *old = &t->op->arguments[t->origin[i] - 1];
    if (old->kind == SF_ARGUMENT_NUMBER)
      sf_argument_set_number(&op->arguments[i], old->number);
    if (old->kind == SF_ARGUMENT_BLOB)
      sf_argument_set_blob(&op->arguments[i], old->blob);
  }
  for (uint32_t i = 0; i < t->made_count; i++)
    SF_TRY(set_made(t, op, &t->made[i]));
  return SF_OK;
}

/* Results: integers where f32 was sent, which only the network may return. */
static sf_result add_results(sf_translator *t, sf_op *op) {
  for (uint32_t i = 0; i < t->op->result_count; i++) {
    sf_value *old = t->op->results[i];
    sf_type type = old->type;
    if (sf_is_f32(type.scalar)) type.scalar = sf_int(32);
    sf_value *value = sf_op_add_result(op, old->name, &type);
    if (!value) return SF_OOM;
    SF_FOREACH_USE(use, old)
      if (use->op && sf_is_f32(old->type.scalar)) {
        sf_error(t->job->run->diag, SF_DIAG_NOT_NORMAL, t->op->loc,
                 "'%%%s' sends f32 to '%%%s'; a chip sends spikes and integers",
                 old->name, use->op->results[0]->name);
        return SF_FAIL;
      }
    sf_value_replace_all_uses(old, value);
  }
  return SF_OK;
}

static sf_result place(sf_translator *t, sf_value *const *operands,
                       sf_op **out) {
  sf_op *op = sf_op_create(t->op->network, t->op, SF_OP_NEURONS,
                           t->op->operand_count, t->op->loc);
  if (!op) return SF_OOM;
  SF_TRY(sf_op_set_neuron(op, t->to));
  for (uint32_t i = 0; i < t->op->operand_count; i++)
    sf_op_set_operand(op, i, operands[i]);
  for (uint32_t i = 0; i < t->op->attr_count; i++)
    SF_TRY(sf_op_set_int(op, t->op->attrs[i].id, t->op->attrs[i].i));
  SF_TRY(set_arguments(t, op));
  *out = op;
  return add_results(t, op);
}

sf_result sf_neurons_translate(sf_neurons_job *job, sf_op *op,
                               const sf_unit *unit, sf_value *const *operands,
                               sf_neurons_layer *layer) {
  sf_translator t = {.job = job, .op = op, .from = op->neuron};
  sf_arena *arena = job->run->scratch;
  SF_TRY(sf_degrees_infer(t.from, arena, &t.degrees));
  if (t.degrees.bad_value) {
    return sf_error(job->run->diag, SF_DIAG_NOT_NORMAL, op->loc,
                    "'%%%s': '%%%s' of @%s adds or compares numbers of "
                    "different units",
                    op->results[0]->name, t.degrees.bad_value->name,
                    t.from->name);
  }
  SF_TRY(sf_constants_create(job, op, unit, &t.constants));
  choose_fraction(&t);
  t.of = SF_NEW_ARRAY(arena, sf_fixed, t.from->value_count + 1u);
  t.copy = SF_NEW_ARRAY(arena, sf_nvalue *, t.from->value_count + 1u);
  if (!t.of || !t.copy) return SF_OOM;
  t.to = create(&t);
  if (!t.to) return SF_OOM;
  SF_TRY(build(&t, operands));
  share(&t);
  sf_op *out = NULL;
  SF_TRY(place(&t, operands, &out));
  layer->value = out->results[0];
  layer->fraction = (unsigned)t.fraction;
  layer->constant_error = t.constants.error;
  return SF_OK;
}
