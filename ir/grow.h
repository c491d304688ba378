/* grow.h - arrays in an arena that grow without a capacity field. Private to
 * ir.
 *
 * An array of `count` items has room for the next power of two. What is left
 * behind when it moves stays in the arena: at most as much as is in use. */
#ifndef SF_IR_GROW_H
#define SF_IR_GROW_H

#include "sf/base.h"

/* Makes room for one more item of `size` bytes; returns the array, perhaps
 * moved, or NULL when memory is out (the old one stays valid). */
void *sf_grow(sf_arena *arena, void *items, uint32_t count,
              size_t size) SF_MUST_USE;

#define SF_GROW(arena, type, items, count)                                     \
  ((type *)sf_grow((arena), (items), (count), sizeof(type)))

#endif
