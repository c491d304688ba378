/* allocate-bits: which layer gets which width, within a budget.
 *
 *   module @m {                            =>  module @m {
 *     sensitivity_bits = [8, 4],                 ..
 *     sensitivity = [["a", 812, 104467],         layer_bits = "a=4,y=8",
 *                    ["y", 37, 20055]],          ..
 *
 * The network stays as it is; quantize reads `layer_bits`. The sum of the
 * losses is the least that the budgets allow; with calibration samples, whole
 * allocations are then measured and neighbours tried. */
#include "passes/allocate_bits/allocate_bits.h"

#include "passes/calibrate/runner.h"
#include "support/buffer.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct allocate_options {
  const char *budget, *operations, *bits;
  int64_t samples;
  bool repair;
} allocate_options;

enum { STAT_LAYERS, STAT_RUNS };
static const sf_stat stats[] = {{"layers", "layers that got a width"},
                                {"runs", "allocations measured"},
                                {0}};

static const sf_option options[] = {
    {.name = "budget",
     .doc = "memory of all weights: bits a weight (4b), or bytes (20000, "
            "20KiB, 1MiB)",
     .kind = SF_OPTION_TEXT,
     .default_text = "4b",
     .offset = offsetof(allocate_options, budget)},
    {.name = "operations",
     .doc = "bits of all products of weights in a step: bits a product (4b), "
            "or bytes; none: no limit",
     .kind = SF_OPTION_TEXT,
     .default_text = "none",
     .offset = offsetof(allocate_options, operations)},
    {.name = "bits",
     .doc = "widths to choose from where the module has no sensitivities",
     .kind = SF_OPTION_TEXT,
     .default_text = "8,6,5,4,3,2,1",
     .offset = offsetof(allocate_options, bits)},
    SF_SAMPLES_OPTION(allocate_options, "256"),
    {.name = "repair",
     .doc = "measure allocations on the samples, if there are some",
     .kind = SF_OPTION_BOOL,
     .default_text = "true",
     .offset = offsetof(allocate_options, repair)},
    {0}};

typedef struct allocator {
  sf_pass_run *run;
  const allocate_options *options;
  sf_subject subject;
  bool has_subject; /* there are samples */
  sf_layer_list layers;
  sf_widths widths;
  double *loss;
  sf_allocation problem;
  sf_repair repair;
} allocator;

/* ---- Losses. ---- */

static sf_result find_losses(allocator *a) {
  sf_pass_run *run = a->run;
  bool found;
  SF_TRY(sf_table_load(run->module, &a->layers, run->scratch, run->diag, &found,
                       &a->widths, &a->loss));
  if (found) return SF_OK;
  SF_TRY(sf_widths_parse(a->options->bits, run->diag, &a->widths));
  if (!a->has_subject) {
    sf_error(run->diag, SF_DIAG_CALIBRATION, run->module->first_network->loc,
             "nothing says what widths cost: the module has no attribute "
             "'sensitivity', and there are no calibration samples");
    sf_help(run->diag, "run 'analyze-sensitivity' before, with --calib X.npy");
    return SF_FAIL;
  }
  a->loss = SF_NEW_ARRAY(run->scratch, double,
                         (size_t)a->layers.count * a->widths.count + 1);
  if (!a->loss) return SF_OOM;
  return sf_subject_each(&a->subject, &a->widths, a->loss);
}

/* ---- Budgets. ---- */

static uint64_t items_of(const sf_layer *layer, uint32_t cost) {
  return cost ? layer->products : layer->weights;
}

static sf_result set_budget(allocator *a, const char *name, const char *text) {
  sf_budget budget;
  if (!sf_budget_parse(text, &budget)) {
    return sf_error(a->run->diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
                    "option '%s' must be bits for each, as in 4b, or bytes, as "
                    "in 20000 or 20KiB, not '%s'",
                    name, text);
  }
  uint32_t cost = a->problem.costs++;
  uint64_t sum = budget.per_item ? 0 : (uint64_t)budget.value;
  for (uint32_t i = 0; budget.per_item && i < a->layers.count; i++)
    sum += sf_packed_bytes(items_of(&a->layers.layers[i], cost), budget.value);
  a->problem.budget[cost] = sum;
  return SF_OK;
}

static sf_result fill_choices(allocator *a) {
  uint32_t widths = a->widths.count;
  sf_choice *choices = SF_NEW_ARRAY(a->run->scratch, sf_choice,
                                    (size_t)a->layers.count * widths + 1);
  if (!choices) return SF_OOM;
  for (uint32_t i = 0; i < a->layers.count; i++) {
    for (uint32_t o = 0; o < widths; o++) {
      sf_choice *c = &choices[(size_t)i * widths + o];
      c->loss = a->loss[(size_t)i * widths + o];
      if (!isfinite(c->loss)) c->loss = 1e9; /* a result that is no number */
      for (uint32_t k = 0; k < SF_COSTS_MAX; k++)
        c->cost[k] = sf_packed_bytes(items_of(&a->layers.layers[i], k),
                                     (double)a->widths.bits[o]);
    }
  }
  a->problem.layers = a->layers.count;
  a->problem.options = widths;
  a->problem.choices = choices;
  return SF_OK;
}

