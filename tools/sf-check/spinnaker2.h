/* spinnaker2.h - cores, keys and tables of a SpiNNaker2 artefact as flat rows.
 * Private to sf-check. */
#ifndef SF_CHECK_SPINNAKER2_H
#define SF_CHECK_SPINNAKER2_H

#include "tools/sf-check/check.h"

typedef struct s2_block {
  uint64_t key, count; /* keys [key, key + count) */
} s2_block;

typedef struct s2_core {
  char *name;
  int64_t chip, x, y, p;
  uint32_t sent_first, sent_count;   /* blocks that it sends */
  uint32_t heard_first, heard_count; /* blocks that its regions listen to */
} s2_core;

typedef struct s2_entry {
  uint64_t key, mask;
  uint32_t links;                  /* bit l: link l, order e ne n w sw s */
  uint32_t core_first, core_count; /* PEs, into `pes` */
} s2_entry;

typedef struct s2_table {
  int64_t x, y;
  uint32_t entry_first, entry_count;
} s2_table;

/* PEs p .. p + count - 1 of a rectangle of chips are off. */
typedef struct s2_gate {
  int64_t x, y, columns, rows, p, count;
} s2_gate;

typedef struct s2_artefact {
  uint32_t core_count, sent_count, heard_count, table_count, entry_count;
  uint32_t pe_count;
  s2_core *cores;
  s2_block *sent, *heard;
  s2_table *tables;
  s2_entry *entries;   /* in match order */
  bool default_routes; /* what came by a link and matches nothing goes on */
  int64_t *pes;
  uint32_t gate_count;
  s2_gate *gates;
  int64_t members; /* cores that the start barrier waits for */
} s2_artefact;

/* cores.json, routing.json, and the sources in CORE.regions.bin. */
sf_result sf_check_spinnaker2_read(sf_check *check,
                                   s2_artefact *out) SF_MUST_USE;
void sf_check_spinnaker2_gates(sf_check *check, const s2_artefact *a);

#endif
