/* use_loihi2.c - a box of neurons and its synapses, in words of one core. */
#include "machine/loihi2_memory.h"
#include "passes/partition/plan.h"

#include <string.h>

typedef struct list_cost {
  const sf_loihi2_limits *limits;
  unsigned bits;
  bool delays;
} list_cost;

static uint64_t list_words(const void *data, uint64_t edges) {
  const list_cost *c = data;
  return sf_loihi2_list_words(c->limits, edges, c->bits, c->delays);
}

static uint64_t extent(const sf_box *box, unsigned axis) {
  return (uint64_t)(box->end[axis] - box->begin[axis]);
}

/* Last axis of the stream summed into the box's part of the last axis. */
static void use_linear(const list_cost *c, sf_plan_sum *sum) {
  unsigned last = sum->box.rank - 1u;
  sum->format = "dense";
  sum->axons = sf_box_elements(&sum->source);
  sum->words = sum->axons * list_words(c, extent(&sum->box, last));
}

static sf_result use_sparse(sf_plan *plan, const list_cost *c,
                            sf_plan_sum *sum) {
  sf_plan_edges edges;
  SF_TRY(sf_plan_count_edges(plan, sum, list_words, c, &edges));
  sum->format = "sparse";
  sum->axons = edges.sources;
  sum->words = edges.cost;
  return SF_OK;
}

static bool strides_two(const sf_op *op) {
  unsigned spatial = op->results[0]->type.rank - 1u;
  int64_t stride[SF_RANK_MAX];
  sf_op_ints(op, SF_ATTR_stride, spatial, stride);
  return stride[spatial - 1] == 2;
}

static void use_conv(const list_cost *c, sf_plan_sum *sum) {
  sum->format = "conv";
  sum->axons = c->limits->conv_axon_words; /* population axons */
  sum->words = sf_loihi2_kernel_words(c->limits, sf_plan_window_taps(sum->op),
                                      extent(&sum->box, 0), c->bits,
                                      strides_two(sum->op));
}

/* A stream that reaches the neurons as it is: one synapse each. */
static void use_identity(const list_cost *c, sf_plan_sum *sum) {
  sum->format = "sparse";
  sum->axons = sf_box_elements(&sum->box);
  sum->words = sum->axons * list_words(c, 1);
}

/* Bits of a weight in its field: lists have none of 7, kernels do (the head of
 * YOLO-KP prints 6 words a row of 48; loihi2.md 1.6, 7.1). Wider ones are
 * reported, and counted as 8. A power of two below 2^-8 is not stored, so the
 * field grows instead (targets/loihi2/weights.c). */
static unsigned field_bits(const sf_plan *plan, const sf_op *op,
                           const sf_plan_weights *weights, bool kernel) {
  int64_t shift = op->kind == SF_OP_POOL ? 0 : sf_op_int(op, SF_ATTR_shift);
  int64_t lacking = shift - (int64_t)weights->strip + weights->mixed;
  unsigned bits = weights->bits ? weights->bits : 1;
  if (plan->options.declared_bits && weights->weights)
    bits = weights->weights->type.scalar.bits;
  while (bits < 8 && bits < lacking)
    bits++;
  if (bits > 8) return 8;
  return kernel ? bits : sf_loihi2_stored_bits(bits);
}

static sf_result use_sum(sf_plan *plan, const sf_loihi2_limits *limits,
                         const sf_op *neurons, sf_plan_sum *sum,
                         unsigned *widest) {
  list_cost c = {limits, 1, false};
  bool kernel = false;
  if (sum->op) {
    const sf_plan_weights *weights;
    SF_TRY(sf_plan_weights_of(plan, sum->op, &weights));
    if (weights->bits > *widest) *widest = weights->bits;
    kernel = sf_plan_is_kernel(sum->op, neurons);
    c.bits = field_bits(plan, sum->op, weights, kernel);
    c.delays = weights->max_delay > 0 || sum->delay > 1;
  }
  sum->weight_bits = c.bits;
  if (!sum->op)
    use_identity(&c, sum);
  else if (sum->op->kind == SF_OP_LINEAR)
    use_linear(&c, sum);
  else if (sum->op->kind == SF_OP_SPARSE)
    return use_sparse(plan, &c, sum);
  else if (kernel)
    use_conv(&c, sum);
  else
    sf_plan_window_lists(sum, list_words, &c);
  return SF_OK;
}

