/* lists.c - dense and sparse synapse lists of a core, with their axons. */
#include "targets/loihi2/fabric.h"

#include <string.h>

/* One list under construction on the core of `slice`. */
typedef struct list {
  sf_l2_fabric *fabric;
  const sf_l2_connection *c;
  uint32_t index, slice;
  const uint32_t *rows; /* operand elements, sorted by sender */
  uint32_t row_count;
  xmlNode *entry;
  uint32_t entry_id;
} list;

static const char *format_name(sf_l2_format format) {
  return format == SF_L2_DENSE  ? "dense"
         : format == SF_L2_CONV ? "conv"
                                : "sparse";
}

static sf_result name_entry(sf_l2_fabric *fabric, const sf_l2_connection *c,
                            xmlNode *entry) {
  sf_l2_plan *plan = fabric->plan;
  const sf_value *projection =
      c->op ? sf_op_result(c->op, 0) : sf_l2_source_value(plan, c);
  const char *name = sf_l2_xml_name(fabric->scratch, projection->name);
  const char *source =
      sf_l2_xml_name(fabric->scratch, sf_l2_source_value(plan, c)->name);
  if (!name || !source) return SF_OOM;
  SF_TRY(sf_l2_attr_text(entry, "projection", name));
  return sf_l2_attr_text(entry, "source", source);
}

sf_result sf_l2_entry_create(sf_l2_fabric *fabric, uint32_t index,
                             uint32_t slice, uint64_t words, xmlNode **out) {
  const sf_l2_connection *c = &fabric->plan->connections[index];
  const sf_l2_slice *s = &fabric->plan->slices[slice];
  sf_l2_site *site = &fabric->sites[s->core];
  bool delays = c->delay || c->synapse_delay;
  bool indexed = c->format != SF_L2_CONV;
  xmlNode *entry;
  SF_TRY(sf_l2_child(site->node, "synapseEntry", &entry));
  SF_TRY(sf_l2_attr_number(entry, "id", site->entry_count++));
  SF_TRY(sf_l2_attr_text(entry, "format", format_name(c->format)));
  SF_TRY(sf_l2_attr_number(entry, "group", s->group));
  SF_TRY(sf_l2_attr_number(entry, "port", c->port));
  SF_TRY(name_entry(fabric, c, entry));
  SF_TRY(sf_l2_attr_text(entry, "signMode", c->weights.sign_mode));
  SF_TRY(sf_l2_attr_number(entry, "weightBits", c->weights.bits));
  SF_TRY(sf_l2_attr_number(entry, "weightExp", c->weights.exponent));
  SF_TRY(sf_l2_attr_number(entry, "delayBits",
                           delays ? (int64_t)fabric->limits.delay_bits : 0));
  SF_TRY(sf_l2_attr_number(entry, "indexBits",
                           indexed ? (int64_t)fabric->limits.index_bits : 0));
  SF_TRY(sf_l2_attr_number(entry, "words", (int64_t)words));
  site->usage.synapses += words;
  *out = entry;
  return SF_OK;
}

static sf_result add_array(list *l, const char *name, const uint32_t *dim,
                           uint32_t rank, const int32_t *values) {
  xmlNode *node;
  SF_TRY(sf_l2_child(l->entry, name, &node));
  sf_l2_numbers numbers = {.rank = rank, .values = values};
  memcpy(numbers.dim, dim, rank * sizeof *dim);
  return sf_l2_tables_add(&l->fabric->tables, node, &numbers);
}

/* Axons of rows first .. end - 1, which one sender sends without a gap. */
static sf_result add_axons(list *l, uint32_t first, uint32_t end) {
  sf_l2_plan *plan = l->fabric->plan;
  uint32_t core = plan->slices[l->slice].core;
  sf_l2_site *site = &l->fabric->sites[core];
  sf_l2_row row = sf_l2_row_at(plan, l->c, l->rows[first]);
  sf_l2_out out = {row.local, end - first, core, site->axon_count, false};
  xmlNode *axon;
  SF_TRY(sf_l2_child(site->node, "axonIn", &axon));
  SF_TRY(sf_l2_attr_number(axon, "id", site->axon_count));
  SF_TRY(sf_l2_attr_number(axon, "count", end - first));
  SF_TRY(sf_l2_attr_number(axon, "entry", l->entry_id));
  SF_TRY(sf_l2_attr_number(axon, "row", first));
  SF_TRY(sf_l2_attr_number(axon, "delay", l->c->delay));
  SF_TRY(sf_l2_attr_number(
      axon, "payloadBits",
      sf_l2_payload_bits(sf_l2_source_value(plan, l->c)->type.scalar)));
  site->axon_count += end - first;
  site->usage.axon_in += (end - first) * l->fabric->limits.axon_in_words;
  return sf_l2_out_add(l->fabric, l->c, row.slice, out);
}

static sf_result add_all_axons(list *l) {
  const sf_l2_plan *plan = l->fabric->plan;
  uint32_t first = 0;
  for (uint32_t r = 1; r <= l->row_count; r++) {
    if (r < l->row_count) {
      sf_l2_row last = sf_l2_row_at(plan, l->c, l->rows[r - 1]);
      sf_l2_row now = sf_l2_row_at(plan, l->c, l->rows[r]);
      if (now.slice == last.slice && now.local == last.local + 1) continue;
    }
    SF_TRY(add_axons(l, first, r));
    first = r;
  }
  return SF_OK;
}

