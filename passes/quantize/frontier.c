/* frontier.c - accumulators of the sums that are done, on all samples: what is
 * behind them runs from there on, not from the network's inputs. Sums of
 * integers do not change when a part of the network starts from their words, so
 * that what is measured is the same, bit for bit. */
#include "passes/quantize/quantize.h"

#include "passes/rewrite/unread.h"

#include <stdlib.h>
#include <string.h>

/* The latest accumulators; a residual branch reads one of a few sums ago. */
enum { ENTRIES_MAX = 32, ARGUMENTS_MAX = 256 };
static const size_t bytes_max = (size_t)256 << 20;

typedef struct entry {
  const sf_value *value; /* of the network that is rewritten */
  size_t bytes;
  sf_word *words; /* a row a sample */
} entry;

typedef struct sf_frontier {
  uint32_t count;
  entry entries[ENTRIES_MAX]; /* in text order */
  size_t bytes;
} sf_frontier;

sf_result sf_frontier_create(sf_quantizer *q) {
  q->frontier = SF_NEW(q->run->scratch, sf_frontier);
  return q->frontier ? SF_OK : SF_OOM;
}

void sf_frontier_destroy(sf_frontier *f) {
  for (uint32_t i = 0; f && i < f->count; i++)
    free(f->entries[i].words);
}

/* ---- Networks that start at the frontier. ---- */

/* The copy's value of an entry; NULL: nothing in the copy reads it. */
static sf_value *copy_of(const entry *e, const sf_network *network,
                         const sf_network *copy) {
  sf_slice name = {e->value->name, strlen(e->value->name)};
  if (sf_network_find_value(network, name) != e->value) return NULL; /* gone */
  sf_value *value = sf_network_find_value(copy, name);
  return value && value->op && value->first_use ? value : NULL;
}

/* From the last entry on: what is before one is read no more when it became an
 * argument. */
static sf_result start_at_entries(sf_quantizer *q, sf_network *copy,
                                  const sf_word **rows) {
  for (uint32_t i = q->frontier->count; i-- > 0;) {
    const entry *e = &q->frontier->entries[i];
    sf_value *value = copy_of(e, q->network, copy);
    if (!value || value == copy->returns[0].value) continue;
    sf_value *argument = sf_network_add_argument(copy, NULL, &value->type);
    if (!argument) return SF_OOM;
    rows[argument->index] = e->words;
    sf_value_replace_all_uses(value, argument);
    sf_erase_unread(copy);
  }
  return SF_OK;
}

sf_result sf_frontier_network(sf_quantizer *q, sf_value *value, sf_module **out,
                              sf_samples *samples) {
  const sf_samples *given = q->run->samples;
  *samples = *given;
  SF_TRY(sf_partial_network(q, 1, &value, out));
  sf_network *copy = (*out)->first_network;
  uint32_t own = copy->argument_count;
  if (own != given->argument_count || own + ENTRIES_MAX > ARGUMENTS_MAX)
    return SF_OK; /* from the inputs on */
  const sf_word **rows =
      SF_NEW_ARRAY(q->run->scratch, const sf_word *, own + ENTRIES_MAX + 1U);
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < own; i++)
    rows[i] = given->arguments[i];
  SF_TRY(start_at_entries(q, copy, rows));
  samples->argument_count = copy->argument_count;
  samples->arguments = rows;
  return SF_OK;
}

/* ---- Entries. ---- */

static void drop_first(sf_frontier *f) {
  f->bytes -= f->entries[0].bytes;
  free(f->entries[0].words);
  f->count--;
  memmove(f->entries, f->entries + 1, f->count * sizeof *f->entries);
}

sf_word *sf_frontier_rows(const sf_quantizer *q, const sf_value *value) {
  size_t row = sf_type_elements(&value->type) * sizeof(sf_word);
  if (row > bytes_max / 2 / (q->samples ? q->samples : 1)) return NULL;
  return malloc(row * q->samples + 1);
}

void sf_frontier_keep(sf_quantizer *q, const sf_value *value, sf_word *words) {
  sf_frontier *f = q->frontier;
  if (!words) return;
  size_t bytes = sf_type_elements(&value->type) * sizeof *words * q->samples;
  while (f->count && (f->count == ENTRIES_MAX || f->bytes + bytes > bytes_max))
    drop_first(f);
  f->entries[f->count++] = (entry){value, bytes, words};
  f->bytes += bytes;
}
