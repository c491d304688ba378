/* layout.h - placements in closed form: the layers of a graph, in order, along
 * a curve. Each costs nothing to make and is scored exactly; the best ones are
 * where searches start (mapping.md 0.1, 2.3). */
#ifndef SF_PASSES_PLACE_LAYOUT_H
#define SF_PASSES_PLACE_LAYOUT_H

#include "passes/place/curve.h"
#include "passes/place/graph.h"

/* How a block takes seats of the curve. */
typedef enum sf_layout_fit {
  SF_FIT_PACKED,  /* the next ones */
  SF_FIT_ALIGNED, /* from the start of a strip, in turns on as many strips as it
                     needs: cluster j stands at the same part of the strips as
                     its neighbours in other layers */
  SF_FIT_SPREAD   /* the same, evenly over the whole strips */
} sf_layout_fit;

typedef struct sf_layout {
  sf_curve curve;
  sf_layout_fit fit;
  uint64_t hops; /* filled by sf_layout_front */
  double worst;  /* load of a link, half of the packets X then Y and half Y then
                    X; 0 on tori and hexagonal fabrics */
} sf_layout;

/* Seats every cluster. false: with this fit the seats do not suffice, and the
 * placement is not valid. SF_FIT_PACKED needs as many seats as clusters. */
sf_result sf_layout_seat(const sf_layout *layout, const sf_place_graph *graph,
                         sf_arena *scratch, sf_placement *placement,
                         bool *out_fits) SF_MUST_USE;

enum { SF_LAYOUT_FRONT_MAX = 16 };

/* The layouts that no other beats in both hops and worst load, fewest hops
 * first. Tries all curves on small graphs and the likely ones on large ones.
 * There must be as many seats as clusters. */
sf_result sf_layout_front(const sf_place_graph *graph,
                          const sf_place_seats *seats, sf_arena *scratch,
                          sf_layout out[SF_LAYOUT_FRONT_MAX],
                          uint32_t *out_count) SF_MUST_USE;

#endif
