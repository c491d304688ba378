/* arena.c - blocks of zeroed memory that are freed together.
 *
 * The hostile build gives every item an allocation of its own, so that address
 * sanitizers see each overrun, and lets a test choose the allocation that
 * fails. The count belongs to the arena: nothing is shared between arenas. */
#include "sf/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEM_ALIGN = 16, FIRST_BLOCK_BYTES = 4096, LAST_BLOCK_BYTES = 1 << 20 };

/* No item of ours comes near; so sums of sizes below never wrap. */
static const size_t item_bytes_max = (size_t)1 << 36;

/* The item bytes follow; 16 bytes, so that they stay aligned. */
typedef struct arena_block {
  struct arena_block *next;
  size_t unused;
} arena_block;

struct sf_arena {
  arena_block *blocks; /* newest first */
  char *free;          /* the unused end of the newest shared block */
  size_t free_bytes;
  size_t block_bytes; /* of the next shared block */
#ifdef SF_HOSTILE
  uint64_t allocations, fail_at; /* fail_at 0: none fails */
#endif
};

_Static_assert(sizeof(arena_block) % ITEM_ALIGN == 0, "items stay aligned");

sf_arena *sf_arena_create(void) {
  sf_arena *arena = calloc(1, sizeof *arena);
  if (!arena) return NULL;
  arena->block_bytes = FIRST_BLOCK_BYTES;
#ifdef SF_HOSTILE
  const char *fail_at = getenv("SF_HOSTILE_FAIL_AT");
  if (fail_at) arena->fail_at = strtoull(fail_at, NULL, 10);
#endif
  return arena;
}

void sf_arena_destroy(sf_arena *arena) {
  if (!arena) return;
  sf_arena_reset(arena);
  free(arena);
}

void sf_arena_reset(sf_arena *arena) {
  while (arena->blocks) {
    arena_block *block = arena->blocks;
    arena->blocks = block->next;
    free(block);
  }
  arena->free = NULL;
  arena->free_bytes = 0;
  arena->block_bytes = FIRST_BLOCK_BYTES;
}

/* A block with `bytes` for items, put in front. NULL: out of memory. */
static char *add_block(sf_arena *arena, size_t bytes) {
  arena_block *block = calloc(1, sizeof *block + bytes);
  if (!block) return NULL;
  block->next = arena->blocks;
  arena->blocks = block;
  return (char *)(block + 1);
}

#ifdef SF_HOSTILE

void *sf_arena_alloc(sf_arena *arena, size_t size) {
  if (++arena->allocations == arena->fail_at) return NULL;
  if (size > item_bytes_max) return NULL;
  return add_block(arena, size); /* not rounded up: the end is exact */
}

#else

void *sf_arena_alloc(sf_arena *arena, size_t size) {
  if (size > item_bytes_max) return NULL;
  if (size == 0) size = 1;
  size = (size + ITEM_ALIGN - 1) & ~(size_t)(ITEM_ALIGN - 1);
  /* A large item does not end the block that small ones still fill. */
  if (size > arena->free_bytes && size > arena->block_bytes / 4)
    return add_block(arena, size);
  if (size > arena->free_bytes) {
    char *fresh = add_block(arena, arena->block_bytes);
    if (!fresh) return NULL;
    arena->free = fresh;
    arena->free_bytes = arena->block_bytes;
    if (arena->block_bytes < LAST_BLOCK_BYTES) arena->block_bytes *= 2;
  }
  void *item = arena->free;
  arena->free += size;
  arena->free_bytes -= size;
  return item;
}

#endif

void *sf_arena_array(sf_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  return sf_arena_alloc(arena, bytes);
}

char *sf_arena_text(sf_arena *arena, sf_slice text) {
  if (text.size > item_bytes_max) return NULL;
  char *copy = sf_arena_alloc(arena, text.size + 1);
  if (copy && text.size) memcpy(copy, text.data, text.size);
  return copy;
}

char *sf_arena_printf(sf_arena *arena, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) return NULL;
  char *text = sf_arena_alloc(arena, (size_t)length + 1);
  if (!text) return NULL;
  va_start(arguments, format);
  vsnprintf(text, (size_t)length + 1, format, arguments);
  va_end(arguments);
  return text;
}
