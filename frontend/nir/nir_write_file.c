/* nir_write_file.c - nodes and edges as records, in the order of their names.
 */
#include "frontend/nir/nir_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Paths are bounded: names by NIR_NAME_MAX, datasets by the table. */
typedef struct path {
  char text[SF_H5_PATH_MAX + 1];
} path;

static path join(const char *group, const char *name) {
  path out;
  snprintf(out.text, sizeof out.text, "%s/%s", group, name);
  return out;
}

static void put_text(sf_h5_stream *out, const char *group, const char *name,
                     const char *text) {
  path p = join(group, name);
  sf_h5_stream_dataset(out, p.text, SF_H5_STRING, 0, 0, NULL, &text);
}

static int compare_fields(const void *a, const void *b) {
  return strcmp(((const nir_out_field *)a)->name,
                ((const nir_out_field *)b)->name);
}

static void put_node(sf_h5_stream *out, const nir_out_node *node) {
  path group = join("/node/nodes", node->name);
  nir_out_field sorted[NIR_OUT_FIELDS_MAX];
  memcpy(sorted, node->field, sizeof sorted);
  if (node->field_count)
    qsort(sorted, node->field_count, sizeof *sorted, compare_fields);
  sf_h5_stream_group(out, group.text);
  bool typed = false;
  for (uint32_t i = 0; i < node->field_count; i++) {
    const nir_out_field *field = &sorted[i];
    if (!typed && strcmp(field->name, "type") > 0) {
      put_text(out, group.text, "type", node->type);
      typed = true;
    }
    path p = join(group.text, field->name);
    sf_h5_stream_dataset(out, p.text, field->kind, field->element_bytes,
                         field->rank, field->dim, field->data);
  }
  if (!typed) put_text(out, group.text, "type", node->type);
}

/* Two names an edge. None are numbers, as h5py writes an empty list. */
static sf_result put_edges(const nir_export *export, sf_h5_stream *out) {
  const char **names = SF_NEW_ARRAY(export->arena, const char *,
                                    2 * (size_t)export->edge_count + 1);
  if (!names) return SF_OOM;
  for (uint32_t i = 0; i < export->edge_count; i++) {
    names[2 * i] = export->nodes[export->edges[i].from].name;
    names[2 * i + 1] = export->nodes[export->edges[i].to].name;
  }
  uint64_t dim[2] = {export->edge_count, 2};
  if (export->edge_count)
    sf_h5_stream_dataset(out, "/node/edges", SF_H5_STRING, 0, 2, dim, names);
  else
    sf_h5_stream_dataset(out, "/node/edges", SF_H5_FLOAT, 8, 1, dim, names);
  return SF_OK;
}

sf_result sf_nir_write_stream(const nir_export *export, sf_h5_stream *out) {
  bool subtracts = export->convention.reset == NIR_RESET_SUBTRACT ||
                   export->convention.reset == NIR_RESET_SUBTRACT_LATE;
  sf_h5_stream_group(out, "/node");
  SF_TRY(put_edges(export, out));
  sf_h5_stream_group(out, "/node/nodes");
  for (uint32_t i = 0; i < export->node_count; i++)
    put_node(out, &export->nodes[i]);
  put_text(out, "/node", "type", "NIRGraph");
  const char *version = subtracts ? "1.0.5" : "1.0.7";
  sf_h5_stream_dataset(out, "/version", SF_H5_STRING, 0, 0, NULL, &version);
  sf_h5_stream_end(out);
  return SF_OK;
}
