/* rows.c - see rows.h. */
#include "passes/mapping/rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- The machine of a run. ---- */

sf_result sf_mapping_need_machine(const sf_pass_run *run, const char *pass,
                                  sf_loc loc) {
  if (run->machine) return SF_OK;
  sf_error(run->diag, SF_DIAG_USAGE, loc, "'%s' needs to know the machine",
           pass);
  sf_help(run->diag, "name one with --machine");
  return SF_FAIL;
}

sf_result sf_mapping_check_machine(const sf_pass_run *run,
                                   const sf_mapping *mapping,
                                   const sf_mapping_claim *claim) {
  SF_TRY(sf_mapping_need_machine(run, claim->pass, mapping->loc));
  if (strcmp(mapping->machine, run->machine->name) == 0) return SF_OK;
  sf_error(run->diag, SF_DIAG_MAPPING, mapping->loc,
           "'@%s' is %s %s '%s', not %s '%s'", mapping->network, claim->state,
           claim->word, mapping->machine, claim->word, run->machine->name);
  sf_help(run->diag, "run %s for '%s' first", claim->passes,
          run->machine->name);
  return SF_FAIL;
}

/* ---- Rows. ---- */

bool sf_mapping_is_row(const sf_mop *row, const char *keyword) {
  return strcmp(row->keyword, keyword) == 0;
}

const char *sf_mapping_name(const sf_mop *row) {
  const sf_mop_argument *name = sf_mop_find(row, SF_MOP_SYMBOL);
  return name ? name->text : "";
}

uint32_t sf_mapping_count(const sf_mop *first, const char *keyword) {
  uint32_t count = 0;
  for (const sf_mop *m = first; m; m = m->next)
    count += sf_mapping_is_row(m, keyword);
  return count;
}

void sf_mapping_remove(sf_mapping *mapping, const char *keyword) {
  sf_mop *first = NULL, *last = NULL, *next = NULL;
  uint32_t count = 0;
  for (sf_mop *m = mapping->first; m; m = next) {
    next = m->next;
    if (sf_mapping_is_row(m, keyword)) continue;
    m->next = NULL;
    if (last) last->next = m;
    if (!first) first = m;
    last = m;
    count++;
  }
  mapping->first = first;
  mapping->last = last;
  mapping->count = count;
}

void sf_mapping_forget(sf_dict *attrs, const char *name) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < attrs->count; i++)
    if (strcmp(attrs->entries[i].name, name) != 0)
      attrs->entries[kept++] = attrs->entries[i];
  attrs->count = kept;
}

const sf_op *sf_mapping_hosted(const sf_network *network, const sf_mop *row) {
  const sf_mop_argument *name = sf_mop_find(row, SF_MOP_VALUE);
  if (!sf_mapping_is_row(row, "host") || !name) return NULL;
  const sf_value *value = sf_network_find_value(
      network, (sf_slice){name->text, strlen(name->text)});
  if (!value || !value->op || value->op->kind != SF_OP_NEURONS) return NULL;
  return value->op;
}

/* ---- Cores by name. ---- */

static int by_name(const void *a, const void *b) {
  const sf_mapping_core *p = a, *q = b;
  return strcmp(p->name, q->name);
}

sf_result sf_mapping_cores_of(const sf_mapping *mapping, sf_arena *arena,
                              sf_mapping_cores *out) {
  uint32_t count = sf_mapping_count(mapping->first, "core");
  *out = (sf_mapping_cores){
      0, SF_NEW_ARRAY(arena, sf_mapping_core, count + (size_t)1)};
  if (!out->items) return SF_OOM;
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "core")) continue;
    out->items[out->count] =
        (sf_mapping_core){sf_mapping_name(m), m, out->count};
    out->count++;
  }
  if (out->count) qsort(out->items, out->count, sizeof *out->items, by_name);
  return SF_OK;
}

const sf_mapping_core *sf_mapping_find_core(const sf_mapping_cores *cores,
                                            const char *name) {
  sf_mapping_core key = {.name = name ? name : ""};
  if (cores->count == 0) return NULL;
  return bsearch(&key, cores->items, cores->count, sizeof key, by_name);
}
