/* base.h - results, slices, arenas: what every other public header builds on.
 *
 * Naming: `sf_noun_verb`. `_create` results belong to the caller, `_get` and
 * plain accessors lend, `_take` moves in. Outputs come last, as `out_x`.
 * Nothing in this library keeps global state; every function is re-entrant. */
#ifndef SF_BASE_H
#define SF_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SF_VERSION "0.1.0"
/* Plug-ins are refused when the major differs or their minor is newer. */
#define SF_ABI_MAJOR 1u
#define SF_ABI_MINOR 0u
#define SF_ABI       ((SF_ABI_MAJOR << 16) | SF_ABI_MINOR)

/* Version of the library that is loaded, which may be newer than the header. */
const char *sf_version(void); /* "0.1.0" */

#define SF_MUST_USE __attribute__((warn_unused_result))
#define SF_PRINTF(format_index, first)                                         \
  __attribute__((format(printf, format_index, first)))
#define SF_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* How a call ended. FAIL: a diagnostic says why. OOM: no memory; nothing was
 * printed yet. Bugs are assertions, not results. */
typedef enum sf_result { SF_OK = 0, SF_FAIL = 1, SF_OOM = 2 } sf_result;

/* Passes a failure up. The only macro that hides control flow. */
#define SF_TRY(expression)                                                     \
  do {                                                                         \
    sf_result sf_try_result_ = (expression);                                   \
    if (sf_try_result_ != SF_OK) return sf_try_result_;                        \
  } while (0)

/* A slice of text, not terminated. Borrowed. */
typedef struct sf_slice {
  const char *data;
  size_t size; /* bytes */
} sf_slice;

/* Memory that lives and dies together. Items are zeroed, aligned to 16 bytes
 * and freed only with the arena. Not thread-safe: one arena, one thread.
 * With SF_HOSTILE every item is its own allocation, so that sanitizers see it,
 * and SF_HOSTILE_FAIL_AT=N in the environment when an arena is created makes
 * its N-th allocation fail (once; the next ones work again). */
typedef struct sf_arena sf_arena;

sf_arena *sf_arena_create(void);        /* NULL: out of memory */
void sf_arena_destroy(sf_arena *arena); /* NULL is fine */
void sf_arena_reset(sf_arena *arena);   /* frees all items, keeps the arena */
/* `size` bytes, zeroed; NULL when memory is out or size is above 64 GiB. */
void *sf_arena_alloc(sf_arena *arena, size_t size) SF_MUST_USE;
/* count * size bytes, checked for overflow. */
void *sf_arena_array(sf_arena *arena, size_t count, size_t size) SF_MUST_USE;
/* A terminated copy of `text`; NULL when memory is out. */
char *sf_arena_text(sf_arena *arena, sf_slice text) SF_MUST_USE;
/* What printf would print, terminated; NULL when memory is out. */
char *sf_arena_printf(sf_arena *arena, const char *format, ...) SF_MUST_USE
    SF_PRINTF(2, 3);

/* Typed faces: SF_NEW(arena, sf_op), SF_NEW_ARRAY(arena, int64_t, n). */
#define SF_NEW(arena, type) ((type *)sf_arena_alloc((arena), sizeof(type)))
#define SF_NEW_ARRAY(arena, type, count)                                       \
  ((type *)sf_arena_array((arena), (count), sizeof(type)))

#ifdef __cplusplus
}
#endif
#endif
