/* links.c - what a packet does: from keys to rows of projections. */
#include "targets/spinnaker2/region_builder.h"

#include <stdlib.h>

/* The stream of a value; most elements have the one of the element before. */
static const s2_stream *stream_of(const s2_region_builder *b,
                                  const s2_stream *before,
                                  const sf_value *value) {
  if (before && before->value == value) return before;
  for (uint32_t i = 0; i < b->plan->stream_count; i++)
    if (b->plan->streams[i].value == value) return &b->plan->streams[i];
  return NULL;
}

static sf_result add_record(s2_region_builder *b, pe_link record) {
  if (b->record_count == b->record_capacity) {
    size_t capacity = b->record_capacity ? 2 * b->record_capacity : 1024;
    pe_link *records = realloc(b->records, capacity * sizeof *records);
    if (!records) return SF_OOM;
    b->records = records;
    b->record_capacity = capacity;
  }
  b->records[b->record_count++] = record;
  return SF_OK;
}

/* Links of one projection; returns the longest delay of its stream. */
sf_result sf_s2_links_add(s2_region_builder *b, const s2_leaf *leaf,
                          uint32_t index, const uint32_t *rows,
                          uint32_t *out_longest) {
  if (b->bytes.failed) return SF_OOM;
  uint32_t inputs = (uint32_t)sf_type_elements(&leaf->stream->type);
  const s2_stream *stream = NULL;
  for (uint32_t j = 0; j < inputs; j++) {
    if (rows[j] == 0) continue; /* it reaches no neuron of this PE */
    s2_origin origin = sf_s2_origin_of(leaf->stream, j);
    if (origin.delay == 0) {
      sf_error(b->diag, SF_DIAG_TARGET_CANNOT, leaf->value->loc,
               "'%%%s' reaches '%%%s' within one step; a packet takes one",
               origin.value->name, leaf->value->name);
      sf_help(b->diag, "run balance-delays");
      return SF_FAIL;
    }
    if (origin.delay > S2_DELAY_MAX) {
      sf_error(b->diag, SF_DIAG_CAPACITY, leaf->value->loc,
               "'%%%s' reaches '%%%s' %u steps later, a PE holds %d",
               origin.value->name, leaf->value->name, origin.delay,
               S2_DELAY_MAX);
      sf_help(b->diag, "run balance-delays{max-delay=62}");
      return SF_FAIL;
    }
    if (origin.delay > *out_longest) *out_longest = origin.delay;
    stream = stream_of(b, stream, origin.value);
    uint32_t key = stream ? stream->keys[origin.element] : S2_NO_KEY;
    if (key == S2_NO_KEY) continue;
    SF_TRY(add_record(b, (pe_link){.key = key,
                                   .projection = (uint16_t)index,
                                   .delay = (uint16_t)origin.delay,
                                   .row = rows[j]}));
  }
  return SF_OK;
}

static int by_key(const void *a, const void *b) {
  const pe_link *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  if (x->projection != y->projection)
    return x->projection < y->projection ? -1 : 1;
  return x->row < y->row ? -1 : x->row > y->row;
}

/* The block that a key lies in; blocks ascend and do not overlap. */
static const s2_key_block *block_of(const s2_plan *plan, uint32_t key) {
  uint32_t low = 0, high = plan->block_count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (plan->blocks[middle].key <= key)
      low = middle;
    else
      high = middle;
  }
  return &plan->blocks[low];
}

/* A source is a block of keys of which this PE listens to some: time by links,
 * not by all keys of the network. */
sf_result sf_s2_links_put(s2_region_builder *b) {
  if (b->record_count > 1)
    qsort(b->records, b->record_count, sizeof *b->records, by_key);
  pe_source *sources = calloc(b->record_count + 1u, sizeof *sources);
  if (!sources) return SF_OOM;
  for (size_t i = 0, end; i < b->record_count; i = end) {
    const s2_key_block *block = block_of(b->plan, b->records[i].key);
    for (end = i; end < b->record_count; end++)
      if (b->records[end].key - block->key >= block->count) break;
    sources[b->header.source_count++] =
        (pe_source){.key = block->key,
                    .count = block->count,
                    .link_count = (uint32_t)(end - i),
                    .links = sf_s2_region_put(b, &b->records[i],
                                              (end - i) * sizeof *b->records)};
  }
  b->header.sources =
      sf_s2_region_put(b, sources, b->header.source_count * sizeof *sources);
  free(sources);
  return SF_OK;
}
