/* op_table.c - the rows of ops.def as tables. Nothing else lists the ops. */
#include "sf/network.h"

#include <string.h>

/* Position of each attribute row, so that an op can point at its first. */
enum attr_row {
#define SF_ATTR(OP, name, KIND, default_text, doc) ROW_##OP##_##name,
#include "sf/ops.def"
  ATTR_ROW_COUNT
};

enum {
  ATTR_ROWS_CLAIMED = 0
#define SF_ATTRS(OP, first, count) +(count)
#include "sf/ops.def"
};
_Static_assert((int)ATTR_ROWS_CLAIMED == (int)ATTR_ROW_COUNT,
               "the counts of SF_ATTRS rows cover all SF_ATTR rows");

static const sf_attr_info attr_rows[] = {
#define SF_ATTR(OP, name, KIND, default_text, doc)                             \
  {SF_ATTR_##name, #name, SF_KIND_##KIND, default_text, doc},
#include "sf/ops.def"
};

enum { /* the short trait names of ops.def */
       NONE = SF_TRAIT_NONE,
       MODE = SF_TRAIT_MODE,
       PROJECTION = SF_TRAIT_PROJECTION,
       ELEMENTWISE = SF_TRAIT_ELEMENTWISE,
       MOVES = SF_TRAIT_MOVES,
       STATE = SF_TRAIT_STATE,
       ANALOG = SF_TRAIT_ANALOG,
       FLOAT = SF_TRAIT_FLOAT
};

static const sf_op_info ops[] = {
#define SF_OP(NUMBER, ID, mnemonic_text, minimum, maximum, result_count,       \
              trait_bits, summary_text)                                        \
  [NUMBER].kind = SF_OP_##ID, [NUMBER].mnemonic = mnemonic_text,               \
  [NUMBER].min_operands = minimum, [NUMBER].max_operands = maximum,            \
  [NUMBER].results = result_count, [NUMBER].traits = trait_bits,               \
  [NUMBER].summary = summary_text,
#define SF_ATTRS(OP, first, count)                                             \
  [SF_OP_##OP].attrs = &attr_rows[ROW_##OP##_##first],                         \
  [SF_OP_##OP].attr_count = count,
#include "sf/ops.def"
};

static const sf_op_kind op_order[] = {
#define SF_OP(NUMBER, ID, mnemonic, minimum, maximum, results, traits,         \
              summary)                                                         \
  SF_OP_##ID,
#include "sf/ops.def"
};

const sf_op_info *sf_op_info_get(sf_op_kind kind) {
  if ((size_t)kind >= SF_COUNT_OF(ops) || !ops[kind].mnemonic) return NULL;
  return &ops[kind];
}

const sf_op_info *sf_op_info_at(size_t index) {
  return index < SF_COUNT_OF(op_order) ? &ops[op_order[index]] : NULL;
}

size_t sf_op_info_count(void) { return SF_COUNT_OF(op_order); }

static bool text_equals(sf_slice slice, const char *text) {
  return strlen(text) == slice.size &&
         memcmp(text, slice.data, slice.size) == 0;
}

const sf_op_info *sf_op_info_find(sf_slice mnemonic) {
  for (size_t i = 0; i < SF_COUNT_OF(op_order); i++)
    if (text_equals(mnemonic, ops[op_order[i]].mnemonic))
      return &ops[op_order[i]];
  return NULL;
}
