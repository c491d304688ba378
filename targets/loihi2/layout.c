/* layout.c - cores and slices from the mapping block. docs/ir.md 8.
 *
 * Projections are hosted with the neurons that they reach, so only boxes of
 * populations matter here. */
#include "targets/loihi2/plan.h"

#include <stdlib.h>
#include <string.h>

static sf_result bad(const sf_l2_plan *plan, const sf_mop *mop,
                     const char *text, const char *name) {
  return sf_error(plan->diag, SF_DIAG_MAPPING, mop->loc, "%s %s", text, name);
}

static sf_result coordinate(const sf_l2_plan *plan, const sf_mop *mop,
                            const char *name, uint32_t *out) {
  int64_t value = sf_dict_int(&mop->attrs, name, -1);
  if (value < 0 || value > INT32_MAX)
    return sf_error(plan->diag, SF_DIAG_MAPPING, mop->loc,
                    "core needs '%s'; run `place`", name);
  *out = (uint32_t)value;
  return SF_OK;
}

static sf_result read_core(const sf_l2_plan *plan, const sf_mop *mop,
                           sf_l2_core *core) {
  const sf_mop_argument *symbol = sf_mop_find(mop, SF_MOP_SYMBOL);
  if (!symbol) return bad(plan, mop, "a core without", "a name");
  core->mop = mop;
  core->name = symbol->text;
  SF_TRY(coordinate(plan, mop, "chip", &core->chip));
  SF_TRY(coordinate(plan, mop, "x", &core->x));
  SF_TRY(coordinate(plan, mop, "y", &core->y));
  SF_TRY(coordinate(plan, mop, "p", &core->p));
  const sf_machine *machine = plan->machine;
  if (!sf_machine_core_usable(machine, core->chip, core->x, core->y, core->p))
    return sf_error(plan->diag, SF_DIAG_MAPPING, mop->loc,
                    "%s has no core (%u, %u, %u) on chip %u", machine->name,
                    core->x, core->y, core->p, core->chip);
  core->id = (core->y * (uint32_t)machine->width + core->x) *
                 machine->cores_per_router +
             core->p;
  return SF_OK;
}

static int compare_cores(const void *a, const void *b) {
  const sf_l2_core *p = a, *q = b;
  if (p->chip != q->chip) return p->chip < q->chip ? -1 : 1;
  return p->id < q->id ? -1 : p->id > q->id;
}

static uint32_t count_mops(const sf_mop *first, const char *keyword) {
  uint32_t count = 0;
  for (const sf_mop *mop = first; mop; mop = mop->next)
    count += strcmp(mop->keyword, keyword) == 0;
  return count;
}

/* Layer of a hosted value; layer_count: a projection, or on the host. */
static uint32_t layer_of(const sf_l2_plan *plan, const sf_mop *host) {
  const sf_mop_argument *value = sf_mop_find(host, SF_MOP_VALUE);
  uint32_t layer = 0;
  while (value && layer < plan->layer_count &&
         strcmp(plan->layers[layer].value->name, value->text) != 0)
    layer++;
  return value ? layer : plan->layer_count;
}

/* Elements of the layer that the box holds, in C order. */
static sf_result fill_elements(sf_l2_plan *plan, const sf_type *type,
                               sf_l2_slice *slice) {
  uint32_t *element = SF_NEW_ARRAY(plan->arena, uint32_t, slice->count);
  if (!element) return SF_OOM;
  for (uint32_t n = 0; n < slice->count; n++) {
    uint32_t rest = n, stride = 1, flat = 0;
    for (uint32_t axis = type->rank; axis-- > 0;) {
      uint32_t extent =
          (uint32_t)(slice->box.end[axis] - slice->box.begin[axis]);
      flat += ((uint32_t)slice->box.begin[axis] + rest % extent) * stride;
      rest /= extent;
      stride *= (uint32_t)type->dim[axis];
    }
    element[n] = flat;
  }
  slice->element = element;
  return SF_OK;
}

