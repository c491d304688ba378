/* use.h - the list of places that name a value. Private to ir.
 *
 * In the order in which the uses were made; the first one's `prev` is the last,
 * so that appending is cheap. */
#ifndef SF_IR_USE_H
#define SF_IR_USE_H

#include "sf/network.h"

/* Points `use` at a value, a blob, or (both NULL) at nothing. */
void sf_use_set(sf_use *use, sf_value *value, sf_blob *blob);
/* Takes back one use of a blob by something that is not a sf_use. */
void sf_blob_count_user(sf_blob *blob, int change); /* blob NULL: nothing */

#endif
