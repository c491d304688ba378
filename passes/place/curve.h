/* curve.h - orders in which the routers of a rectangle can be filled.
 *
 * A chain of layers follows such a curve; where it turns and how wide it is
 * decides how far neighbouring layers are apart (mapping.md 2.3). */
#ifndef SF_PASSES_PLACE_CURVE_H
#define SF_PASSES_PLACE_CURVE_H

#include "sf/machine.h"

typedef enum sf_curve_kind {
  SF_CURVE_RASTER,     /* bands that all run the same way */
  SF_CURVE_SERPENTINE, /* every second band runs back */
  SF_CURVE_HILBERT     /* recursive, for any rectangle */
} sf_curve_kind;

/* A band is filled strip by strip, across its run. `across`: false, bands run
 * along x and strips along y; true, the other way round. */
typedef struct sf_curve {
  sf_curve_kind kind;
  bool across;
  int32_t band; /* routers across a band, about: bands divide the side evenly */
  int32_t turn; /* SERPENTINE: where two bands meet, this many routers of both
                   are filled in strips along the run, so that a layer is as
                   wide in the turn as elsewhere; 0: none */
} sf_curve;

/* All width * height routers in the order of the curve, and the number of the
 * strip that each stands in, rising (NULL: not asked). A Hilbert curve is one
 * strip. */
void sf_curve_fill(const sf_curve *curve, int32_t width, int32_t height,
                   uint32_t *out, uint32_t *out_strips);

#endif
