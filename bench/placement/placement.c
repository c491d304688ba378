/* placement.c - the benchmarks of mapping.md 1.5 on a plain mesh: the tables of
 * bench/README.md.
 *
 *   bench_placement cnn|dnn|scale [SIZE]...
 *
 * Wire length is the sum of weight * distance over all edges; loads are exact,
 * for X-then-Y paths and for half of each flow X then Y and half Y then X.
 * Times are processor seconds of one core, generation and scoring left out. */
#include "bench/placement/generate.h"
#include "passes/place/refine.h"
#include "passes/place/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEEDS = 5 };

typedef struct bench {
  sf_arena *arena;
  generate_shape shape;
  sf_place_graph graph; /* what is placed */
  sf_place_graph exact; /* what is scored: random weights for each edge */
  sf_fabric fabric;
  sf_place_seats seats;
  sf_placement placement;
} bench;

typedef struct figures {
  double length, worst_xy, worst_half, seconds;
} figures;

static void must(sf_result result) {
  if (result == SF_OK) return;
  fprintf(stderr, "bench_placement: out of memory\n");
  exit(EXIT_FAILURE);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void start(bench *b, generate_shape shape) {
  *b = (bench){.arena = sf_arena_create(), .shape = shape};
  must(b->arena ? SF_OK : SF_OOM);
  must(generate_graph(&shape, b->arena, &b->graph));
  b->exact = b->graph;
  /* Up to 16.7 million edges; above, the mean weight stands for each. */
  if (shape.kernel == 0 && shape.width <= 256)
    must(generate_dense_arcs(&shape, b->arena, &b->exact));
  int32_t width = (int32_t)shape.width, height = (int32_t)shape.layers;
  must(sf_fabric_create(SF_TOPOLOGY_MESH, false, width, height, b->arena,
                        &b->fabric));
  must(sf_place_seats_uniform(&b->fabric, 1, b->arena, &b->seats));
  uint32_t count = b->graph.cluster_count;
  b->placement =
      (sf_placement){&b->seats, count, SF_NEW_ARRAY(b->arena, uint32_t, count)};
  must(b->placement.seat ? SF_OK : SF_OOM);
}

static void finish(bench *b) { sf_arena_destroy(b->arena); }

static double worst(const bench *b, uint32_t xy, uint32_t yx, sf_arena *arena) {
  const uint32_t share[2] = {xy, yx};
  uint64_t *loads;
  must(sf_place_loads(&b->exact, &b->placement, share, arena, &loads));
  return sf_place_load_worst(&b->fabric, loads) / GENERATE_UNIT;
}

static figures measure(const bench *b, double seconds) {
  if (!sf_placement_valid(&b->placement)) {
    fprintf(stderr, "bench_placement: two clusters in one seat\n");
    exit(EXIT_FAILURE);
  }
  sf_arena *arena = sf_arena_create();
  must(arena ? SF_OK : SF_OOM);
  uint64_t hops;
  must(sf_place_hops(&b->exact, &b->placement, arena, &hops));
  figures f = {.length = (double)hops / GENERATE_UNIT, .seconds = seconds};
  f.worst_xy = worst(b, 2, 0, arena);
  f.worst_half = worst(b, 1, 1, arena);
  sf_arena_destroy(arena);
  return f;
}

static void seat(bench *b, const sf_layout *layout) {
  sf_arena *arena = sf_arena_create();
  must(arena ? SF_OK : SF_OOM);
  bool fits;
  must(sf_layout_seat(layout, &b->graph, arena, &b->placement, &fits));
  sf_arena_destroy(arena);
}

/* The front of layouts; *out_seconds for finding it. */
static uint32_t find_front(bench *b, sf_layout front[SF_LAYOUT_FRONT_MAX],
                           double *out_seconds) {
  sf_arena *arena = sf_arena_create();
  must(arena ? SF_OK : SF_OOM);
  uint32_t count;
  double before = now();
  must(sf_layout_front(&b->graph, &b->seats, arena, front, &count));
  *out_seconds = now() - before;
  sf_arena_destroy(arena);
  return count;
}

static figures refine(bench *b, const sf_place_graph *graph, uint64_t seed,
                      double effort) {
  sf_arena *arena = sf_arena_create();
  must(arena ? SF_OK : SF_OOM);
  const sf_refine_options options = {.seed = seed, .effort = effort};
  double before = now();
  must(sf_place_refine(graph, &b->placement, &options, arena));
  double seconds = now() - before;
  sf_arena_destroy(arena);
  return measure(b, seconds);
}

static double star_bound(const bench *b) {
  sf_arena *arena = sf_arena_create();
  must(arena ? SF_OK : SF_OOM);
  uint64_t bound;
  must(sf_place_star_bound(&b->exact, 1, 4, arena, &bound));
  sf_arena_destroy(arena);
  return (double)bound / GENERATE_UNIT;
}

/* ---- Tables. ---- */

static const char *kind_text(const sf_layout *l) {
  static const char *const texts[] = {"raster", "serpentine", "hilbert"};
  return texts[l->curve.kind];
}

static void print_row(const bench *b, const char *what, figures f,
                      double bound) {
  printf("| %u x %u | %s | %.5g | %.2f | %.4g | %.4g | %.3f s |\n",
         b->shape.layers, b->shape.width, what, f.length, f.length / bound,
         f.worst_xy, f.worst_half, f.seconds);
  fflush(stdout);
}

static int by_length(const void *a, const void *b) {
  double x = ((const figures *)a)->length, y = ((const figures *)b)->length;
  return (x > y) - (x < y);
}

/* Median by wire length of five seeds, and their range. */
static void print_seeds(const bench *b, double effort, figures f[SEEDS],
                        double bound) {
  char what[80];
  qsort(f, SEEDS, sizeof *f, by_length);
  snprintf(what, sizeof what, "annealed, effort %g (%.5g .. %.5g)", effort,
           f[0].length, f[SEEDS - 1].length);
  print_row(b, what, f[SEEDS / 2], bound);
}

static void print_head(void) {
  printf("| size | placement | wire length | over the star bound | worst link, "
         "XY | half XY, half YX | processor time |\n"
         "|---|---|---|---|---|---|---|\n");
}

static void run(generate_shape shape, double effort) {
  bench b;
  start(&b, shape);
  sf_layout front[SF_LAYOUT_FRONT_MAX];
  double seconds, bound = star_bound(&b);
  uint32_t count = find_front(&b, front, &seconds);
  char what[80];
  for (uint32_t i = 0; i < count; i++) {
    const sf_curve *c = &front[i].curve;
    seat(&b, &front[i]);
    snprintf(what, sizeof what, "%s, band %d, turn %d", kind_text(&front[i]),
             c->band, c->turn);
    print_row(&b, what, measure(&b, seconds), bound);
  }
  seat(&b, &front[0]);
  figures swept = refine(&b, &b.graph, 1, 0);
  swept.seconds += seconds;
  print_row(&b, "first of these, swept", swept, bound);
  figures annealed[SEEDS];
  bool few = shape.kernel || shape.width <= 32; /* edges for the annealer */
  for (uint64_t seed = 0; seed < SEEDS && effort > 0; seed++) {
    seat(&b, &front[0]);
    annealed[seed] = refine(&b, few ? &b.exact : &b.graph, seed + 1, effort);
    annealed[seed].seconds += seconds;
  }
  if (effort > 0) print_seeds(&b, effort, annealed, bound);
  finish(&b);
}

/* Layouts and sweeps of a square network of `clusters`, windows of nine. */
static void run_scale(uint32_t side) {
  for (uint32_t kernel = 0; kernel <= 9; kernel += 9) {
    bench b;
    start(&b, (generate_shape){side, side, kernel, 1, false});
    b.exact = b.graph;
    sf_layout front[SF_LAYOUT_FRONT_MAX];
    double seconds;
    find_front(&b, front, &seconds);
    seat(&b, &front[0]);
    figures laid = measure(&b, seconds), swept = laid;
    if (kernel) swept = refine(&b, &b.graph, 1, 0);
    printf("| %u | %s | %.3f s | %.3f s | %.5g |\n", side * side,
           kernel ? "windows of 9" : "dense", laid.seconds,
           kernel ? swept.seconds : 0.0, swept.length);
    fflush(stdout);
    finish(&b);
  }
}

static int usage(void) {
  fprintf(stderr, "usage: bench_placement cnn|dnn|scale [SIZE]...\n");
  return 2;
}

int main(int argc, char **argv) {
  static const uint32_t all[] = {32, 64, 128, 256, 512, 1024};
  static const uint32_t sides[] = {10, 32, 100, 316, 1000};
  if (argc < 2) return usage();
  bool cnn = strcmp(argv[1], "cnn") == 0, dnn = strcmp(argv[1], "dnn") == 0;
  bool scale = strcmp(argv[1], "scale") == 0;
  if (!cnn && !dnn && !scale) return usage();
  if (scale)
    printf("| clusters | layers | layouts | sweeps | wire length |\n"
           "|---|---|---|---|---|\n");
  else
    print_head();
  size_t given = (size_t)argc - 2;
  size_t count = given ? given : scale ? SF_COUNT_OF(sides) : SF_COUNT_OF(all);
  for (size_t i = 0; i < count; i++) {
    uint32_t size = given ? (uint32_t)strtoul(argv[i + 2], NULL, 10)
                          : (scale ? sides : all)[i];
    if (size < 3 || size > 2048) return usage();
    double effort = size <= 32 ? 10 : size <= 64 ? (cnn ? 10 : 1) : 0;
    if (scale)
      run_scale(size);
    else
      run((generate_shape){size, size, cnn ? 4 : 0, 1, true}, effort);
  }
  return 0;
}
