/* table.c - a function of few integers as a table.
 *
 * Once a step it is `lookup`. Spikes that add up need the difference to what
 * was sent so far (conversion.md 1.6): Y(t) = f(X(t)) - f(X(t - 1)). Where the
 * spikes join others, whose type holds levels but not all their differences,
 * what is left is sent in the next steps. */
#include "passes/convert/convert.h"

#include <string.h>

typedef struct builder {
  sf_converter *c;
  sf_site *site;
  sf_neuron *neuron;
  sf_blob *table;
  sf_scalar emit;
  bool adds_up;
  bool in_parts; /* the emitted type does not hold every difference */
  sf_nvalue *x, *base, *charge, *sum, *last;
} builder;

static sf_nvalue *stmt(builder *b, sf_nop_kind kind, sf_mode mode,
                       sf_scalar type, sf_noperand first, sf_noperand second) {
  sf_stmt *s = sf_neuron_add_stmt(b->neuron, kind, "t", type);
  if (!s) return NULL;
  s->mode = mode;
  s->operand[0] = first;
  if (kind == SF_NOP_LOOKUP)
    sf_stmt_set_blob(s, b->table);
  else
    s->operand[1] = second;
  return s->result;
}

static sf_noperand number(int64_t value) {
  return sf_noperand_number(sf_number_int(value));
}

static sf_result create_table(builder *b) {
  const sf_site *site = b->site;
  int32_t dim = site->table_size * (int32_t)site->count;
  sf_type type = sf_type_make(site->quantize->results[0]->type.scalar, 1, &dim);
  b->table = sf_blob_create_i32(b->c->run->module, "table", &type, site->table);
  return b->table ? SF_OK : SF_OOM;
}

static sf_result declare(builder *b) {
  sf_scalar wide = sf_int(32);
  b->neuron =
      sf_neuron_create(b->c->run->module, "table", b->site->quantize->loc);
  if (!b->neuron) return SF_OOM;
  b->x = sf_neuron_add_input(b->neuron, "x", wide);
  sf_param *base = sf_neuron_add_param(b->neuron, "base", wide);
  if (!b->x || !base) return SF_OOM;
  b->base = base->value;
  if (!b->adds_up) return SF_OK;
  sf_param *charge = sf_neuron_add_param(b->neuron, "charge", wide);
  if (!charge) return SF_OOM;
  b->charge = charge->value;
  sf_state *sum = sf_neuron_add_state(b->neuron, "sum", wide);
  if (!sum) return SF_OOM;
  sum->initial_param = b->charge;
  b->sum = sum->value;
  sf_state *last =
      sf_neuron_add_state(b->neuron, "last", b->table->type.scalar);
  if (!last) return SF_OOM;
  b->last = last->value;
  return SF_OK;
}

/* Index of the neuron's row, clamped to the row. */
static sf_nvalue *index_of(builder *b, sf_nvalue *x) {
  sf_scalar wide = sf_int(32);
  sf_nvalue *i = stmt(b, SF_NOP_SUB, SF_MODE_SAT, wide, sf_noperand_value(x),
                      number(b->site->table_first));
  if (i)
    i = stmt(b, SF_NOP_MAX, SF_MODE_NONE, wide, sf_noperand_value(i),
             number(0));
  if (i)
    i = stmt(b, SF_NOP_MIN, SF_MODE_NONE, wide, sf_noperand_value(i),
             number(b->site->table_size - 1));
  return i ? stmt(b, SF_NOP_ADD, SF_MODE_SAT, wide, sf_noperand_value(i),
                  sf_noperand_value(b->base))
           : NULL;
}

