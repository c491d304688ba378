/* partial.c - populations that send partial sums on.
 *
 * Graded links: one relay, whose message is the sum. Binary links: memoryless
 * neurons with the thresholds low + unit, low + 2 unit, .. high, each spike of
 * which is worth `unit`: low + unit * (number that fire) is the sum again, for
 * it is a multiple of the unit away from low. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/relay.h"

#include <inttypes.h>
#include <string.h>

static sf_result add_stream(sf_fan *fan, sf_fan_partial *partial,
                            sf_value *stream, int64_t unit) {
  if (partial->count == partial->capacity) {
    uint32_t capacity = partial->capacity ? 2 * partial->capacity : 16;
    sf_arena *arena = fan->run->scratch;
    sf_value **streams = SF_NEW_ARRAY(arena, sf_value *, capacity);
    int64_t *units = SF_NEW_ARRAY(arena, int64_t, capacity);
    if (!streams || !units) return SF_OOM;
    if (partial->count) {
      memcpy(streams, partial->streams, partial->count * sizeof *streams);
      memcpy(units, partial->units, partial->count * sizeof *units);
    }
    partial->streams = streams;
    partial->units = units;
    partial->capacity = capacity;
  }
  partial->streams[partial->count] = stream;
  partial->units[partial->count++] = unit;
  return SF_OK;
}

static sf_result relay(sf_fan *fan, sf_value *sum, sf_op *before,
                       sf_fan_partial *partial) {
  sf_value *sent = sf_relay_population(sum, before, fan->run->diag);
  if (!sent) return sf_diag_errors(fan->run->diag) ? SF_FAIL : SF_OOM;
  fan->partials++;
  return add_stream(fan, partial, sent, 1);
}

/* ---- Thermometers. ---- */

static bool is_threshold(const sf_neuron *n, sf_scalar read) {
  if (n->input_count != 1 || n->param_count != 1 || n->state_count ||
      n->stmt_count != 1 || n->emit_count != 1 ||
      !sf_scalar_equal(n->inputs[0]->type, read) ||
      !sf_scalar_equal(n->params[0].value->type, read))
    return false;
  const sf_stmt *s = &n->stmts[0];
  return s->kind == SF_NOP_GE && s->operand[0].value == n->inputs[0] &&
         s->operand[1].value == n->params[0].value &&
         n->emits[0].value == s->result;
}

/* (%x) {theta} -> x >= theta; the module's own when it is there. */
static sf_neuron *threshold_function(sf_module *module, sf_scalar read) {
  for (sf_neuron *n = module->first_neuron; n; n = n->next)
    if (is_threshold(n, read)) return n;
  sf_neuron *n = sf_neuron_create(module, "threshold", SF_NO_LOC);
  sf_nvalue *x = n ? sf_neuron_add_input(n, "x", read) : NULL;
  sf_param *theta = x ? sf_neuron_add_param(n, "theta", read) : NULL;
  sf_stmt *s = theta ? sf_neuron_add_stmt(n, SF_NOP_GE, "s", sf_spike()) : NULL;
  if (!s) return NULL;
  s->operand[0] = sf_noperand_value(x);
  s->operand[1] = sf_noperand_value(theta->value);
  bool emits =
      sf_neuron_add_emit(n, sf_noperand_value(s->result), sf_spike()) == SF_OK;
  return emits ? n : NULL;
}

static sf_value *threshold(sf_fan *fan, sf_neuron *neuron, sf_value *sum,
                           int64_t theta, sf_op *before) {
  sf_op *op = sf_op_create(fan->network, before, SF_OP_NEURONS, 1, before->loc);
  if (!op || sf_op_set_neuron(op, neuron) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, sum);
  sf_argument_set_number(&op->arguments[0], sf_number_int(theta));
  sf_type type = sum->type;
  type.scalar = sf_spike();
  return sf_op_add_result(op, sum->name, &type);
}

static sf_result thermometer(sf_fan *fan, sf_value *sum, int64_t unit,
                             sf_span span, sf_op *before,
                             sf_fan_partial *partial, const char **why) {
  /* low rounds down, high up, to a multiple of the unit around 0. */
  int64_t low = sf_divide_round((int64_t)span.low, unit, SF_ROUND_FLOOR);
  int64_t high = sf_divide_round((int64_t)span.high, unit, SF_ROUND_CEIL);
  if (high - low > SF_FAN_RELAYS_MAX) {
    *why = sf_arena_printf(fan->run->scratch,
                           "a partial sum has %" PRId64
                           " values, a thermometer at most %d",
                           high - low + 1, SF_FAN_RELAYS_MAX + 1);
    return *why ? SF_OK : SF_OOM;
  }
  sf_neuron *neuron = threshold_function(fan->run->module, sum->type.scalar);
  if (!neuron) return SF_OOM;
  for (int64_t k = low + 1; k <= high; k++) {
    sf_value *spikes = threshold(fan, neuron, sum, k * unit, before);
    if (!spikes) return SF_OOM;
    fan->partials++;
    SF_TRY(add_stream(fan, partial, spikes, unit));
  }
  partial->offset += low * unit;
  return SF_OK;
}

sf_result sf_fan_send(sf_fan *fan, sf_value *sum, int64_t unit, sf_span span,
                      sf_op *before, sf_fan_partial *partial,
                      const char **why) {
  *why = NULL;
  if (!fan->binary || sum->type.scalar.kind == SF_SCALAR_SPIKE)
    return relay(fan, sum, before, partial);
  return thermometer(fan, sum, unit, span, before, partial, why);
}
