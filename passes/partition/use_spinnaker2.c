/* use_spinnaker2.c - a box of neurons and its synapses, in bytes of one PE. */
#include "machine/spinnaker2_memory.h"
#include "passes/partition/plan.h"

enum { /* an estimate of Thumb-2 code; the linker has the last word */
       RUNTIME_CODE_BYTES = 4096,
       STATEMENT_CODE_BYTES = 40
};

static sf_result count_synapses(sf_plan *plan, const sf_plan_sum *sum,
                                sf_spinnaker2_projection *p) {
  uint64_t targets = sf_box_elements(&sum->box);
  if (!sum->op) {
    p->rows = p->synapses = targets;
    return SF_OK;
  }
  p->rows = sf_box_elements(&sum->source);
  if (sum->op->kind == SF_OP_SPARSE) {
    sf_plan_edges edges;
    SF_TRY(sf_plan_count_edges(plan, sum, NULL, NULL, &edges));
    p->rows = edges.sources;
    p->synapses = edges.edges;
  } else if (sum->op->kind == SF_OP_LINEAR) {
    unsigned last = sum->source.rank - 1u;
    p->synapses =
        targets * (uint64_t)(sum->source.end[last] - sum->source.begin[last]);
  } else {
    p->synapses = targets * sf_plan_window_taps(sum->op);
  }
  return SF_OK;
}

/* Slices of one source. A recurrence reads slices like the one at hand; sources
 * that come later, or do not fit themselves, count as one. */
static uint64_t slices_of(const sf_plan *plan, const sf_value *source,
                          const sf_op *neurons, uint64_t count) {
  if (source->op == neurons)
    return (sf_type_elements(&source->type) + count - 1) / count;
  for (uint32_t k = 0; k < plan->population_count; k++) {
    const sf_plan_population *p = &plan->populations[k];
    if (p->op == source->op && p->box_count) return p->box_count;
  }
  return 1;
}

/* Blocks of keys that the box listens to. */
static uint64_t source_blocks(const sf_plan *plan, const sf_op *neurons,
                              uint64_t count) {
  uint64_t blocks = 0;
  for (uint32_t i = 0; i < plan->flow.count; i++) {
    const sf_value *value = plan->flow.hits[i].value;
    if (!sf_flow_is_source(value)) continue;
    blocks += slices_of(plan, value, neurons, count);
  }
  return blocks;
}

static sf_result measure_sum(sf_plan *plan, sf_plan_sum *sum,
                             const sf_op *neurons, uint64_t count,
                             sf_spinnaker2_projection *p) {
  *p = (sf_spinnaker2_projection){.weight_bytes = 1};
  p->blocks = source_blocks(plan, neurons, count);
  p->longest_delay = sum->delay ? sum->delay : 1;
  if (sum->op) {
    const sf_plan_weights *weights;
    SF_TRY(sf_plan_weights_of(plan, sum->op, &weights));
    p->weight_bytes = weights->bytes;
    p->delays = weights->max_delay > 0;
    p->longest_delay += weights->max_delay;
  }
  SF_TRY(count_synapses(plan, sum, p));
  sum->bytes = sf_spinnaker2_projection_bytes(p, count);
  return SF_OK;
}

/* Params, and those of them (and biases) that differ between neurons. */
static void count_params(const sf_op *neurons, const sf_plan_use *use,
                         sf_spinnaker2_slice *slice) {
  slice->params = neurons->neuron->param_count;
  for (uint32_t i = 0; i < neurons->neuron->param_count; i++) {
    const sf_argument *a = &neurons->arguments[i];
    slice->blob_params += a->kind == SF_ARGUMENT_BLOB;
  }
  for (uint32_t i = 0; i < use->sum_count; i++) {
    const sf_op *op = use->sums[i].op;
    if (op && op->kind != SF_OP_POOL && op->kind != SF_OP_SPARSE)
      slice->blob_params += sf_op_operand_blob(op, 2) != NULL;
  }
}

static void add_need(sf_plan_use *use, const char *resource, const char *unit,
                     uint64_t needed, uint64_t available, bool pooled,
                     const char *fix) {
  use->needs[use->need_count++] =
      (sf_plan_need){resource, unit, needed, available, pooled, fix};
}

sf_result sf_plan_use_spinnaker2(sf_plan *plan, const sf_op *neurons,
                                 const sf_box *box, sf_plan_use *use) {
  sf_spinnaker2_limits limits = sf_spinnaker2_limits_of(plan->machine);
  sf_spinnaker2_projection projections[SF_PLAN_SUMS_MAX];
  sf_spinnaker2_slice slice = {
      .neurons = sf_box_elements(box),
      .results = neurons->result_count,
      .states = neurons->neuron->state_count,
      .projection_count = use->sum_count,
      .projections = projections,
  };
  count_params(neurons, use, &slice);
  uint64_t longest = 0;
  for (uint32_t i = 0; i < use->sum_count; i++) {
    SF_TRY(measure_sum(plan, &use->sums[i], neurons, slice.neurons,
                       &projections[i]));
    uint64_t delay = projections[i].longest_delay;
    if (delay > longest) longest = delay;
  }
  sf_spinnaker2_usage u = sf_spinnaker2_slice_usage(&slice);
  uint64_t code =
      RUNTIME_CODE_BYTES +
      STATEMENT_CODE_BYTES *
          (uint64_t)(neurons->neuron->stmt_count + 8 * use->sum_count);
  add_need(use, "data regions", "bytes", u.data_bytes, limits.data_bytes, true,
           "make the layers that it reads smaller, or its weights narrower");
  add_need(use, "working memory", "bytes", u.work_bytes, limits.work_bytes,
           true, "shorten its longest delay or use a neuron with less state");
  add_need(use, "code", "bytes", code,
           (uint64_t)sf_machine_value(plan->machine, "code-bytes"), true,
           "use a shorter neuron function");
  add_need(use, "projections into one population", "projections",
           use->sum_total, limits.inputs, false,
           "sum in a population in between");
  add_need(use, "delay", "steps", longest, limits.delay_steps, false,
           "split the delay with a relay population");
  add_need(use, "neurons", "neurons", slice.neurons, limits.neurons, false,
           "split the population");
  add_need(use, "slices", "slices", 1, limits.slices, true,
           "host fewer populations on one PE");
  return SF_OK;
}
