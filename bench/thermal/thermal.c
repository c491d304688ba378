/* thermal.c - the power maps of mapping.md 5.3 on a die of 31 mm^2 with 16 x 8
 * cores, and what placement with the thermal term makes of the clustered one:
 * the tables of bench/README.md.
 *
 *   bench_thermal [WEIGHT]...
 *
 * WEIGHT: heat beside hops in the placed rows, 2 as in thermal-aware-placement
 * unless given. Every row is judged by the solver of machine/thermal.h. */
#include "passes/place/refine.h"
#include "passes/place/score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDE = 16, HIGH = 8, CELLS = WIDE * HIGH, HOT = 64 };

#define IDLE 0.002 /* W */
#define BUSY 0.02

typedef struct package {
  const char *name;
  sf_thermal_sheet interface, spreader;
  double resistance; /* K/W */
} package;

/* HotSpot 7's template, and a bare die (mapping.md 5.1, 5.3). */
static const package PACKAGES[] = {
    {"spreader, 1.042 K/W", {20e-6, 4, 4e6}, {1e-3, 400, 3.55e6}, 1.042},
    {"no spreader, 20 K/W", {0, 0, 0}, {0, 0, 0}, 20}};

typedef struct die {
  sf_arena *arena;
  sf_thermal *network;
  sf_thermal_influence influence;
} die;

static void must(sf_result result) {
  if (result == SF_OK) return;
  fprintf(stderr, "bench_thermal: out of memory\n");
  exit(EXIT_FAILURE);
}

static void create(const package *p, die *out) {
  double side = sqrt(31e-6);
  sf_thermal_plate plate = {.width = WIDE,
                            .height = HIGH,
                            .cell_width = side / (double)WIDE,
                            .cell_height = side / (double)HIGH,
                            .die = {0.15e-3, 130, 1.6303e6},
                            .interface = p->interface,
                            .spreader = p->spreader,
                            .resistance = p->resistance};
  out->arena = sf_arena_create();
  must(out->arena ? SF_OK : SF_OOM);
  must(sf_thermal_create(&plate, out->arena, &out->network));
  must(sf_thermal_influence_of(out->network, out->arena, &out->influence));
}

static void solve(const die *d, const double *power, double *peak,
                  double *spread) {
  double rise[2 * CELLS], low = INFINITY;
  must(sf_thermal_steady(d->network, power, rise));
  *peak = 0;
  for (uint32_t i = 0; i < CELLS; i++) {
    *peak = fmax(*peak, rise[i]);
    low = fmin(low, rise[i]);
  }
  *spread = *peak - low;
}

/* ---- Given maps. ---- */

typedef bool (*is_hot)(int x, int y);

static bool clustered(int x, int y) { return x < WIDE / 2 && y >= 0; }
static bool checkered(int x, int y) { return (x + y) % 2 == 0; }
static bool together(int x, int y) {
  return (x == 7 || x == 8) && (y == 3 || y == 4);
}
static bool apart(int x, int y) { return x % 8 == 4 && y % 4 == 2; }

typedef struct map {
  const char *name, *published[2];
  is_hot hot;
  double watts, others; /* of a hot core, of the rest */
} map;

static void given(const package *p, const map *m, const char *published) {
  die d;
  double power[CELLS], peak, spread;
  create(p, &d);
  for (int i = 0; i < CELLS; i++)
    power[i] = m->hot(i % WIDE, i / WIDE) ? m->watts : m->others;
  solve(&d, power, &peak, &spread);
  printf("| %s | %s | %.2f | %.2f | %s |\n", p->name, m->name, peak, spread,
         published);
  sf_arena_destroy(d.arena);
}

static void given_maps(void) {
  static const map maps[] = {
      {"64 cores of 20 mW in one half, others 2 mW",
       {"2.29, 1.02", "34.0, 11.6"},
       clustered,
       BUSY,
       IDLE},
      {"the same as a checkerboard",
       {"1.87, 0.18", "28.4, 0.46"},
       checkered,
       BUSY,
       IDLE},
      {"4 cores of 100 mW together, others 10 mW",
       {"3.40, 1.44", "36.7, 4.9"},
       together,
       0.1,
       0.01},
      {"the same apart", {"2.89, 0.93", "34.6, 2.6"}, apart, 0.1, 0.01}};
  puts("| package | power map | peak (K) | spread (K) | mapping.md 5.3 |\n"
       "|---|---|---|---|---|");
  for (int p = 0; p < 2; p++)
    for (int m = 0; m < 4; m++)
      given(&PACKAGES[p], &maps[m], maps[m].published[p]);
}

