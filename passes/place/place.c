/* place.c - the pass `place`: which core of the machine each core is.
 *
 *   core @c0 { host %h [0:64] }    becomes
 *   core @c0 {chip = 0, x = 0, y = 0, p = 0} { host %h [0:64] }
 *
 * locality=0 and thermal=0 is the order of the text along the mesh: chip by
 * chip, and within a chip of Loihi 2 along a snake of routers, row by row and
 * every second row backwards; a chip of SpiNNaker2 in order of PE numbers, quad
 * by quad. Else a search (search.c). */
#include "passes/place/place.h"
#include "sf/pass.h"

#include <string.h>

enum {
  STAT_CORES,
  STAT_CHIPS,
  STAT_HOPS,
  STAT_BOUND,
  STAT_CROSSINGS,
  STAT_WORST,
  STAT_CUT
};

typedef struct place_options {
  int64_t first_chip, seed;
  double locality, load, effort;
  const char *rates;
} place_options;

static sf_result sit(sf_arena *arena, sf_mop *row, sf_place_core c) {
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "chip", c.chip->id));
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "x", c.x));
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "y", c.y));
  return sf_dict_set_int(arena, &row->attrs, "p", c.p);
}

static uint32_t count_cores(const sf_mapping *mapping) {
  uint32_t count = 0;
  for (const sf_mop *m = mapping->first; m; m = m->next)
    count += strcmp(m->keyword, "core") == 0;
  return count;
}

static sf_result machine_is_full(const sf_pass_run *run,
                                 const sf_mapping *mapping, uint64_t seats) {
  uint32_t cores = count_cores(mapping);
  sf_error(
      run->diag, SF_DIAG_CAPACITY, mapping->loc,
      "'@%s' needs %u cores; '%s' has %llu from chip %lld on, %llu too few",
      mapping->network, cores, run->machine->name, (unsigned long long)seats,
      (long long)SF_PASS_OPTIONS(run, place_options)->first_chip,
      (unsigned long long)(cores - seats));
  sf_help(run->diag, "choose a machine with more cores");
  return SF_FAIL;
}

/* ---- The order of the text. ---- */

/* Walks over all usable cores in the order of placement. */
typedef struct walk {
  const sf_machine *machine;
  uint32_t chip;   /* index */
  uint64_t number; /* of the next core in its chip, along the snake */
} walk;

static sf_place_core core_at(const sf_machine *m, const sf_chip *chip,
                             uint64_t number) {
  if (m->family == SF_FAMILY_SPINNAKER2)
    return (sf_place_core){chip, chip->x, chip->y, (int64_t)number};
  uint64_t router = number / m->cores_per_router;
  int64_t width = m->width, y = (int64_t)router / width;
  int64_t along = (int64_t)router % width;
  int64_t x = y % 2 == 0 ? along : width - 1 - along;
  return (sf_place_core){chip, x, y, (int64_t)(number % m->cores_per_router)};
}

static uint64_t numbers_of_chip(const sf_machine *m) {
  if (m->family == SF_FAMILY_SPINNAKER2) return m->cores_per_chip;
  return (uint64_t)(uint32_t)m->width * (uint32_t)m->height *
         m->cores_per_router;
}

/* false: the machine is full. */
static bool next_core(walk *w, sf_place_core *out) {
  const sf_machine *m = w->machine;
  for (; w->chip < m->chip_count; w->chip++, w->number = 0) {
    const sf_chip *chip = &m->chips[w->chip];
    while (!chip->dead && w->number < numbers_of_chip(m)) {
      *out = core_at(m, chip, w->number++);
      if (sf_machine_core_usable(m, chip->id, out->x, out->y, out->p))
        return true;
    }
  }
  return false;
}

static sf_result place_in_order(sf_pass_run *run, sf_mapping *mapping) {
  walk w = {run->machine, 0, 0};
  int64_t first = SF_PASS_OPTIONS(run, place_options)->first_chip;
  while (w.chip < run->machine->chip_count &&
         (int64_t)run->machine->chips[w.chip].id < first) {
    w.chip++;
  }
  uint32_t seats = 0;
  const sf_chip *last = NULL;
  for (sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "core") != 0) continue;
    sf_place_core c;
    if (!next_core(&w, &c)) return machine_is_full(run, mapping, seats);
    SF_TRY(sit(run->module->arena, m, c));
    seats++;
    run->stats[STAT_CHIPS] += c.chip != last;
    last = c.chip;
  }
  run->stats[STAT_CORES] += seats;
  return SF_OK;
}

/* ---- Search. ---- */

/* What a border between chips costs beyond a hop, in hops, by energy. */
static int32_t border_hops(const sf_machine *m) {
  const sf_quantity *border = sf_machine_quantity(m, "chip-hop-energy");
  const sf_quantity *x = sf_machine_quantity(m, "hop-x-energy");
  const sf_quantity *y = sf_machine_quantity(m, "hop-y-energy");
  if (!border || !x || !y || !(x->value + y->value > 0)) return 0;
  double hops = 2 * border->value / (x->value + y->value);
  return hops < 64 ? (int32_t)hops : 64; /* coordinates stay below 2^15 */
}

