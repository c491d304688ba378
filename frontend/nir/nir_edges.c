/* nir_edges.c - edges by name, once each, and the terminals that a file leaves
 * out. */
#include "frontend/nir/nir.h"

#include "ir/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_edges(const void *a, const void *b) {
  const nir_edge *x = a, *y = b;
  if (x->from != y->from) return x->from < y->from ? -1 : 1;
  return x->to < y->to ? -1 : x->to > y->to;
}

static sf_result add_edge(nir_import *import, uint32_t from, uint32_t to) {
  if (import->edge_count == import->edge_capacity) {
    uint32_t capacity = import->edge_capacity ? 2 * import->edge_capacity : 64;
    nir_edge *grown = SF_NEW_ARRAY(import->arena, nir_edge, capacity);
    if (!grown) return SF_OOM;
    if (import->edges)
      memcpy(grown, import->edges, import->edge_count * sizeof *grown);
    import->edges = grown;
    import->edge_capacity = capacity;
  }
  import->edges[import->edge_count++] = (nir_edge){.from = from, .to = to};
  return SF_OK;
}

/* ---- Names. ---- */

/* Nearest name of a node directly in the graph; NULL: none. */
static const char *nearest(const nir_import *import, const char *group,
                           const char *name) {
  sf_nearest best = sf_nearest_start(sf_slice_of(name));
  size_t length = strlen(group);
  for (uint64_t i = 0; i < import->tree.count; i++) {
    const sf_h5_item *item = &import->tree.items[i];
    if (!item->is_group || strncmp(item->path, group, length) != 0 ||
        item->path[length] != '/' || strchr(item->path + length + 1, '/'))
      continue;
    sf_nearest_try(&best, item->path + length + 1);
  }
  return best.best;
}

static const nir_port *find_port(nir_import *import, const char *graph,
                                 const char *name) {
  char path[SF_H5_PATH_MAX + 1];
  int length = snprintf(path, sizeof path, "%s/nodes/%s", graph, name);
  if (length < 0 || (size_t)length >= sizeof path) return NULL;
  return sf_names_find(&import->ports, sf_slice_of(path));
}

/* The end of edge `index` that is called `name`; refused when there is none. */
static const nir_port *resolve(nir_import *import, const char *graph,
                               const char *around, const char *const *edge,
                               const char *name) {
  const nir_port *port = find_port(import, graph, name);
  if (port) return port;
  char group[SF_H5_PATH_MAX + 8];
  snprintf(group, sizeof group, "%s/nodes", graph);
  const sf_h5_item *item = sf_h5_member(&import->tree, group, name);
  /* A node that was refused itself is enough of an error. */
  if (item && item->is_group) return NULL;
  import->refusals++;
  sf_loc loc = {.file = import->loc.file, .node = *around ? around : NULL};
  (void)sf_error(
      import->diag, SF_DIAG_IMPORT, loc,
      "the edge '%.80s' -> '%.80s' names a node '%.80s' that %s does "
      "not have",
      edge[0], edge[1], name, *around ? "this graph" : "the graph");
  const char *near = nearest(import, group, name);
  if (near) sf_help(import->diag, "did you mean '%s'?", near);
  return NULL;
}

static bool edges_well_formed(const sf_h5_item *item) {
  return !item->is_group && item->kind == SF_H5_STRING && item->rank == 2 &&
         item->dim[1] == 2;
}

sf_result sf_nir_read_edges(nir_import *import, const char *graph,
                            const char *name) {
  const sf_h5_item *item = sf_h5_member(&import->tree, graph, "edges");
  sf_loc loc = {.file = import->loc.file, .node = *name ? name : NULL};
  /* h5py writes an empty list as numbers of shape (0). */
  if (item && !item->is_group && item->elements == 0) return SF_OK;
  if (!item || !edges_well_formed(item)) {
    import->refusals++;
    (void)sf_error(import->diag, SF_DIAG_IMPORT, loc,
                   "'%s/edges' must be text of shape (E, 2): source and "
                   "destination of each edge",
                   graph);
    return SF_OK;
  }
  for (uint64_t e = 0; e < item->dim[0]; e++) {
    const char *const *edge = item->strings + 2 * e;
    const nir_port *from = resolve(import, graph, name, edge, edge[0]);
    const nir_port *to = resolve(import, graph, name, edge, edge[1]);
    if (from && to) SF_TRY(add_edge(import, from->out, to->in));
  }
  return SF_OK;
}

/* ---- Each edge once. ---- */

static void drop_duplicates(nir_import *import) {
  if (import->edge_count == 0) return;
  qsort(import->edges, import->edge_count, sizeof *import->edges,
        compare_edges);
  uint32_t kept = 1;
  for (uint32_t i = 1; i < import->edge_count; i++) {
    const nir_edge *last = &import->edges[kept - 1], *edge = &import->edges[i];
    if (compare_edges(last, edge) != 0) {
      import->edges[kept++] = *edge;
      continue;
    }
    sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED,
               import->nodes[edge->to].loc,
               "the edge from '%s' stands more than once; it counts once",
               import->nodes[edge->from].name);
  }
  import->edge_count = kept;
}

