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

#include "passes/mapping/rows.h"

enum {
  STAT_CORES,
  STAT_CHIPS,
  STAT_HOPS,
  STAT_BOUND,
  STAT_CROSSINGS,
  STAT_WORST,
  STAT_CUT,
  STAT_PEAK,
  STAT_SPREAD
};

typedef struct place_options {
  int64_t first_chip, seed;
  double locality, load, thermal, core_power, effort;
  const char *rates;
} place_options;

static sf_result sit(sf_arena *arena, sf_mop *row, sf_place_core c) {
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "chip", c.chip->id));
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "x", c.x));
  SF_TRY(sf_dict_set_int(arena, &row->attrs, "y", c.y));
  return sf_dict_set_int(arena, &row->attrs, "p", c.p);
}

static sf_result machine_is_full(const sf_pass_run *run,
                                 const sf_mapping *mapping, uint64_t seats) {
  uint32_t cores = sf_mapping_count(mapping->first, "core");
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

static void count_found(sf_pass_run *run, const sf_place_found *found) {
  const uint64_t steps = SF_PLACE_STEPS;
  run->stats[STAT_HOPS] += found->hops / steps;
  run->stats[STAT_BOUND] += found->bound / steps;
  run->stats[STAT_CROSSINGS] += found->crossings / steps;
  run->stats[STAT_WORST] += found->worst / steps;
  run->stats[STAT_CUT] += found->cut / steps;
  run->stats[STAT_PEAK] += (uint64_t)(1e3 * found->peak + 0.5);
  run->stats[STAT_SPREAD] += (uint64_t)(1e3 * found->spread + 0.5);
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
  sf_place_warmth warmth;
  sf_place_goal goal = {.locality = o->locality,
                        .load = o->load,
                        .thermal = o->thermal,
                        .effort = o->effort,
                        .seed = (uint64_t)o->seed};
  if (o->thermal > 0) {
    SF_TRY(sf_place_warmth_of(&board, &m, 1e-3 * o->core_power, run->diag,
                              run->scratch, &warmth));
    goal.heat = &warmth.model;
  }
  sf_placement placement;
  sf_place_found found;
  SF_TRY(sf_place_search(&m.graph, &board, &goal, run->scratch, &placement,
                         &found));
  for (uint32_t c = 0; c < cores; c++)
    SF_TRY(sit(run->module->arena, m.rows[c],
               sf_place_board_core(&board, placement.seat[c])));
  run->stats[STAT_CORES] += cores;
  run->stats[STAT_CHIPS] += board.chip_count;
  count_found(run, &found);
  return SF_OK;
}

/* ---- The order of the text: the pass, and its figures. ---- */

/* The core that a row has been given. */
static sf_place_core core_of(const sf_machine *m, const sf_mop *row) {
  const sf_dict *at = &row->attrs;
  sf_place_core c = {.x = sf_dict_int(at, "x", 0),
                     .y = sf_dict_int(at, "y", 0),
                     .p = sf_dict_int(at, "p", 0)};
  c.chip = sf_machine_chip(m, sf_dict_int(at, "chip", 0));
  return c;
}

static sf_result measure_order(sf_pass_run *run, const sf_mapping *mapping) {
  const place_options *o = SF_PASS_OPTIONS(run, place_options);
  sf_place_rates rates;
  sf_place_mapping m;
  sf_place_board board;
  sf_place_found found;
  SF_TRY(sf_place_rates_read(o->rates, run->scratch, run->diag, &rates));
  SF_TRY(sf_place_read(mapping, &rates, run->scratch, run->diag, &m));
  SF_TRY(sf_place_board_whole(run->machine, border_hops(run->machine),
                              run->scratch, &board));
  uint32_t cores = m.graph.cluster_count;
  sf_placement placement = {
      &board.seats, cores,
      SF_NEW_ARRAY(run->scratch, uint32_t, cores + (size_t)1)};
  if (!placement.seat) return SF_OOM;
  for (uint32_t c = 0; c < cores; c++) {
    sf_place_core at = core_of(run->machine, m.rows[c]);
    placement.seat[c] = sf_place_board_seat(&board, &at);
  }
  SF_TRY(sf_place_measure(&m.graph, &board, &placement, run->scratch, &found));
  count_found(run, &found);
  return SF_OK;
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
    if (!sf_mapping_is_row(m, "core")) continue;
    sf_place_core c;
    if (!next_core(&w, &c)) return machine_is_full(run, mapping, seats);
    SF_TRY(sit(run->module->arena, m, c));
    seats++;
    run->stats[STAT_CHIPS] += c.chip != last;
    last = c.chip;
  }
  run->stats[STAT_CORES] += seats;
  return seats ? measure_order(run, mapping) : SF_OK;
}

/* ---- The pass. ---- */

