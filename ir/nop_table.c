/* nop_table.c - the ops of neuron functions, from ops.def. */
#include "sf/neuron.h"

#include <string.h>

enum { /* the short names of ops.def */
       NONE = SF_NOP_TRAIT_NONE,
       MODE = SF_NOP_TRAIT_MODE,
       SHIFT = SF_NOP_TRAIT_SHIFT,
       ROUND = SF_NOP_TRAIT_ROUND,
       COMPARE = SF_NOP_TRAIT_COMPARE,
       BLOB = SF_NOP_TRAIT_BLOB,
       NO_OPERAND = SF_NOP_CLASS_NO_OPERAND,
       INT = SF_NOP_CLASS_INT,
       F32 = SF_NOP_CLASS_F32,
       SPIKE = SF_NOP_CLASS_SPIKE
};

static const sf_nop_info nops[] = {
#define SF_NOP(NUMBER, ID, mnemonic, operands, classes, traits, summary)       \
  {SF_NOP_##ID, mnemonic, operands, classes, traits, summary},
#include "sf/ops.def"
};

const sf_nop_info *sf_nop_info_get(sf_nop_kind kind) {
  for (size_t i = 0; i < SF_COUNT_OF(nops); i++)
    if (nops[i].kind == kind) return &nops[i];
  return NULL;
}

const sf_nop_info *sf_nop_info_find(sf_slice mnemonic) {
  for (size_t i = 0; i < SF_COUNT_OF(nops); i++)
    if (strlen(nops[i].mnemonic) == mnemonic.size &&
        memcmp(nops[i].mnemonic, mnemonic.data, mnemonic.size) == 0)
      return &nops[i];
  return NULL;
}

size_t sf_nop_info_count(void) { return SF_COUNT_OF(nops); }

const sf_nop_info *sf_nop_info_at(size_t index) {
  return index < SF_COUNT_OF(nops) ? &nops[index] : NULL;
}
