/* network_private.h - what network.c and op.c share. Private to ir. */
#ifndef SF_IR_NETWORK_PRIVATE_H
#define SF_IR_NETWORK_PRIVATE_H

#include "sf/network.h"

/* A value with a fresh name, known to its network. NULL: out of memory. */
sf_value *sf_value_create(sf_network *network, const char *name,
                          const sf_type *type);

/* Row of `id` in the table of `kind`; NULL: the op has no such attribute. */
const sf_attr_info *sf_attr_info_of(sf_op_kind kind, sf_attr_id id);
/* Value of a default text; `attr` gets kind and value. false: absent, required,
 * or not a number. */
bool sf_attr_default(const sf_attr_info *info, sf_attr *attr);
/* The words of ROUND, POOL and ON. NULL: no such value, -1: no such word. */
const char *sf_attr_word(sf_attr_kind kind, int64_t value);
int64_t sf_attr_word_value(sf_attr_kind kind, sf_slice word);

#endif
