/* obstacles.c - everything that has no spiking form, all at once, with what
 * would help. */
#include "passes/convert/convert.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sf_convert_refuse(sf_converter *c, const sf_op *op, const char *help,
                       const char *format, ...) {
  char text[300];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  sf_error(c->run->diag, SF_DIAG_NOT_NORMAL, op->loc, "'%%%s' (%s) %s",
           op->results[0]->name, sf_op_info_get(op->kind)->mnemonic, text);
  sf_help(c->run->diag, "%s", help);
  c->failed = true;
}

typedef struct row {
  sf_op_kind kind;
  const char *why, *help;
} row;

static const char *const unrounded =
    "works on f32: its operands or weights are not rounded";
static const char *const quantize_help =
    "run 'calibrate' and 'quantize' first, or give calibration samples "
    "(--calib)";
static const char *const quantized_help =
    "'quantize' found no integers for it where it stands; a mask of attention "
    "becomes integers as an input that is added to the scores, or that a Where "
    "chooses by; or run the model on 'cpu' without conversion";
static const char *const vector_help =
    "'calibrate' and 'quantize' (--calib) make it integers where a quantize of "
    "one step stands before it and one behind it; or run the model on 'cpu' "
    "without conversion";

static const row rows[] = {
    {SF_OP_LAYERNORM, "divides by the deviation of a whole vector",
     vector_help},
    {SF_OP_RMSNORM, "divides by the mean square of a whole vector",
     vector_help},
    {SF_OP_GROUPNORM, "divides by the deviation of a group", vector_help},
    {SF_OP_INSTANCENORM, "divides by the deviation of a channel", vector_help},
    {SF_OP_LRN, "divides by the sum of neighbouring squares",
     "round its operand to one step of at most 16 levels, none below zero, as "
     "'calibrate' does behind relu, and its result: then it is a table of two "
     "integers"},
    {SF_OP_SOFTMAX, "divides by the sum of a whole vector inside the network",
     vector_help},
    {SF_OP_MATMUL, "multiplies two streams of f32",
     "'calibrate' and 'quantize' (--calib) make it integers where both "
     "operands "
     "are rounded to one step"},
    {SF_OP_NEURONS, "is a function of f32 streams",
     "only a mask of attention that is an input, or that one chooses, becomes "
     "integers; run the model on 'cpu' without conversion"},
    {SF_OP_DIV, "divides one stream by another, and no sum of spikes does that",
     "a constant divisor is a factor of the weights; where both operands vary, "
     "end the network before it, or run the model on 'cpu' without "
     "conversion"},
    {SF_OP_ARGMAX,
     "takes the index of the largest element inside the network, and spikes "
     "carry values, not places",
     "only as the last layer it costs nothing: return what it reads, and the "
     "largest is found there; or run the model on 'cpu' without conversion"},
};

static const row *row_of(const sf_op *op) {
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++)
    if (rows[i].kind == op->kind) return &rows[i];
  return NULL;
}

static void report(sf_converter *c, const sf_op *op) {
  const row *r = row_of(op);
  /* With samples it ran first, if the pipeline had not run it (prepare.c). */
  bool quantized = c->run->samples != NULL ||
                   sf_module_facts(c->run->module) & SF_FACT_QUANTIZED;
  const char *help = quantized ? quantized_help : quantize_help;
  sf_convert_refuse(c, op, r ? r->help : help, "%s", r ? r->why : unrounded);
}

/* Of one stream, and in the way only as its neighbours are. */
static bool follows(const sf_op *op) {
  bool rounds = op->kind == SF_OP_QUANTIZE || op->kind == SF_OP_DEQUANTIZE ||
                op->kind == SF_OP_CONVERT;
  bool alone = op->operand_count < 2 || !sf_op_operand(op, 1);
  return !row_of(op) &&
         (rounds || (alone && sf_op_is(op, SF_TRAIT_ELEMENTWISE)));
}

static bool is_left(const sf_converter *c, const sf_op *op) {
  bool read = op->result_count && op->results[0]->first_use;
  bool covered = op->order != UINT32_MAX && c->covered[op->order];
  return read && !covered;
}

/* False: none was left. */
static bool report_left(sf_converter *c, bool followers) {
  bool any = false;
  SF_FOREACH_OP(op, c->network) {
    if (!is_left(c, op) || !sf_convert_works_on_f32(op) ||
        follows(op) != followers)
      continue;
    report(c, op);
    any = true;
  }
  return any;
}

/* ---- What a form cannot do. ---- */

static bool multiplies_streams(const sf_op *op) {
  return (op->kind == SF_OP_MUL || op->kind == SF_OP_MATMUL) &&
         sf_op_operand(op, 0) && sf_op_operand(op, 1);
}

static bool is_maximum(const sf_op *op) {
  return op->kind == SF_OP_MAX || op->kind == SF_OP_MIN ||
         (op->kind == SF_OP_POOL &&
          sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX) ||
         (op->kind == SF_OP_REDUCE &&
          sf_op_int(op, SF_ATTR_kind) == SF_POOL_MAX);
}

