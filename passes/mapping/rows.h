/* rows.h - rows of a mapping block, as the passes that read and write it ask
 * for them: by keyword, by name, by the population that they host. */
#ifndef SF_PASSES_MAPPING_ROWS_H
#define SF_PASSES_MAPPING_ROWS_H

#include "sf/pass.h"

/* ---- The machine of a run. ---- */

/* Reports and fails when the run names no machine. `pass`: who asks. */
sf_result sf_mapping_need_machine(const sf_pass_run *run, const char *pass,
                                  sf_loc loc) SF_MUST_USE;

/* What a pass takes for granted of the machine of a mapping block. */
typedef struct sf_mapping_claim {
  const char *pass;         /* who asks */
  const char *state, *word; /* what the block is: "placed", "on" */
  const char *passes;       /* what brings it there: "partition and place" */
} sf_mapping_claim;

/* As above, and fails when the block was made for another machine. */
sf_result sf_mapping_check_machine(const sf_pass_run *run,
                                   const sf_mapping *mapping,
                                   const sf_mapping_claim *claim) SF_MUST_USE;

/* ---- Rows. ---- */

bool sf_mapping_is_row(const sf_mop *row, const char *keyword);
/* Name of a row without its '@'; "" when it has none. Borrowed. */
const char *sf_mapping_name(const sf_mop *row);
/* Rows of a keyword from `first` on, one level deep. */
uint32_t sf_mapping_count(const sf_mop *first, const char *keyword);
/* Takes the rows of a keyword out of the block. */
void sf_mapping_remove(sf_mapping *mapping, const char *keyword);
/* Takes an attribute out of a dictionary, if it is there. */
void sf_mapping_forget(sf_dict *attrs, const char *name);
/* The population whose neurons a `host` row names; NULL: another row, or
 * synapses. */
const sf_op *sf_mapping_hosted(const sf_network *network, const sf_mop *row);

/* ---- Cores by name. ---- */

typedef struct sf_mapping_core {
  const char *name;
  const sf_mop *row;
  uint32_t number; /* in order of the text */
} sf_mapping_core;

typedef struct sf_mapping_cores {
  uint32_t count;
  sf_mapping_core *items; /* by name */
} sf_mapping_cores;

/* Memory and time by cores. In `arena`. */
sf_result sf_mapping_cores_of(const sf_mapping *mapping, sf_arena *arena,
                              sf_mapping_cores *out) SF_MUST_USE;
/* NULL: there is none of that name. */
const sf_mapping_core *sf_mapping_find_core(const sf_mapping_cores *cores,
                                            const char *name);

#endif
