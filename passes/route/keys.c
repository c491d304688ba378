/* keys.c - see keys.h. */
#include "passes/route/keys.h"

#include <string.h>

enum { KEYS_END = 0x40000000 }; /* keys above: the host's */

/* Cores whose first population is the same, in order of the mapping. */
typedef struct group {
  uint32_t count;
  uint32_t *cores;
  uint64_t block; /* keys of the largest, rounded up */
} group;

static uint64_t round_up(uint64_t keys) {
  uint64_t block = 1;
  while (block < keys)
    block *= 2;
  return block;
}

static bool sends(const sf_route_flows *flows, uint32_t core) {
  return flows->first[core] < flows->first[core + 1] &&
         flows->cores[core].host_count > 0;
}

static sf_result find_groups(const sf_route_job *job,
                             const sf_route_flows *flows, group **out,
                             uint32_t *out_count) {
  uint32_t ops = sf_mapping_network(job->mapping)->op_count;
  group *by_op = SF_NEW_ARRAY(job->scratch, group, ops + (size_t)1);
  uint32_t *order = SF_NEW_ARRAY(job->scratch, uint32_t, ops + (size_t)1);
  *out = SF_NEW_ARRAY(job->scratch, group, ops + (size_t)1);
  *out_count = 0;
  if (!by_op || !order || !*out) return SF_OOM;
  for (uint32_t c = 0; c < flows->core_count; c++) {
    if (!sends(flows, c)) continue;
    group *g = &by_op[flows->cores[c].hosts[0].op->order];
    if (g->count++ == 0)
      order[(*out_count)++] = flows->cores[c].hosts[0].op->order;
  }
  for (uint32_t i = 0; i < *out_count; i++) {
    group *g = &by_op[order[i]];
    g->cores = SF_NEW_ARRAY(job->scratch, uint32_t, g->count);
    if (!g->cores) return SF_OOM;
    g->count = 0;
  }
  for (uint32_t c = 0; c < flows->core_count; c++) {
    if (!sends(flows, c)) continue;
    group *g = &by_op[flows->cores[c].hosts[0].op->order];
    uint64_t block = round_up(flows->cores[c].keys);
    g->cores[g->count++] = c;
    if (block > g->block) g->block = block;
  }
  for (uint32_t i = 0; i < *out_count; i++)
    (*out)[i] = by_op[order[i]];
  return SF_OK;
}

/* Gives out keys from 0 on; `spacious`: populations at multiples of their size
 * and blocks of one size. Returns the end, which may be too far. */
static uint64_t give(const sf_route_flows *flows, uint32_t group_count,
                     const group *groups, bool spacious, sf_key_block *out) {
  uint64_t next = 0;
  for (uint32_t i = 0; i < group_count; i++) {
    const group *g = &groups[i];
    uint64_t all = round_up(g->count) * g->block;
    if (spacious) next = (next + all - 1) / all * all;
    for (uint32_t k = 0; k < g->count; k++) {
      uint32_t c = g->cores[k];
      uint64_t block = spacious ? g->block : round_up(flows->cores[c].keys);
      uint64_t key = (next + block - 1) / block * block;
      next = key + block;
      if (next > KEYS_END) return next;
      out[c] = (sf_key_block){(uint32_t)key, ~(uint32_t)(block - 1)};
    }
  }
  return next;
}

sf_result sf_route_keys(const sf_route_job *job, const sf_route_flows *flows,
                        sf_key_block **out) {
  group *groups;
  uint32_t count;
  *out =
      SF_NEW_ARRAY(job->scratch, sf_key_block, flows->core_count + (size_t)1);
  if (!*out) return SF_OOM;
  SF_TRY(find_groups(job, flows, &groups, &count));
  if (give(flows, count, groups, true, *out) <= KEYS_END) return SF_OK;
  if (give(flows, count, groups, false, *out) <= KEYS_END) return SF_OK;
  return sf_error(job->diag, SF_DIAG_CAPACITY, job->mapping->loc,
                  "the network needs more than %d keys", KEYS_END);
}
