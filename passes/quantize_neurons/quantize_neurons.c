/* quantize-neurons: a trained spiking network in integers.
 *
 *   %1 = linear %0, @w, @b : f32[10]
 *   %2 = neurons @lif(%1) {beta = 0.9} : spike[10]
 *     =>
 *   %1 = linear %0, @w.int, @b.int : i32[10]
 *   %2 = neurons @lif.int(%1) {beta = 29491, theta = ..} : spike[10]
 *
 * The weights of each population count a unit u, potentials u / 2^n. What is
 * added to them or compared with them, as a threshold, is rounded to the same;
 * factors, as a decay, become fixed-point numbers. degrees.c says which is
 * which, function.c writes the integer function. Inputs are rounded to steps by
 * a population on the host. */
#include "passes/quantize_neurons/quantize_neurons.h"

#include "passes/calibrate/runner.h"
#include "passes/rewrite/normal_form.h"
#include "passes/rewrite/unread.h"

enum { STAT_POPULATIONS, STAT_PROJECTIONS, STAT_INPUTS };
static const sf_stat stats[] = {
    {"populations", "populations that work on integers now"},
    {"projections", "projections with integer weights"},
    {"inputs", "inputs that are rounded to steps"},
    {0}};

static const sf_option options[] = {
    {.name = "bits",
     .doc = "of a weight",
     .kind = SF_OPTION_INT,
     .default_text = "8",
     .low = 2,
     .high = 8,
     .offset = offsetof(sf_neurons_options, bits)},
    {.name = "per-channel",
     .doc = "a unit for each channel, which makes thresholds differ; else one "
            "for each population",
     .kind = SF_OPTION_BOOL,
     .default_text = "false",
     .offset = offsetof(sf_neurons_options, per_channel)},
    {.name = "input-levels",
     .doc = "levels of an f32 input, at most",
     .kind = SF_OPTION_INT,
     .default_text = "256",
     .low = 2,
     .high = 32768,
     .offset = offsetof(sf_neurons_options, input_levels)},
    {.name = "input-step",
     .doc = "step of f32 inputs; 0: the coarsest that keeps all values of the "
            "samples",
     .kind = SF_OPTION_NUMBER,
     .default_text = "0",
     .low = 0,
     .high = 1e30,
     .offset = offsetof(sf_neurons_options, input_step)},
    {.name = "steps",
     .doc = "steps that a sample is run for; 0: those of the samples, else of "
            "the network, else 16",
     .kind = SF_OPTION_INT,
     .default_text = "0",
     .low = 0,
     .high = 1000000,
     .offset = offsetof(sf_neurons_options, steps)},
    SF_SAMPLES_OPTION(sf_neurons_options, "256"),
    {0}};

/* ---- What is to do. ---- */

static bool works_on_f32(const sf_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    const sf_value *value = sf_op_operand(op, i);
    if (value && sf_is_f32(value->type.scalar)) return true;
  }
  return false;
}

static bool is_returned(const sf_value *value) {
  SF_FOREACH_USE(use, value)
    if (!use->op) return true;
  return false;
}

static sf_neurons_layer *next_layer(sf_neurons_job *job, const char *name) {
  sf_neurons_layer *layer = &job->layers[job->layer_count++];
  layer->name = sf_arena_printf(job->run->scratch, "%s", name);
  return layer->name ? layer : NULL;
}

/* Sums of all f32 operands, with one unit; the others stay. */
static sf_result quantize_population(sf_neurons_job *job, sf_op *op) {
  sf_arena *arena = job->run->scratch;
  sf_sum *sums = SF_NEW_ARRAY(arena, sf_sum, op->operand_count + 1u);
  sf_value **operands = SF_NEW_ARRAY(arena, sf_value *, op->operand_count + 1u);
  sf_neurons_layer *layer = next_layer(job, op->results[0]->name);
  if (!sums || !operands || !layer) return SF_OOM;
  bool sends_f32 = false;
  for (uint32_t i = 0; i < op->result_count; i++)
    sends_f32 = sends_f32 || sf_is_f32(op->results[i]->type.scalar);
  for (uint32_t i = 0; i < op->operand_count; i++) {
    operands[i] = sf_op_operand(op, i);
    if (sf_is_f32(operands[i]->type.scalar))
      SF_TRY(sf_sum_gather(job, operands[i], op, &sums[i]));
  }
  sf_unit unit;
  SF_TRY(sf_sum_choose_unit(job, op->operand_count, sums,
                            job->options->per_channel && !sends_f32, &unit));
  for (uint32_t i = 0; i < op->operand_count; i++) {
    if (!sf_is_f32(operands[i]->type.scalar)) continue;
    SF_TRY(sf_sum_rebuild(job, operands[i], &sums[i], &unit, op, layer,
                          &operands[i]));
    job->run->stats[STAT_PROJECTIONS] += sums[i].count;
  }
  layer->unit = unit.values[0];
  SF_TRY(sf_neurons_translate(job, op, &unit, operands, layer));
  job->run->stats[STAT_POPULATIONS]++;
  sf_op_erase(op);
  return sf_value_rename(layer->value, layer->name);
}