static sf_result read_box(sf_l2_plan *plan, const sf_mop *host,
                          sf_l2_slice *slice) {
  const sf_type *type = &plan->layers[slice->layer].value->type;
  const sf_mop_argument *box = sf_mop_find(host, SF_MOP_BOX);
  slice->box = box ? box->box : sf_box_whole(type);
  bool good = slice->box.rank == type->rank || type->rank == 0;
  for (uint32_t axis = 0; good && axis < type->rank; axis++)
    good = slice->box.begin[axis] >= 0 &&
           slice->box.begin[axis] < slice->box.end[axis] &&
           slice->box.end[axis] <= type->dim[axis];
  if (!good)
    return bad(plan, host, "the box does not fit",
               plan->layers[slice->layer].value->name);
  if (type->rank == 0) slice->box.rank = 0;
  slice->count = (uint32_t)sf_box_elements(&slice->box);
  return fill_elements(plan, type, slice);
}

static sf_result read_slices(sf_l2_plan *plan, uint32_t core_index) {
  sf_l2_core *core = &plan->cores[core_index];
  core->slice_first = plan->slice_count;
  for (const sf_mop *host = core->mop->first_child; host; host = host->next) {
    uint32_t layer = layer_of(plan, host);
    if (strcmp(host->keyword, "host") != 0 || layer == plan->layer_count)
      continue;
    sf_l2_slice *slice = &plan->slices[plan->slice_count++];
    *slice = (sf_l2_slice){.core = core_index,
                           .group = core->slice_count++,
                           .layer = layer,
                           .base = core->neuron_count};
    SF_TRY(read_box(plan, host, slice));
    core->neuron_count += slice->count;
  }
  return SF_OK;
}

static sf_result create_layer(sf_l2_plan *plan, sf_l2_layer *layer) {
  layer->slice_of = SF_NEW_ARRAY(plan->arena, uint32_t, layer->elements);
  layer->local_of = SF_NEW_ARRAY(plan->arena, uint32_t, layer->elements);
  layer->slices = SF_NEW_ARRAY(plan->arena, uint32_t, plan->slice_count + 1);
  if (!layer->slice_of || !layer->local_of || !layer->slices) return SF_OOM;
  memset(layer->slice_of, 0xff, layer->elements * sizeof(uint32_t));
  return SF_OK;
}

/* Where each element of each layer lives; every one exactly once. */
static sf_result locate(sf_l2_plan *plan) {
  for (uint32_t l = 0; l < plan->layer_count; l++)
    SF_TRY(create_layer(plan, &plan->layers[l]));
  for (uint32_t s = 0; s < plan->slice_count; s++) {
    const sf_l2_slice *slice = &plan->slices[s];
    sf_l2_layer *layer = &plan->layers[slice->layer];
    layer->slices[layer->slice_count++] = s;
    for (uint32_t n = 0; n < slice->count; n++) {
      uint32_t element = slice->element[n];
      if (layer->slice_of[element] != UINT32_MAX)
        return bad(plan, plan->cores[slice->core].mop,
                   "neurons are hosted twice:", layer->value->name);
      layer->slice_of[element] = s;
      layer->local_of[element] = slice->base + n;
    }
  }
  for (uint32_t l = 0; l < plan->layer_count; l++)
    for (uint32_t e = 0; e < plan->layers[l].elements; e++)
      if (plan->layers[l].slice_of[e] == UINT32_MAX)
        return sf_error(plan->diag, SF_DIAG_MAPPING, plan->mapping->loc,
                        "no core hosts neuron %u of %%%s; run `partition`", e,
                        plan->layers[l].value->name);
  return SF_OK;
}

sf_result sf_l2_layout_create(sf_l2_plan *plan) {
  const sf_mapping *mapping = plan->mapping;
  uint32_t cores = count_mops(mapping->first, "core"), slices = 0, i = 0;
  plan->cores = SF_NEW_ARRAY(plan->arena, sf_l2_core, cores + 1);
  if (!plan->cores) return SF_OOM;
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next) {
    if (strcmp(mop->keyword, "core") != 0) continue;
    slices += count_mops(mop->first_child, "host");
    SF_TRY(read_core(plan, mop, &plan->cores[i++]));
  }
  plan->core_count = cores;
  qsort(plan->cores, cores, sizeof *plan->cores, compare_cores);
  plan->slices = SF_NEW_ARRAY(plan->arena, sf_l2_slice, slices + 1);
  if (!plan->slices) return SF_OOM;
  for (uint32_t c = 0; c < cores; c++) {
    if (c && compare_cores(&plan->cores[c - 1], &plan->cores[c]) == 0)
      return bad(plan, plan->cores[c].mop,
                 "two cores in one place:", plan->cores[c].name);
    SF_TRY(read_slices(plan, c));
  }
  return locate(plan);
}
