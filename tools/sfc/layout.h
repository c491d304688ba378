/* layout.h - what a mapping block says, layer by layer: cores and memory. */
#ifndef SFC_LAYOUT_H
#define SFC_LAYOUT_H

#include "tools/sfc/sfc.h"

/* One population, or one projection, of the mapping. */
typedef struct sfc_layer {
  const char *value; /* without % */
  bool is_population;
  uint64_t elements;    /* of the whole value */
  uint32_t cores;       /* that hold a part */
  int64_t largest;      /* elements on the fullest core */
  const char *resource; /* "words", "bytes"; NULL: the mapping gives none */
  int64_t total, most;  /* of the resource: all cores, one core */
} sfc_layer;

typedef struct sfc_layout {
  uint32_t layer_count;
  sfc_layer *layers; /* in order of the mapping; malloc'ed */
  uint32_t cores;    /* in use */
} sfc_layout;

/* mapping NULL: an empty layout. */
sf_result sfc_layout_create(const sf_network *network,
                            const sf_mapping *mapping,
                            sfc_layout *out) SF_MUST_USE;
void sfc_layout_destroy(sfc_layout *layout);
void sfc_layout_print(const sfc_layout *layout, const sf_machine *machine);
json_t *sfc_layout_json(const sfc_layout *layout, const sf_machine *machine);

#endif
