/* generate.c - see generate.h. */
#include "bench/placement/generate.h"

#include "support/hash.h"

static sf_result make_blocks(const generate_shape *s, uint32_t packets,
                             sf_arena *arena, sf_place_graph *out) {
  uint32_t clusters = s->layers * s->width;
  sf_place_block *blocks = SF_NEW_ARRAY(arena, sf_place_block, s->layers);
  uint32_t *sent = SF_NEW_ARRAY(arena, uint32_t, clusters);
  if (!blocks || !sent) return SF_OOM;
  for (uint32_t i = 0; i < s->layers; i++)
    blocks[i] = (sf_place_block){.first = i * s->width, .count = s->width};
  for (uint32_t c = 0; c < clusters; c++)
    sent[c] = packets;
  *out = (sf_place_graph){.cluster_count = clusters,
                          .block_count = s->layers,
                          .blocks = blocks,
                          .packets = sent};
  return SF_OK;
}

/* Layers that send. */
static uint32_t senders(const generate_shape *s) {
  uint32_t last = s->isolated ? 2 : 1;
  return s->layers > last ? s->layers - last : 0;
}

static sf_result make_arcs(const generate_shape *s, uint32_t kernel,
                           sf_arena *arena, sf_place_graph *out) {
  uint64_t most = (uint64_t)senders(s) * s->width * kernel;
  uint32_t *begin =
      SF_NEW_ARRAY(arena, uint32_t, out->cluster_count + (size_t)1);
  sf_place_arc *arcs = SF_NEW_ARRAY(arena, sf_place_arc, most + 1);
  if (!begin || !arcs) return SF_OOM;
  sf_random random = sf_random_seeded(s->seed);
  uint32_t count = 0;
  for (uint32_t c = 0; c < out->cluster_count; c++) {
    uint32_t layer = c / s->width, j = s->kernel ? c % s->width : 0;
    begin[c] = count;
    for (uint32_t k = 0; k < kernel && layer < senders(s); k++) {
      if (j + k >= s->width) break;
      arcs[count++] = (sf_place_arc){(layer + 1) * s->width + j + k,
                                     sf_random_below(&random, GENERATE_UNIT)};
    }
  }
  begin[out->cluster_count] = count;
  out->arc_begin = begin;
  out->arcs = arcs;
  return SF_OK;
}

sf_result generate_graph(const generate_shape *s, sf_arena *arena,
                         sf_place_graph *out) {
  SF_TRY(make_blocks(s, GENERATE_UNIT / 2, arena, out));
  if (s->kernel) return make_arcs(s, s->kernel, arena, out);
  sf_place_relation *relations =
      SF_NEW_ARRAY(arena, sf_place_relation, s->layers);
  if (!relations) return SF_OOM;
  for (uint32_t i = 0; i < senders(s); i++)
    relations[i] = (sf_place_relation){i, i + 1};
  out->relations = relations;
  out->relation_count = senders(s);
  return SF_OK;
}

sf_result generate_dense_arcs(const generate_shape *s, sf_arena *arena,
                              sf_place_graph *out) {
  SF_TRY(make_blocks(s, GENERATE_UNIT / 2, arena, out));
  return make_arcs(s, s->width, arena, out);
}
