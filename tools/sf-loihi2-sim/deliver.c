/* deliver.c - an event reaches a core: synapse list, products, accumulators. */
#include "tools/sf-loihi2-sim/deliver.h"

/* A product as it arrives: exact times 2^exponent, or each one rounded half
 * away from zero when the exponent is negative. Sums are kept modulo 2^32. */
static uint32_t product(int32_t weight, int32_t payload, int32_t exponent) {
  int64_t exact = (int64_t)weight * payload;
  if (exponent >= 0) return (uint32_t)((uint64_t)exact << exponent);
  unsigned shift = (unsigned)-exponent;
  int64_t half = (int64_t)1 << (shift - 1);
  int64_t size = ((exact < 0 ? -exact : exact) + half) >> shift;
  return (uint32_t)(uint64_t)(exact < 0 ? -size : size);
}

static uint32_t *slot_of(const sf_sim_group *group, const sf_sim_ring *ring,
                         uint32_t time) {
  return ring->sums + (size_t)(time % ring->slots) * group->count;
}

/* Where an event goes: what stays the same for all its synapses. */
typedef struct arrival {
  const sf_sim_entry *entry;
  const sf_sim_group *group;
  const sf_sim_ring *ring;
  uint32_t time; /* step in which it is read, without synaptic delays */
  uint32_t end;  /* of the run */
  int32_t payload;
} arrival;

static uint64_t dense(const arrival *a, uint32_t row) {
  uint32_t count = a->group->count;
  const int32_t *weights = a->entry->weights + (size_t)row * count;
  if (a->entry->delays) {
    const int32_t *delays = a->entry->delays + (size_t)row * count;
    for (uint32_t n = 0; n < count; n++)
      slot_of(a->group, a->ring, a->time + (uint32_t)delays[n])[n] +=
          product(weights[n], a->payload, a->entry->exponent);
    return a->time < a->end ? count : 0;
  }
  uint32_t *sums = slot_of(a->group, a->ring, a->time);
  if (a->entry->exponent >= 0) {
    uint32_t factor = (uint32_t)a->payload << a->entry->exponent;
    for (uint32_t n = 0; n < count; n++)
      sums[n] += (uint32_t)weights[n] * factor;
  } else {
    for (uint32_t n = 0; n < count; n++)
      sums[n] += product(weights[n], a->payload, a->entry->exponent);
  }
  return a->time < a->end ? count : 0;
}

static uint64_t sparse(const arrival *a, uint32_t row) {
  const sf_sim_entry *entry = a->entry;
  uint32_t first = (uint32_t)entry->first[row];
  uint32_t end = (uint32_t)entry->first[row + 1];
  for (uint32_t s = first; s < end; s++) {
    uint32_t time = a->time + (entry->delays ? (uint32_t)entry->delays[s] : 0);
    slot_of(a->group, a->ring, time)[entry->index[s]] +=
        product(entry->weights[s], a->payload, entry->exponent);
  }
  return a->time < a->end ? end - first : 0;
}

/* The kernel taps along one axis that map sender `at` to a target of begin ..
 * end: target = (at + pad - k * dilation) / stride when that divides. */
static bool tap(uint32_t at, uint32_t pad, uint32_t k, uint32_t dilation,
                uint32_t stride, uint32_t begin, uint32_t end, uint32_t *out) {
  int64_t shifted = (int64_t)at + pad - (int64_t)k * dilation;
  if (shifted < 0 || shifted % stride) return false;
  int64_t target = shifted / stride;
  if (target < begin || target >= end) return false;
  *out = (uint32_t)target;
  return true;
}

typedef struct window {
  uint32_t y_begin, y_end, x_begin, x_end, plane, width;
  uint32_t channel_first, channel_end; /* targets, of the group's box */
} window;

