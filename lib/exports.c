/* exports.c - the version of the library, and a file for the linker to start.
 */
#include "sf/base.h"

const char *sf_version(void) { return SF_VERSION; }
