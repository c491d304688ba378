/* unread.h - ops that nothing reads any more. */
#ifndef SF_PASSES_REWRITE_UNREAD_H
#define SF_PASSES_REWRITE_UNREAD_H

#include "sf/network.h"

/* Erases every op, populations too, none of whose results is read, and what
 * only those read, also through delays of loops. */
void sf_erase_unread(sf_network *network);

#endif
