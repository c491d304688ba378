/* fabric.c - arrays of the fabric, output axons, rows of synapse lists. */
#include "targets/loihi2/fabric.h"

#include <stdlib.h>
#include <string.h>

sf_result sf_l2_fabric_create(sf_l2_plan *plan, sf_l2_fabric *out) {
  *out = (sf_l2_fabric){.plan = plan,
                        .limits = sf_loihi2_limits_of(plan->machine),
                        .scratch = sf_arena_create()};
  sf_arena *arena = plan->arena;
  out->sites = SF_NEW_ARRAY(arena, sf_l2_site, plan->core_count + 1);
  out->input_outs = SF_NEW_ARRAY(arena, sf_l2_outs, plan->input_count + 1);
  out->orders = SF_NEW_ARRAY(arena, uint32_t *, plan->connection_count + 1);
  out->order_counts = SF_NEW_ARRAY(arena, uint32_t, plan->connection_count + 1);
  if (out->scratch && out->sites && out->input_outs && out->orders &&
      out->order_counts)
    return SF_OK;
  sf_l2_fabric_destroy(out);
  return SF_OOM;
}

void sf_l2_fabric_destroy(sf_l2_fabric *fabric) {
  sf_arena_destroy(fabric->scratch);
  sf_l2_tables_destroy(&fabric->tables);
  *fabric = (sf_l2_fabric){0};
}

sf_result sf_l2_out_add(sf_l2_fabric *fabric, const sf_l2_connection *c,
                        uint32_t sending_slice, sf_l2_out out) {
  const sf_l2_plan *plan = fabric->plan;
  sf_l2_outs *outs = &fabric->input_outs[c->source];
  if (!c->from_input)
    outs = &fabric->sites[plan->slices[sending_slice].core].outs;
  if (outs->count == outs->capacity) {
    uint32_t capacity = outs->capacity ? 2 * outs->capacity : 4;
    sf_l2_out *items = SF_NEW_ARRAY(plan->arena, sf_l2_out, capacity);
    if (!items) return SF_OOM;
    if (outs->count) memcpy(items, outs->items, outs->count * sizeof *items);
    outs->items = items;
    outs->capacity = capacity;
  }
  outs->items[outs->count++] = out;
  return SF_OK;
}

const sf_value *sf_l2_source_value(const sf_l2_plan *plan,
                                   const sf_l2_connection *c) {
  return c->from_input ? plan->inputs[c->source].value
                       : plan->layers[c->source].value;
}

uint32_t sf_l2_payload_bits(sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_SPIKE) return 0;
  return (scalar.bits + 7u) / 8u * 8u;
}

sf_l2_row sf_l2_row_at(const sf_l2_plan *plan, const sf_l2_connection *c,
                       uint32_t operand) {
  uint32_t element = c->source_map ? (uint32_t)c->source_map[operand] : operand;
  if (c->from_input) return (sf_l2_row){operand, 0, element};
  const sf_l2_layer *source = &plan->layers[c->source];
  return (sf_l2_row){operand, source->slice_of[element],
                     source->local_of[element]};
}

static int compare_rows(const void *a, const void *b) {
  const sf_l2_row *p = a, *q = b;
  if (p->slice != q->slice) return p->slice < q->slice ? -1 : 1;
  if (p->local != q->local) return p->local < q->local ? -1 : 1;
  return p->operand < q->operand ? -1 : p->operand > q->operand;
}

static sf_result sort_rows(sf_l2_fabric *fabric, uint32_t connection) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_l2_connection *c = &plan->connections[connection];
  uint32_t *order = SF_NEW_ARRAY(plan->arena, uint32_t, c->source_elements);
  sf_l2_row *rows = malloc(c->source_elements * sizeof *rows);
  if (!order || !rows) {
    free(rows);
    return SF_OOM;
  }
  uint32_t count = 0;
  for (uint32_t j = 0; j < c->source_elements; j++)
    if (!c->source_map || c->source_map[j] >= 0)
      rows[count++] = sf_l2_row_at(plan, c, j);
  qsort(rows, count, sizeof *rows, compare_rows);
  for (uint32_t r = 0; r < count; r++)
    order[r] = rows[r].operand;
  free(rows);
  fabric->orders[connection] = order;
  fabric->order_counts[connection] = count;
  return SF_OK;
}

sf_result sf_l2_rows_of(sf_l2_fabric *fabric, uint32_t connection,
                        const uint32_t **out, uint32_t *out_count) {
  if (!fabric->orders[connection]) SF_TRY(sort_rows(fabric, connection));
  *out = fabric->orders[connection];
  *out_count = fabric->order_counts[connection];
  return SF_OK;
}
