/* counts.c - events, spikes and updates of each population. */
#include "targets/cpu/counts.h"

#include "targets/cpu/window.h"

#include <string.h>

/* ---- Fan-out: how many synapses an element of a projection's operand has.
 * ---- */

static uint32_t taps_reached(const cpu_window_axis *a, bool transposed,
                             int64_t at) {
  uint32_t count = 0;
  for (int64_t tap = 0; tap < a->kernel; tap++) {
    int64_t out = transposed ? at * a->stride - a->begin + tap * a->dilation
                             : at + a->begin - tap * a->dilation;
    if (out < 0) continue;
    if (!transposed && out % a->stride != 0) continue;
    if (!transposed) out /= a->stride;
    count += out < a->out;
  }
  return count;
}

static void window_fan_out(const sf_op *op, uint32_t *out) {
  cpu_window w;
  cpu_window_read(op, &w);
  bool transposed = op->kind == SF_OP_CONVT;
  uint32_t channels =
      op->kind == SF_OP_POOL ? 1 : (uint32_t)(w.outputs / w.groups);
  for (int64_t c = 0; c < w.inputs; c++)
    for (int64_t y = 0; y < w.axis[0].in; y++)
      for (int64_t x = 0; x < w.axis[1].in; x++)
        *out++ = channels * taps_reached(&w.axis[0], transposed, y) *
                 taps_reached(&w.axis[1], transposed, x);
}

static sf_result sparse_fan_out(const sf_op *op, sf_diag *diag, uint32_t *out) {
  sf_blob *index = sf_op_operand_blob(op, 1);
  SF_TRY(sf_blob_load(index, diag));
  size_t edges = sf_blob_elements(index) / 2;
  size_t sources = sf_type_elements(&sf_op_operand(op, 0)->type);
  for (size_t e = 0; e < edges; e++) {
    int32_t source = sf_blob_i32(index, 2 * e + 1);
    if (source >= 0 && (size_t)source < sources) out[source]++;
  }
  return SF_OK;
}

static sf_result fan_out(const sf_op *op, sf_arena *arena, sf_diag *diag,
                         const uint32_t **out) {
  size_t elements = sf_type_elements(&sf_op_operand(op, 0)->type);
  uint32_t *counts = SF_NEW_ARRAY(arena, uint32_t, elements);
  if (!counts) return SF_OOM;
  *out = counts;
  if (op->kind == SF_OP_SPARSE) return sparse_fan_out(op, diag, counts);
  if (op->kind == SF_OP_LINEAR) {
    uint32_t targets = (uint32_t)sf_op_operand_blob(op, 1)->type.dim[0];
    for (size_t i = 0; i < elements; i++)
      counts[i] = targets;
    return SF_OK;
  }
  window_fan_out(op, counts);
  return SF_OK;
}

/* ---- Feeds. ---- */

static bool is_projection(const sf_value *value) {
  return value->op && (sf_op_is(value->op, SF_TRAIT_PROJECTION) ||
                       value->op->kind == SF_OP_POOL);
}

static bool is_passage(const sf_value *value) {
  if (!value->op) return false;
  return value->op->kind == SF_OP_ADD || value->op->kind == SF_OP_DELAY ||
         sf_op_is(value->op, SF_TRAIT_MOVES);
}

/* Values from which `from` comes through passages, each once. */
typedef struct walk {
  uint32_t count;
  const sf_value **list;
} walk;

static void push(walk *w, const sf_value *value) {
  if (!value) return;
  for (uint32_t i = 0; i < w->count; i++)
    if (w->list[i] == value) return;
  w->list[w->count++] = value;
}

static void push_operands(walk *w, const sf_op *op) {
  for (uint32_t i = 0; i < op->operand_count; i++)
    push(w, sf_op_operand(op, i));
}

/* A slice or delay of what no projection feeds arrives itself: after the cut,
 * and when it comes out. */
