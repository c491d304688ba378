/* bound.c - hops that no placement can be below; see score.h. */
#include "passes/place/score.h"

#include <stdlib.h>

/* `count` neighbours with the same packets. */
typedef struct run {
  uint64_t packets, count;
} run;

typedef struct star {
  uint32_t each, degree;
  uint32_t count;
  run *runs;
} star;

static int heaviest_first(const void *a, const void *b) {
  const run *x = a, *y = b;
  return (x->packets < y->packets) - (x->packets > y->packets);
}

/* Runs onto rings: each - 1 seats at distance 0, degree * d * each at d. */
static uint64_t charge(star *s) {
  if (s->count > 1) qsort(s->runs, s->count, sizeof *s->runs, heaviest_first);
  uint64_t distance = 0, room = s->each - 1, sum = 0;
  for (uint32_t i = 0; i < s->count; i++) {
    for (uint64_t left = s->runs[i].count; left > 0;) {
      if (room == 0) {
        distance++;
        room = (uint64_t)s->degree * distance * s->each;
      }
      uint64_t n = left < room ? left : room;
      sum += n * distance * s->runs[i].packets;
      left -= n;
      room -= n;
    }
  }
  return sum;
}

static int by_packets(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* The packets of every block's clusters as runs of equal ones. */
typedef struct block_runs {
  uint32_t *begin; /* block_count + 1 */
  run *runs;
} block_runs;

static sf_result gather_runs(const sf_place_graph *g, sf_arena *arena,
                             block_runs *out) {
  out->begin = SF_NEW_ARRAY(arena, uint32_t, g->block_count + (size_t)1);
  out->runs = SF_NEW_ARRAY(arena, run, g->cluster_count + (size_t)1);
  uint32_t *sorted =
      SF_NEW_ARRAY(arena, uint32_t, g->cluster_count + (size_t)1);
  if (!out->begin || !out->runs || !sorted) return SF_OOM;
  uint32_t kept = 0;
  for (uint32_t b = 0; b < g->block_count; b++) {
    const sf_place_block *block = &g->blocks[b];
    out->begin[b] = kept;
    for (uint32_t i = 0; i < block->count; i++)
      sorted[i] = g->packets[block->first + i];
    if (block->count) qsort(sorted, block->count, sizeof *sorted, by_packets);
    for (uint32_t i = 0; i < block->count; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1])
        out->runs[kept++] = (run){sorted[i], 0};
      out->runs[kept - 1].count++;
    }
  }
  out->begin[g->block_count] = kept;
  return SF_OK;
}

static void add_relations(const sf_place_graph *g, const block_runs *blocks,
                          const sf_place_related *r, uint32_t cluster,
                          uint32_t block, star *s) {
  for (uint32_t i = r->to_begin[block]; i < r->to_begin[block + 1]; i++) {
    if (r->to[i] == block) continue; /* a lower bound may leave it out */
    s->runs[s->count++] = (run){g->packets[cluster], g->blocks[r->to[i]].count};
  }
  for (uint32_t i = r->from_begin[block]; i < r->from_begin[block + 1]; i++) {
    uint32_t from = r->from[i];
    if (from == block) continue;
    for (uint32_t k = blocks->begin[from]; k < blocks->begin[from + 1]; k++)
      s->runs[s->count++] = blocks->runs[k];
  }
}

/* Room for the runs of the busiest cluster: arcs, and the runs of all blocks
 * related to the busiest one. */
static uint64_t most_runs(const sf_place_graph *g,
                          const sf_place_adjacency *arcs,
                          const sf_place_related *r, const block_runs *blocks) {
  uint64_t most_arcs = 0, most_related = 0;
  for (uint32_t c = 0; c < g->cluster_count; c++) {
    uint64_t n = arcs->begin[c + 1] - arcs->begin[c];
    if (n > most_arcs) most_arcs = n;
  }
  for (uint32_t b = 0; b < g->block_count; b++) {
    uint64_t n = r->to_begin[b + 1] - r->to_begin[b];
    for (uint32_t i = r->from_begin[b]; i < r->from_begin[b + 1]; i++)
      n += blocks->begin[r->from[i] + 1] - blocks->begin[r->from[i]];
    if (n > most_related) most_related = n;
  }
  return most_arcs + most_related;
}

sf_result sf_place_star_bound(const sf_place_graph *graph, uint32_t each,
                              uint32_t degree, sf_arena *scratch,
                              uint64_t *out) {
  sf_place_adjacency arcs;
  block_runs blocks;
  SF_TRY(sf_place_adjacency_create(graph, scratch, &arcs));
  SF_TRY(gather_runs(graph, scratch, &blocks));
  sf_place_related related;
  SF_TRY(sf_place_related_create(graph, scratch, &related));
  uint32_t *block_of = sf_place_block_of(graph, scratch);
  star s = {.each = each, .degree = degree};
  s.runs = SF_NEW_ARRAY(scratch, run,
                        most_runs(graph, &arcs, &related, &blocks) + 1);
  if (!block_of || !s.runs) return SF_OOM;
  uint64_t twice = 0; /* both ends of a pair are charged */
  for (uint32_t c = 0; c < graph->cluster_count; c++) {
    s.count = 0;
    for (uint64_t i = arcs.begin[c]; i < arcs.begin[c + 1]; i++)
      s.runs[s.count++] = (run){arcs.arcs[i].packets, 1};
    if (graph->block_count)
      add_relations(graph, &blocks, &related, c, block_of[c], &s);
    twice += charge(&s);
  }
  *out = (twice + 1) / 2;
  return SF_OK;
}