static void count_found(sf_pass_run *run, const sf_place_board *board,
                        uint32_t cores, const sf_place_found *found) {
  const uint64_t steps = SF_PLACE_STEPS;
  run->stats[STAT_CORES] += cores;
  run->stats[STAT_CHIPS] += board->chip_count;
  run->stats[STAT_HOPS] += found->hops / steps;
  run->stats[STAT_BOUND] += found->bound / steps;
  run->stats[STAT_CROSSINGS] += found->crossings / steps;
  run->stats[STAT_WORST] += found->worst / steps;
  run->stats[STAT_CUT] += found->cut / steps;
}

static sf_result place_by_search(sf_pass_run *run, sf_mapping *mapping) {
  const place_options *o = SF_PASS_OPTIONS(run, place_options);
  sf_place_rates rates;
  sf_place_mapping m;
  SF_TRY(sf_place_rates_read(o->rates, run->scratch, run->diag, &rates));
  SF_TRY(sf_place_read(mapping, &rates, run->scratch, run->diag, &m));
  sf_place_board board;
  uint64_t seats;
  uint32_t cores = m.graph.cluster_count;
  SF_TRY(sf_place_board_make(run->machine, o->first_chip, cores,
                             border_hops(run->machine), run->scratch, &board,
                             &seats));
  if (seats < cores) return machine_is_full(run, mapping, seats);
  if (cores == 0) return SF_OK;
  const sf_place_goal goal = {o->locality, o->load, o->effort,
                              (uint64_t)o->seed};
  sf_placement placement;
  sf_place_found found;
  SF_TRY(sf_place_search(&m.graph, &board, &goal, run->scratch, &placement,
                         &found));
  for (uint32_t c = 0; c < cores; c++)
    SF_TRY(sit(run->module->arena, m.rows[c],
               sf_place_board_core(&board, placement.seat[c])));
  count_found(run, &board, cores, &found);
  return SF_OK;
}

/* ---- The pass. ---- */

static sf_result check_machine(const sf_pass_run *run,
                               const sf_mapping *mapping) {
  if (!run->machine) {
    sf_error(run->diag, SF_DIAG_USAGE, mapping->loc,
             "'place' needs to know the machine");
    sf_help(run->diag, "name one with --machine");
    return SF_FAIL;
  }
  if (strcmp(mapping->machine, run->machine->name) == 0) return SF_OK;
  sf_error(run->diag, SF_DIAG_MAPPING, mapping->loc,
           "'@%s' is partitioned for '%s', not for '%s'", mapping->network,
           mapping->machine, run->machine->name);
  sf_help(run->diag, "run partition for '%s' first", run->machine->name);
  return SF_FAIL;
}

static sf_result run_place(sf_pass_run *run) {
  const place_options *o = SF_PASS_OPTIONS(run, place_options);
  for (sf_mapping *m = run->module->first_mapping; m; m = m->next) {
    SF_TRY(check_machine(run, m));
    SF_TRY(o->locality > 0 ? place_by_search(run, m) : place_in_order(run, m));
  }
  return SF_OK;
}

static const sf_option OPTIONS[] = {
    {"first-chip", "number of the first chip to fill", SF_OPTION_INT, "0", NULL,
     0, 65535, offsetof(place_options, first_chip)},
    {"locality",
     "weight of hops of all packets; 0: cores in the order of the text",
     SF_OPTION_NUMBER, "0", NULL, 0, 1000, offsetof(place_options, locality)},
    {"load", "weight of the packets on the worst link", SF_OPTION_NUMBER, "0.1",
     NULL, 0, 1000, offsetof(place_options, load)},
    {"effort", "how long to search; 0: closed forms and sweeps only",
     SF_OPTION_NUMBER, "1", NULL, 0, 100, offsetof(place_options, effort)},
    {"seed", "of the search", SF_OPTION_INT, "1", NULL, 0, 4294967295.0,
     offsetof(place_options, seed)},
    {"rates", "spikes of a neuron a step, as in \"h1=0.05, h2=0.2\"; others: 1",
     SF_OPTION_TEXT, "", NULL, 0, 0, offsetof(place_options, rates)},
    {0},
};

static const sf_stat STATS[] = {
    {"cores", "cores placed"},
    {"chips", "chips in use"},
    {"hops",
     "packets times links a step; a border between chips counts as many "
     "as it costs energy"},
    {"hops-bound", "no placement has fewer; 0: not known"},
    {"crossings", "packets over borders between chips a step"},
    {"worst-link", "packets on the fullest link a step, half of each flow X "
                   "then Y, half Y then X (mesh)"},
    {"worst-link-bound", "no routing of this placement is below (mesh)"},
    {0},
};

const sf_pass sf_pass_place = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "place",
    .summary = "give each core its place on the machine",
    .description =
        "The fewest chips that hold all cores. Layers along curves whose "
        "distances are known in closed form, the best of them by hops and "
        "worst "
        "link, then annealing with exact changes; tiles of routers exchange "
        "when "
        "there are thousands. On SpiNNaker2 whole chips exchange. From the "
        "same "
        "seed always the same. With locality 0 cores stand in the order of the "
        "text: on Loihi 2 along a snake of routers, on SpiNNaker2 quad by "
        "quad.",
    .needs = SF_FACT_PARTITIONED,
    .gives = SF_FACT_PLACED,
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |
             SF_FACT_PARTITIONED,
    .exactness = SF_EXACT,
    .options = OPTIONS,
    .options_size = sizeof(place_options),
    .stats = STATS,
    .run = run_place,
};
