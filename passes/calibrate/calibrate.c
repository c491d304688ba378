/* calibrate: the steps that activations are rounded to, from samples.
 *
 *   %a = conv %x, @w : f32[8, 26, 26]       =>  %x.q = quantize %x, @x.step
 * {..} %r = relu %a : f32[8, 26, 26]               %x.d = dequantize %x.q,
 * @x.step %p = pool %r {kind = max, kernel = 2}       %a = conv %x.d, @w : ..
 *                                               %r = relu %a : ..
 *                                               %r.q = quantize %r, @r.step
 *                                               {axis = 0, round = half-up,
 *                                                low = 0, high = 15} : i5[..]
 *                                               %r.d = dequantize %r.q, ..
 *                                               %p = pool %r.d {..}
 *
 * A site stands after every nonlinearity and input that a projection, pool or
 * sum reads, and where a sum is read as a value of its own. What the model
 * rounds already stays. */
#include "passes/calibrate/calibrate.h"

#include "ir/arith.h"
#include "passes/calibrate/runner.h"

#include <inttypes.h>

enum { STAT_SITES, STAT_CHANNELS };
static const sf_stat stats[] = {
    {"sites", "activation sites added"}, {"steps", "steps chosen"}, {0}};

static const sf_option options[] = {
    {.name = "levels",
     .doc = "levels of an activation",
     .kind = SF_OPTION_INT,
     .default_text = "16",
     .low = 2,
     .high = 32768,
     .offset = offsetof(sf_calibrate_options, levels)},
    {.name = "input-levels",
     .doc = "levels of inputs, of sums that are read as values, and of gelu, "
            "silu and hardswish",
     .kind = SF_OPTION_INT,
     .default_text = "256",
     .low = 2,
     .high = 32768,
     .offset = offsetof(sf_calibrate_options, input_levels)},
    {.name = "method",
     .doc = "least squared error over 95 steps, percentile of the non-zero "
            "magnitudes, or maximum",
     .kind = SF_OPTION_CHOICE,
     .default_text = "mse",
     .choices = "mse|percentile|max",
     .offset = offsetof(sf_calibrate_options, method)},
    {.name = "percentile",
     .doc = "for that method",
     .kind = SF_OPTION_NUMBER,
     .default_text = "99.9",
     .low = 50,
     .high = 100,
     .offset = offsetof(sf_calibrate_options, percentile)},
    {.name = "per-channel",
     .doc = "a step for each channel; inputs have one",
     .kind = SF_OPTION_BOOL,
     .default_text = "true",
     .offset = offsetof(sf_calibrate_options, per_channel)},
    SF_SAMPLES_OPTION(sf_calibrate_options, "256"),
    {0}};

static const char *name_of(const sf_pass_run *run, const sf_site_plan *site,
                           const char *end) {
  return sf_arena_printf(run->scratch, "%s.%s", site->value->name, end);
}

static sf_result set_operands(sf_op *op, sf_value *x, sf_blob *step,
                              const sf_site_plan *site) {
  sf_op_set_operand(op, 0, x);
  sf_op_set_operand_blob(op, 1, step);
  return site->axis < 0 ? SF_OK : sf_op_set_int(op, SF_ATTR_axis, site->axis);
}

static sf_result add_ops(sf_pass_run *run, const sf_site_plan *site,
                         sf_blob *step, sf_value **out) {
  sf_value *value = site->value;
  sf_network *network = value->network;
  sf_op *before = value->op ? value->op->next : network->first;
  sf_op *q = sf_op_create(network, before, SF_OP_QUANTIZE, 2, value->loc);
  sf_op *d = sf_op_create(network, before, SF_OP_DEQUANTIZE, 2, value->loc);
  const char *q_name = name_of(run, site, "q"),
             *d_name = name_of(run, site, "d");
  if (!q || !d || !q_name || !d_name) return SF_OOM;
  sf_type type = value->type;
  type.scalar = sf_int_holding(site->low, site->high);
  sf_value *rounded = sf_op_add_result(q, q_name, &type);
  *out = sf_op_add_result(d, d_name, &value->type);
  if (!rounded || !*out) return SF_OOM;
  SF_TRY(set_operands(q, value, step, site));
  SF_TRY(set_operands(d, rounded, step, site));
  SF_TRY(sf_op_set_int(q, SF_ATTR_round, SF_ROUND_HALF_UP));
  SF_TRY(sf_op_set_int(q, SF_ATTR_low, site->low));
  return sf_op_set_int(q, SF_ATTR_high, site->high);
}

/* A sum that is a value of its own is rounded once: what else reads it reads
 * the rounded one, so that it has one unit. */
