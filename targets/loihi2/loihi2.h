/* loihi2.h - the target `loihi2`; README.md says what it writes. */
#ifndef SF_TARGETS_LOIHI2_LOIHI2_H
#define SF_TARGETS_LOIHI2_LOIHI2_H

#include "sf/target.h"

extern const sf_target sf_target_loihi2;

#endif
