/* convert-to-spiking: analog networks in quantize/dequantize form as spikes.
 *
 *   %q = quantize %x, @s {..} : i9[784]      %q = neurons @input(%x) {on =
 * host} %a = linear %q, @w, @b : i32[64]         %a = linear %q, @w, @b :
 * i32[64] %f = dequantize %a, @delta : f32[64]     %h = neurons @quant_i5(%a)
 *   %r = relu %f : f32[64]               =>          {d = @d, half = @half,
 *   %h = quantize %r, @t {..} : i5[64]                high = 15} : i5[64]
 *   %c = linear %h, @v : i32[10]             %c = linear %h, @v : i32[10]
 *   %y = dequantize %c, @last : f32[10]      return %c
 *
 * The integer network is the definition; forms run it in one step (integer), in
 * a pipeline (graded), as ternary spikes until nothing changes (stbif), all
 * three with the same integers, or as rates of binary spikes, which come near.
 * conversion.md 1.6, 1.9. */
#include "passes/convert/convert.h"

#include "passes/calibrate/runner.h"
#include "passes/rewrite/networks.h"
#include "passes/rewrite/unread.h"

#include <string.h>

enum { STAT_POPULATIONS, STAT_SITES, STAT_DROPPED };
static const sf_stat stats[] = {
    {"populations", "populations written"},
    {"sites", "quantize ops that became populations"},
    {"dropped", "ops behind the last layer that keep the order of results"},
    {0}};

static const sf_option options[] = {
    {.name = "form",
     .doc =
         "integer: one step; graded: one step a layer; stbif: ternary spikes "
         "until nothing changes; rate: binary spikes",
     .kind = SF_OPTION_CHOICE,
     .default_text = "integer",
     .choices = "integer|stbif|graded|rate",
     .offset = offsetof(sf_convert_options, form)},
    {.name = "levels",
     .doc = "levels of activations, where calibration has still to be done",
     .kind = SF_OPTION_INT,
     .default_text = "16",
     .low = 2,
     .high = 256,
     .offset = offsetof(sf_convert_options, levels)},
    {.name = "steps",
     .doc = "steps of a sample, form rate",
     .kind = SF_OPTION_INT,
     .default_text = "32",
     .low = 1,
     .high = 65535,
     .offset = offsetof(sf_convert_options, steps)},
    {.name = "read-out-delay",
     .doc = "form rate: first steps that results leave out; -1: measured on "
            "the samples, 0 without",
     .kind = SF_OPTION_INT,
     .default_text = "-1",
     .low = -1,
     .high = 65535,
     .offset = offsetof(sf_convert_options, read_out_delay)},
    {.name = "correct-bias",
     .doc = "form rate: add to biases what mean rates lack on the samples",
     .kind = SF_OPTION_BOOL,
     .default_text = "true",
     .offset = offsetof(sf_convert_options, correct_bias)},
    {.name = "samples",
     .doc = "calibration samples that the log's figures and the corrections of "
            "form rate are measured on; 0: none; -1: as many as take about two "
            "seconds",
     .kind = SF_OPTION_INT,
     .default_text = "-1",
     .low = -1,
     .high = 1000000000,
     .offset = offsetof(sf_convert_options, samples)},
    {0}};

static sf_form form_of(const char *text) {
  static const char *const names[] = {"integer", "stbif", "graded", "rate"};
  int form = 0;
  while (strcmp(names[form], text) != 0)
    form++;
  return (sf_form)form;
}

static bool is_analog(const sf_network *network) {
  SF_FOREACH_OP(op, network)
    if (sf_op_is(op, SF_TRAIT_ANALOG)) return true;
  for (uint32_t i = 0; i < network->return_count; i++)
    if (network->returns[i].value->type.scalar.kind == SF_SCALAR_F32 &&
        network->returns[i].value->op &&
        network->returns[i].value->op->kind != SF_OP_NEURONS)
      return true;
  return false;
}

static sf_result open_reference(sf_converter *c) {
  SF_TRY(sf_module_clone(c->run->module, &c->reference));
  SF_TRY(sf_module_clone(c->run->module, &c->model));
  c->before = sf_module_find_network(
      c->reference, (sf_slice){c->network->name, strlen(c->network->name)});
  return sf_ranges_create(c->before, c->run->diag, &c->ranges);
}