/* ---- Placement. ---- */

/* 64 clusters that talk to their neighbours in a grid of 8 x 8. */
static void make_graph(sf_arena *arena, sf_place_graph *out) {
  sf_place_arc *arcs = SF_NEW_ARRAY(arena, sf_place_arc, 2 * HOT);
  uint32_t *begin = SF_NEW_ARRAY(arena, uint32_t, HOT + 1), count = 0;
  uint32_t *packets = SF_NEW_ARRAY(arena, uint32_t, HOT);
  must(arcs && begin && packets ? SF_OK : SF_OOM);
  for (uint32_t c = 0; c < HOT; c++) {
    begin[c] = count;
    if (c % 8 < 7) arcs[count++] = (sf_place_arc){c + 1, 10};
    if (c < HOT - 8) arcs[count++] = (sf_place_arc){c + 8, 10};
  }
  begin[HOT] = count;
  *out = (sf_place_graph){.cluster_count = HOT,
                          .packets = packets,
                          .arc_begin = begin,
                          .arcs = arcs};
}

static void field(const die *d, const sf_placement *placement, double *peak,
                  double *spread) {
  double power[CELLS];
  for (uint32_t i = 0; i < CELLS; i++)
    power[i] = IDLE;
  for (uint32_t c = 0; c < HOT; c++)
    power[placement->seat[c]] = BUSY;
  solve(d, power, peak, spread);
}

/* From one half of the die on; weight 0: the half itself. */
static void placed(const package *p, double weight) {
  die d;
  create(p, &d);
  sf_place_graph graph;
  sf_fabric fabric;
  sf_place_seats seats;
  uint32_t seat[HOT], chip[CELLS] = {0}, cell[CELLS], board_cell[1] = {0};
  double power[HOT], peak, spread;
  uint64_t hops;
  make_graph(d.arena, &graph);
  must(sf_fabric_create(SF_TOPOLOGY_MESH, false, WIDE, HIGH, d.arena, &fabric));
  must(sf_place_seats_uniform(&fabric, 1, d.arena, &seats));
  for (uint32_t i = 0; i < CELLS; i++)
    cell[i] = i;
  for (uint32_t c = 0; c < HOT; c++) {
    seat[c] = c / 8 * WIDE + c % 8;
    power[c] = BUSY - IDLE;
  }
  sf_placement placement = {&seats, HOT, seat};
  sf_place_heat_model model = {.die = &d.influence,
                               .chip_count = 1,
                               .board_cell = board_cell,
                               .chip = chip,
                               .die_cell = cell,
                               .power = power,
                               .idle = IDLE};
  sf_place_heat *heat;
  must(sf_place_hops(&graph, &placement, d.arena, &hops));
  must(sf_place_heat_create(&model, &placement, d.arena, &heat));
  double excess = sf_place_heat_temperatures(heat, &placement).excess;
  sf_refine_options o = {.seed = 1,
                         .effort = 1,
                         .heat = &model,
                         .heat_weight = weight * (double)hops / excess};
  if (weight > 0) must(sf_place_refine(&graph, &placement, &o, d.arena));
  must(sf_place_hops(&graph, &placement, d.arena, &hops));
  field(&d, &placement, &peak, &spread);
  printf("| %s | %g | %.2f | %.2f | %llu |\n", p->name, weight, peak, spread,
         (unsigned long long)hops);
  sf_arena_destroy(d.arena);
}

int main(int argc, char **argv) {
  given_maps();
  puts("\n| package | heat beside hops | peak (K) | spread (K) | hops |\n"
       "|---|---|---|---|---|");
  for (int p = 0; p < 2; p++) {
    placed(&PACKAGES[p], 0);
    if (argc == 1) placed(&PACKAGES[p], 2);
    for (int i = 1; i < argc; i++)
      placed(&PACKAGES[p], strtod(argv[i], NULL));
  }
  return 0;
}