static bool arrives_here(const sf_value *value, const sf_value **list) {
  if (!value->op ||
      (value->op->kind != SF_OP_SLICE && value->op->kind != SF_OP_DELAY))
    return false;
  walk w = {0, list};
  push(&w, value);
  for (uint32_t i = 0; i < w.count; i++) {
    if (is_projection(w.list[i])) return false;
    if (is_passage(w.list[i])) push_operands(&w, w.list[i]->op);
  }
  return true;
}

typedef struct builder {
  sf_arena *arena;
  sf_diag *diag;
  const sf_value **list, **inner;
} builder;

static sf_result add_feed(builder *b, cpu_population *p,
                          const sf_value *value) {
  cpu_feed *feed = &p->feeds[p->feed_count++];
  *feed = (cpu_feed){NULL, value, NULL};
  if (!is_projection(value)) return SF_OK;
  feed->projection = value->op;
  feed->value = sf_op_operand(value->op, 0);
  return fan_out(value->op, b->arena, b->diag, &feed->fan_out);
}

static sf_result find_feeds(builder *b, cpu_population *p) {
  walk w = {0, b->list};
  push_operands(&w, p->op);
  for (uint32_t i = 0; i < w.count; i++)
    if (is_passage(w.list[i]) && !arrives_here(w.list[i], b->inner))
      push_operands(&w, w.list[i]->op);
  p->feeds = SF_NEW_ARRAY(b->arena, cpu_feed, w.count + 1u);
  if (!p->feeds) return SF_OOM;
  for (uint32_t i = 0; i < w.count; i++)
    if (!is_passage(w.list[i]) || arrives_here(w.list[i], b->inner))
      SF_TRY(add_feed(b, p, w.list[i]));
  return SF_OK;
}

sf_result cpu_counting_create(const sf_network *network, sf_arena *arena,
                              sf_diag *diag, cpu_counting *out) {
  size_t values = network->argument_count, rows = 0;
  SF_FOREACH_OP(op, network) {
    values += op->result_count;
    rows += op->kind == SF_OP_NEURONS;
  }
  *out = (cpu_counting){0};
  builder b = {arena, diag, SF_NEW_ARRAY(arena, const sf_value *, values + 1),
               SF_NEW_ARRAY(arena, const sf_value *, values + 1)};
  out->counts.populations = SF_NEW_ARRAY(arena, sf_population_counts, rows + 1);
  out->populations = SF_NEW_ARRAY(arena, cpu_population, rows + 1);
  if (!b.list || !b.inner || !out->counts.populations || !out->populations)
    return SF_OOM;
  SF_FOREACH_OP(op, network) {
    if (op->kind != SF_OP_NEURONS) continue;
    const sf_value *result = sf_op_result(op, 0);
    uint32_t row = out->counts.population_count++;
    out->counts.populations[row] = (sf_population_counts){
        .name = result->name, .neurons = sf_type_elements(&result->type)};
    out->populations[row].op = op;
    SF_TRY(find_feeds(&b, &out->populations[row]));
  }
  return SF_OK;
}

/* ---- One step. ---- */

static uint64_t count_events(const cpu_replay *r, const sf_value *value,
                             const uint32_t *each) {
  const sf_word *words = r->probe(r->scratch, value->name);
  size_t elements = sf_type_elements(&value->type);
  bool is_float = value->type.scalar.kind == SF_SCALAR_F32;
  uint64_t count = 0;
  for (size_t i = 0; words && i < elements; i++)
    if (is_float ? words[i].f != 0.0f : words[i].i != 0)
      count += each ? each[i] : 1;
  return count;
}

void cpu_counting_step(cpu_counting *counting, const cpu_replay *replay,
                       uint32_t step) {
  for (uint32_t row = 0; row < counting->counts.population_count; row++) {
    const cpu_population *p = &counting->populations[row];
    sf_population_counts *counts = &counting->counts.populations[row];
    for (uint32_t i = 0; i < p->feed_count; i++)
      counts->events_in +=
          count_events(replay, p->feeds[i].value, p->feeds[i].fan_out);
    for (uint32_t i = 0; i < p->op->result_count; i++)
      counts->spikes_out += count_events(replay, p->op->results[i], NULL);
    if ((int64_t)step >= sf_op_int(p->op, SF_ATTR_start))
      counts->updates += counts->neurons;
  }
}
