/* nir_write_twice.c - a node that takes another twice in one sum. An edge of
 * NIR counts once: the second goes through a Scale by ones, which changes no
 * bit. */
#include "frontend/nir/nir_write.h"

#include <string.h>

static sf_result grow_nodes(nir_export *export, uint32_t *capacity) {
  if (export->node_count < *capacity) return SF_OK;
  uint32_t grown = 2 * export->node_count + 1;
  nir_out_node *nodes = SF_NEW_ARRAY(export->arena, nir_out_node, grown);
  if (!nodes) return SF_OOM;
  memcpy(nodes, export->nodes, export->node_count * sizeof *nodes);
  export->nodes = nodes;
  *capacity = grown;
  return SF_OK;
}

/* The edge's source is a new node from now on. */
static sf_result part(nir_export *export, uint32_t index) {
  nir_out_edge *edge = &export->edges[index];
  const sf_type *type = edge->type;
  size_t count = sf_type_elements(type);
  const char *name = sf_arena_printf(export->arena, "%s.again",
                                     export->nodes[edge->from].name);
  float *ones = SF_NEW_ARRAY(export->arena, float, count + 1);
  if (!name || !(name = sf_nir_file_name(export, name)) || !ones) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    ones[i] = 1;
  uint32_t added = export->node_count++;
  nir_out_node *node = &export->nodes[added];
  *node = (nir_out_node){
      .name = name, .type = "Scale", .loc = export->nodes[edge->to].loc};
  sf_nir_add_field(node, "scale", SF_H5_FLOAT, 4, type->rank, type->dim, ones);
  nir_out_edge before = {edge->from, added, edge->late, type};
  edge->from = added;
  edge->late = false;
  return sf_nir_add_edge(export, before); /* `edge` may have moved */
}

sf_result sf_nir_part_edges(nir_export *export) {
  uint32_t nodes = export->node_count, edges = export->edge_count;
  /* Of each node, and late or not: 1 + the last target that took it. */
  uint32_t *taken =
      SF_NEW_ARRAY(export->arena, uint32_t, 2 * (size_t)nodes + 1);
  if (!taken) return SF_OOM;
  uint32_t capacity = nodes;
  for (uint32_t i = 0; i < edges; i++) {
    const nir_out_edge *edge = &export->edges[i];
    uint32_t *last = &taken[2 * (size_t)edge->from + edge->late];
    bool again = *last == edge->to + 1;
    *last = edge->to + 1;
    if (!again) continue;
    SF_TRY(grow_nodes(export, &capacity));
    SF_TRY(part(export, i));
  }
  return SF_OK;
}
