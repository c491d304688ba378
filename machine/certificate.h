/* certificate.h - reads certificate.txt and answers for its ranks.
 *
 * Written from docs/certificate.md, apart from the pass that emits it. The
 * theorem (Dally and Seitz 1987): when every packet asks only for channels of a
 * higher rank than the one it holds, and whatever arrives at a core is always
 * taken in, no packets can wait for each other in a circle. */
#ifndef SF_MACHINE_CERTIFICATE_H
#define SF_MACHINE_CERTIFICATE_H

#include "sf/diag.h"

typedef enum sf_port_kind {
  SF_PORT_INJECT,
  SF_PORT_LINK,
  SF_PORT_EJECT
} sf_port_kind;

typedef struct sf_certificate sf_certificate;

/* The caller destroys *out. Errors: FILE_OPEN, FILE_LIMIT; CERTIFICATE with the
 * line, when the text does not follow its format, claims a discipline that the
 * theorem does not cover, or names a channel twice. */
sf_result sf_certificate_read(const char *path, sf_diag *diag,
                              sf_certificate **out) SF_MUST_USE;
void sf_certificate_destroy(sf_certificate *certificate);

const char *sf_certificate_machine(const sf_certificate *certificate);
size_t sf_certificate_channels(const sf_certificate *certificate);
/* Branches of a tree wait for each other (docs/certificate.md): ranks of what
 * lies below the first branching must not overlap with another tree's. */
bool sf_certificate_is_wormhole(const sf_certificate *certificate);

/* Rank of a channel; -1: it has none. `port`: core number, or for links the
 * name of the hop. */
int64_t sf_certificate_rank(const sf_certificate *certificate,
                            sf_port_kind kind, int64_t x, int64_t y,
                            const char *port);

#endif
