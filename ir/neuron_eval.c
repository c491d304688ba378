/* neuron_eval.c - runs compiled neuron functions, one statement over many
 * elements at a time. docs/ir.md 6. */
#include "ir/neuron_program.h"

#include "ir/arith.h"
#include "support/hash.h"

#include <math.h>

/* Integer results, before they are fitted to their width. Operands are at most
 * 32 bits wide, so that sums, products and shifts are exact in 64 bits. */
typedef struct lanes64 {
  int64_t value[SF_LANES];
} lanes64;

#define EACH_LANE for (uint32_t k = 0; k < lanes; k++)

static void arithmetic(const sf_instruction *in, const sf_word *a,
                       const sf_word *b, uint32_t lanes, int64_t *out) {
  switch (in->kind) {
  case SF_NOP_ADD:
    EACH_LANE out[k] = (int64_t)a[k].i + b[k].i;
    break;
  case SF_NOP_SUB:
    EACH_LANE out[k] = (int64_t)a[k].i - b[k].i;
    break;
  case SF_NOP_MUL:
    EACH_LANE out[k] = (int64_t)a[k].i * b[k].i;
    break;
  case SF_NOP_MULSHR:
    EACH_LANE out[k] =
        sf_shift_round_inline((int64_t)a[k].i * b[k].i, in->shift, in->round);
    break;
  case SF_NOP_SHR:
    EACH_LANE out[k] = sf_shift_round_inline(a[k].i, in->shift, in->round);
    break;
  case SF_NOP_SHL:
    EACH_LANE out[k] = a[k].i * (INT64_C(1) << in->shift);
    break;
  case SF_NOP_DIV:
    EACH_LANE out[k] = sf_divide_round(a[k].i, b[k].i, in->round);
    break;
  case SF_NOP_NEG:
    EACH_LANE out[k] = -(int64_t)a[k].i;
    break;
  case SF_NOP_ABS:
    EACH_LANE out[k] = a[k].i < 0 ? -(int64_t)a[k].i : a[k].i;
    break;
  case SF_NOP_MIN:
    EACH_LANE out[k] = a[k].i < b[k].i ? a[k].i : b[k].i;
    break;
  case SF_NOP_MAX:
    EACH_LANE out[k] = a[k].i > b[k].i ? a[k].i : b[k].i;
    break;
  default:
    EACH_LANE out[k] = a[k].i;
    break; /* widen */
  }
}

static bool fit_lanes(const sf_instruction *in, const int64_t *value,
                      uint32_t lanes, sf_word *out,
                      sf_neuron_overflow *overflow) {
  int64_t low = sf_scalar_min(in->type), high = sf_scalar_max(in->type);
  EACH_LANE {
    int64_t fitted = value[k];
    if ((fitted < low || fitted > high) &&
        !sf_fit(fitted, in->type, in->mode, &fitted)) {
      *overflow = (sf_neuron_overflow){in->stmt, k, (double)value[k]};
      return false;
    }
    out[k].i = (int32_t)fitted;
  }
  return true;
}

static void arithmetic_f32(const sf_instruction *in, const sf_word *a,
                           const sf_word *b, uint32_t lanes, sf_word *out) {
  switch (in->kind) {
  case SF_NOP_ADD:
    EACH_LANE out[k].f = a[k].f + b[k].f;
    break;
  case SF_NOP_SUB:
    EACH_LANE out[k].f = a[k].f - b[k].f;
    break;
  case SF_NOP_MUL:
    EACH_LANE out[k].f = a[k].f * b[k].f;
    break;
  case SF_NOP_DIV:
    EACH_LANE out[k].f = a[k].f / b[k].f;
    break;
  case SF_NOP_NEG:
    EACH_LANE out[k].f = -a[k].f;
    break;
  case SF_NOP_ABS:
    EACH_LANE out[k].f = fabsf(a[k].f);
    break;
  case SF_NOP_MIN:
    EACH_LANE out[k].f = a[k].f < b[k].f ? a[k].f : b[k].f;
    break;
  case SF_NOP_MAX:
    EACH_LANE out[k].f = a[k].f > b[k].f ? a[k].f : b[k].f;
    break;
  case SF_NOP_SQRT:
    EACH_LANE out[k].f = sqrtf(a[k].f);
    break;
  case SF_NOP_FLOOR:
    EACH_LANE out[k].f = floorf(a[k].f);
    break;
  case SF_NOP_CEIL:
    EACH_LANE out[k].f = ceilf(a[k].f);
    break;
  case SF_NOP_TRUNC:
    EACH_LANE out[k].f = truncf(a[k].f);
    break;
  case SF_NOP_RINT:
    EACH_LANE out[k].f = rintf(a[k].f);
    break;
  default:
    EACH_LANE out[k].f = sf_exp_f32(a[k].f);
    break;
  }
}

