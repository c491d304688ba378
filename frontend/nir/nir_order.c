/* nir_order.c - in which order nodes are evaluated in a step, and which edges
 * carry the value of the step before.
 *
 * A cycle through a Delay of a step or more is causal as it stands. Every other
 * cycle must pass a node with state. When only cycles are left, each group of
 * nodes on cycles that waits for nothing else is entered at its nodes with
 * state that are nearest to an input (all of them, so that names and the order
 * of edges do not matter); what reaches them through synapses from neurons that
 * were not evaluated yet is of the step before. */
#include "frontend/nir/nir_order.h"

#include <string.h>

/* ---- Evaluation. ---- */

/* Nodes from the nearest input, over all edges. */
static void measure(const nir_scheduler *s) {
  nir_import *import = s->import;
  uint32_t head = 0, tail = 0;
  for (uint32_t i = 0; i < import->node_count; i++) {
    nir_node *node = &import->nodes[i];
    bool input = node->type->kind == NIR_INPUT && node->depth == 0;
    node->distance = input ? 0 : UINT32_MAX;
    if (input) s->stack[tail++] = i;
  }
  while (head < tail) {
    const nir_node *node = &import->nodes[s->stack[head++]];
    for (uint32_t e = 0; e < node->succ_count; e++) {
      uint32_t to = import->edges[node->succs[e]].to;
      if (import->nodes[to].distance != UINT32_MAX) continue;
      import->nodes[to].distance = node->distance + 1;
      s->stack[tail++] = to;
    }
  }
}

static void release(nir_scheduler *s, uint32_t index) {
  if (--s->waiting[index] == 0) s->import->order[s->ready++] = index;
}

/* Everything that waits for nothing any more, in the order of release. */
static void evaluate_ready(nir_scheduler *s) {
  nir_import *import = s->import;
  while (s->done < s->ready) {
    nir_node *node = &import->nodes[import->order[s->done++]];
    node->built = true; /* cleared when the order is complete */
    for (uint32_t e = 0; !node->takes_time && e < node->succ_count; e++) {
      const nir_edge *edge = &import->edges[node->succs[e]];
      if (!edge->cut) release(s, edge->to);
    }
  }
}

bool sf_nir_waits(const nir_import *import, const nir_edge *edge) {
  const nir_node *from = &import->nodes[edge->from];
  return !edge->cut && !from->built && !from->takes_time;
}

/* ---- Cycles. ---- */

static void cut(nir_scheduler *s, nir_edge *edge) {
  edge->cut = true;
  release(s, edge->to);
}

/* Cuts what reaches `index` from neurons that are not evaluated: the edge
 * neuron -> synapse, or with --recurrence synapse the one into `index`. */
static void cut_before(nir_scheduler *s, uint32_t index, uint32_t mark) {
  nir_import *import = s->import;
  uint32_t depth = 0;
  s->stack[depth++] = index;
  s->mark[index] = mark;
  while (depth) {
    uint32_t at = s->stack[--depth];
    const nir_node *node = &import->nodes[at];
    for (uint32_t e = 0; e < node->pred_count; e++) {
      nir_edge *edge = &import->edges[node->preds[e]];
      if (!sf_nir_waits(import, edge)) continue;
      if (import->nodes[edge->from].type->has_state ||
          (import->options.cut_after_synapse && at == index)) {
        cut(s, edge);
      } else if (s->mark[edge->from] != mark) {
        s->mark[edge->from] = mark;
        s->stack[depth++] = edge->from;
      }
    }
  }
}

/* The group of nodes that starts at member `first` of the list. */
static sf_result enter_group(nir_scheduler *s, uint32_t first, uint32_t end) {
  nir_import *import = s->import;
  uint32_t best = UINT32_MAX;
  bool found = false;
  for (uint32_t i = first; i < end; i++) {
    const nir_node *node = &import->nodes[s->members[i]];
    if (!node->type->has_state) continue;
    found = true;
    if (node->distance < best) best = node->distance;
  }
  if (!found)
    return sf_nir_refuse(
        import, &import->nodes[s->members[first]],
        "put a neuron or a Delay of at least one step into the cycle",
        "it lies on a cycle without a neuron that keeps a state: its value "
        "would depend on itself within a step");
  for (uint32_t i = first; i < end; i++) {
    const nir_node *node = &import->nodes[s->members[i]];
    if (node->type->has_state && node->distance == best)
      cut_before(s, s->members[i], ++s->marks);
  }
  return SF_OK;
}

static sf_result break_cycles(nir_scheduler *s) {
  sf_nir_find_groups(s);
  memset(s->mark, 0, s->import->node_count * sizeof *s->mark);
  s->marks = 0;
  for (uint32_t g = 0; g < s->group_count; g++) {
    uint32_t end =
        g + 1 < s->group_count ? s->group_first[g + 1] : s->member_count;
    if (!s->group_waits[g]) SF_TRY(enter_group(s, s->group_first[g], end));
  }
  return SF_OK;
}

static sf_result run(nir_scheduler *s) {
  nir_import *import = s->import;
  measure(s);
  for (uint32_t i = 0; i < import->edge_count; i++)
    if (!import->nodes[import->edges[i].from].takes_time)
      s->waiting[import->edges[i].to]++;
  for (uint32_t i = 0; i < import->node_count; i++)
    if (s->waiting[i] == 0) import->order[s->ready++] = i;
  evaluate_ready(s);
  while (s->done < import->node_count) {
    SF_TRY(break_cycles(s));
    evaluate_ready(s);
  }
  for (uint32_t i = 0; i < import->node_count; i++)
    import->nodes[i].built = false;
  return SF_OK;
}

/* The node's delay is at least one step for every element. */
static bool takes_time(const nir_import *import, const nir_node *node) {
  if (node->type->kind != NIR_DELAY) return false;
  const sf_h5_item *item = node->field[NIR_DELAYS];
  for (uint64_t i = 0; i < item->elements; i++)
    if (sf_h5_f64(item, i) / import->dt < 0.5) return false;
  return true;
}

sf_result sf_nir_schedule(nir_import *import) {
  size_t count = import->node_count + 1u;
  nir_scheduler s = {.import = import};
  uint32_t **arrays[] = {
      &s.waiting, &s.stack, &s.mark, &s.members, &s.group_first, &s.group_waits,
      &s.visit,   &s.low,   &s.next, &s.path,    &import->order};
  for (size_t i = 0; i < SF_COUNT_OF(arrays); i++) {
    *arrays[i] = SF_NEW_ARRAY(import->arena, uint32_t, count);
    if (!*arrays[i]) return SF_OOM;
  }
  for (uint32_t i = 0; i < import->node_count; i++)
    import->nodes[i].takes_time = takes_time(import, &import->nodes[i]);
  return run(&s);
}
