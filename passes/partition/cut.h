/* cut.h - boxes for one population; shared by the ways to cut it. */
#ifndef SF_PASSES_PARTITION_CUT_H
#define SF_PASSES_PARTITION_CUT_H

#include "passes/partition/plan.h"

typedef struct sf_cutter {
  sf_plan *plan;
  sf_plan_population *population;
  const sf_type *type;
  bool every_tile; /* tiles differ inside: look at each */
  bool windows;    /* channels x space */
  int32_t extent[SF_RANK_MAX];
} sf_cutter;

sf_result sf_cutter_create(sf_plan *plan, sf_plan_population *population,
                           sf_cutter *out) SF_MUST_USE;
/* Copies the boxes to the population. */
sf_result sf_cut_keep(sf_cutter *c, const sf_box *boxes,
                      uint32_t count) SF_MUST_USE;

/* Tiles of c->extent, the last along each axis may be smaller. */
uint64_t sf_cut_tile_count(const sf_cutter *c);
/* A tile in the middle: its windows are not clipped by the image. */
sf_box sf_cut_middle_tile(const sf_cutter *c);
/* Boxes of one rank that are equally large along every axis: unless tiles
 * differ inside, they cost the same. */
bool sf_cut_same_extents(const sf_box *a, const sf_box *b);
sf_result sf_cut_box_fits(const sf_cutter *c, const sf_box *box,
                          bool *out) SF_MUST_USE;
/* Largest extent of `axis` that fits, at most `most`; 0: none. Leaves
 * c->extent[axis] at it. */
sf_result sf_cut_longest_extent(sf_cutter *c, unsigned axis,
                                int32_t most) SF_MUST_USE;

/* LOIHI2: c->extent as Intel's compiler takes it; *out false: nothing fits. */
sf_result sf_cut_windows(sf_cutter *c, bool *out) SF_MUST_USE;
/* LOIHI2: the boxes of the population, as few as can be; *out_done false: it is
 * of no form that is known here, or nothing fits. */
sf_result sf_cut_free(sf_cutter *c, bool *out_done) SF_MUST_USE;
/* A population of rank 1; its boxes, or none when a neuron alone is too much.
 */
sf_result sf_cut_line(sf_cutter *c) SF_MUST_USE;
/* Of a dense line in parts: how few neurons the last part can have when all
 * others are full; the same number of parts with `tail` neurons in the last and
 * the others level. */
sf_result sf_cut_line_least_tail(const sf_cutter *c, int32_t *out) SF_MUST_USE;
sf_result sf_cut_line_with_tail(sf_cutter *c, int32_t tail) SF_MUST_USE;

#endif
