/* names.h - a map from names to what they name, and fresh names. Private to ir.
 *
 * Open addressing, in the module's arena. A removed name keeps its entry, so
 * that the first free suffix of a base is found without trying all of them. */
#ifndef SF_IR_NAMES_H
#define SF_IR_NAMES_H

#include "sf/base.h"

typedef struct sf_name_entry {
  const char *name; /* NULL: unused */
  size_t size;
  uint64_t hash;
  void *item;           /* NULL: free again */
  uint32_t next_suffix; /* every NAME.N with 1 <= N < next_suffix is taken */
} sf_name_entry;

typedef struct sf_names {
  sf_arena *arena;
  sf_name_entry *entries;
  size_t count, capacity; /* capacity: 0 or a power of two */
} sf_names;

struct sf_symbols {
  sf_names blobs, neurons, networks; /* three name spaces */
};

sf_names *sf_names_create(sf_arena *arena); /* NULL: out of memory */
/* The item called `name`; NULL: none. The typed faces are sf_module_find_blob,
 * sf_network_find_value and their kin. */
void *sf_names_find(const sf_names *names, sf_slice name);
/* `name` is kept, not copied; replaces an older item. */
sf_result sf_names_set(sf_names *names, const char *name,
                       void *item) SF_MUST_USE;
void sf_names_remove(sf_names *names, const char *name);
/* `wanted` if it is free, else base.N with the first free N from 1 on, where
 * base is `wanted` without a suffix of that form. A copy; NULL: out of memory.
 */
const char *sf_names_unique(sf_names *names, const char *wanted) SF_MUST_USE;
/* The known name that is nearest to `name` by edit distance, when it is near
 * enough to be a typing error; NULL: none. */
const char *sf_names_nearest(const sf_names *names, sf_slice name);

static inline sf_slice sf_slice_of(const char *text) {
  return (sf_slice){text, __builtin_strlen(text)};
}

#endif
