/* prune-channels: takes whole channels out and makes up for them.
 *
 *   %a = conv %x, @w1, @b1 : f32[16, 28, 28]      %a = conv %x, @w1, @b1
 *   %r = relu %a : f32[16, 28, 28]           =>         : f32[8, 28, 28]
 *   %c = conv %r, @w2, @b2 : f32[32, 14, 14]      %r = relu %a : f32[8, 28, 28]
 *                                                 %c = conv %r, @w2, @b2
 *                                                       : f32[32, 14, 14]
 *
 * Channels that residual sums, joins or depthwise layers tie together go
 * together; what the network returns stays. Works on f32 networks, with sites
 * of calibrate or without: steps of channels that go are taken out too. The
 * projections that read what changed are fitted anew on the samples. */
#include "passes/prune/prune.h"

#include "passes/calibrate/runner.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { STAT_GROUPS, STAT_CHANNELS, STAT_LAYERS };
static const sf_stat stats[] = {
    {"groups", "groups of channels taken out"},
    {"channels", "channels that projections no longer make"},
    {"layers", "projections fitted anew"},
    {0}};

static const sf_option options[] = {
    {.name = "ratio",
     .doc = "share of the channels of each layer that goes; at least one stays",
     .kind = SF_OPTION_NUMBER,
     .default_text = "0.25",
     .low = 0,
     .high = 1,
     .offset = offsetof(sf_prune_options, ratio)},
    {.name = "importance",
     .doc = "spikes: norm of the weights that read it times its deviation on "
            "the samples (its mean where nothing is fitted); weights: norms of "
            "the weights only",
     .kind = SF_OPTION_CHOICE,
     .default_text = "spikes",
     .choices = "spikes|weights",
     .offset = offsetof(sf_prune_options, importance)},
    {.name = "reconstruct",
     .doc = "fit the weights that remain on the samples",
     .kind = SF_OPTION_BOOL,
     .default_text = "true",
     .offset = offsetof(sf_prune_options, reconstruct)},
    {.name = "damping",
     .doc = "pull to the weights as they are, in mean second moments",
     .kind = SF_OPTION_NUMBER,
     .default_text = "0.01",
     .low = 0,
     .high = 1,
     .offset = offsetof(sf_prune_options, damping)},
    SF_SAMPLES_OPTION(sf_prune_options, "1024"),
    {0}};

static bool wants_samples(const sf_prune_options *o) {
  return o->reconstruct || strcmp(o->importance, "spikes") == 0;
}

static sf_result check(const sf_pass_run *run, const sf_prune_options *o) {
  const sf_network *network = run->module->first_network;
  bool has_samples = run->samples && run->samples->count;
  if (wants_samples(o) && !has_samples) {
    sf_error(run->diag, SF_DIAG_CALIBRATION, network->loc,
             "pruning network '@%s' needs calibration samples, and there are "
             "none",
             network->name);
    sf_help(run->diag, "give some inputs of the network: --calib X.npy; or "
                       "choose importance=weights,reconstruct=false");
    return SF_FAIL;
  }
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS && op->kind != SF_OP_DELAY) continue;
    return sf_error(run->diag, SF_DIAG_CALIBRATION, op->loc,
                    "'%%%s' keeps state; channels are pruned before networks "
                    "are converted",
                    op->results[0]->name);
  }
  return SF_OK;
}

static int64_t weights_of(const sf_network *network) {
  int64_t sum = 0;
  SF_FOREACH_OP(op, network)
    if (op->result_count == 1 && sf_is_prunable(op))
      sum += (int64_t)sf_blob_elements(sf_op_operand_blob(op, 1));
  return sum;
}

static sf_result add_log(sf_pass_run *run, const sf_prune_options *o,
                         const sf_channel_graph *graph) {
  sf_module *module = run->module;
  sf_log_entry *log = sf_module_add_log(module, SF_APPROXIMATE, 0,
                                        "prune-channels: channels taken out");
  if (!log) return SF_OOM;
  sf_arena *arena = module->arena;
  sf_dict *attrs = &log->attrs;
  SF_TRY(sf_dict_set_word(arena, attrs, "importance", o->importance));
  SF_TRY(sf_dict_set_int(arena, attrs, "channels",
                         (int64_t)run->stats[STAT_CHANNELS]));
  SF_TRY(sf_dict_set_int(arena, attrs, "weights_before",
                         weights_of(graph->network)));
  SF_TRY(sf_dict_set_int(arena, attrs, "weights",
                         weights_of(module->first_network)));
  return sf_dict_set_int(arena, attrs, "fitted",
                         (int64_t)run->stats[STAT_LAYERS]);
}

static sf_result prune(sf_pass_run *run, const sf_prune_options *o,
                       sf_network *before) {
  sf_channel_graph graph;
  SF_TRY(sf_channels_find(before, run->scratch, &graph));
  double *score = SF_NEW_ARRAY(run->scratch, double, graph.node_count + 1u);
  if (!score) return SF_OOM;
  bool spikes = strcmp(o->importance, "spikes") == 0;
  SF_TRY(sf_channel_scores(&graph, spikes ? run : NULL, o, run->diag, score));
  SF_TRY(sf_channels_choose(&graph, o->ratio, score, &run->stats[STAT_GROUPS],
                            &run->stats[STAT_CHANNELS]));
  if (run->stats[STAT_GROUPS] == 0) return SF_OK;
  SF_TRY(sf_channels_remove(&graph, run->module->first_network, run->diag));
  if (o->reconstruct)
    SF_TRY(sf_prune_reconstruct(run, o, &graph, &run->stats[STAT_LAYERS]));
  return add_log(run, o, &graph);
}

static sf_result run_pass(sf_pass_run *run) {
  const sf_prune_options *o = SF_PASS_OPTIONS(run, sf_prune_options);
  if (!run->module->first_network) return SF_OK;
  SF_TRY(check(run, o));
  sf_module *before = NULL;
  SF_TRY(sf_module_clone(run->module, &before));
  sf_result result = prune(run, o, before->first_network);
  sf_module_destroy(before);
  return result;
}

const sf_pass sf_pass_prune_channels = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "prune-channels",
    .summary = "take the least important channels out",
    .description =
        "Removes a share of the channels of each layer of the first network, "
        "those that are tied by sums, joins and depthwise layers together, and "
        "fits the weights of what reads them by least squares with a constant "
        "feature, so that its sums on the calibration samples are those of the "
        "network before. Stands before `quantize`, on f32 networks with or "
        "without the sites of `calibrate`.",
    .keeps = SF_FACT_CALIBRATED,
    .exactness = SF_APPROXIMATE,
    .options = options,
    .options_size = sizeof(sf_prune_options),
    .stats = stats,
    .run = run_pass,
};