static void redirect_readers(sf_value *value, sf_value *rounded) {
  for (sf_use *use = value->first_use, *next; use; use = next) {
    next = use->next;
    if (use->op && use->op->kind != SF_OP_QUANTIZE)
      sf_op_set_operand(use->op, use->index, rounded);
  }
}

/* One number, or one a channel. */
static sf_blob *create_step(sf_pass_run *run, const sf_site_plan *site) {
  bool one = site->axis < 0;
  int32_t channels = one ? 1 : site->value->type.dim[site->axis];
  uint32_t group = (uint32_t)channels / site->channels;
  sf_type type = sf_type_make(sf_f32(), one ? 0 : 1, &channels);
  const char *name = name_of(run, site, "step");
  float *steps = SF_NEW_ARRAY(run->scratch, float, (size_t)channels);
  if (!name || !steps) return NULL;
  for (uint32_t i = 0; i < (uint32_t)channels; i++)
    steps[i] = site->steps[i / group];
  return sf_blob_create_f32(run->module, name, &type, steps);
}

static sf_result insert_site(sf_pass_run *run, const sf_site_plan *site) {
  sf_value *value = site->value;
  sf_blob *step = create_step(run, site);
  sf_value *rounded = NULL;
  if (!step) return SF_OOM;
  SF_TRY(add_ops(run, site, step, &rounded));
  for (uint32_t i = 0; i < site->readers; i++)
    sf_op_set_operand(site->uses[i]->op, site->uses[i]->index, rounded);
  if (value->op && sf_qdq_is_linear(value->op))
    redirect_readers(value, rounded);
  run->stats[STAT_SITES]++;
  run->stats[STAT_CHANNELS] += site->channels;
  return SF_OK;
}

static sf_result add_log(sf_pass_run *run, const sf_calibrate_options *o,
                         uint32_t sites) {
  sf_module *module = run->module;
  const char *text = "calibrate: activations are rounded to steps";
  sf_log_entry *log = sf_module_add_log(module, SF_APPROXIMATE, 0, text);
  if (!log) return SF_OOM;
  uint64_t samples = sf_samples_used(run->samples, o->samples);
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "levels", o->levels));
  SF_TRY(sf_dict_set_int(module->arena, &log->attrs, "input_levels",
                         o->input_levels));
  SF_TRY(sf_dict_set_word(module->arena, &log->attrs, "method", o->method));
  SF_TRY(
      sf_dict_set_int(module->arena, &log->attrs, "samples", (int64_t)samples));
  return sf_dict_set_int(module->arena, &log->attrs, "sites", sites);
}

static sf_result no_samples(const sf_pass_run *run, const sf_site_list *list) {
  sf_error(run->diag, SF_DIAG_CALIBRATION, list->sites[0].value->loc,
           "'%%%s' has no step to be rounded to, and there are no calibration "
           "samples to choose one from",
           list->sites[0].value->name);
  sf_help(run->diag, "give some inputs of the network: --calib X.npy");
  return SF_FAIL;
}

static sf_result check_stateless(const sf_pass_run *run,
                                 const sf_network *network) {
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS && op->kind != SF_OP_DELAY) continue;
    if (op->kind == SF_OP_NEURONS && sf_neuron_is_stateless(op->neuron))
      continue;
    return sf_error(run->diag, SF_DIAG_CALIBRATION, op->loc,
                    "'%%%s' keeps state; calibration runs one step a sample",
                    op->results[0]->name);
  }
  return SF_OK;
}

static sf_result run_pass(sf_pass_run *run) {
  const sf_calibrate_options *o = SF_PASS_OPTIONS(run, sf_calibrate_options);
  const sf_network *network = run->module->first_network;
  if (!network) return SF_OK;
  sf_site_list list;
  SF_TRY(sf_find_sites(network, o, run->scratch, run->diag, &list));
  if (list.count == 0) return SF_OK;
  SF_TRY(check_stateless(run, network));
  if (!run->samples || run->samples->count == 0) return no_samples(run, &list);
  SF_TRY(sf_measure_steps(run, network, o, &list));
  for (uint32_t i = 0; i < list.count; i++)
    SF_TRY(insert_site(run, &list.sites[i]));
  return add_log(run, o, list.count);
}

const sf_pass sf_pass_calibrate = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "calibrate",
    .summary = "round activations to steps that are chosen on samples",
    .description =
        "Inserts quantize and dequantize where a projection, a pool or a sum "
        "reads an analog value, with steps from the calibration samples. "
        "Softmax, layernorm, rmsnorm and products of streams read values of "
        "one step; curves such as gelu read rounded sums. "
        "Works on the first network, which must keep no state. Sites that the "
        "model has already stay as they are.",
    .gives = SF_FACT_CALIBRATED,
    .exactness = SF_APPROXIMATE,
    .options = options,
    .options_size = sizeof(sf_calibrate_options),
    .stats = stats,
    .run = run_pass,
};
