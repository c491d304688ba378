/* gates.h - what of the machine is switched off, for config.xml. */
#ifndef SF_TARGETS_LOIHI2_GATES_H
#define SF_TARGETS_LOIHI2_GATES_H

#include "targets/loihi2/element.h"
#include "targets/loihi2/plan.h"

/* <gates> under `root`, when the mapping has rows `gate`. Errors: MAPPING when
 * a row cannot be understood or switches a core in use off. */
sf_result sf_l2_gates_write(const sf_l2_plan *plan, xmlNode *root) SF_MUST_USE;
/* Words of the pool that core `index` keeps: in banks that stay on. */
uint64_t sf_l2_gates_words(const sf_l2_plan *plan, uint32_t index,
                           uint64_t pool);

#endif
