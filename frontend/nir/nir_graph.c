/* nir_graph.c - groups of the file become nodes; nested graphs are flattened.
 *
 * Nodes are in the order of their paths, so nothing depends on the order in
 * which the file was written. */
#include "frontend/nir/nir.h"

#include <string.h>

nir_node *sf_nir_add_node(nir_import *import, const nir_type *type,
                          const char *name, const char *path, uint32_t depth) {
  if (import->node_count == NIR_NODES_MAX) {
    sf_nir_refuse(import, NULL, NULL, "the graph has more than %d nodes",
                  (int)NIR_NODES_MAX);
    return NULL;
  }
  if (import->node_count == import->node_capacity) {
    uint32_t capacity = import->node_capacity ? 2 * import->node_capacity : 64;
    nir_node *grown = SF_NEW_ARRAY(import->arena, nir_node, capacity);
    if (!grown) return NULL;
    if (import->nodes)
      memcpy(grown, import->nodes, import->node_count * sizeof *grown);
    import->nodes = grown;
    import->node_capacity = capacity;
  }
  nir_node *node = &import->nodes[import->node_count];
  *node = (nir_node){.type = type, .name = name, .path = path, .depth = depth};
  node->loc =
      (sf_loc){.file = import->loc.file,
               .node = sf_arena_text(import->module->arena, sf_slice_of(name))};
  if (!node->loc.node) return NULL;
  import->node_count++;
  return node;
}

/* ---- Fields. ---- */

/* Datasets that the type has are kept; others have no effect, as the user is
 * told. Metadata belongs to no type. */
static void take_member(nir_import *import, nir_node *node,
                        const sf_h5_item *item, const char *name) {
  if (strcmp(name, "type") == 0 || strcmp(name, "metadata") == 0) return;
  if (node->type->kind == NIR_GRAPH &&
      (strcmp(name, "nodes") == 0 || strcmp(name, "edges") == 0))
    return;
  for (int f = 0; f < NIR_FIELD_COUNT; f++) {
    uint32_t known = node->type->required | node->type->optional;
    if ((known >> f & 1) &&
        strcmp(name, sf_nir_field_name((nir_field)f)) == 0) {
      node->field[f] = item;
      return;
    }
  }
  sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED, node->loc,
             "%s has no '%s': it is ignored", node->type->name, name);
}

