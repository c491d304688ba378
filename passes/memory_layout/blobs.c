/* blobs.c - equal blobs become one: kernels that several layers share are
 * stored and scanned once. */
#include "passes/memory_layout/memory_layout.h"
#include "support/hash.h"

#include <stdlib.h>
#include <string.h>

void sf_layout_drop(sf_blob *blob) {
  if (blob && blob->users == 0) sf_blob_erase(blob);
}

void sf_layout_set_operand(sf_op *op, uint32_t index, sf_blob *blob) {
  sf_blob *old = sf_op_operand_blob(op, index);
  sf_op_set_operand_blob(op, index, blob);
  if (old != blob) sf_layout_drop(old);
}

sf_result sf_layout_set_delays(sf_op *op, sf_blob *blob) {
  sf_blob *old = sf_op_blob(op, SF_ATTR_delays);
  SF_TRY(sf_op_set_blob(op, SF_ATTR_delays, blob));
  if (old != blob) sf_layout_drop(old);
  return SF_OK;
}

/* ---- Equal blobs. ---- */

typedef struct row {
  uint64_t hash;
  sf_blob *blob, *first; /* first: the equal one that stays */
  uint32_t number;       /* in order of the text */
} row;

typedef struct blob_table {
  uint32_t count;
  row *rows;
} blob_table;

static size_t bytes_of(const sf_blob *blob) {
  return sf_blob_elements(blob) * sf_dtype_bytes(blob->dtype);
}

/* Bytes that are read already; others are not read for this. */
static bool is_at_hand(const sf_blob *blob) {
  return blob->data && blob->source != SF_SOURCE_SLICE &&
         blob->source != SF_SOURCE_SPLAT && sf_blob_elements(blob) > 0;
}

static int by_hash(const void *a, const void *b) {
  const row *p = a, *q = b;
  if (p->hash != q->hash) return p->hash < q->hash ? -1 : 1;
  return p->number < q->number ? -1 : p->number > q->number;
}

static bool is_equal(const sf_blob *a, const sf_blob *b) {
  return a->dtype == b->dtype && sf_type_equal(&a->type, &b->type) &&
         memcmp(a->data, b->data, bytes_of(a)) == 0;
}

static sf_result list_blobs(sf_pass_run *run, blob_table *out) {
  uint32_t number = 0;
  for (const sf_blob *b = run->module->first_blob; b; b = b->next)
    out->count += is_at_hand(b);
  out->rows = SF_NEW_ARRAY(run->scratch, row, out->count + (size_t)1);
  if (!out->rows) return SF_OOM;
  for (sf_blob *b = run->module->first_blob; b; b = b->next) {
    if (!is_at_hand(b)) continue;
    out->rows[number] = (row){sf_hash(b->data, bytes_of(b)), b, b, number};
    number++;
  }
  if (number) qsort(out->rows, number, sizeof *out->rows, by_hash);
  for (uint32_t i = 1; i < number; i++) {
    row *r = &out->rows[i];
    for (uint32_t k = i; k > 0 && out->rows[k - 1].hash == r->hash; k--) {
      const row *other = &out->rows[k - 1];
      if (is_equal(other->blob, r->blob)) r->first = other->first;
    }
  }
  return SF_OK;
}

/* The blob that stays for `blob`. */
static sf_blob *stays(const blob_table *t, sf_blob *blob) {
  if (!blob || !is_at_hand(blob)) return blob;
  row key = {.hash = sf_hash(blob->data, bytes_of(blob))};
  uint32_t low = 0, high = t->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (t->rows[middle].hash < key.hash)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < t->count && t->rows[low].hash == key.hash; low++)
    if (t->rows[low].blob == blob) return t->rows[low].first;
  return blob;
}

static sf_result redirect(const blob_table *t, sf_op *op, uint64_t *saved) {
  for (uint32_t i = 0; i < op->operand_count; i++) {
    sf_blob *blob = sf_op_operand_blob(op, i), *to = stays(t, blob);
    if (to == blob) continue;
    if (blob->users == 1) *saved += bytes_of(blob);
    sf_layout_set_operand(op, i, to);
  }
  bool delayed = op->kind == SF_OP_LINEAR || op->kind == SF_OP_SPARSE;
  sf_blob *delays = delayed ? sf_op_blob(op, SF_ATTR_delays) : NULL;
  sf_blob *to = stays(t, delays);
  if (!delays || to == delays) return SF_OK;
  if (delays->users == 1) *saved += bytes_of(delays);
  return sf_layout_set_delays(op, to);
}

sf_result sf_layout_blobs(sf_pass_run *run) {
  blob_table t = {0};
  SF_TRY(list_blobs(run, &t));
  for (sf_network *n = run->module->first_network; n; n = n->next)
    for (sf_op *op = n->first; op; op = op->next)
      if (sf_flow_is_projection(op))
        SF_TRY(redirect(&t, op, &run->stats[SF_LAYOUT_BYTES]));
  return SF_OK;
}
