/* verify_neuron.h - what the checks of neuron functions share. Private to ir.
 */
#ifndef SF_IR_VERIFY_NEURON_H
#define SF_IR_VERIFY_NEURON_H

#include "ir/verifier.h"

void sf_verify_stmt(sf_verifier *v, const sf_neuron *neuron, uint32_t index);
/* A literal that a place of this type can hold. */
bool sf_number_fits(sf_number number, sf_scalar type);
bool sf_nvalue_belongs(const sf_neuron *neuron, const sf_nvalue *value);
/* "WHAT must be i24, found i32" */
void sf_type_mismatch(sf_verifier *v, sf_loc loc, const char *what,
                      sf_scalar want_type, sf_scalar have_type);

#endif
