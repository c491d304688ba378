/* analyze-sensitivity: what each layer's width costs at the output.
 *
 *   module @m {                  =>  module @m {
 *                                      sensitivity_bits = [8, 4],
 *                                      sensitivity = [["a", 812, 104467],
 *                                                     ["y", 37, 20055]],
 *   %a = conv %x.d, @w1 : f32[..]      ...
 *   ...
 *   %y = linear %p, @w2 : f32[10]
 *
 * The network stays as it is. Each layer alone is given each width; the
 * symmetric Kullback-Leibler divergence between the distributions of the first
 * result, with and without, is the loss: 1e-9 nats, mean over the samples. */
#include "passes/sensitivity/sensitivity.h"

#include "passes/calibrate/runner.h"
#include "support/buffer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct analyze_options {
  const char *bits;
  int64_t samples;
} analyze_options;

enum { STAT_LAYERS, STAT_RUNS };
static const sf_stat stats[] = {
    {"layers", "layers looked at"}, {"widths", "widths of layers tried"}, {0}};

static const sf_option options[] = {
    {.name = "bits",
     .doc = "widths of weights, with commas between them",
     .kind = SF_OPTION_TEXT,
     .default_text = "8,6,5,4,3,2,1",
     .offset = offsetof(analyze_options, bits)},
    SF_SAMPLES_OPTION(analyze_options, "256"),
    {0}};

/* ---- The table, as notes. ---- */

static int name_width(const sf_layer_list *layers) {
  size_t width = strlen("layer");
  for (uint32_t i = 0; i < layers->count; i++) {
    size_t length = strlen(layers->layers[i].name) + 1; /* the % */
    if (length > width) width = length;
  }
  return width < 48 ? (int)width : 48;
}

static sf_result print_line(const sf_pass_run *run, sf_buffer *line) {
  char *text = sf_buffer_take(line);
  if (!text) return SF_OOM;
  sf_note(run->diag, SF_NO_LOC, "%s", text);
  free(text);
  return SF_OK;
}

static sf_result print_table(const sf_pass_run *run,
                             const sf_layer_list *layers,
                             const sf_widths *widths, const double *loss) {
  int width = name_width(layers);
  sf_buffer line = {0};
  sf_buffer_printf(&line, "%-*s %12s %14s", width, "layer", "weights",
                   "products");
  for (uint32_t k = 0; k < widths->count; k++)
    sf_buffer_printf(&line, " %3u bits", widths->bits[k]);
  sf_buffer_text(&line, "  (loss in nats)");
  SF_TRY(print_line(run, &line));
  for (uint32_t i = 0; i < layers->count; i++) {
    const sf_layer *layer = &layers->layers[i];
    sf_buffer_printf(&line, "%%%-*s %12" PRIu64 " %14" PRIu64, width - 1,
                     layer->name, layer->weights, layer->products);
    for (uint32_t k = 0; k < widths->count; k++)
      sf_buffer_printf(&line, " %8.3g", loss[(size_t)i * widths->count + k]);
    SF_TRY(print_line(run, &line));
  }
  return SF_OK;
}

static sf_result measure(sf_pass_run *run, const sf_widths *widths,
                         const analyze_options *o) {
  sf_subject subject;
  SF_TRY(sf_subject_create(run, o->samples, &subject));
  const sf_layer_list *layers = &subject.layers;
  double *loss = SF_NEW_ARRAY(run->scratch, double,
                              (size_t)layers->count * widths->count + 1);
  sf_result result = loss ? sf_subject_each(&subject, widths, loss) : SF_OOM;
  if (result == SF_OK)
    result = sf_table_store(run->module, layers, widths, loss);
  if (result == SF_OK) result = print_table(run, layers, widths, loss);
  run->stats[STAT_LAYERS] += layers->count;
  run->stats[STAT_RUNS] += (uint64_t)layers->count * widths->count;
  sf_subject_destroy(&subject);
  return result;
}

static sf_result add_log(sf_pass_run *run, const analyze_options *o) {
  sf_module *module = run->module;
  sf_log_entry *log = sf_module_add_log(
      module, SF_EXACT, 0,
      "analyze-sensitivity: losses are in the module's attributes");
  if (!log) return SF_OOM;
  return sf_dict_set_int(module->arena, &log->attrs, "samples",
                         (int64_t)sf_samples_used(run->samples, o->samples));
}

static sf_result run_pass(sf_pass_run *run) {
  const analyze_options *o = SF_PASS_OPTIONS(run, analyze_options);
  sf_widths widths;
  SF_TRY(sf_widths_parse(o->bits, run->diag, &widths));
  if (!run->module->first_network) return SF_OK;
  SF_TRY(measure(run, &widths, o));
  return add_log(run, o);
}

const sf_pass sf_pass_analyze_sensitivity = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "analyze-sensitivity",
    .summary = "measure what narrower weights of each layer cost",
    .description =
        "Gives each layer alone each width, runs the calibration samples, and "
        "writes the symmetric Kullback-Leibler divergence of the first result "
        "to the module's attributes `sensitivity` (a row a layer, in 1e-9 "
        "nats) and `sensitivity_bits`, where `allocate-bits` reads it. What "
        "lies before a layer is computed once for all its widths. Works on the "
        "first network, which must keep no state.",
    .keeps = UINT32_MAX,
    .exactness = SF_EXACT,
    .options = options,
    .options_size = sizeof(analyze_options),
    .stats = stats,
    .run = run_pass,
};