static sf_result solve(allocator *a) {
  SF_TRY(fill_choices(a));
  SF_TRY(set_budget(a, "budget", a->options->budget));
  if (strcmp(a->options->operations, "none") != 0)
    SF_TRY(set_budget(a, "operations", a->options->operations));
  SF_TRY(sf_allocation_solve(&a->problem, a->run->scratch));
  if (a->problem.feasible) return SF_OK;
  sf_error(a->run->diag, SF_DIAG_CAPACITY, a->run->module->first_network->loc,
           "the weights do not fit in %" PRIu64 " bytes even at %u bits",
           a->problem.budget[0], a->widths.bits[a->widths.count - 1]);
  sf_help(a->run->diag, "give a larger budget, or narrower widths to "
                        "'analyze-sensitivity'");
  return SF_FAIL;
}

/* ---- Results. ---- */

static uint64_t cost_of(const allocator *a, uint32_t cost) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < a->layers.count; i++)
    sum +=
        a->problem.choices[(size_t)i * a->widths.count + a->problem.chosen[i]]
            .cost[cost];
  return sum;
}

static double predicted(const allocator *a) {
  double sum = 0;
  for (uint32_t i = 0; i < a->layers.count; i++)
    sum += a->loss[(size_t)i * a->widths.count + a->problem.chosen[i]];
  return sum;
}

static sf_result store_bits(const allocator *a) {
  sf_buffer text = {0};
  for (uint32_t i = 0; i < a->layers.count; i++) {
    const sf_layer *layer = &a->layers.layers[i];
    unsigned bits = a->widths.bits[a->problem.chosen[i]];
    sf_buffer_printf(&text, "%s%s=%u", i ? "," : "", layer->name, bits);
    sf_note(a->run->diag, SF_NO_LOC,
            "%u bits for '%%%s', %" PRIu64 " weights: loss %.3g nats", bits,
            layer->name, layer->weights,
            a->loss[(size_t)i * a->widths.count + a->problem.chosen[i]]);
  }
  char *bits = sf_buffer_take(&text);
  if (!bits) return SF_OOM;
  sf_module *module = a->run->module;
  sf_result result =
      sf_dict_set_string(module->arena, &module->attrs, "layer_bits", bits);
  free(bits);
  return result;
}

static int64_t nano(double nats) {
  double whole = floor(nats * 1e9 + 0.5);
  return whole < 9.2e18 ? (int64_t)whole : INT64_MAX;
}

static sf_result add_log(const allocator *a) {
  sf_module *module = a->run->module;
  sf_log_entry *log = sf_module_add_log(
      module, SF_EXACT, 0, "allocate-bits: widths are in 'layer_bits'");
  if (!log) return SF_OOM;
  sf_arena *arena = module->arena;
  sf_dict *attrs = &log->attrs;
  SF_TRY(sf_dict_set_int(arena, attrs, "budget_bytes",
                         (int64_t)a->problem.budget[0]));
  SF_TRY(sf_dict_set_int(arena, attrs, "bytes", (int64_t)cost_of(a, 0)));
  SF_TRY(sf_dict_set_word(arena, attrs, "optimum",
                          a->problem.exact ? "exact" : "rounded"));
  SF_TRY(sf_dict_set_int(arena, attrs, "predicted_nano", nano(predicted(a))));
  if (!a->repair.runs) return SF_OK;
  SF_TRY(sf_dict_set_int(arena, attrs, "measured_nano",
                         nano(a->repair.loss.divergence)));
  return sf_dict_set_int(arena, attrs, "measured_samples",
                         (int64_t)a->subject.samples);
}

static sf_result allocate(allocator *a) {
  SF_TRY(sf_layers_find(a->run->module->first_network, a->run->scratch,
                        a->run->diag, &a->layers));
  if (a->layers.count == 0) return SF_OK;
  SF_TRY(find_losses(a));
  SF_TRY(solve(a));
  a->repair = (sf_repair){
      .subject = &a->subject, .widths = &a->widths, .problem = &a->problem};
  if (a->has_subject && a->options->repair)
    SF_TRY(sf_allocation_repair(&a->repair, a->problem.chosen));
  a->run->stats[STAT_LAYERS] += a->layers.count;
  a->run->stats[STAT_RUNS] += a->repair.runs;
  SF_TRY(store_bits(a));
  return add_log(a);
}

static sf_result run_pass(sf_pass_run *run) {
  allocator a = {.run = run, .options = SF_PASS_OPTIONS(run, allocate_options)};
  if (!run->module->first_network) return SF_OK;
  a.has_subject = run->samples && run->samples->count;
  if (a.has_subject)
    SF_TRY(sf_subject_create(run, a.options->samples, &a.subject));
  sf_result result = allocate(&a);
  if (a.has_subject) sf_subject_destroy(&a.subject);
  return result;
}

const sf_pass sf_pass_allocate_bits = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "allocate-bits",
    .summary = "choose the width of each layer's weights within a budget",
    .description =
        "Minimizes the sum of the losses that `analyze-sensitivity` measured "
        "under a budget of weight memory and, if wanted, of operations, by an "
        "exact dynamic program over labels. With calibration samples it then "
        "measures whole allocations, the widest uniform one that fits among "
        "them, and moves to neighbours that lose less. Writes `layer_bits`, an "
        "attribute of the module that `quantize` reads.",
    .keeps = UINT32_MAX,
    .exactness = SF_EXACT,
    .options = options,
    .options_size = sizeof(allocate_options),
    .stats = stats,
    .run = run_pass,
};
