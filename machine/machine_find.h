/* machine_find.h - where machine descriptions lie. Private to machine. */
#ifndef SF_MACHINE_FIND_H
#define SF_MACHINE_FIND_H

#include "sf/diag.h"

/* Path of a description: `name_or_path` itself when it ends in .xml or has a
 * slash, else NAME.xml in the first folder that has it: SF_MACHINES of the
 * environment, share/spikeformer/machines beside the folder of this library.
 * *out is malloc'ed. Errors: MACHINE with the known names; FILE_OPEN. */
sf_result sf_machine_find(const char *name_or_path, sf_diag *diag,
                          char **out) SF_MUST_USE;
/* Text of machine.rng of the same folders, malloc'ed. */
sf_result sf_machine_schema(sf_diag *diag, char **out,
                            size_t *out_size) SF_MUST_USE;

#endif
