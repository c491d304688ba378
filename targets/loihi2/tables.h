/* tables.h - tables.bin: arrays that are too long for the XML. */
#ifndef SF_TARGETS_LOIHI2_TABLES_H
#define SF_TARGETS_LOIHI2_TABLES_H

#include "support/buffer.h"

#include <libxml/tree.h>

/* Arrays of up to this many numbers stand in the XML as text. */
enum { SF_L2_INLINE_MAX = 64 };

/* Zero-initialized is empty. Equal arrays are stored once. */
typedef struct sf_l2_tables {
  sf_buffer bytes;
  struct sf_l2_table *known; /* uthash, by content; in the arena */
  sf_arena *arena;
} sf_l2_tables;

void sf_l2_tables_destroy(sf_l2_tables *tables);

/* Adds <data> to `parent`: `rank` extents and their numbers in C order, in the
 * narrowest of i8, u8, i16, i32. */
typedef struct sf_l2_numbers {
  uint32_t rank;
  uint32_t dim[4];
  const int32_t *values;
} sf_l2_numbers;
sf_result sf_l2_tables_add(sf_l2_tables *tables, xmlNode *parent,
                           const sf_l2_numbers *numbers) SF_MUST_USE;

#endif
