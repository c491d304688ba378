/* seats.c - the cores of a fabric that clusters may take; see graph.h. */
#include "passes/place/graph.h"

#include <stdlib.h>
#include <string.h>

sf_result sf_place_seats_create(const sf_fabric *fabric,
                                const uint32_t *on_router, sf_arena *arena,
                                sf_place_seats *out) {
  uint32_t routers = fabric->router_count;
  *out = (sf_place_seats){.fabric = fabric};
  out->first = SF_NEW_ARRAY(arena, uint32_t, routers + (size_t)1);
  if (!out->first) return SF_OOM;
  for (uint32_t r = 0; r < routers; r++)
    out->first[r + 1] = out->first[r] + (fabric->live[r] ? on_router[r] : 0);
  out->count = out->first[routers];
  out->router = SF_NEW_ARRAY(arena, uint32_t, out->count + (size_t)1);
  if (!out->router) return SF_OOM;
  for (uint32_t r = 0; r < routers; r++)
    for (uint32_t s = out->first[r]; s < out->first[r + 1]; s++)
      out->router[s] = r;
  return SF_OK;
}

sf_result sf_place_seats_uniform(const sf_fabric *fabric, uint32_t each,
                                 sf_arena *arena, sf_place_seats *out) {
  uint32_t *on_router =
      SF_NEW_ARRAY(arena, uint32_t, fabric->router_count + (size_t)1);
  if (!on_router) return SF_OOM;
  for (uint32_t r = 0; r < fabric->router_count; r++)
    on_router[r] = each;
  return sf_place_seats_create(fabric, on_router, arena, out);
}

bool sf_placement_valid(const sf_placement *p) {
  bool *taken = calloc(p->seats->count + (size_t)1, sizeof *taken);
  bool valid = taken != NULL;
  for (uint32_t c = 0; c < p->cluster_count && valid; c++) {
    uint32_t seat = p->seat[c];
    valid = seat < p->seats->count && !taken[seat];
    if (valid) taken[seat] = true;
  }
  free(taken);
  return valid;
}
