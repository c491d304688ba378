/* grow.c - arrays in an arena that grow. */
#include "ir/grow.h"

#include <string.h>

void *sf_grow(sf_arena *arena, void *items, uint32_t count, size_t size) {
  bool full = (count & (count - 1)) == 0; /* 0 and powers of two */
  if (!full) return items;
  if (count > UINT32_MAX / 2) return NULL;
  void *grown = sf_arena_array(arena, count ? (size_t)count * 2 : 1, size);
  if (grown && count) memcpy(grown, items, count * size);
  return grown;
}
