/* links.c - what a packet does: from keys to rows of projections. */
#include "targets/spinnaker2/region_builder.h"

#include <stdlib.h>

static uint32_t value_index(const s2_region_builder *b, const sf_value *value) {
  for (uint32_t i = 0; i < b->block_count; i++)
    if (b->blocks[i].value == value) return i; /* its first block */
  return b->block_count;
}

static sf_result add_record(s2_region_builder *b, s2_link_record record) {
  if (b->record_count == b->record_capacity) {
    size_t capacity = b->record_capacity ? 2 * b->record_capacity : 1024;
    s2_link_record *records = realloc(b->records, capacity * sizeof *records);
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
  for (uint32_t j = 0; j < inputs; j++) {
    s2_origin origin = sf_s2_origin_of(leaf->stream, j);
    if (origin.delay == 0) {
      sf_error(b->diag, SF_DIAG_TARGET_CANNOT, leaf->value->loc,
               "'%%%s' reaches '%%%s' within one step; a packet takes one",
               origin.value->name, leaf->value->name);
      sf_help(b->diag, "run balance-delays");
      return SF_FAIL;
    }
    if (rows[j] == 0) continue;
    if (origin.delay > S2_DELAY_MAX) {
      sf_error(b->diag, SF_DIAG_CAPACITY, leaf->value->loc,
               "'%%%s' reaches '%%%s' %u steps later, a PE holds %d",
               origin.value->name, leaf->value->name, origin.delay,
               S2_DELAY_MAX);
      sf_help(b->diag, "run balance-delays{max-delay=62}");
      return SF_FAIL;
    }
    if (origin.delay > *out_longest) *out_longest = origin.delay;
    s2_link_record record = {value_index(b, origin.value),
                             origin.element,
                             {.projection = (uint16_t)index,
                              .delay = (uint16_t)origin.delay,
                              .row = rows[j]}};
    SF_TRY(add_record(b, record));
  }
  return SF_OK;
}

static int by_source(const void *a, const void *b) {
  const s2_link_record *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  if (x->element != y->element) return x->element < y->element ? -1 : 1;
  if (x->link.projection != y->link.projection)
    return x->link.projection < y->link.projection ? -1 : 1;
  return x->link.row < y->link.row ? -1 : x->link.row > y->link.row;
}

static const s2_link_record *first_record(const s2_region_builder *b,
                                          uint32_t value, uint32_t element) {
  size_t low = 0, high = b->record_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    const s2_link_record *r = &b->records[middle];
    bool before =
        r->value < value || (r->value == value && r->element < element);
    if (before)
      low = middle + 1;
    else
      high = middle;
  }
  return b->records + low;
}

/* A block of keys that this PE listens to. Returns false when nothing links. */
static sf_result put_source(s2_region_builder *b, const s2_key_block *block,
                            pe_source *out, bool *out_used) {
  const s2_link_record *end = b->records + b->record_count;
  uint32_t value = value_index(b, block->value), links = 0;
  sf_buffer list = {0};
  for (uint32_t i = 0; i < block->count; i++) {
    uint32_t element = block->elements ? block->elements[i] : i;
    const s2_link_record *r = first_record(b, value, element);
    for (; r < end && r->value == value && r->element == element; r++) {
      pe_link link = r->link;
      link.key = block->key + i;
      sf_buffer_add(&list, &link, sizeof link);
      links++;
    }
  }
  *out_used = links > 0;
  if (*out_used)
    *out = (pe_source){.key = block->key,
                       .count = block->count,
                       .link_count = links,
                       .links = sf_s2_region_put(b, list.data, list.size)};
  bool failed = list.failed;
  sf_buffer_destroy(&list);
  return failed ? SF_OOM : SF_OK;
}

sf_result sf_s2_links_put(s2_region_builder *b) {
  if (b->record_count > 1)
    qsort(b->records, b->record_count, sizeof *b->records, by_source);
  pe_source *sources = calloc(b->block_count + 1u, sizeof *sources);
  if (!sources) return SF_OOM;
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < b->block_count && result == SF_OK; i++) {
    bool used = false;
    result =
        put_source(b, &b->blocks[i], &sources[b->header.source_count], &used);
    b->header.source_count += used;
  }
  b->header.sources =
      sf_s2_region_put(b, sources, b->header.source_count * sizeof *sources);
  free(sources);
  return result;
}
