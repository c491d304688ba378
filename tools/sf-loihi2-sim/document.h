/* document.h - config.xml as a checked tree, and its numbers.
 *
 * The tree is valid by the schema and each seal holds once sf_sim_document_open
 * returned; ranges and references are checked by whoever reads them. */
#ifndef SF_LOIHI2_SIM_DOCUMENT_H
#define SF_LOIHI2_SIM_DOCUMENT_H

#include "support/file.h"
#include "tools/sf-loihi2-sim/chip.h"

#include <libxml/tree.h>

typedef struct sf_sim_document {
  xmlDoc *xml;
  xmlNode *root;
  sf_mapped_file tables;
  sf_arena *arena; /* of the board: arrays that are read go here */
  sf_diag *diag;
} sf_sim_document;

sf_result sf_sim_document_open(const char *directory, sf_arena *arena,
                               sf_diag *diag, sf_sim_document *out) SF_MUST_USE;
void sf_sim_document_close(sf_sim_document *document);

/* Compares every `check` with the content of its element. */
sf_result sf_sim_seal_verify(const sf_sim_document *document) SF_MUST_USE;

sf_loc sf_sim_loc(const xmlNode *node);
/* ARTEFACT, with the line of `node` and the core that it is in. */
sf_result sf_sim_bad(const sf_sim_document *document, const xmlNode *node,
                     const char *format, ...) SF_PRINTF(3, 4);

bool sf_sim_is(const xmlNode *node, const char *name);
/* First child element and next sibling element of that name, or NULL. */
xmlNode *sf_sim_child(const xmlNode *node, const char *name);
xmlNode *sf_sim_next(const xmlNode *node, const char *name);
uint32_t sf_sim_child_count(const xmlNode *node, const char *name);

/* Copies of attributes in the arena; the schema says that they exist. */
sf_result sf_sim_text(const sf_sim_document *document, const xmlNode *node,
                      const char *name, const char **out) SF_MUST_USE;
sf_result sf_sim_number(const sf_sim_document *document, const xmlNode *node,
                        const char *name, uint32_t limit,
                        uint32_t *out) SF_MUST_USE;
sf_result sf_sim_integer(const sf_sim_document *document, const xmlNode *node,
                         const char *name, int32_t *out) SF_MUST_USE;
bool sf_sim_has(const xmlNode *node, const char *name);
/* "0:24 0:32" into begin and end, at most 8 axes, each begin < end. */
sf_result sf_sim_box(const sf_sim_document *document, const xmlNode *node,
                     const char *name, uint32_t *rank, uint32_t begin[8],
                     uint32_t end[8]) SF_MUST_USE;
sf_result sf_sim_shape(const sf_sim_document *document, const xmlNode *node,
                       uint32_t *rank, uint32_t dim[8],
                       uint32_t *elements) SF_MUST_USE;

/* The <data> child of `node` as 32-bit numbers, exactly `count` of them. */
sf_result sf_sim_data(const sf_sim_document *document, const xmlNode *node,
                      uint64_t count, const int32_t **out) SF_MUST_USE;

#endif
