/* version.h - which library this is. */
#ifndef SF_LIB_VERSION_H
#define SF_LIB_VERSION_H

#include "sf/base.h"

const char *sf_version(void); /* "0.1.0" */

#endif