/* A sum that the network returns: one unit for all of it. */
static sf_result quantize_result(sf_neurons_job *job, sf_value *value) {
  sf_neurons_layer *layer = next_layer(job, value->name);
  if (!layer) return SF_OOM;
  sf_sum sum;
  sf_op *before = value->op ? value->op->next : NULL;
  SF_TRY(sf_sum_gather(job, value, before, &sum));
  sf_unit unit;
  SF_TRY(sf_sum_choose_unit(job, 1, &sum, false, &unit));
  /* Ops go to the end: everything that they read is there. */
  SF_TRY(sf_sum_rebuild(job, value, &sum, &unit, NULL, layer, &layer->value));
  layer->unit = unit.values[0];
  sf_value_replace_all_uses(value, layer->value);
  return SF_OK;
}

static sf_result quantize_all(sf_neurons_job *job) {
  SF_FOREACH_OP_SAFE(op, next, job->network) {
    if (!sf_is_chip_population(op) || !works_on_f32(op)) continue;
    sf_result one = quantize_population(job, op);
    if (one == SF_OOM) return one;
    if (one != SF_OK) job->failed = true;
  }
  if (job->failed) return SF_FAIL;
  SF_FOREACH_OP_SAFE(op, next, job->network) {
    sf_value *value = op->result_count ? op->results[0] : NULL;
    if (value && op->kind != SF_OP_NEURONS && is_returned(value) &&
        sf_is_f32(value->type.scalar))
      SF_TRY(quantize_result(job, value));
  }
  return SF_OK;
}

/* ---- The network afterwards. ---- */

static sf_result update_returns(sf_neurons_job *job) {
  uint32_t count = job->network->return_count;
  sf_value **values = SF_NEW_ARRAY(job->run->scratch, sf_value *, count + 1u);
  if (!values) return SF_OOM;
  for (uint32_t i = 0; i < count; i++)
    values[i] = job->network->returns[i].value;
  return sf_network_set_returns(job->network, count, values);
}

static sf_result create_job(sf_neurons_job *job) {
  sf_pass_run *run = job->run;
  uint32_t arguments = job->network->argument_count;
  uint32_t ops = sf_network_number(job->network);
  job->encoded = SF_NEW_ARRAY(run->scratch, sf_value *, arguments + 1u);
  job->input_scale = SF_NEW_ARRAY(run->scratch, double, arguments + 1u);
  job->layers = SF_NEW_ARRAY(run->scratch, sf_neurons_layer, ops + 1u);
  if (!job->encoded || !job->input_scale || !job->layers) return SF_OOM;
  if (run->samples)
    job->samples = sf_samples_used(run->samples, job->options->samples);
  int64_t steps = job->options->steps;
  if (steps == 0 && run->samples) steps = run->samples->steps;
  if (steps == 0 && job->network->steps > 0) steps = job->network->steps;
  job->steps = steps > 0 ? (uint32_t)steps : 16;
  return sf_module_clone(run->module, &job->reference);
}

static sf_result run_job(sf_neurons_job *job) {
  SF_TRY(create_job(job));
  SF_TRY(quantize_all(job));
  SF_TRY(update_returns(job));
  sf_erase_unread(job->network);
  SF_TRY(sf_verify(job->run->module, job->run->diag));
  for (uint32_t i = 0; i < job->network->argument_count; i++)
    job->run->stats[STAT_INPUTS] += job->encoded[i] != NULL;
  return sf_neurons_report(job);
}

static bool has_work(const sf_network *network) {
  SF_FOREACH_OP(op, network)
    if (sf_is_chip_population(op) && works_on_f32(op)) return true;
  return false;
}

static sf_result run_pass(sf_pass_run *run) {
  sf_neurons_job job = {.run = run,
                        .options = SF_PASS_OPTIONS(run, sf_neurons_options),
                        .network = run->module->first_network};
  if (!job.network || !has_work(job.network)) return SF_OK;
  sf_result result = run_job(&job);
  sf_module_destroy(job.reference);
  return result;
}

const sf_pass sf_pass_quantize_neurons = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "quantize-neurons",
    .summary =
        "weights, potentials and decays of a spiking network as integers",
    .description =
        "Gives each population on chip that works on f32 a unit: its weights "
        "become integers of `bits` bits, and its neuron function fixed-point "
        "arithmetic of 32 bits that saturates, translated statement by "
        "statement, whatever the model: thresholds count the same unit as the "
        "weights, factors get 15 bits. Exponentials, square roots and "
        "quotients by what changes are refused by name. f32 inputs are rounded "
        "to steps on the host. With calibration samples the log states spikes "
        "and accuracy before and after. Works on the first network.",
    .gives = SF_FACT_QUANTIZED,
    .keeps = SF_FACT_ANALOG_FREE,
    .exactness = SF_APPROXIMATE,
    .options = options,
    .options_size = sizeof(sf_neurons_options),
    .stats = stats,
    .run = run_pass,
};
