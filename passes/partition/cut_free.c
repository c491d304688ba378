/* cut_free.c - as few slices as the memory model of Loihi 2 allows.
 *
 * Windows: any box channels x rows x columns; groups of channels by a dynamic
 * programme, bands of rectangles for each (tiling.h). The largest box is then
 * made as small as the number of boxes allows, since the core with the most
 * synapses sets the length of a step (loihi2.md 5.5). Layers of one cost share
 * one solution. Lines (rank 1) are in cut_line.c. */
#include "passes/partition/cut.h"
#include "passes/partition/tiling.h"

#include <string.h>

sf_result sf_cut_keep(sf_cutter *c, const sf_box *boxes, uint32_t count) {
  sf_plan_population *p = c->population;
  p->boxes = SF_NEW_ARRAY(c->plan->arena, sf_box, count);
  if (!p->boxes) return SF_OOM;
  memcpy(p->boxes, boxes, count * sizeof *boxes);
  p->box_count = count;
  p->fits = true;
  return SF_OK;
}

/* ---- Windows. ---------------------------------------------------------------
 */

typedef struct image {
  int32_t channels, height, width;
} image;

static image image_of(const sf_type *type) {
  bool flat = type->rank == 2;
  return (image){type->dim[0], flat ? 1 : type->dim[1],
                 type->dim[type->rank - 1]};
}

/* A group of channels and the rectangles of each of its channels. */
typedef struct group {
  int32_t channels;
  uint32_t times;
  sf_bands bands;
} group;

/* Sizes of groups worth trying, the cores that each takes, the best sum. */
static sf_result choose_groups(sf_cutter *c, sf_arena *scratch, image m,
                               const sf_plan_windows *w, group **out,
                               uint32_t *out_count) {
  int32_t *sizes;
  uint32_t count;
  SF_TRY(sf_even_sizes(scratch, m.channels, &sizes, &count));
  uint64_t *costs = SF_NEW_ARRAY(scratch, uint64_t, count);
  uint32_t *times = SF_NEW_ARRAY(scratch, uint32_t, count);
  if (!costs || !times) return SF_OOM;
  int64_t pixels = (int64_t)m.height * m.width;
  for (uint32_t i = 0; i < count; i++) {
    int64_t area = sf_plan_windows_pixels(c->plan, w, sizes[i], pixels);
    costs[i] = UINT64_MAX;
    if (area == 0) continue;
    sf_bands bands;
    SF_TRY(sf_bands_make(scratch, m.height, m.width, area, &bands));
    costs[i] = bands.total;
  }
  SF_TRY(sf_split_sum(scratch, m.channels, sizes, costs, count, times));
  *out = SF_NEW_ARRAY(scratch, group, count);
  if (!*out) return SF_OOM;
  *out_count = 0;
  for (uint32_t i = count; i-- > 0;) {
    if (!times[i]) continue;
    group *g = &(*out)[(*out_count)++];
    *g = (group){.channels = sizes[i], .times = times[i]};
    int64_t area = sf_plan_windows_pixels(c->plan, w, sizes[i], pixels);
    SF_TRY(sf_bands_even(scratch, m.height, m.width, area, &g->bands));
  }
  return SF_OK;
}

static sf_box box_at(const sf_type *type, int32_t channel, int32_t channels,
                     sf_rectangle r) {
  sf_box box = {.rank = type->rank};
  box.begin[0] = channel;
  box.end[0] = channel + channels;
  if (type->rank == 3) {
    box.begin[1] = r.row;
    box.end[1] = r.row_end;
  }
  box.begin[type->rank - 1] = r.column;
  box.end[type->rank - 1] = r.column_end;
  return box;
}

static sf_result write_groups(sf_cutter *c, image m, const group *groups,
                              uint32_t count) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; i++)
    total += groups[i].times * groups[i].bands.total;
  sf_plan_population *p = c->population;
  if (total > UINT32_MAX) return SF_OOM;
  p->boxes = SF_NEW_ARRAY(c->plan->arena, sf_box, total);
  if (!p->boxes) return SF_OOM;
  int32_t channel = 0;
  for (uint32_t i = 0; i < count; i++) {
    const group *g = &groups[i];
    for (uint32_t k = 0; k < g->times; k++, channel += g->channels) {
      for (uint64_t b = 0; b < g->bands.total; b++) {
        sf_rectangle r = sf_bands_at(&g->bands, m.height, m.width, b);
        p->boxes[p->box_count++] = box_at(c->type, channel, g->channels, r);
      }
    }
  }
  p->fits = true;
  return SF_OK;
}

/* A population of the same shape and the same costs that was cut before. */
static const sf_plan_population *find_twin(const sf_cutter *c,
                                           const sf_plan_windows *w) {
  const sf_plan *plan = c->plan;
  for (uint32_t i = 0; i < plan->window_count; i++) {
    const sf_plan_cut_windows *known = &plan->windows[i];
    const sf_op *op = known->population->op;
    if (sf_type_same_shape(&op->results[0]->type, c->type) &&
        memcmp(&known->cost, w, sizeof *w) == 0)
      return known->population;
  }
  return NULL;
}

static sf_result remember(sf_cutter *c, const sf_plan_windows *w) {
  sf_plan *plan = c->plan;
  if (!plan->windows) {
    plan->windows = SF_NEW_ARRAY(plan->arena, sf_plan_cut_windows,
                                 plan->population_count + (size_t)1);
    if (!plan->windows) return SF_OOM;
  }
  plan->windows[plan->window_count++] =
      (sf_plan_cut_windows){*w, c->population};
  return SF_OK;
}

static sf_result cut_image(sf_cutter *c, const sf_plan_windows *w) {
  const sf_plan_population *twin = find_twin(c, w);
  if (twin) return sf_cut_keep(c, twin->boxes, twin->box_count);
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  image m = image_of(c->type);
  group *groups;
  uint32_t count = 0;
  sf_result result = choose_groups(c, scratch, m, w, &groups, &count);
  if (result == SF_OK && count) result = write_groups(c, m, groups, count);
  if (result == SF_OK && count) result = remember(c, w);
  sf_arena_destroy(scratch);
  return result;
}

/* The model of a whole layer is not taken on trust: a box of each extent is
 * measured. *ok false: the population has to be cut otherwise. */
static sf_result check_boxes(sf_cutter *c, bool *ok) {
  sf_plan_population *p = c->population;
  for (uint32_t i = 0; i < p->box_count && *ok; i++) {
    if (i > 0 && !c->every_tile &&
        sf_cut_same_extents(&p->boxes[i - 1], &p->boxes[i]))
      continue;
    SF_TRY(sf_cut_box_fits(c, &p->boxes[i], ok));
  }
  if (*ok) return SF_OK;
  p->box_count = 0;
  p->fits = false;
  return SF_OK;
}

sf_result sf_cut_free(sf_cutter *c, bool *out_done) {
  sf_plan_windows windows;
  bool is_image = false;
  if (c->windows)
    SF_TRY(sf_plan_windows_of(c->plan, c->population->op, &windows, &is_image));
  if (is_image)
    SF_TRY(cut_image(c, &windows));
  else if (c->type->rank == 1)
    SF_TRY(sf_cut_line(c));
  *out_done = c->population->fits;
  return *out_done ? check_boxes(c, out_done) : SF_OK;
}
