/* op_copy.h - copies of ops inside a network. */
#ifndef SF_PASSES_OP_COPY_H
#define SF_PASSES_OP_COPY_H

#include "sf/network.h"

/* Same kind, mode, attributes and blobs; no stream operand, no result yet. Put
 * behind `op`. `operands`: how many it takes over. NULL: out of memory. */
sf_op *sf_op_copy_without_streams(sf_op *op, uint32_t operands);
/* The same in another network of the same module, put before `before`. */
sf_op *sf_op_copy_into(sf_network *network, sf_op *before, const sf_op *op,
                       uint32_t operands);

#endif