static sf_result run_place(sf_pass_run *run) {
  static const sf_mapping_claim claim = {"place", "partitioned", "for",
                                         "partition"};
  const place_options *o = SF_PASS_OPTIONS(run, place_options);
  for (sf_mapping *m = run->module->first_mapping; m; m = m->next) {
    SF_TRY(sf_mapping_check_machine(run, m, &claim));
    bool search = o->locality > 0 || o->thermal > 0;
    SF_TRY(search ? place_by_search(run, m) : place_in_order(run, m));
  }
  return SF_OK;
}

/* ---- Rows of the pass table: one pass, other defaults. ---- */

/* clang-format off */
#define OPTIONS_OF(locality_default, thermal_default) \
  {"first-chip", "number of the first chip to fill", \
   SF_OPTION_INT, "0", NULL, 0, 65535, offsetof(place_options, first_chip)}, \
  {"locality", "weight of hops of all packets", \
   SF_OPTION_NUMBER, locality_default, NULL, 0, 1000, offsetof(place_options, locality)}, \
  {"load", "weight of the packets on the worst link", \
   SF_OPTION_NUMBER, "0.1", NULL, 0, 1000, offsetof(place_options, load)}, \
  {"thermal", "weight of heat, as for hops", \
   SF_OPTION_NUMBER, thermal_default, NULL, 0, 1000, offsetof(place_options, thermal)}, \
  {"core-power", "mW of the busiest core; others by their neurons and packets", \
   SF_OPTION_NUMBER, "20", NULL, 0, 10000, offsetof(place_options, core_power)}, \
  {"effort", "how long to search; 0: closed forms and sweeps only", \
   SF_OPTION_NUMBER, "1", NULL, 0, 100, offsetof(place_options, effort)}, \
  {"seed", "of the search", \
   SF_OPTION_INT, "1", NULL, 0, 4294967295.0, offsetof(place_options, seed)}, \
  {"rates", "spikes of a neuron a step, as in \"h1=0.05, h2=0.2\"; others: 1", \
   SF_OPTION_TEXT, "", NULL, 0, 0, offsetof(place_options, rates)}, \
  {0}
/* clang-format on */

static const sf_option IN_ORDER[] = {OPTIONS_OF("0", "0")};
static const sf_option NEAR[] = {OPTIONS_OF("1", "0")};
static const sf_option COOL[] = {OPTIONS_OF("1", "2")};

static const sf_stat STATS[] = {
    {"cores", "cores placed"},
    {"chips", "chips in use"},
    {"hops", "packets times links a step; a border between chips counts as "
             "many as it costs energy"},
    {"hops-bound", "no placement has fewer hops; 0: not known"},
    {"crossings", "packets over borders between chips a step"},
    {"worst-link", "packets on the fullest link a step, half of each flow X "
                   "then Y, half Y then X (mesh)"},
    {"worst-link-bound", "no routing of this placement is below (mesh)"},
    {"peak", "mK of the hottest cell over ambient, with a thermal term"},
    {"spread", "mK between hottest and coolest cell"},
    {0},
};

#define PLACE_ROW(symbol, row_name, row_summary, row_description, row_options) \
  const sf_pass sf_pass_##symbol = {                                           \
      .size = sizeof(sf_pass),                                                 \
      .abi = SF_ABI,                                                           \
      .name = row_name,                                                        \
      .summary = row_summary,                                                  \
      .description = row_description,                                          \
      .needs = SF_FACT_PARTITIONED,                                            \
      .gives = SF_FACT_PLACED,                                                 \
      .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |                       \
               SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |                \
               SF_FACT_PARTITIONED,                                            \
      .exactness = SF_EXACT,                                                   \
      .options = row_options,                                                  \
      .options_size = sizeof(place_options),                                   \
      .stats = STATS,                                                          \
      .run = run_place,                                                        \
  }

PLACE_ROW(
    place, "place", "give each core its place on the machine",
    "The fewest chips that hold all cores. Layers along curves whose distances "
    "are known in closed form, the best of them by hops and worst link, then "
    "annealing with exact changes; tiles of routers exchange when there are "
    "thousands. On SpiNNaker2 whole chips exchange. From the same seed always "
    "the same. With locality and thermal 0 cores stand in the order of the "
    "text: on Loihi 2 along a snake of routers, on SpiNNaker2 quad by quad.",
    IN_ORDER);

PLACE_ROW(
    thermal_aware_placement, "thermal-aware-placement",
    "place with hot cores apart",
    "`place` with its thermal term on: the power-weighted mean temperature of "
    "the machine's thermal network, whose least is the flattest field. Seats "
    "that stay free lie between busy ones, as far as the packets allow.",
    COOL);

PLACE_ROW(
    reduce_communication, "reduce-communication", "place with short routes",
    "`place` with the locality term on: fewer links in all routes and "
    "fewer packets on the worst one. Packets stay as they are. A message "
    "of Loihi 2 holds one value of one neuron. One of SpiNNaker2 has room "
    "for 128 bits beside its key, but the runtime of its PEs takes one "
    "value a key: several spikes in one would reach all listeners of any "
    "of them, who would have to know its layout.",
    NEAR);