/* Does a projection among the sums bring a bias, which the neuron keeps? */
static bool sums_bias(const sf_plan_use *use) {
  for (uint32_t i = 0; i < use->sum_count; i++) {
    const sf_op *op = use->sums[i].op;
    bool weighs = op && op->kind != SF_OP_POOL && op->kind != SF_OP_SPARSE;
    if (weighs && sf_op_operand_blob(op, 2)) return true;
  }
  return false;
}

/* State variables of the chip have at most 24 bits (loihi2.md 1.7), which is
 * what whole words are fitted to; half a word takes them as declared. A neuron
 * without state may run as one with a register: the relay of spikes is an `if`
 * that forgets (targets/loihi2/model.c). */
static uint64_t state_bits(const sf_loihi2_limits *limits, const sf_op *neurons,
                           const sf_plan_use *use) {
  enum { REGISTER = 32 };
  const sf_neuron *neuron = neurons->neuron;
  sf_loihi2_state state = {.biased = sums_bias(use)};
  for (uint32_t i = 0; i < neuron->state_count; i++) {
    unsigned b = neuron->states[i].value->type.bits;
    state.bits += b;
    state.whole += b < 24 ? b : 24;
  }
  if (neuron->state_count == 0) state.bits = REGISTER;
  for (uint32_t i = 0; i < neuron->param_count; i++) {
    const sf_nvalue *param = neuron->params[i].value;
    if (neurons->arguments[i].kind != SF_ARGUMENT_BLOB) continue;
    if (strcmp(param->name, "bias") == 0)
      state.biased = true;
    else
      state.own += param->type.bits;
  }
  return sf_loihi2_state_bits(limits, &state);
}

/* ---- Output side. ---- */

enum { WALK_MAX = 64 }; /* values between a population and its readers */

/* Does `use` need an axon of each neuron's own? Convolutions read whole slices;
 * what only moves elements is looked through. */
static bool is_discrete(const sf_use *use, const sf_value **walk,
                        uint32_t *count) {
  const sf_op *op = use->op;
  if (!op) return true; /* returned: the host reads it */
  bool moves = op->kind == SF_OP_DELAY || sf_op_is(op, SF_TRAIT_MOVES);
  if (moves && *count < WALK_MAX) {
    walk[(*count)++] = op->results[0];
    return false;
  }
  return op->kind != SF_OP_CONV && op->kind != SF_OP_CONVT &&
         op->kind != SF_OP_POOL;
}

static bool sends_discrete(const sf_op *neurons) {
  const sf_value *walk[WALK_MAX + SF_PLAN_SUMS_MAX];
  uint32_t count = 0;
  for (uint32_t r = 0; r < neurons->result_count; r++) {
    if (count == SF_PLAN_SUMS_MAX) return true;
    walk[count++] = neurons->results[r];
  }
  for (uint32_t i = 0; i < count; i++) {
    SF_FOREACH_USE(use, walk[i]) {
      if (is_discrete(use, walk, &count)) return true;
    }
  }
  return false;
}

enum { READERS_MAX = 256, BETWEEN_MAX = 1024 };

typedef struct reading {
  const sf_value *values[BETWEEN_MAX]; /* sums and moves on the way */
  const sf_op *populations[READERS_MAX];
  uint32_t value_count, population_count;
} reading;

static void add_reader(reading *r, const sf_op *op) {
  if (op->kind == SF_OP_NEURONS) {
    for (uint32_t i = 0; i < r->population_count; i++)
      if (r->populations[i] == op) return;
    if (r->population_count < READERS_MAX)
      r->populations[r->population_count++] = op;
    return;
  }
  for (uint32_t i = 0; i < r->value_count; i++)
    if (r->values[i] == op->results[0]) return;
  if (r->value_count < BETWEEN_MAX)
    r->values[r->value_count++] = op->results[0];
}

/* Populations that read this one: on Loihi 1 a spike takes an output axon for
 * each core that it goes to (loihi2.md 1.4), at least one a population. Beyond
 * the bounds of the walk: fewer than there are. */
static uint64_t readers_of(const sf_loihi2_limits *limits,
                           const sf_op *neurons) {
  if (limits->axon_out_limit == UINT64_MAX) return 1;
  reading r = {.value_count = 0};
  for (uint32_t i = 0; i < neurons->result_count; i++)
    if (r.value_count < BETWEEN_MAX)
      r.values[r.value_count++] = neurons->results[i];
  for (uint32_t i = 0; i < r.value_count; i++)
    SF_FOREACH_USE(use, r.values[i])
      if (use->op) add_reader(&r, use->op);
  return r.population_count > 1 ? r.population_count : 1;
}