static bool is_moved_pool(const sf_converter *c, const sf_op *op) {
  for (uint32_t i = 0; i < c->site_count; i++)
    if (c->sites[i].pool == op) return true;
  return false;
}

/* As 'quantize' writes softmax and norms. */
static bool is_function(const sf_op *op) {
  return op->kind == SF_OP_NEURONS && sf_neuron_is_stateless(op->neuron);
}

static const char *const other_forms =
    "use form 'stbif', 'integer' or 'graded'";

/* Form stbif has whole values for these, domains.c. */
static void check_op(sf_converter *c, const sf_op *op) {
  if (op->kind == SF_OP_RESHAPE && sf_op_operand_blob(op, 0))
    sf_convert_refuse(c, op, other_forms,
                      "is the same in every step, and the spikes of this form "
                      "add up");
  if (is_function(op))
    sf_convert_refuse(c, op, other_forms,
                      "is a function of whole values, and the spikes of this "
                      "form add up");
  if (multiplies_streams(op))
    sf_convert_refuse(c, op, other_forms,
                      "multiplies two streams, and the spikes of this form "
                      "add up");
  if (op->mode != SF_MODE_NONE && op->kind != SF_OP_NEURONS)
    sf_convert_refuse(c, op, "write the sum wide enough to need no mode",
                      "wraps or saturates, and the spikes of this form add up");
  if (!is_maximum(op) || is_moved_pool(c, op)) return;
  if (!sf_convert_is_rounded_maximum(op))
    sf_convert_refuse(c, op,
                      "put 'quantize' before it, or use form 'stbif', "
                      "'integer' or 'graded'",
                      "is no maximum of rounded values, and the spikes of this "
                      "form add up");
}

/* Totals are of integers. */
static void check_spikes(sf_converter *c, const sf_op *op) {
  for (uint32_t i = 0; is_function(op) && i < op->operand_count; i++) {
    const sf_value *x = sf_op_operand(op, i);
    if (!x || x->type.scalar.kind != SF_SCALAR_SPIKE) continue;
    sf_convert_refuse(c, op, "use form 'integer' or 'graded'",
                      "is a function of spikes that come in one step only");
    return;
  }
}

static void check_site(sf_converter *c, const sf_site *site) {
  if (site->whole || !site->low || !site->gain)
    return; /* a table sends differences */
  for (uint32_t i = 0; i < site->count; i++) {
    bool no_zero = site->low[i] > 0 || site->high[i] < 0;
    bool negative = c->form == SF_FORM_RATE && site->low[i] < 0;
    if (!no_zero && !negative) continue;
    sf_convert_refuse(
        c, site->quantize,
        negative ? "use form 'stbif', or a nonlinearity that is never negative"
                 : "use form 'integer' or 'graded'",
        negative ? "rounds to levels below zero, and binary spikes count up"
                 : "rounds to levels without 0, where silence would be");
    return;
  }
}

static void check_table(sf_converter *c, const sf_site *site) {
  if (site->input || site->gain || c->failed) return;
  if (c->form != SF_FORM_RATE) return;
  sf_convert_refuse(c, site->quantize,
                    "use form 'stbif', 'graded' or 'integer'",
                    "rounds a function that is no staircase of equal steps, "
                    "and binary spikes have one threshold");
}

static void check_unit(sf_converter *c, const sf_op *op,
                       const sf_value *value) {
  bool agrees;
  if (sf_convert_unit(c, value, &agrees) && agrees) return;
  sf_convert_refuse(c, op, "give all layers the same number of levels",
                    "adds spikes that stand for different levels");
}

static void check_rate(sf_converter *c) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    const sf_site *site = &c->sites[i];
    if (!site->input) check_unit(c, site->quantize, site->source);
  }
}

/* An input's chain is repeated by a neuron function. */
static void check_inputs(sf_converter *c) {
  for (uint32_t i = 0; i < c->site_count; i++) {
    const sf_site *site = &c->sites[i];
    for (uint32_t j = 0; site->input && j < site->chain_count; j++)
      if (!sf_convert_input_is_known(site->chain[j]))
        sf_convert_refuse(c, site->chain[j],
                          "round the input before the function",
                          "stands between an input and its rounding");
  }
}

sf_result sf_convert_find_obstacles(sf_converter *c) {
  bool adds_up = c->form == SF_FORM_STBIF || c->form == SF_FORM_RATE;
  bool refused = c->failed; /* causes, or, where there is none, all f32 */
  if (!report_left(c, false) && !refused) (void)report_left(c, true);
  SF_FOREACH_OP(op, c->network) {
    if (!is_left(c, op) || sf_convert_works_on_f32(op)) continue;
    if (c->form == SF_FORM_RATE) check_op(c, op);
    if (c->form == SF_FORM_STBIF) check_spikes(c, op);
  }
  check_inputs(c);
  for (uint32_t i = 0; adds_up && i < c->site_count; i++) {
    check_site(c, &c->sites[i]);
    check_table(c, &c->sites[i]);
  }
  if (c->form == SF_FORM_RATE && !c->failed) check_rate(c);
  return SF_OK;
}
