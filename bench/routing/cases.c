/* cases.c - see cases.h. */
#include "bench/routing/cases.h"

const char *const case_fabric_names[CASE_FABRICS] = {
    "48-chip board", "8 x 8 mesh", "24 x 24 mesh", "12 x 12 torus",
    "24 x 12 torus"};

sf_result case_fabric_create(case_fabric which, uint32_t percent,
                             sf_random *random, sf_arena *arena,
                             sf_fabric *out) {
  static const int32_t sizes[CASE_FABRICS][2] = {
      {8, 8}, {8, 8}, {24, 24}, {12, 12}, {24, 12}};
  bool wrap = which == CASE_TORUS_12 || which == CASE_TORUS_24;
  SF_TRY(sf_fabric_create(SF_TOPOLOGY_HEX, wrap, sizes[which][0],
                          sizes[which][1], arena, out));
  uint32_t links = 0;
  for (uint32_t r = 0; r < out->router_count; r++) {
    int32_t slope = (int32_t)r / out->width - (int32_t)r % out->width;
    if (which == CASE_BOARD && (slope < -4 || slope > 3))
      sf_fabric_kill(out, r);
    out->live[r] = which != CASE_BOARD || (slope >= -4 && slope <= 3);
  }
  for (uint32_t l = 0; l < out->router_count * out->degree; l++)
    links += out->neighbours[l] != SF_FABRIC_NONE;
  for (uint32_t cut = links / 2 * percent / 100; cut > 0;) {
    uint32_t r = sf_random_below(random, out->router_count);
    uint32_t d = sf_random_below(random, out->degree);
    if (out->neighbours[r * out->degree + d] == SF_FABRIC_NONE) continue;
    sf_fabric_cut(out, r, d);
    cut--;
  }
  return SF_OK;
}

static uint32_t draw(const sf_fabric *f, sf_random *random) {
  for (;;) {
    uint32_t r = sf_random_below(random, f->router_count);
    if (f->live[r]) return r;
  }
}

sf_result case_nets_create(const sf_fabric *fabric, uint32_t count,
                           uint32_t fan_out, sf_random *random, sf_arena *arena,
                           sf_net **out) {
  *out = SF_NEW_ARRAY(arena, sf_net, count);
  uint32_t *sinks = SF_NEW_ARRAY(arena, uint32_t, (size_t)count *fan_out);
  if (!*out || !sinks) return SF_OOM;
  for (uint32_t n = 0; n < count; n++, sinks += fan_out) {
    uint32_t source = draw(fabric, random);
    for (uint32_t i = 0; i < fan_out;) {
      bool taken = (sinks[i] = draw(fabric, random)) == source;
      for (uint32_t k = 0; k < i; k++)
        taken |= sinks[k] == sinks[i];
      i += !taken;
    }
    (*out)[n] = (sf_net){source, fan_out, sinks, 1};
  }
  return SF_OK;
}