static void compare(const sf_instruction *in, const sf_word *a,
                    const sf_word *b, uint32_t lanes, sf_word *out) {
  switch (in->kind) {
  case SF_NOP_EQ:
    EACH_LANE out[k].i = a[k].i == b[k].i;
    break;
  case SF_NOP_NE:
    EACH_LANE out[k].i = a[k].i != b[k].i;
    break;
  case SF_NOP_LT:
    EACH_LANE out[k].i = a[k].i < b[k].i;
    break;
  case SF_NOP_LE:
    EACH_LANE out[k].i = a[k].i <= b[k].i;
    break;
  case SF_NOP_GT:
    EACH_LANE out[k].i = a[k].i > b[k].i;
    break;
  default:
    EACH_LANE out[k].i = a[k].i >= b[k].i;
    break;
  }
}

static void compare_f32(const sf_instruction *in, const sf_word *a,
                        const sf_word *b, uint32_t lanes, sf_word *out) {
  switch (in->kind) {
  case SF_NOP_EQ:
    EACH_LANE out[k].i = a[k].f == b[k].f;
    break;
  case SF_NOP_NE:
    EACH_LANE out[k].i = a[k].f != b[k].f;
    break;
  case SF_NOP_LT:
    EACH_LANE out[k].i = a[k].f < b[k].f;
    break;
  case SF_NOP_LE:
    EACH_LANE out[k].i = a[k].f <= b[k].f;
    break;
  case SF_NOP_GT:
    EACH_LANE out[k].i = a[k].f > b[k].f;
    break;
  default:
    EACH_LANE out[k].i = a[k].f >= b[k].f;
    break;
  }
}

static void logic(const sf_instruction *in, const sf_word *a, const sf_word *b,
                  uint32_t lanes, sf_word *out) {
  switch (in->kind) {
  case SF_NOP_AND:
    EACH_LANE out[k].i = a[k].i & b[k].i;
    break;
  case SF_NOP_OR:
    EACH_LANE out[k].i = a[k].i | b[k].i;
    break;
  case SF_NOP_XOR:
    EACH_LANE out[k].i = a[k].i ^ b[k].i;
    break;
  default:
    EACH_LANE out[k].i = !a[k].i;
    break;
  }
}

static bool to_int(const sf_instruction *in, const sf_word *a, uint32_t lanes,
                   sf_word *out, sf_neuron_overflow *overflow) {
  EACH_LANE {
    int64_t fitted;
    double value = sf_round_f64((double)a[k].f, in->round);
    if (!sf_fit_f64(value, in->type, in->mode, &fitted)) {
      *overflow = (sf_neuron_overflow){in->stmt, k, value};
      return false;
    }
    out[k].i = (int32_t)fitted;
  }
  return true;
}

static void lookup(const sf_instruction *in, const sf_word *a, uint32_t lanes,
                   sf_word *out) {
  EACH_LANE {
    int64_t index = a[k].i;
    if (index < 0) index = 0;
    if (index >= (int64_t)in->table_size) index = (int64_t)in->table_size - 1;
    out[k] = in->table[index];
  }
}