static sf_result build(builder *b) {
  sf_nvalue *x = b->x;
  if (b->adds_up)
    x = stmt(b, SF_NOP_ADD, SF_MODE_SAT, sf_int(32), sf_noperand_value(b->sum),
             sf_noperand_value(x));
  sf_nvalue *total = x;
  sf_nvalue *index = x ? index_of(b, x) : NULL;
  sf_nvalue *y =
      index ? stmt(b, SF_NOP_LOOKUP, SF_MODE_NONE, b->table->type.scalar,
                   sf_noperand_value(index), number(0))
            : NULL;
  if (!y) return SF_OOM;
  sf_nvalue *out = y;
  if (b->adds_up) {
    /* Unless in parts it never saturates: no interval over single steps shows
     * it. What was sent lies between two levels, so its sum never does. */
    out = stmt(b, SF_NOP_SUB, SF_MODE_SAT, b->emit, sf_noperand_value(y),
               sf_noperand_value(b->last));
    if (!out) return SF_OOM;
    sf_nvalue *sent =
        b->in_parts ? stmt(b, SF_NOP_ADD, SF_MODE_SAT, b->table->type.scalar,
                           sf_noperand_value(b->last), sf_noperand_value(out))
                    : y;
    if (!sent) return SF_OOM;
    sf_noperand next[] = {sf_noperand_value(total), sf_noperand_value(sent)};
    for (uint32_t i = 0; i < 2; i++) {
      b->neuron->states[i].has_next = true;
      b->neuron->states[i].next = next[i];
    }
  }
  return sf_neuron_add_emit(b->neuron, sf_noperand_value(out), b->emit);
}

static sf_result set_arguments(const builder *b, sf_op *op) {
  const sf_site *site = b->site;
  const sf_type *type = &site->source->type;
  int32_t *rows = SF_NEW_ARRAY(b->c->arena, int32_t, site->count);
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < site->count; i++)
    rows[i] = (int32_t)i * site->table_size;
  int32_t *base = sf_convert_spread(b->c, site, rows);
  if (!base) return SF_OOM;
  SF_TRY(sf_convert_argument(op, "base", type, base));
  if (!b->adds_up) return SF_OK;
  return sf_convert_argument(op, "charge", type, site->constant);
}

static sf_range levels_of(const sf_site *site) {
  sf_range range = {0, 0}; /* nothing is sent at first */
  for (size_t i = 0; i < (size_t)site->table_size * site->count; i++) {
    if (site->table[i] < range.low) range.low = site->table[i];
    if (site->table[i] > range.high) range.high = site->table[i];
  }
  return range;
}

int64_t sf_convert_table_settling(const sf_site *site) {
  if (!site->table || site->whole || !sf_convert_is_joined(site)) return 0;
  sf_range levels = levels_of(site);
  int64_t most = sf_scalar_max(site->quantize->results[0]->type.scalar);
  int64_t steps = (levels.high - levels.low + most - 1) / most;
  return steps > 1 ? steps - 1 : 0;
}

sf_result sf_convert_table(sf_converter *c, sf_site *site, sf_value *current) {
  builder b = {.c = c,
               .site = site,
               .adds_up = c->form == SF_FORM_STBIF && !site->whole,
               .emit = site->quantize->results[0]->type.scalar};
  /* Differences of levels from zero up fit the levels' own type. */
  bool wider = b.adds_up && levels_of(site).low < 0;
  b.in_parts = wider && sf_convert_is_joined(site);
  if (wider && !b.in_parts && b.emit.bits < SF_INT_BITS_MAX) b.emit.bits++;
  SF_TRY(create_table(&b));
  SF_TRY(declare(&b));
  SF_TRY(build(&b));
  sf_op *op = sf_op_create(c->network, site->quantize, SF_OP_NEURONS, 1,
                           site->quantize->loc);
  if (!op || sf_op_set_neuron(op, b.neuron) != SF_OK) return SF_OOM;
  sf_op_set_operand(op, 0, current);
  SF_TRY(set_arguments(&b, op));
  sf_type type = site->source->type;
  type.scalar = b.emit;
  site->result = sf_op_add_result(op, site->quantize->results[0]->name, &type);
  c->populations++;
  return site->result ? SF_OK : SF_OOM;
}