/* First item below the group, or of a larger path. */
static uint64_t first_below(const sf_h5_tree *tree, const char *group) {
  size_t length = strlen(group);
  uint64_t low = 0, high = tree->count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    const char *path = tree->items[middle].path;
    int order = strncmp(path, group, length);
    if (order < 0 || (order == 0 && (unsigned char)path[length] < '/'))
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Name of the item if it lies directly in the group; NULL: deeper. *out_end:
 * it is behind the group. */
static const char *member_name(const sf_h5_tree *tree, uint64_t index,
                               const char *group, bool *out_end) {
  size_t length = strlen(group);
  const char *path = tree->items[index].path;
  *out_end = strncmp(path, group, length) != 0 || path[length] != '/';
  if (*out_end || strchr(path + length + 1, '/')) return NULL;
  return path + length + 1;
}

static void take_fields(nir_import *import, nir_node *node) {
  bool end = false;
  for (uint64_t i = first_below(&import->tree, node->path);
       i < import->tree.count && !end; i++) {
    const char *name = member_name(&import->tree, i, node->path, &end);
    if (name) take_member(import, node, &import->tree.items[i], name);
  }
}

/* ---- Nodes. ---- */

static const char *type_name(nir_import *import, const char *group,
                             sf_loc loc) {
  const sf_h5_item *item = sf_h5_member(&import->tree, group, "type");
  if (item && !item->is_group && item->kind == SF_H5_STRING &&
      item->elements == 1)
    return item->strings[0];
  import->refusals++;
  (void)sf_error(import->diag, SF_DIAG_IMPORT, loc,
                 "'%s' has no dataset 'type' that names what it is", group);
  return NULL;
}

static sf_result set_port(nir_import *import, const char *path, uint32_t in,
                          uint32_t out) {
  nir_port *port = SF_NEW(import->arena, nir_port);
  if (!port) return SF_OOM;
  *port = (nir_port){in, out};
  return sf_names_set(&import->ports, path, port);
}

static sf_result read_nodes(nir_import *import, const char *graph,
                            const char *name, uint32_t depth);

/* The ports of a nested graph are its only Input and Output, found by type. */
static sf_result nested_ports(nir_import *import, const nir_node *graph,
                              uint32_t first) {
  uint32_t found[2] = {UINT32_MAX, UINT32_MAX}, count[2] = {0, 0};
  for (uint32_t i = first; i < import->node_count; i++) {
    const nir_node *node = &import->nodes[i];
    if (node->depth != graph->depth + 1) continue;
    if (node->type->kind != NIR_INPUT && node->type->kind != NIR_OUTPUT)
      continue;
    bool out = node->type->kind == NIR_OUTPUT;
    found[out] = i;
    count[out]++;
  }
  if (count[0] != 1 || count[1] != 1)
    return sf_nir_refuse(import, graph, NULL,
                         "a nested graph must have one Input and one Output; "
                         "'%s' has %u and %u",
                         graph->name, count[0], count[1]);
  return set_port(import, graph->path, found[0], found[1]);
}

static sf_result read_node(nir_import *import, const char *path,
                           const char *name, uint32_t depth) {
  sf_loc loc = {.file = import->loc.file,
                .node =
                    sf_arena_text(import->module->arena, sf_slice_of(name))};
  if (!loc.node) return SF_OOM;
  const char *word = type_name(import, path, loc);
  if (!word) return SF_OK;
  const nir_type *type = sf_nir_type_find(word);
  if (!type) {
    import->refusals++;
    (void)sf_error(import->diag, SF_DIAG_IMPORT, loc,
                   "unknown node type '%.64s'", word);
    const char *list = sf_nir_type_list(import->arena);
    if (list) sf_help(import->diag, "known are %s", list);
    return SF_OK;
  }
  if (type->kind == NIR_GRAPH) {
    nir_node graph = {
        .type = type, .name = name, .path = path, .depth = depth, .loc = loc};
    uint32_t first = import->node_count;
    take_fields(import, &graph);
    SF_TRY(read_nodes(import, path, name, depth + 1));
    return nested_ports(import, &graph, first) == SF_OOM ? SF_OOM : SF_OK;
  }
  nir_node *node = sf_nir_add_node(import, type, name, path, depth);
  if (!node) return import->refusals ? SF_FAIL : SF_OOM;
  node->one_axis = strcmp(type->name, "Conv1d") == 0;
  take_fields(import, node);
  uint32_t index = import->node_count - 1;
  return set_port(import, path, index, index);
}

/* Depth is bounded by the helper's bound on links. */
static sf_result read_nodes(nir_import *import, const char *graph,
                            const char *name, uint32_t depth) {
  const char *group = sf_arena_printf(import->arena, "%s/nodes", graph);
  if (!group) return SF_OOM;
  bool end = false;
  for (uint64_t i = first_below(&import->tree, group);
       i < import->tree.count && !end; i++) {
    const char *member = member_name(&import->tree, i, group, &end);
    if (!member || !import->tree.items[i].is_group) continue;
    const char *full =
        *name ? sf_arena_printf(import->arena, "%s/%s", name, member) : member;
    if (!full) return SF_OOM;
    SF_TRY(read_node(import, import->tree.items[i].path, full, depth));
  }
  return sf_nir_read_edges(import, graph, name);
}

/* A file with one node has no graph around it. */
static sf_result read_single(nir_import *import, const char *word) {
  SF_TRY(sf_nir_choose(import, "graph", word,
                       "the file is a single node; an input and an output are "
                       "put around it"));
  return read_node(import, "/node", word, 0);
}

sf_result sf_nir_read_graph(nir_import *import) {
  const sf_h5_item *root = sf_h5_find(&import->tree, "/node");
  if (!root || !root->is_group) {
    bool netx = sf_h5_find(&import->tree, "/layer") != NULL;
    return sf_nir_refuse(import, NULL,
                         netx ? "it has /layer, as netx files do: give it the "
                                "suffix .net"
                              : NULL,
                         "'%s' has no group /node: it is no NIR file",
                         import->tree.name);
  }
  const char *word = type_name(import, "/node", import->loc);
  if (!word) return sf_nir_end_phase(import);
  if (strcmp(word, "NIRGraph") == 0)
    SF_TRY(read_nodes(import, "/node", "", 0));
  else
    SF_TRY(read_single(import, word));
  for (uint32_t i = 0; i < import->node_count; i++)
    SF_TRY(sf_nir_check_fields(import, &import->nodes[i]));
  SF_TRY(sf_nir_end_phase(import));
  if (import->node_count) return SF_OK;
  return sf_nir_refuse(import, NULL, NULL, "the graph has no nodes");
}
