/* interp_counts.c - events, spikes and updates of each population.
 *
 * include/sf/counts.h defines them. What feeds a population is found once: from
 * each operand back through add, concat, slice, reshape, transpose and delay to
 * the projections (which count their own events), or to values that arrive
 * without one (which count their non-zero elements). */
#include "ir/interp_node.h"

#include <string.h>

/* A projection, or a value. Each counts once a population, however many paths
 * lead to it. */
typedef struct source {
  const sf_interp_node *projection; /* NULL: `words` */
  const sf_value *value;
  const sf_word *words;
} source;

typedef struct population_sources {
  const sf_interp_node *node;
  uint32_t count;
  source *sources;
} population_sources;

typedef struct sf_counting {
  sf_counts counts;
  population_sources *populations;
} sf_counting;

static bool is_projection(const sf_value *value) {
  return value->op && (sf_op_is(value->op, SF_TRAIT_PROJECTION) ||
                       value->op->kind == SF_OP_POOL);
}

static bool is_passage(const sf_value *value) {
  if (!value->op) return false;
  switch (value->op->kind) {
  case SF_OP_ADD:
  case SF_OP_CONCAT:
  case SF_OP_SLICE:
  case SF_OP_RESHAPE:
  case SF_OP_TRANSPOSE:
  case SF_OP_DELAY:
    return true;
  default:
    return false;
  }
}

/* ---- Finding the sources. A work list, so that depth of the text is no depth
 * of the stack; `seen` makes cycles through delays end. ---- */

typedef struct search {
  sf_interp *interp;
  const sf_value **list; /* values found, in order; also the work list */
  uint32_t count;
  uint32_t mark, inner_mark; /* differ from every earlier search's */
} search;

/* `inner`: a search that runs while another one is under way. */
static void push(search *s, const sf_value *value, bool inner) {
  if (!value) return;
  sf_interp_slot *slot = sf_interp_slot_of(s->interp, value);
  uint32_t *seen = inner ? &slot->seen_in : &slot->seen;
  if (*seen == s->mark) return;
  *seen = s->mark;
  s->list[s->count++] = value;
}

static void push_operands(search *s, const sf_op *op, bool inner) {
  for (uint32_t k = 0; k < op->operand_count; k++)
    push(s, sf_op_operand(op, k), inner);
}

/* A slice or delay of values that no projection feeds: what arrives, and when,
 * is its own result. */
static bool arrives_here(search *outer, const sf_value *value) {
  if (!value->op ||
      (value->op->kind != SF_OP_SLICE && value->op->kind != SF_OP_DELAY))
    return false;
  search s = {outer->interp, outer->list + outer->count, 0, ++outer->inner_mark,
              0};
  push(&s, value, true);
  for (uint32_t n = 0; n < s.count; n++) {
    if (is_projection(s.list[n])) return false;
    if (is_passage(s.list[n])) push_operands(&s, s.list[n]->op, true);
  }
  return true;
}

static sf_result collect(search *s, const sf_interp_node *node,
                         population_sources *out) {
  sf_interp *interp = s->interp;
  s->count = 0;
  s->mark++;
  push_operands(s, node->op, false);
  for (uint32_t n = 0; n < s->count; n++)
    if (is_passage(s->list[n]) && !arrives_here(s, s->list[n]))
      push_operands(s, s->list[n]->op, false);
  out->node = node;
  out->sources = SF_NEW_ARRAY(interp->arena, source, s->count + 1u);
  if (!out->sources) return SF_OOM;
  for (uint32_t n = 0; n < s->count; n++) {
    const sf_value *value = s->list[n];
    if (is_passage(value) && !arrives_here(s, value)) continue;
    out->sources[out->count++] = (source){
        is_projection(value) ? sf_interp_node_of(interp, value->op) : NULL,
        value, sf_interp_words(interp, value)};
  }
  return SF_OK;
}

static sf_result fill(sf_interp *interp, sf_counting *counting, search *s) {
  uint32_t row = 0;
  for (uint32_t n = 0; n < interp->node_count; n++) {
    const sf_interp_node *node = &interp->nodes[n];
    if (node->op->kind != SF_OP_NEURONS) continue;
    const sf_value *result = sf_op_result(node->op, 0);
    counting->counts.populations[row].name = result->name;
    counting->counts.populations[row].neurons = sf_type_elements(&result->type);
    SF_TRY(collect(s, node, &counting->populations[row]));
    row++;
  }
  return SF_OK;
}

sf_result sf_counting_create(sf_interp *interp) {
  sf_counting *c = SF_NEW(interp->arena, sf_counting);
  if (!c) return SF_OOM;
  uint32_t rows = 0;
  for (uint32_t n = 0; n < interp->node_count; n++)
    rows += interp->nodes[n].op->kind == SF_OP_NEURONS;
  c->counts.population_count = rows;
  c->counts.populations =
      SF_NEW_ARRAY(interp->arena, sf_population_counts, rows + 1u);
  c->populations = SF_NEW_ARRAY(interp->arena, population_sources, rows + 1u);
  if (!c->counts.populations || !c->populations) return SF_OOM;
  interp->counting = c;
  /* Two searches, one inside the other, each over all values at most. */
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  search s = {interp, NULL, 0, 0, 0};
  s.list = SF_NEW_ARRAY(scratch, const sf_value *,
                        2 * (size_t)interp->slot_count + 1);
  sf_result result = s.list ? fill(interp, c, &s) : SF_OOM;
  sf_arena_destroy(scratch);
  return result;
}

/* ---- Counting. ---- */

static uint64_t non_zero(const sf_value *value, const sf_word *words) {
  bool is_float = sf_type_is_float(&value->type);
  size_t elements = sf_type_elements(&value->type);
  uint64_t count = 0;
  for (size_t n = 0; n < elements; n++)
    count += !sf_word_is_zero(words[n], is_float);
  return count;
}

void sf_counting_step(sf_interp *interp) {
  sf_counting *c = interp->counting;
  for (uint32_t row = 0; row < c->counts.population_count; row++) {
    const population_sources *p = &c->populations[row];
    sf_population_counts *counts = &c->counts.populations[row];
    for (uint32_t n = 0; n < p->count; n++)
      counts->events_in +=
          p->sources[n].projection
              ? p->sources[n].projection->events
              : non_zero(p->sources[n].value, p->sources[n].words);
    for (uint32_t n = 0; n < p->node->op->result_count; n++)
      counts->spikes_out +=
          non_zero(p->node->op->results[n], p->node->results[n]);
    if (sf_population_runs(p->node->population, interp->time))
      counts->updates += counts->neurons;
  }
  c->counts.steps++;
  if (interp->time == 0) c->counts.samples++;
}

const sf_counts *sf_counting_get(const sf_interp *interp) {
  return &interp->counting->counts;
}
