/* region_builder.h - what rows.c, links.c and region.c share while they write
 * the regions of one PE. */
#ifndef SF_SPINNAKER2_REGION_BUILDER_H
#define SF_SPINNAKER2_REGION_BUILDER_H

#include "runtime/spinnaker2/pe.h"
#include "support/buffer.h"
#include "targets/spinnaker2/plan.h"

enum { S2_SLICES_MAX = 8 };

/* What stands in pe_slice.inputs: mirrors pe_ring of pe_main.c. */
typedef struct s2_ring {
  uint32_t work, slots;
} s2_ring;

typedef struct s2_region_builder {
  const s2_plan *plan;
  const s2_core *core;
  sf_diag *diag;
  sf_buffer bytes;
  pe_header header;
  pe_slice *slices;
  pe_projection *projections;
  s2_ring rings[S2_SLICES_MAX * (S2_LEAVES_MAX + 1)];
  uint32_t ring_count;
  uint32_t work; /* words of pe_work so far */
  size_t record_count, record_capacity;
  pe_link *records; /* what an element of a projection's stream does */
} s2_region_builder;

/* Appends at a multiple of 4 and pads; returns the offset. */
uint32_t sf_s2_region_put(s2_region_builder *builder, const void *bytes,
                          size_t size);
void sf_s2_region_pad(s2_region_builder *builder);

/* rows.c: sorts the synapses, chooses weight bytes and format, writes the rows;
 * sets format and weight_bytes of *projection. *out_rows: the offset of the row
 * of each input element, 0 for none; the caller frees it. */
sf_result sf_s2_rows_put(s2_region_builder *builder, const s2_leaf *leaf,
                         uint32_t count, s2_synapses *synapses,
                         pe_projection *projection,
                         uint32_t **out_rows) SF_MUST_USE;

/* links.c: remembers what each source element of a projection's stream does:
 * `rows` as sf_s2_rows_put gives them. Raises *out_longest to the longest
 * delay, in steps. Errors: TARGET_CANNOT when a source is not at least one step
 * away.
 */
sf_result sf_s2_links_add(s2_region_builder *builder, const s2_leaf *leaf,
                          uint32_t index, const uint32_t *rows,
                          uint32_t *out_longest) SF_MUST_USE;
/* Writes pe_source[] and the links that were remembered. */
sf_result sf_s2_links_put(s2_region_builder *builder) SF_MUST_USE;

#endif
