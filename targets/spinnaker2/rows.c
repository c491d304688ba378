/* rows.c - synapse rows: one a source element, dense or listed, whichever is
 * smaller. Rows are what a packet is turned into, so they stand in memory as
 * the PE reads them. */
#include "targets/spinnaker2/region_builder.h"

#include <stdlib.h>
#include <string.h>

static void put_word(s2_region_builder *b, uint32_t word) {
  sf_s2_region_put(b, &word, sizeof word);
}

/* Zero weights count as events (counts.h) but need no memory. */
static void drop_zeros(s2_synapses *synapses) {
  size_t kept = 0;
  for (size_t i = 0; i < synapses->count; i++)
    if (synapses->items[i].weight) synapses->items[kept++] = synapses->items[i];
  synapses->count = kept;
}

/* By input, then by target, in which order they come: counted, since sorting
 * them by comparisons took a third of the emission. */
static sf_result sort_by_input(s2_synapses *synapses, uint32_t inputs) {
  size_t *begin = calloc((size_t)inputs + 1, sizeof *begin);
  s2_synapse *sorted = calloc(synapses->count + 1, sizeof *sorted);
  if (begin && sorted) {
    for (size_t i = 0; i < synapses->count; i++)
      begin[synapses->items[i].input + 1]++;
    for (uint32_t j = 0; j < inputs; j++)
      begin[j + 1] += begin[j];
    for (size_t i = 0; i < synapses->count; i++)
      sorted[begin[synapses->items[i].input]++] = synapses->items[i];
    free(synapses->items);
    synapses->items = sorted;
    synapses->capacity = synapses->count + 1;
    free(begin);
    return SF_OK;
  }
  free(begin);
  free(sorted);
  return SF_OOM;
}

static uint32_t weight_bytes(const s2_synapses *synapses) {
  uint32_t bytes = 1;
  for (size_t i = 0; i < synapses->count; i++) {
    int32_t w = synapses->items[i].weight;
    if (w < -32768 || w > 32767) return 4;
    if (w < -128 || w > 127) bytes = 2;
  }
  return bytes;
}

static void put_weight(s2_region_builder *b, int32_t weight, uint32_t bytes) {
  sf_buffer_add(&b->bytes, &weight, bytes); /* little-endian both */
}

/* Room of zeros; NULL: out of memory, which the buffer remembers. */
static char *put_zeros(s2_region_builder *b, size_t bytes) {
  static const char zeros[256];
  size_t start = b->bytes.size;
  for (size_t left = bytes; left > 0;) {
    size_t some = left < sizeof zeros ? left : sizeof zeros;
    sf_buffer_add(&b->bytes, zeros, some);
    left -= some;
  }
  return b->bytes.failed ? NULL : b->bytes.data + start;
}

/* Rows are mostly zeros where a PE's slice sees little of its input. */
static void dense_row(s2_region_builder *b, const pe_projection *p,
                      uint32_t count, const s2_synapse *first, size_t n) {
  size_t each = p->weight_bytes; /* little-endian both */
  char *row = put_zeros(b, count * each);
  for (size_t i = 0; row && i < n; i++)
    memcpy(row + first[i].target * each, &first[i].weight, each);
  sf_s2_region_pad(b);
  if (!p->has_delays) return;
  row = put_zeros(b, count);
  for (size_t i = 0; row && i < n; i++)
    row[first[i].target] = (char)first[i].delay;
  sf_s2_region_pad(b);
}

static void sparse_row(s2_region_builder *b, const pe_projection *p,
                       const s2_synapse *first, size_t n) {
  put_word(b, (uint32_t)n);
  for (size_t i = 0; i < n; i++) {
    uint16_t target = (uint16_t)first[i].target;
    sf_buffer_add(&b->bytes, &target, sizeof target);
  }
  sf_s2_region_pad(b);
  for (size_t i = 0; i < n; i++)
    put_weight(b, first[i].weight, p->weight_bytes);
  sf_s2_region_pad(b);
  for (size_t i = 0; p->has_delays && i < n; i++)
    sf_buffer_char(&b->bytes, (char)first[i].delay);
  sf_s2_region_pad(b);
}

static size_t padded(size_t bytes) { return (bytes + 3) & ~(size_t)3; }

/* Bytes of all rows in either format decide; parallel edges need the list. */
static pe_format choose_format(const s2_synapses *s, uint32_t count,
                               const pe_projection *p) {
  size_t dense = 0, sparse = 0;
  for (size_t i = 0; i < s->count;) {
    size_t n = 1;
    for (; i + n < s->count && s->items[i + n].input == s->items[i].input; n++)
      if (s->items[i + n].target == s->items[i + n - 1].target)
        return PE_SPARSE;
    size_t w = p->weight_bytes, d = p->has_delays;
    dense += padded(count * w) + padded(count * d);
    sparse += 4 + padded(2 * n) + padded(n * w) + padded(n * d);
    i += n;
  }
  return dense <= sparse ? PE_DENSE : PE_SPARSE;
}

sf_result sf_s2_rows_put(s2_region_builder *b, const s2_leaf *leaf,
                         uint32_t count, s2_synapses *synapses,
                         pe_projection *p, uint32_t **out_rows) {
  *out_rows = NULL;
  drop_zeros(synapses);
  uint32_t inputs = (uint32_t)sf_type_elements(&leaf->stream->type);
  SF_TRY(sort_by_input(synapses, inputs));
  uint32_t *rows = calloc(inputs, sizeof *rows);
  *out_rows = rows;
  if (!rows) return SF_OOM;
  p->weight_bytes = weight_bytes(synapses);
  p->format = choose_format(synapses, count, p);
  for (size_t i = 0; i < synapses->count;) {
    const s2_synapse *first = &synapses->items[i];
    size_t n = 1;
    while (i + n < synapses->count && first[n].input == first->input)
      n++;
    sf_s2_region_pad(b);
    rows[first->input] = (uint32_t)b->bytes.size;
    if (p->format == PE_DENSE)
      dense_row(b, p, count, first, n);
    else
      sparse_row(b, p, first, n);
    i += n;
  }
  return SF_OK;
}