/* Finds out whether and how; changes only what the network returns. */
static sf_result ask(sf_converter *c) {
  sf_network_number(c->network);
  SF_TRY(sf_convert_find_sites(c));
  for (uint32_t i = 0; i < c->site_count; i++)
    SF_TRY(sf_convert_solve(c, &c->sites[i]));
  SF_TRY(sf_convert_results(c));
  if (c->form == SF_FORM_STBIF) SF_TRY(sf_convert_find_domains(c));
  SF_TRY(sf_convert_find_obstacles(c));
  return c->failed ? SF_FAIL : SF_OK;
}

/* Populations have the names of what they replace. */
static sf_result keep_names(sf_converter *c) {
  const char **names = c->names;
  for (uint32_t i = 0; i < c->site_count; i++) {
    sf_value *value = c->sites[i].result;
    if (value->first_use && strcmp(value->name, names[i]) != 0)
      SF_TRY(sf_value_rename(value, names[i]));
  }
  return SF_OK;
}

static sf_result rewrite(sf_converter *c) {
  bool adds_up = c->form == SF_FORM_STBIF || c->form == SF_FORM_RATE;
  int32_t **constants =
      SF_NEW_ARRAY(c->arena, int32_t *, c->network->return_count + 1u);
  c->names = SF_NEW_ARRAY(c->arena, const char *, c->site_count + 1u);
  if (!constants || !c->names) return SF_OOM;
  for (uint32_t i = 0; i < c->site_count; i++)
    c->names[i] = c->sites[i].quantize->results[0]->name;
  if (c->whole) SF_TRY(sf_convert_bridge(c));
  if (adds_up) SF_TRY(sf_convert_constants(c, constants));
  SF_TRY(sf_convert_populate(c));
  SF_TRY(sf_convert_types(c));
  if (adds_up) SF_TRY(sf_convert_accumulate(c, constants));
  sf_erase_unread(c->network);
  SF_TRY(keep_names(c));
  SF_TRY(sf_convert_linear(c));
  SF_TRY(sf_convert_maxima(c));
  sf_erase_unread(c->network);
  return sf_convert_timing(c);
}

static sf_result convert(sf_converter *c) {
  SF_TRY(open_reference(c));
  SF_TRY(ask(c));
  SF_TRY(rewrite(c));
  return sf_convert_tune_rate(c);
}

static sf_result convert_network(sf_pass_run *run, sf_network *network) {
  if (!is_analog(network)) return SF_OK;
  const sf_convert_options *chosen = SF_PASS_OPTIONS(run, sf_convert_options);
  sf_converter c = {.run = run,
                    .options = chosen,
                    .form = form_of(chosen->form),
                    .network = network,
                    .arena = run->scratch};
  sf_result result = convert(&c);
  if (result == SF_OK) result = sf_convert_report(&c);
  sf_ranges_destroy(c.ranges);
  sf_module_destroy(c.reference);
  sf_module_destroy(c.model);
  run->stats[STAT_POPULATIONS] += c.populations;
  run->stats[STAT_SITES] += c.site_count;
  run->stats[STAT_DROPPED] += c.dropped;
  return result;
}

static sf_result run_pass(sf_pass_run *run) {
  const sf_convert_options *chosen = SF_PASS_OPTIONS(run, sf_convert_options);
  bool any = false, found;
  for (sf_network *n = run->module->first_network; n; n = n->next)
    any = any || is_analog(n);
  if (!any) return SF_OK; /* spikes already */
  if (run->samples) SF_TRY(sf_samples_without_time(run->samples, run->diag));
  SF_TRY(sf_convert_prepare(run, chosen->levels));
  SF_TRY(sf_pass_each_network(run, convert_network));
  if (form_of(chosen->form) != SF_FORM_GRADED) return SF_OK;
  return sf_convert_run_pass(run, "balance-delays", NULL, NULL, &found);
}

const sf_pass sf_pass_convert_to_spiking = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "convert-to-spiking",
    .summary = "turn a rounded analog network into spikes",
    .description =
        "Replaces every quantize, and the f32 ops before it, by a population "
        "that computes the same integers from the same sums, found by asking "
        "the interpreter. Form 'integer' runs in one step, 'graded' in one "
        "step a layer, 'stbif' with ternary spikes until nothing changes: all "
        "three give the same integers, and in 'stbif' functions and products "
        "of whole values read totals of spikes and send what they change by. "
        "'rate' counts binary spikes and comes near. Softmax at the end is "
        "dropped, maxima become trees of "
        "populations. Where weights are still f32 and there are calibration "
        "samples, 'fold-batchnorm', 'calibrate' and 'quantize' run first.",
    .gives = SF_FACT_ANALOG_FREE,
    .exactness = SF_APPROXIMATE,
    .options = options,
    .options_size = sizeof(sf_convert_options),
    .stats = stats,
    .run = run_pass,
};
