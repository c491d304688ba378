/* nearest.h - "did you mean": the known word nearest to an unknown one. Private
 * to ir. */
#ifndef SF_IR_NEAREST_H
#define SF_IR_NEAREST_H

#include "sf/base.h"

typedef struct sf_nearest {
  sf_slice wanted;
  const char *best; /* NULL: nothing near enough */
  size_t distance;
} sf_nearest;

sf_nearest sf_nearest_start(sf_slice wanted);
/* Of equally near candidates the one that sorts first wins, so that the order
 * of the calls does not matter. `candidate` is kept. */
void sf_nearest_try(sf_nearest *nearest, const char *candidate);

#endif
