/* generate_neuron.c - a random neuron function. */
#include "test/support/generate_private.h"

enum { VALUES_MAX = 64 };

typedef struct pool {
  sf_nvalue *values[VALUES_MAX];
  uint32_t count;
} pool;

static void add(sf_generator *g, pool *p, sf_nvalue *value) {
  if (!value)
    g->out_of_memory = true;
  else if (p->count < VALUES_MAX)
    p->values[p->count++] = value;
}

static sf_scalar draw_scalar(sf_generator *g) {
  switch (sf_draw(g, 4)) {
  case 0:
    return sf_spike();
  case 1:
    return sf_f32();
  default:
    return sf_draw_int(g);
  }
}

static unsigned class_of(sf_scalar type) {
  if (type.kind == SF_SCALAR_INT) return SF_NOP_CLASS_INT;
  return type.kind == SF_SCALAR_F32 ? SF_NOP_CLASS_F32 : SF_NOP_CLASS_SPIKE;
}

/* A value of the class, or of the type; NULL: there is none. */
static sf_nvalue *find(sf_generator *g, const pool *p, unsigned class,
                       const sf_scalar *type) {
  sf_nvalue *found = NULL;
  uint32_t seen = 0;
  for (uint32_t i = 0; i < p->count; i++) {
    sf_scalar have = p->values[i]->type;
    bool fits = type ? sf_scalar_equal(have, *type) : class_of(have) == class;
    if (fits && sf_draw(g, ++seen) == 0) found = p->values[i];
  }
  return found;
}

static sf_noperand literal_of(sf_generator *g, unsigned class) {
  sf_scalar scalar = class == SF_NOP_CLASS_F32     ? sf_f32()
                     : class == SF_NOP_CLASS_SPIKE ? sf_spike()
                                                   : sf_draw_int(g);
  return sf_noperand_number(sf_draw_number(g, scalar));
}

static sf_noperand draw_operand(sf_generator *g, const pool *p,
                                unsigned class) {
  sf_nvalue *value = sf_chance(g, 85) ? find(g, p, class, NULL) : NULL;
  return value ? sf_noperand_value(value) : literal_of(g, class);
}

/* Something of exactly this type: a value or a literal. */
static sf_noperand draw_exact(sf_generator *g, const pool *p, sf_scalar type) {
  sf_nvalue *value = sf_chance(g, 85) ? find(g, p, 0, &type) : NULL;
  return value ? sf_noperand_value(value)
               : sf_noperand_number(sf_draw_number(g, type));
}

static unsigned draw_class(sf_generator *g, unsigned classes) {
  for (;;) {
    unsigned class = 1U << sf_draw(g, 3);
    if (class & classes) return class;
  }
}

/* One list of values has to be known before the result's type is. */
static sf_scalar result_of(sf_generator *g, const sf_nop_info *info,
                           unsigned class) {
  if (info->traits & SF_NOP_TRAIT_COMPARE) return sf_spike();
  switch (info->kind) {
  case SF_NOP_TO_INT:
  case SF_NOP_WIDEN:
    return sf_draw_int(g);
  case SF_NOP_TO_FLOAT:
    return sf_f32();
  case SF_NOP_RAND:
    return sf_int(32);
  default:
    break;
  }
  if (class == SF_NOP_CLASS_INT) return sf_draw_int(g);
  return class == SF_NOP_CLASS_F32 ? sf_f32() : sf_spike();
}

static void draw_select(sf_generator *g, const pool *p, sf_stmt *stmt) {
  sf_scalar type = stmt->result->type;
  stmt->operand[0] = draw_operand(g, p, SF_NOP_CLASS_SPIKE);
  stmt->operand[1] = draw_exact(g, p, type);
  stmt->operand[2] = draw_exact(g, p, type);
}

static void draw_attrs(sf_generator *g, const sf_nop_info *info,
                       sf_stmt *stmt) {
  bool integer = stmt->result->type.kind == SF_SCALAR_INT;
  uint32_t most = info->kind == SF_NOP_MULSHR ? 63 : 32;
  if (info->traits & SF_NOP_TRAIT_SHIFT)
    stmt->shift = (uint8_t)sf_draw(g, most);
  if (!integer) return;
  if (info->traits & SF_NOP_TRAIT_MODE) stmt->mode = (sf_mode)sf_draw(g, 3);
  if (info->traits & SF_NOP_TRAIT_ROUND) stmt->round = (sf_round)sf_draw(g, 6);
}

