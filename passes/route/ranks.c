/* ranks.c - a rank for every channel (Dally and Seitz): routes are free of
 * deadlock when ranks rise strictly along each of them. Kahn's order, longest
 * path, so that ranks are as small as they can be. */
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
static uint32_t *slot(const sf_ranks *r, const sf_channel *channel) {
  uint32_t mask = r->bucket_count - 1;
  uint32_t at = hash(channel) & mask;
  while (r->buckets[at] != 0 &&
         sf_channel_compare(&r->channels[r->buckets[at] - 1], channel) != 0) {
    at = (at + 1) & mask;
  }
  return &r->buckets[at];
}

/* Twice the room for channels and a hash table that stays half empty. */
static bool grow_channels(sf_ranks *r) {
  uint32_t capacity = r->channel_capacity ? 2 * r->channel_capacity : 64;
  sf_channel *channels = SF_NEW_ARRAY(r->arena, sf_channel, capacity);
  uint32_t *buckets = SF_NEW_ARRAY(r->arena, uint32_t, 2 * (size_t)capacity);
  if (!channels || !buckets) return false;
  if (r->channel_count)
    memcpy(channels, r->channels, r->channel_count * sizeof *channels);
  r->channels = channels;
  r->channel_capacity = capacity;
  r->buckets = buckets;
  r->bucket_count = 2 * capacity;
  for (uint32_t i = 0; i < r->channel_count; i++)
    *slot(r, &channels[i]) = i + 1;
  return true;
}

uint32_t sf_ranks_channel(sf_ranks *r, sf_channel channel) {
  if (r->channel_count == r->channel_capacity && !grow_channels(r))
    return UINT32_MAX;
  uint32_t *at = slot(r, &channel);
  if (*at == 0) {
    r->channels[r->channel_count++] = channel;
    *at = r->channel_count;
  }
  return *at - 1;
}

sf_result sf_ranks_edge(sf_ranks *r, uint32_t from, uint32_t to) {
  if (from == UINT32_MAX || to == UINT32_MAX) return SF_OOM;
  if (r->edge_count == r->edge_capacity) {
    uint32_t capacity = r->edge_capacity ? 2 * r->edge_capacity : 256;
    uint32_t(*edges)[2] = sf_arena_array(r->arena, capacity, sizeof *edges);
    if (!edges) return SF_OOM;
    if (r->edge_count) memcpy(edges, r->edges, r->edge_count * sizeof *edges);
    r->edges = edges;
    r->edge_capacity = capacity;
  }
  r->edges[r->edge_count][0] = from;
  r->edges[r->edge_count][1] = to;
  r->edge_count++;
  return SF_OK;
}

/* Edges grouped by their start: heads[first[c] .. first[c + 1]). */
typedef struct adjacency {
  uint32_t *first, *heads, *waiting; /* waiting: edges into a channel */
} adjacency;

static sf_result build(const sf_ranks *r, adjacency *a) {
  uint32_t n = r->channel_count;
  a->first = SF_NEW_ARRAY(r->arena, uint32_t, n + (size_t)2);
  a->heads = SF_NEW_ARRAY(r->arena, uint32_t, r->edge_count + (size_t)1);
  a->waiting = SF_NEW_ARRAY(r->arena, uint32_t, n + (size_t)1);
  uint32_t *fill = SF_NEW_ARRAY(r->arena, uint32_t, n + (size_t)1);
  if (!a->first || !a->heads || !a->waiting || !fill) return SF_OOM;
  for (uint32_t e = 0; e < r->edge_count; e++) {
    a->first[r->edges[e][0] + 1]++;
    a->waiting[r->edges[e][1]]++;
  }
  for (uint32_t i = 0; i < n; i++)
    a->first[i + 1] += a->first[i];
  for (uint32_t e = 0; e < r->edge_count; e++) {
    uint32_t from = r->edges[e][0];
    a->heads[a->first[from] + fill[from]++] = r->edges[e][1];
  }
  return SF_OK;
}

sf_result sf_ranks_solve(sf_ranks *r, bool *out_acyclic, uint32_t *out_stuck) {
  uint32_t n = r->channel_count, done = 0, queued = 0;
  adjacency a;
  SF_TRY(build(r, &a));
  r->ranks = SF_NEW_ARRAY(r->arena, uint32_t, n + (size_t)1);
  uint32_t *queue = SF_NEW_ARRAY(r->arena, uint32_t, n + (size_t)1);
  if (!r->ranks || !queue) return SF_OOM;
  for (uint32_t i = 0; i < n; i++)
    if (a.waiting[i] == 0) queue[queued++] = i;
  for (; done < queued; done++) {
    uint32_t c = queue[done];
    for (uint32_t k = a.first[c]; k < a.first[c + 1]; k++) {
      uint32_t head = a.heads[k];
      if (r->ranks[head] <= r->ranks[c]) r->ranks[head] = r->ranks[c] + 1;
      if (--a.waiting[head] == 0) queue[queued++] = head;
    }
  }
  *out_acyclic = done == n;
  *out_stuck = 0;
  for (uint32_t i = 0; i < n; i++)
    if (a.waiting[i] != 0) *out_stuck = i;
  return SF_OK;
}
