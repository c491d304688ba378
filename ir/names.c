/* names.c - name maps and fresh names. */
#include "ir/names.h"

#include "ir/nearest.h"
#include "support/hash.h"

#include <string.h>

enum { FIRST_CAPACITY = 16 };

sf_names *sf_names_create(sf_arena *arena) {
  sf_names *names = SF_NEW(arena, sf_names);
  if (names) names->arena = arena;
  return names;
}

/* The entry of `name`, or the unused one where it would go. */
static sf_name_entry *probe(sf_name_entry *entries, size_t capacity,
                            sf_slice name, uint64_t hash) {
  size_t at = (size_t)hash & (capacity - 1);
  for (;; at = (at + 1) & (capacity - 1)) {
    sf_name_entry *entry = &entries[at];
    if (!entry->name) return entry;
    if (entry->hash == hash && entry->size == name.size &&
        memcmp(entry->name, name.data, name.size) == 0)
      return entry;
  }
}

static sf_name_entry *find_entry(const sf_names *names, sf_slice name) {
  if (names->capacity == 0) return NULL;
  sf_name_entry *entry = probe(names->entries, names->capacity, name,
                               sf_hash(name.data, name.size));
  return entry->name ? entry : NULL;
}

void *sf_names_find(const sf_names *names, sf_slice name) {
  sf_name_entry *entry = find_entry(names, name);
  return entry ? entry->item : NULL;
}

static sf_result grow(sf_names *names) {
  size_t capacity = names->capacity ? names->capacity * 2 : FIRST_CAPACITY;
  sf_name_entry *entries = SF_NEW_ARRAY(names->arena, sf_name_entry, capacity);
  if (!entries) return SF_OOM;
  for (size_t i = 0; i < names->capacity; i++) {
    const sf_name_entry *old = &names->entries[i];
    if (!old->name) continue;
    *probe(entries, capacity, (sf_slice){old->name, old->size}, old->hash) =
        *old;
  }
  names->entries = entries;
  names->capacity = capacity;
  return SF_OK;
}

/* The entry of `name`, made if it is new. NULL: out of memory. */
static sf_name_entry *ensure_entry(sf_names *names, const char *name) {
  if (names->count * 2 >= names->capacity && grow(names) != SF_OK) return NULL;
  sf_slice slice = sf_slice_of(name);
  uint64_t hash = sf_hash(slice.data, slice.size);
  sf_name_entry *entry = probe(names->entries, names->capacity, slice, hash);
  if (entry->name) return entry;
  *entry = (sf_name_entry){name, slice.size, hash, NULL, 1};
  names->count++;
  return entry;
}

sf_result sf_names_set(sf_names *names, const char *name, void *item) {
  sf_name_entry *entry = ensure_entry(names, name);
  if (!entry) return SF_OOM;
  entry->item = item;
  return SF_OK;
}

/* Splits `base.N` (N from 1, no leading zero); *suffix 0: there is none. */
static sf_slice split_suffix(const char *name, uint32_t *suffix) {
  sf_slice base = sf_slice_of(name);
  size_t digits = 0;
  while (digits < base.size && name[base.size - 1 - digits] >= '0' &&
         name[base.size - 1 - digits] <= '9')
    digits++;
  *suffix = 0;
  if (digits == 0 || digits > 9 || base.size < digits + 2) return base;
  size_t dot = base.size - digits - 1;
  if (name[dot] != '.' || name[dot + 1] == '0') return base;
  for (size_t i = dot + 1; i < base.size; i++)
    *suffix = *suffix * 10 + (uint32_t)(name[i] - '0');
  base.size = dot;
  return base;
}

void sf_names_remove(sf_names *names, const char *name) {
  sf_name_entry *entry = find_entry(names, sf_slice_of(name));
  if (!entry) return;
  entry->item = NULL;
  uint32_t suffix;
  sf_slice base = split_suffix(name, &suffix);
  sf_name_entry *base_entry = suffix ? find_entry(names, base) : NULL;
  if (base_entry && suffix < base_entry->next_suffix)
    base_entry->next_suffix = suffix;
}

const char *sf_names_unique(sf_names *names, const char *wanted) {
  if (!sf_names_find(names, sf_slice_of(wanted)))
    return sf_arena_text(names->arena, sf_slice_of(wanted));
  uint32_t suffix;
  sf_slice base_slice = split_suffix(wanted, &suffix);
  char *base = sf_arena_text(names->arena, base_slice);
  sf_name_entry *entry = base ? ensure_entry(names, base) : NULL;
  if (!entry) return NULL;
  for (uint32_t n = entry->next_suffix;; n++) {
    char *name = sf_arena_printf(names->arena, "%s.%u", base, n);
    if (!name) return NULL;
    if (sf_names_find(names, sf_slice_of(name))) continue;
    entry->next_suffix = n + 1;
    return name;
  }
}

const char *sf_names_nearest(const sf_names *names, sf_slice name) {
  sf_nearest nearest = sf_nearest_start(name);
  for (size_t i = 0; i < names->capacity; i++)
    if (names->entries[i].name && names->entries[i].item)
      sf_nearest_try(&nearest, names->entries[i].name);
  return nearest.best;
}