static sf_blob *draw_table(sf_generator *g) {
  int32_t length = sf_draw_between(g, 1, 6);
  sf_scalar scalar = sf_chance(g, 50) ? sf_f32() : sf_draw_int(g);
  sf_type type = sf_type_make(scalar, 1, &length);
  return sf_draw_blob(g, &type);
}

static void add_stmt(sf_generator *g, sf_neuron *neuron, pool *p) {
  const sf_nop_info *info =
      sf_nop_info_at(sf_draw(g, (uint32_t)sf_nop_info_count()));
  unsigned class = info->operands ? draw_class(g, info->classes) : 0;
  sf_blob *table = info->traits & SF_NOP_TRAIT_BLOB ? draw_table(g) : NULL;
  sf_scalar type = table ? table->type.scalar : result_of(g, info, class);
  sf_stmt *stmt = sf_neuron_add_stmt(neuron, info->kind, sf_draw_name(g), type);
  if (!stmt) {
    g->out_of_memory = true;
    return;
  }
  if (table) sf_stmt_set_blob(stmt, table);
  for (uint32_t i = 0; i < info->operands; i++)
    stmt->operand[i] = draw_operand(g, p, class);
  if (info->kind == SF_NOP_SELECT) draw_select(g, p, stmt);
  draw_attrs(g, info, stmt);
  add(g, p, stmt->result);
}

static sf_number smaller(sf_number a, sf_number b) {
  return (a.is_float ? a.f < b.f : a.i < b.i) ? a : b;
}

static void add_param(sf_generator *g, sf_neuron *neuron, pool *p) {
  sf_scalar type = draw_scalar(g);
  sf_param *param = sf_neuron_add_param(neuron, sf_draw_name(g), type);
  if (!param) {
    g->out_of_memory = true;
    return;
  }
  add(g, p, param->value);
  if (type.kind != SF_SCALAR_SPIKE && sf_chance(g, 50)) {
    sf_number a = sf_draw_number(g, type), b = sf_draw_number(g, type);
    param->has_range = true;
    param->low = smaller(a, b);
    param->high = smaller(a, b).f == a.f && smaller(a, b).i == a.i ? b : a;
  }
  param->has_default = sf_chance(g, 60);
  if (!param->has_default) return;
  param->initial = param->has_range ? param->high : sf_draw_number(g, type);
}

static void add_state(sf_generator *g, sf_neuron *neuron, pool *p) {
  sf_scalar type = draw_scalar(g);
  sf_nvalue *param = NULL;
  for (uint32_t i = 0; i < neuron->param_count; i++)
    if (sf_scalar_equal(neuron->params[i].value->type, type) &&
        sf_chance(g, 50))
      param = neuron->params[i].value;
  sf_state *state = sf_neuron_add_state(neuron, sf_draw_name(g), type);
  if (!state) {
    g->out_of_memory = true;
    return;
  }
  state->initial_param = param;
  if (!param) state->initial = sf_draw_number(g, type);
  add(g, p, state->value);
}

sf_neuron *sf_generate_neuron(sf_generator *g) {
  sf_neuron *neuron = sf_neuron_create(g->module, sf_draw_name(g), SF_NO_LOC);
  if (!neuron) return NULL;
  pool p = {.count = 0};
  for (uint32_t i = sf_draw(g, 3) + 1; i > 0 && !g->out_of_memory; i--)
    add(g, &p, sf_neuron_add_input(neuron, sf_draw_name(g), draw_scalar(g)));
  for (uint32_t i = sf_draw(g, 4); i > 0 && !g->out_of_memory; i--)
    add_param(g, neuron, &p);
  for (uint32_t i = sf_draw(g, 4); i > 0 && !g->out_of_memory; i--)
    add_state(g, neuron, &p);
  for (uint32_t i = sf_draw(g, 13); i > 0 && !g->out_of_memory; i--)
    add_stmt(g, neuron, &p);
  for (uint32_t i = 0; i < neuron->state_count; i++) {
    sf_state *state = &neuron->states[i];
    state->has_next = sf_chance(g, 80);
    if (state->has_next) state->next = draw_exact(g, &p, state->value->type);
  }
  for (uint32_t i = sf_draw(g, 3) + 1; i > 0 && !g->out_of_memory; i--) {
    sf_scalar type = p.values[sf_draw(g, p.count)]->type;
    if (sf_neuron_add_emit(neuron, draw_exact(g, &p, type), type) != SF_OK)
      g->out_of_memory = true;
  }
  return g->out_of_memory ? NULL : neuron;
}
