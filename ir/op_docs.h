/* op_docs.h - the reference page of the ops, from ops.def. */
#ifndef SF_IR_OP_DOCS_H
#define SF_IR_OP_DOCS_H

#include "support/buffer.h"

/* Markdown: every network op with operands, traits and attributes, then every
 * op of neuron functions. docs/ops.md is this text. */
void sf_op_docs(sf_buffer *out);

#endif
