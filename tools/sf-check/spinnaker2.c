/* spinnaker2.c - every key that a PE sends goes through the tables. It must
 * come once to every PE that listens to it, twice to none, and ranks must rise.
 * A copy to a PE that listens to nothing of its block is none's mistake: boxes
 * are routed, and weights of zero have no links.
 *
 *   spinnaker2_read.c   files as flat rows
 *   spinnaker2_index.c  which table, which core, who listens
 *   spinnaker2_walk.c   one key
 *   spinnaker2_gates.c  what is switched off */
#include "tools/sf-check/spinnaker2_walk.h"

#include <stdlib.h>

enum { HOST_KEYS = 0x40000000 };

static const char CORES[] = "spinnaker2/cores.json";

static void check_tables(sf_check *check, const s2_artefact *a) {
  uint64_t limit = (uint64_t)sf_machine_value(check->machine, "table-entries");
  for (uint32_t i = 0; i < a->table_count; i++) {
    const s2_table *t = &a->tables[i];
    check->entries += t->entry_count;
    if (t->entry_count > limit) {
      sf_check_fail(check, sf_check_spinnaker2_file, 0,
                    "chip (%lld, %lld) has %u entries, its table holds %llu",
                    (long long)t->x, (long long)t->y, t->entry_count,
                    (unsigned long long)limit);
    }
    for (uint32_t k = 0; k < t->entry_count; k++) {
      const s2_entry *e = &a->entries[t->entry_first + k];
      if ((e->key & ~e->mask & UINT32_MAX) == 0) continue;
      sf_check_fail(check, sf_check_spinnaker2_file, 0,
                    "chip (%lld, %lld), entry %u: key 0x%08llx has bits "
                    "outside its mask and matches nothing",
                    (long long)t->x, (long long)t->y, k,
                    (unsigned long long)e->key);
    }
  }
}

/* ---- Places. ---- */

static int by_pe(const void *a, const void *b, void *data) {
  const s2_core *cores = data;
  const s2_core *p = &cores[*(const uint32_t *)a];
  const s2_core *q = &cores[*(const uint32_t *)b];
  if (p->chip != q->chip) return p->chip < q->chip ? -1 : 1;
  if (p->p != q->p) return p->p < q->p ? -1 : 1;
  return (p > q) - (p < q);
}

static sf_result check_places(sf_check *check, const s2_artefact *a) {
  uint32_t *order = SF_NEW_ARRAY(check->arena, uint32_t, a->core_count + 1u);
  if (!order) return SF_OOM;
  for (uint32_t i = 0; i < a->core_count; i++) {
    const s2_core *c = &a->cores[i];
    order[i] = i;
    check->cores++;
    if (sf_machine_core_usable(check->machine, c->chip, c->x, c->y, c->p))
      continue;
    sf_check_fail(check, CORES, 0,
                  "core @%s: '%s' has no usable PE %lld on chip %lld at "
                  "(%lld, %lld)",
                  c->name, check->machine->name, (long long)c->p,
                  (long long)c->chip, (long long)c->x, (long long)c->y);
  }
  if (a->core_count)
    qsort_r(order, a->core_count, sizeof *order, by_pe, a->cores);
  for (uint32_t i = 1; i < a->core_count; i++) {
    const s2_core *c = &a->cores[order[i]], *other = &a->cores[order[i - 1]];
    if (other->chip != c->chip || other->p != c->p) continue;
    sf_check_fail(check, CORES, 0, "cores @%s and @%s are the same PE",
                  other->name, c->name);
  }
  return SF_OK;
}

/* ---- Senders. ---- */

/* A block that is sent. `last`: the largest end up to here in the order by
 * first key. */
typedef struct sent {
  uint64_t first, end, last;
} sent;

static int by_key(const void *a, const void *b) {
  const sent *p = a, *q = b;
  if (p->first != q->first) return p->first < q->first ? -1 : 1;
  return (p->end > q->end) - (p->end < q->end);
}

/* Does one block hold all keys first .. end - 1? */
static bool is_sent(const sent *blocks, uint32_t count, uint64_t first,
                    uint64_t end) {
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (blocks[middle].first <= first)
      low = middle + 1;
    else
      high = middle;
  }
  return low > 0 && blocks[low - 1].last >= end;
}

/* Every key below the host's that a PE listens to is sent by some PE. */
static sf_result check_senders(sf_check *check, const s2_artefact *a) {
  sent *blocks = SF_NEW_ARRAY(check->arena, sent, a->sent_count + 1u);
  if (!blocks) return SF_OOM;
  for (uint32_t i = 0; i < a->sent_count; i++)
    blocks[i] = (sent){a->sent[i].key, a->sent[i].key + a->sent[i].count, 0};
  if (a->sent_count) qsort(blocks, a->sent_count, sizeof *blocks, by_key);
  uint64_t last = 0;
  for (uint32_t i = 0; i < a->sent_count; i++) {
    if (blocks[i].end > last) last = blocks[i].end;
    blocks[i].last = last;
  }
  for (uint32_t c = 0; c < a->core_count; c++) {
    const s2_core *core = &a->cores[c];
    for (uint32_t i = 0; i < core->heard_count; i++) {
      const s2_block *heard = &a->heard[core->heard_first + i];
      if (heard->key >= HOST_KEYS ||
          is_sent(blocks, a->sent_count, heard->key, heard->key + heard->count))
        continue;
      sf_check_fail(check, sf_check_spinnaker2_file, 0,
                    "core @%s listens to key 0x%08llx, which nobody sends",
                    core->name, (unsigned long long)heard->key);
    }
  }
  return SF_OK;
}

sf_result sf_check_spinnaker2(sf_check *check) {
  s2_artefact a;
  s2_walker w;
  SF_TRY(sf_check_spinnaker2_read(check, &a));
  SF_TRY(check_places(check, &a));
  check_tables(check, &a);
  SF_TRY(check_senders(check, &a));
  sf_check_spinnaker2_gates(check, &a);
  SF_TRY(sf_check_spinnaker2_index(check, &a, &w));
  for (uint32_t c = 0; c < a.core_count; c++) {
    const s2_core *core = &a.cores[c];
    check->routes++;
    w.range = &w.ranges[c];
    *w.range = (sf_check_range){.name = core->name};
    for (uint32_t i = 0; i < core->sent_count; i++)
      sf_check_spinnaker2_block(&w, core, &a.sent[core->sent_first + i]);
  }
  sf_check_ranges(check, sf_check_spinnaker2_file, a.core_count, w.ranges);
  return SF_OK;
}