static window window_of(const sf_sim_group *group, const sf_sim_conv *conv,
                        uint32_t sender_channel) {
  window w = {.y_begin = 0, .y_end = 1};
  uint32_t x_axis = group->rank - 1;
  if (group->rank == 3) {
    w.y_begin = group->begin[1];
    w.y_end = group->end[1];
  }
  w.x_begin = group->begin[x_axis];
  w.x_end = group->end[x_axis];
  w.width = w.x_end - w.x_begin;
  w.plane = (w.y_end - w.y_begin) * w.width;
  uint32_t of_group = conv->cout / conv->groups;
  uint32_t part = sender_channel / (conv->cin / conv->groups);
  uint32_t first = part * of_group, end = first + of_group;
  w.channel_first = first > group->begin[0] ? first : group->begin[0];
  w.channel_end = end < group->end[0] ? end : group->end[0];
  return w;
}

static uint64_t kernel_row(const arrival *a, const window *w, uint32_t y,
                           uint32_t x, const int32_t *weights) {
  uint32_t base = a->group->begin[0];
  uint32_t *sums = slot_of(a->group, a->ring, a->time) +
                   (size_t)(y - w->y_begin) * w->width + (x - w->x_begin);
  uint32_t first = w->channel_first, end = w->channel_end;
  if (a->entry->exponent >= 0) {
    uint32_t factor = (uint32_t)a->payload << a->entry->exponent;
    for (uint32_t o = first - base; o < end - base; o++)
      sums[(size_t)o * w->plane] += (uint32_t)weights[o] * factor;
  } else {
    for (uint32_t o = first - base; o < end - base; o++)
      sums[(size_t)o * w->plane] +=
          product(weights[o], a->payload, a->entry->exponent);
  }
  return end - first;
}

static uint64_t conv(const arrival *a, const sf_sim_axon *axon, uint32_t atom) {
  const sf_sim_conv *c = &a->entry->conv;
  uint32_t width = axon->end[2] - axon->begin[2];
  uint32_t height = axon->end[1] - axon->begin[1];
  uint32_t from_x = axon->begin[2] + atom % width;
  uint32_t from_y = axon->begin[1] + atom / width % height;
  uint32_t channel = axon->begin[0] + atom / width / height;
  window w = window_of(a->group, c, channel);
  if (w.channel_first >= w.channel_end) return 0;
  uint32_t hosted = a->group->end[0] - a->group->begin[0];
  uint32_t inner = c->cin / c->groups;
  uint64_t events = 0;
  for (uint32_t ky = 0; ky < c->ky; ky++) {
    uint32_t y, x;
    if (!tap(from_y, c->pad_y, ky, c->dil_y, c->stride_y, w.y_begin, w.y_end,
             &y))
      continue;
    for (uint32_t kx = 0; kx < c->kx; kx++) {
      if (!tap(from_x, c->pad_x, kx, c->dil_x, c->stride_x, w.x_begin, w.x_end,
               &x))
        continue;
      size_t row = ((size_t)ky * c->kx + kx) * inner + channel % inner;
      events += kernel_row(a, &w, y, x, a->entry->weights + row * hosted);
    }
  }
  return a->time < a->end ? events : 0;
}

sf_sim_landing sf_sim_deliver(const sf_sim_core *core, uint32_t axon_id,
                              uint32_t atom, const sf_sim_event *event) {
  const sf_sim_axon *axon = &core->axons[core->axon_of_id[axon_id]];
  const sf_sim_entry *entry = &core->entries[axon->entry];
  const sf_sim_group *group = &core->groups[entry->group];
  arrival a = {.entry = entry,
               .group = group,
               .ring = &group->ring[entry->port],
               .time = event->step + 1 + axon->delay,
               .end = event->steps,
               .payload = event->payload};
  uint32_t row = axon->row + (axon_id - axon->id);
  sf_sim_landing landing = {.layer = group->layer};
  switch (entry->format) {
  case SF_SIM_DENSE:
    landing.events = dense(&a, row);
    break;
  case SF_SIM_SPARSE:
    landing.events = sparse(&a, row);
    break;
  case SF_SIM_CONV:
    landing.events = conv(&a, axon, atom);
    break;
  }
  return landing;
}