static void draw(const sf_instruction *in, const sf_neuron_moment *moment,
                 uint32_t lanes, sf_word *out) {
  const uint32_t key[2] = {(uint32_t)moment->seed,
                           (uint32_t)(moment->seed >> 32)};
  EACH_LANE {
    const uint32_t counter[4] = {moment->first_element + k,
                                 (uint32_t)moment->step, in->occurrence,
                                 (uint32_t)((uint64_t)moment->step >> 32)};
    uint32_t block[4];
    sf_philox(key, counter, block);
    out[k].i = (int32_t)block[0];
  }
}

static bool run_instruction(sf_neuron_program *p, const sf_instruction *in,
                            uint32_t lanes, const sf_neuron_moment *moment,
                            sf_neuron_overflow *overflow) {
  const sf_word *a = sf_neuron_program_register(p, in->a);
  const sf_word *b = sf_neuron_program_register(p, in->b);
  const sf_word *c = sf_neuron_program_register(p, in->c);
  sf_word *out = sf_neuron_program_register(p, in->result);
  lanes64 exact;
  switch (in->form) {
  case SF_FORM_INTEGER:
    arithmetic(in, a, b, lanes, exact.value);
    return fit_lanes(in, exact.value, lanes, out, overflow);
  case SF_FORM_F32:
    arithmetic_f32(in, a, b, lanes, out);
    break;
  case SF_FORM_COMPARE:
    compare(in, a, b, lanes, out);
    break;
  case SF_FORM_COMPARE_F32:
    compare_f32(in, a, b, lanes, out);
    break;
  case SF_FORM_LOGIC:
    logic(in, a, b, lanes, out);
    break;
  case SF_FORM_SELECT:
    EACH_LANE out[k] = a[k].i ? b[k] : c[k];
    break;
  case SF_FORM_TO_INT:
    return to_int(in, a, lanes, out, overflow);
  case SF_FORM_TO_FLOAT:
    EACH_LANE out[k].f = (float)a[k].i;
    break;
  case SF_FORM_LOOKUP:
    lookup(in, a, lanes, out);
    break;
  case SF_FORM_RAND:
    draw(in, moment, lanes, out);
    break;
  }
  return true;
}

bool sf_neuron_program_run(sf_neuron_program *program, uint32_t lanes,
                           const sf_neuron_moment *moment,
                           sf_neuron_overflow *overflow) {
  for (uint32_t n = 0; n < program->instruction_count; n++)
    if (!run_instruction(program, &program->instructions[n], lanes, moment,
                         overflow))
      return false;
  return true;
}

sf_result sf_neuron_eval(const sf_neuron *neuron, const sf_word *inputs,
                         const sf_word *params, sf_word *states, sf_word *emits,
                         sf_diag *diag) {
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_neuron_program *p;
  sf_result result = sf_neuron_program_create(neuron, arena, diag, &p);
  if (result == SF_OK) {
    for (uint32_t n = 0; n < neuron->input_count; n++)
      *sf_neuron_program_register(p, neuron->inputs[n]->slot) = inputs[n];
    for (uint32_t n = 0; n < neuron->param_count; n++)
      *sf_neuron_program_register(p, neuron->params[n].value->slot) = params[n];
    for (uint32_t n = 0; n < neuron->state_count; n++)
      *sf_neuron_program_register(p, neuron->states[n].value->slot) = states[n];
    sf_neuron_overflow overflow;
    sf_neuron_moment moment = {0};
    if (!sf_neuron_program_run(p, 1, &moment, &overflow))
      result = sf_neuron_overflow_error(neuron, &overflow, overflow.stmt->loc,
                                        NULL, diag);
  }
  if (result == SF_OK) {
    for (uint32_t n = 0; n < neuron->emit_count; n++)
      emits[n] = *sf_neuron_program_emit(p, n);
    for (uint32_t n = 0; n < neuron->state_count; n++)
      states[n] = *sf_neuron_program_next(p, n);
  }
  sf_arena_destroy(arena);
  return result;
}