/* Weights of the slice's neurons for every row; the same for delays. */
static sf_result fill_dense(list *l, const sf_blob *blob, uint32_t strip,
                            const int32_t **out) {
  const sf_l2_slice *s = &l->fabric->plan->slices[l->slice];
  size_t n = l->c->source_elements, at = 0;
  int32_t *values = SF_NEW_ARRAY(l->fabric->scratch, int32_t,
                                 (size_t)l->row_count * s->count);
  if (!values) return SF_OOM;
  for (uint32_t r = 0; r < l->row_count; r++)
    for (uint32_t i = 0; i < s->count; i++)
      values[at++] = sf_blob_i32(blob, s->element[i] * n + l->rows[r]) >> strip;
  *out = values;
  return SF_OK;
}

static sf_result place_dense(list *l) {
  sf_l2_fabric *fabric = l->fabric;
  const sf_l2_slice *s = &fabric->plan->slices[l->slice];
  SF_TRY(sf_l2_rows_of(fabric, l->index, &l->rows, &l->row_count));
  if (l->row_count == 0) return SF_OK;
  if ((uint64_t)l->row_count * s->count > INT32_MAX)
    return sf_l2_cannot(fabric->plan, l->c->op,
                        "a core would hold more than 2^31 synapses");
  const sf_blob *delays = sf_op_blob(l->c->op, SF_ATTR_delays);
  uint64_t words =
      l->row_count * sf_loihi2_list_words(&fabric->limits, s->count,
                                          l->c->weights.bits,
                                          l->c->delay || delays);
  const int32_t *values;
  uint32_t dim[2] = {l->row_count, s->count};
  SF_TRY(sf_l2_entry_create(fabric, l->index, l->slice, words, &l->entry));
  SF_TRY(fill_dense(l, sf_op_operand_blob(l->c->op, 1), l->c->weights.strip,
                    &values));
  SF_TRY(add_array(l, "weights", dim, 2, values));
  if (delays) {
    SF_TRY(fill_dense(l, delays, 0, &values));
    SF_TRY(add_array(l, "delays", dim, 2, values));
  }
  return add_all_axons(l);
}

/* The part of a sparse connection that ends in the slice. */
typedef struct part {
  uint32_t *rows;
  int32_t *first, *index, *weight, *delay;
  uint32_t row_count, edge_count;
  uint64_t words;
} part;

static sf_result create_part(list *l, uint32_t rows, part *p) {
  sf_arena *scratch = l->fabric->scratch;
  size_t edges = (size_t)l->c->edge_count + 1;
  p->rows = SF_NEW_ARRAY(scratch, uint32_t, (size_t)rows + 1);
  p->first = SF_NEW_ARRAY(scratch, int32_t, (size_t)rows + 1);
  p->index = SF_NEW_ARRAY(scratch, int32_t, edges);
  p->weight = SF_NEW_ARRAY(scratch, int32_t, edges);
  p->delay = SF_NEW_ARRAY(scratch, int32_t, edges);
  return p->rows && p->first && p->index && p->weight && p->delay ? SF_OK
                                                                  : SF_OOM;
}

static void take_row(list *l, uint32_t operand, part *p) {
  const sf_l2_plan *plan = l->fabric->plan;
  const sf_l2_connection *c = l->c;
  const sf_l2_layer *layer = &plan->layers[c->layer];
  uint32_t before = p->edge_count;
  for (uint32_t e = c->edge_first[operand]; e < c->edge_first[operand + 1];
       e++) {
    uint32_t target = c->edge_target[e];
    if (layer->slice_of[target] != l->slice) continue;
    p->index[p->edge_count] =
        (int32_t)(layer->local_of[target] - plan->slices[l->slice].base);
    p->weight[p->edge_count] = c->edge_weight[e] >> c->weights.strip;
    p->delay[p->edge_count++] = c->edge_delay ? c->edge_delay[e] : 0;
  }
  if (p->edge_count == before) return;
  p->words += sf_loihi2_list_words(&l->fabric->limits, p->edge_count - before,
                                   c->weights.bits, c->delay || c->edge_delay);
  p->rows[p->row_count++] = operand;
  p->first[p->row_count] = (int32_t)p->edge_count;
}

static sf_result place_sparse(list *l) {
  sf_l2_fabric *fabric = l->fabric;
  const uint32_t *rows;
  uint32_t row_count;
  SF_TRY(sf_l2_edges_build(fabric->plan, &fabric->plan->connections[l->index]));
  SF_TRY(sf_l2_rows_of(fabric, l->index, &rows, &row_count));
  part p = {0};
  SF_TRY(create_part(l, row_count, &p));
  for (uint32_t r = 0; r < row_count; r++)
    take_row(l, rows[r], &p);
  if (p.row_count == 0) return SF_OK;
  l->rows = p.rows;
  l->row_count = p.row_count;
  uint32_t offsets = p.row_count + 1, edges = p.edge_count;
  SF_TRY(sf_l2_entry_create(fabric, l->index, l->slice, p.words, &l->entry));
  SF_TRY(add_array(l, "rows", &offsets, 1, p.first));
  SF_TRY(add_array(l, "indices", &edges, 1, p.index));
  SF_TRY(add_array(l, "weights", &edges, 1, p.weight));
  if (l->c->edge_delay) SF_TRY(add_array(l, "delays", &edges, 1, p.delay));
  return add_all_axons(l);
}

sf_result sf_l2_place_connection(sf_l2_fabric *fabric, uint32_t index,
                                 uint32_t slice) {
  const sf_l2_connection *c = &fabric->plan->connections[index];
  uint32_t core = fabric->plan->slices[slice].core;
  list l = {.fabric = fabric,
            .c = c,
            .index = index,
            .slice = slice,
            .entry_id = fabric->sites[core].entry_count};
  sf_arena_reset(fabric->scratch);
  if (c->format == SF_L2_CONV) return sf_l2_place_kernel(fabric, index, slice);
  return c->format == SF_L2_DENSE ? place_dense(&l) : place_sparse(&l);
}
