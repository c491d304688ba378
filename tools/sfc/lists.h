/* lists.h - `sfc --list-...`: what there is, as text or JSON. */
#ifndef SFC_LISTS_H
#define SFC_LISTS_H

#include "sf/base.h"

/* When `word` is a list option, prints it, sets the exit code and returns true.
 */
bool sfc_list_print(const char *word, bool json, int *out_code);

/* `sfc import --list-ops`: the support table of each reader that has one. */
void sfc_list_operators(bool json);

#endif