static uint64_t map_words(const sf_loihi2_limits *limits, const sf_op *neurons,
                          uint64_t count) {
  count *= readers_of(limits, neurons);
  if (sends_discrete(neurons)) return count * limits->axon_map_words;
  return (count * limits->conv_map_permille + 999) / 1000;
}

static void add_need(sf_plan_use *use, const char *resource, const char *unit,
                     uint64_t needed, uint64_t available, bool pooled,
                     const char *fix) {
  use->needs[use->need_count++] =
      (sf_plan_need){resource, unit, needed, available, pooled, fix};
}

/* Loihi 1: memories of fixed sizes besides the pool. */
static void add_parts(sf_plan_use *use, const sf_loihi2_limits *limits,
                      const sf_loihi2_usage *u) {
  if (limits->synapse_words == UINT64_MAX) return;
  add_need(use, "synapse memory", "words", u->synapses, limits->synapse_words,
           true, "reduce the fan-in of one neuron or the bits of its weights");
  add_need(use, "input axons", "axons", u->axon_in, limits->axon_in_limit, true,
           "reduce the fan-in of one neuron");
  add_need(use, "output axons", "axons", u->axon_map + u->axon_mem,
           limits->axon_out_limit, true, "send to fewer cores");
}

sf_result sf_plan_use_loihi2(sf_plan *plan, const sf_op *neurons,
                             const sf_box *box, sf_plan_use *use) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(plan->machine);
  uint64_t count = sf_box_elements(box);
  sf_loihi2_usage u = {.groups = 1};
  uint64_t bits = state_bits(&limits, neurons, use);
  u.neuron_words = sf_loihi2_neuron_words(&limits, count, bits);
  unsigned widest = 0;
  for (uint32_t i = 0; i < use->sum_count; i++) {
    sf_plan_sum *sum = &use->sums[i];
    SF_TRY(use_sum(plan, &limits, neurons, sum, &widest));
    bool conv = sum->format[0] == 'c';
    u.axon_in += conv ? sum->axons : sum->axons * limits.axon_in_words;
    u.synapses += sum->words;
  }
  u.axon_map = map_words(&limits, neurons, count);
  add_need(use, "neuron memory", "words", u.neuron_words, limits.neuron_words,
           true, "use a neuron with less state");
  add_need(use, "synapse pool", "words", sf_loihi2_pool_words(&u),
           limits.pool_words, true,
           "reduce the fan-in of one neuron or the bits of its weights");
  add_parts(use, &limits, &u);
  add_need(use, "neuron groups", "groups", u.groups, limits.groups, true,
           "host fewer populations on one core");
  add_need(use, "weight width", "bits", widest,
           (uint64_t)sf_machine_value(plan->machine, "weight-bits"), false,
           "quantize the weights further");
  add_need(use, "projections into one population", "projections",
           use->sum_total, SF_PLAN_SUMS_MAX, false,
           "sum in a population in between");
  return SF_OK;
}

/* ---- Slices of channels and pixels. ---- */

static void add_kernel(const sf_plan_sum *sum, sf_plan_windows *out) {
  out->kernels[out->kernel_count++] = (sf_plan_kernel){
      sf_plan_window_taps(sum->op), sum->weight_bits, strides_two(sum->op)};
}

sf_result sf_plan_windows_of(sf_plan *plan, const sf_op *neurons,
                             sf_plan_windows *out, bool *out_is) {
  *out_is = false;
  memset(out, 0, sizeof *out);
  const sf_type *type = &neurons->results[0]->type;
  sf_box one = sf_box_whole(type);
  for (unsigned i = 0; i < type->rank; i++)
    one.end[i] = 1;
  sf_plan_use use;
  SF_TRY(sf_plan_use_of(plan, neurons, &one, &use));
  sf_loihi2_limits limits = sf_loihi2_limits_of(plan->machine);
  for (uint32_t i = 0; i < use.sum_count; i++) {
    const sf_plan_sum *sum = &use.sums[i];
    if (sum->format[0] == 'c')
      add_kernel(sum, out);
    else if (sum->op)
      return SF_OK;
    else {
      out->single_axons += sum->axons;
      out->single_words += sum->words;
    }
  }
  out->state_bits = state_bits(&limits, neurons, &use);
  out->discrete = sends_discrete(neurons);
  out->readers = readers_of(&limits, neurons);
  *out_is = out->kernel_count > 0;
  return SF_OK;
}
