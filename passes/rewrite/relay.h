/* relay.h - populations that hand on what they get: one step on a chip.
 * docs/ir.md 7 and 10. */
#ifndef SF_PASSES_RELAY_H
#define SF_PASSES_RELAY_H

#include "sf/ir.h"

/* The stateless function `(%x: read) -> emit`: `emit %x`, or, for spikes read
 * as a sum, `%x > 0`. The module's own when it is there already, the library's
 * @relay for i24. NULL: out of memory or a diagnostic. */
sf_neuron *sf_relay_function(sf_module *module, sf_scalar read, sf_scalar emit,
                             sf_diag *diag);

/* Whether a synapse of weight 1 for each element of that shape can be written:
 * ranks 1 to 3. */
bool sf_has_identity_projection(const sf_type *type);
/* That projection, put before `before`: sparse (rank 1), grouped convolution
 * (rank 2), pool{sum} with a window of one (rank 3). NULL: out of memory. */
sf_value *sf_identity_projection(sf_value *source, sf_op *before);

/* A population that relays `value` element by element, put before `before`:
 * with its own identity projection if `value` is a population's. NULL: out of
 * memory or a diagnostic. Result type = type of `value`. */
sf_value *sf_relay_population(sf_value *value, sf_op *before, sf_diag *diag);

#endif
