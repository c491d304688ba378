/* copy.h - copying neuron functions and blobs between modules. Private to ir.
 */
#ifndef SF_IR_COPY_H
#define SF_IR_COPY_H

#include "sf/module.h"

/* A copy of `from` in `module`, the tables it names too, unless blobs of the
 * same name are there. NULL: out of memory. */
sf_neuron *sf_neuron_copy(sf_module *module, const sf_neuron *from);
/* Loaded bytes of no file are copied. NULL: out of memory. */
sf_blob *sf_blob_copy(sf_module *module, const sf_blob *from);
/* `loc` with its texts in the arena. */
sf_result sf_loc_copy(sf_arena *arena, sf_loc from, sf_loc *out) SF_MUST_USE;

#endif
