/* use_windows.c - convolutions and sum pools on a Loihi 2 core: a kernel once a
 * core, or lists.
 *
 * A kernel stands for the whole image: source and target must lie as the op
 * sees them. Behind a reshape, slice, transpose or concat, and for transposed
 * convolutions, each source element has a list (loihi2.md 1.6). */
#include "machine/loihi2_memory.h"
#include "passes/partition/plan.h"

enum { DEPTH_MAX = 64, REACH_MAX = 1024 };

/* ---- Kernel or lists. ---- */

static bool reaches(const sf_value *value, const sf_op *neurons,
                    unsigned depth) {
  if (depth == DEPTH_MAX) return false;
  SF_FOREACH_USE(use, value) {
    const sf_op *op = use->op;
    if (op == neurons) return true;
    bool stays = op && (op->kind == SF_OP_ADD || op->kind == SF_OP_DELAY);
    if (stays && reaches(op->results[0], neurons, depth + 1)) return true;
  }
  return false;
}

bool sf_plan_is_kernel(const sf_op *op, const sf_op *neurons) {
  if (op->kind != SF_OP_CONV && op->kind != SF_OP_POOL) return false;
  const sf_type *type = &neurons->results[0]->type;
  if (!sf_type_same_shape(&op->results[0]->type, type)) return false;
  if (type->rank != 2 && type->rank != 3) return false;
  const sf_value *source = op->operands[0].value;
  while (source->op && source->op->kind == SF_OP_DELAY)
    source = source->op->operands[0].value;
  return sf_flow_is_source(source) && reaches(op->results[0], neurons, 0);
}

/* ---- Lists. ---- */

/* How many elements along one axis of the source have n targets in the box. */
typedef struct histogram {
  uint64_t of[REACH_MAX];
} histogram;

static void count_axis(const sf_op *op, unsigned axis, const sf_box *box,
                       histogram *h) {
  const sf_type *from = &op->operands[0].value->type;
  sf_flow_window w = sf_flow_window_of(op, axis);
  bool transposed = op->kind == SF_OP_CONVT;
  for (int32_t i = 0; i < from->dim[axis + 1]; i++) {
    uint32_t targets = 0;
    for (int64_t k = 0; k < w.kernel; k++) {
      int64_t o = transposed ? i * w.stride - w.pad + k * w.dilation
                             : i + w.pad - k * w.dilation;
      if (!transposed && o % w.stride != 0) continue;
      if (!transposed) o /= w.stride;
      targets += o >= box->begin[axis + 1] && o < box->end[axis + 1];
    }
    h->of[targets < REACH_MAX ? targets : REACH_MAX - 1]++;
  }
}

/* Sources of one channel that reaches `hosted` channels of the box. */
static void add_channel(sf_plan_sum *sum, const histogram axis[2],
                        uint64_t sources, uint64_t hosted,
                        sf_plan_list_cost cost, const void *cost_data) {
  for (uint64_t y = 1; y < REACH_MAX; y++) {
    for (uint64_t x = 1; axis[0].of[y] && x < REACH_MAX; x++) {
      if (!axis[1].of[x]) continue;
      uint64_t axons = sources * axis[0].of[y] * axis[1].of[x];
      sum->axons += axons;
      sum->words += axons * cost(cost_data, hosted * y * x);
    }
  }
}

void sf_plan_window_lists(sf_plan_sum *sum, sf_plan_list_cost cost,
                          const void *cost_data) {
  const sf_op *op = sum->op;
  const sf_type *to = &op->results[0]->type;
  int64_t groups =
      op->kind == SF_OP_POOL ? to->dim[0] : sf_op_int(op, SF_ATTR_groups);
  int64_t outer = to->dim[0] / groups;
  int64_t inner = op->operands[0].value->type.dim[0] / groups;
  histogram axis[2] = {{{0}}, {{0}}};
  axis[0].of[1] = 1; /* one-dimensional: a single row */
  if (to->rank == 3) {
    axis[0].of[1] = 0;
    count_axis(op, 0, &sum->box, &axis[0]);
  }
  count_axis(op, to->rank - 2u, &sum->box, &axis[1]);
  sum->format = "sparse";
  sum->axons = sum->words = 0;
  int64_t begin = sum->box.begin[0], end = sum->box.end[0];
  for (int64_t g = begin / outer; g <= (end - 1) / outer; g++) {
    int64_t first = g * outer > begin ? g * outer : begin;
    int64_t last = (g + 1) * outer < end ? (g + 1) * outer : end;
    add_channel(sum, axis, (uint64_t)inner, (uint64_t)(last - first), cost,
                cost_data);
  }
}

/* ---- Cost of channels x pixels. ---- */

static sf_loihi2_usage usage_of(const sf_loihi2_limits *limits,
                                const sf_plan_windows *w, uint64_t channels,
                                uint64_t pixels) {
  uint64_t neurons = channels * pixels;
  sf_loihi2_usage u = {.groups = 1};
  u.neuron_words = sf_loihi2_neuron_words(limits, neurons, w->state_bits);
  u.axon_in = neurons * w->single_axons * limits->axon_in_words;
  u.synapses = neurons * w->single_words;
  for (uint64_t i = 0; i < w->kernel_count; i++) {
    const sf_plan_kernel *k = &w->kernels[i];
    u.axon_in += limits->conv_axon_words;
    u.synapses += sf_loihi2_kernel_words(limits, k->rows, channels,
                                         (unsigned)k->bits, k->stride_two != 0);
  }
  uint64_t sent = neurons * w->readers;
  u.axon_map = w->discrete ? sent * limits->axon_map_words
                           : (sent * limits->conv_map_permille + 999) / 1000;
  return u;
}

int64_t sf_plan_windows_pixels(const sf_plan *plan, const sf_plan_windows *w,
                               int32_t channels, int64_t most) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(plan->machine);
  int64_t low = 0, high = most;
  while (low < high) { /* everything grows with the pixels */
    int64_t middle = low + (high - low + 1) / 2;
    sf_loihi2_usage u =
        usage_of(&limits, w, (uint64_t)channels, (uint64_t)middle);
    if (sf_loihi2_fits(&limits, &u))
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}
