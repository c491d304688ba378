/* element.h - building the tree of config.xml, and sealing it. */
#ifndef SF_TARGETS_LOIHI2_ELEMENT_H
#define SF_TARGETS_LOIHI2_ELEMENT_H

#include "sf/module.h"

#include <libxml/tree.h>

sf_result sf_l2_child(xmlNode *parent, const char *name,
                      xmlNode **out) SF_MUST_USE;
sf_result sf_l2_attr_text(xmlNode *node, const char *name,
                          const char *text) SF_MUST_USE;
sf_result sf_l2_attr_number(xmlNode *node, const char *name,
                            int64_t value) SF_MUST_USE;
/* Extents by spaces; "1" for a scalar. */
sf_result sf_l2_attr_shape(xmlNode *node, const char *name,
                           const sf_type *type) SF_MUST_USE;
/* "0:24 0:32"; "0:1" for a scalar. */
sf_result sf_l2_attr_box(xmlNode *node, const char *name,
                         const sf_box *box) SF_MUST_USE;
/* Writes `check` over what `node` holds now; README.md defines the canonical
 * text. Children with a seal must be sealed before. */
sf_result sf_l2_seal(xmlNode *node) SF_MUST_USE;

#endif
