/* null.h - the target `null`; README.md says how to copy it. */
#ifndef SF_TARGETS_NULL_NULL_H
#define SF_TARGETS_NULL_NULL_H

#include "sf/target.h"

extern const sf_target sf_target_null;

#endif