static void check_terminals(nir_import *import) {
  for (uint32_t i = 0; i < import->edge_count; i++) {
    const nir_node *from = &import->nodes[import->edges[i].from];
    const nir_node *to = &import->nodes[import->edges[i].to];
    if (to->type->kind == NIR_INPUT && to->depth == 0)
      sf_nir_refuse(import, to, NULL,
                    "it has an edge from '%s', but an input "
                    "of the network has none",
                    from->name);
    if (from->type->kind == NIR_OUTPUT && from->depth == 0)
      sf_nir_refuse(import, from, NULL,
                    "it has an edge to '%s', but an output "
                    "of the network has none",
                    to->name);
  }
}

/* ---- Terminals that are not there. ---- */

static sf_result add_terminal(nir_import *import, uint32_t node, bool input) {
  const char *name = import->nodes[node].name;
  const nir_type *type = sf_nir_type_find(input ? "Input" : "Output");
  const char *full =
      sf_arena_printf(import->arena, "%s_%s", input ? "input" : "output", name);
  if (!full) return SF_OOM;
  nir_node *terminal = sf_nir_add_node(import, type, full, "", 0);
  if (!terminal) return import->refusals ? SF_FAIL : SF_OOM;
  terminal->invented = true;
  uint32_t index = import->node_count - 1;
  sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED, import->nodes[node].loc,
             input ? "no edge leads to it: an input '%s' is put before it"
                   : "no edge leads away: an output '%s' is put behind it",
             full);
  return input ? add_edge(import, index, node) : add_edge(import, node, index);
}

static sf_result add_terminals(nir_import *import) {
  uint32_t count = import->node_count;
  uint8_t *has = SF_NEW_ARRAY(import->arena, uint8_t, count + 1);
  if (!has) return SF_OOM;
  for (uint32_t i = 0; i < import->edge_count; i++) {
    has[import->edges[i].to] |= 1;
    has[import->edges[i].from] |= 2;
  }
  for (uint32_t i = 0; i < count; i++) {
    const nir_node *node = &import->nodes[i];
    bool top = node->depth == 0;
    bool input = node->type->kind == NIR_INPUT && top;
    bool output = node->type->kind == NIR_OUTPUT && top;
    if (output && !(has[i] & 1))
      sf_nir_refuse(import, node, "add the edge that was lost, or remove it",
                    "no edge leads to this output of the network");
    if (!(has[i] & 1) && !input && !output)
      SF_TRY(add_terminal(import, i, true));
    if (!(has[i] & 2) && !output && !input)
      SF_TRY(add_terminal(import, i, false));
  }
  return sf_nir_end_phase(import);
}

/* snnTorch loses the sum of two branches: the neuron behind it then hangs on a
 * second input of its own. */
static void check_orphans(nir_import *import) {
  uint32_t inputs = 0;
  for (uint32_t i = 0; i < import->node_count; i++)
    inputs += import->nodes[i].type->kind == NIR_INPUT &&
              import->nodes[i].depth == 0 && !import->nodes[i].invented;
  for (uint32_t i = 0; inputs > 1 && i < import->edge_count; i++) {
    const nir_node *from = &import->nodes[import->edges[i].from];
    const nir_node *to = &import->nodes[import->edges[i].to];
    if (from->type->kind != NIR_INPUT || from->depth || from->invented)
      continue;
    if (strncmp(from->name, "input_", 6) != 0 ||
        strcmp(from->name + 6, to->name) != 0)
      continue;
    if (import->options.lenient) continue;
    sf_nir_refuse(import, from,
                  "write the sum as a module of its own before export, or, if "
                  "this input is meant, read with --ports lenient",
                  "it was put before '%s' by an exporter that lost what leads "
                  "there, as snnTorch does with the sum of two branches; this "
                  "is not the network that was trained",
                  to->name);
  }
}

/* ---- Lists at nodes. ---- */

static sf_result make_lists(nir_import *import) {
  uint32_t *slots =
      SF_NEW_ARRAY(import->arena, uint32_t, 2 * (size_t)import->edge_count + 2);
  if (!slots) return SF_OOM;
  for (uint32_t i = 0; i < import->edge_count; i++) {
    import->nodes[import->edges[i].to].pred_count++;
    import->nodes[import->edges[i].from].succ_count++;
  }
  for (uint32_t i = 0; i < import->node_count; i++) {
    nir_node *node = &import->nodes[i];
    node->preds = slots;
    node->succs = slots + node->pred_count;
    slots += node->pred_count + node->succ_count;
    node->pred_count = node->succ_count = 0;
  }
  for (uint32_t i = 0; i < import->edge_count; i++) {
    nir_node *to = &import->nodes[import->edges[i].to];
    nir_node *from = &import->nodes[import->edges[i].from];
    to->preds[to->pred_count++] = i;
    from->succs[from->succ_count++] = i;
  }
  return SF_OK;
}

sf_result sf_nir_link(nir_import *import) {
  drop_duplicates(import);
  check_terminals(import);
  check_orphans(import);
  SF_TRY(sf_nir_end_phase(import));
  SF_TRY(add_terminals(import));
  drop_duplicates(import); /* sorts the new ones in */
  return make_lists(import);
}
