/* channels.c - numbers for the channels that routes use. */
#include "passes/route/route.h"

#include <string.h>

static uint32_t hash(const sf_channel *c) {
  uint64_t h = (uint64_t)(uint32_t)c->kind;
  h = h * 1000003u + (uint32_t)c->x;
  h = h * 1000003u + (uint32_t)c->y;
  h = h * 1000003u + (uint32_t)c->port;
  h ^= h >> 29;
  h *= UINT64_C(0xBF58476D1CE4E5B9);
  return (uint32_t)(h >> 32);
}

/* Slot of a channel, or the free slot where it belongs. Open addressing. */
static uint32_t *slot(const sf_channels *c, const sf_channel *channel) {
  uint32_t mask = c->bucket_count - 1;
  uint32_t at = hash(channel) & mask;
  while (c->buckets[at] != 0 &&
         sf_channel_compare(&c->items[c->buckets[at] - 1], channel) != 0) {
    at = (at + 1) & mask;
  }
  return &c->buckets[at];
}

/* Twice the room for channels and a hash table that stays half empty. */
static bool grow(sf_channels *c) {
  uint32_t capacity = c->capacity ? 2 * c->capacity : 64;
  sf_channel *items = SF_NEW_ARRAY(c->arena, sf_channel, capacity);
  uint32_t *buckets = SF_NEW_ARRAY(c->arena, uint32_t, 2 * (size_t)capacity);
  if (!items || !buckets) return false;
  if (c->count) memcpy(items, c->items, c->count * sizeof *items);
  c->items = items;
  c->capacity = capacity;
  c->buckets = buckets;
  c->bucket_count = 2 * capacity;
  for (uint32_t i = 0; i < c->count; i++)
    *slot(c, &items[i]) = i + 1;
  return true;
}

uint32_t sf_channels_number(sf_channels *c, sf_channel channel) {
  if (c->count == c->capacity && !grow(c)) return UINT32_MAX;
  uint32_t *at = slot(c, &channel);
  if (*at == 0) {
    c->items[c->count++] = channel;
    *at = c->count;
  }
  return *at - 1;
}
