/* certificate.h - certificate.txt of an artefact: proof, for whoever trusts
 * nobody, that the routes cannot deadlock. docs/certificate.md has the format;
 * machine/certificate.h checks it without any of this code. */
#ifndef SF_PASSES_ROUTE_CERTIFICATE_H
#define SF_PASSES_ROUTE_CERTIFICATE_H

#include "sf/machine.h"
#include "sf/module.h"

/* The text of a routed mapping block's certificate, malloc'ed. Errors: MAPPING
 * when it is not routed or a route leaves the machine; INTERNAL when its
 * channels depend on each other in a cycle. */
sf_result sf_route_certificate(const sf_mapping *mapping,
                               const sf_machine *machine, sf_diag *diag,
                               char **out) SF_MUST_USE;

#endif
