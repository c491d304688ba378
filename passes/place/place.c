/* place.c - the pass `place`: which core of the machine each core is.
 *
 *   core @c0 { host %h [0:64] }    becomes
 *   core @c0 {chip = 0, x = 0, y = 0, p = 0} { host %h [0:64] }
 *
 * Layer order along the mesh: chip by chip, and within a chip of Loihi 2 along
 * a snake of routers, row by row and every second row backwards, so that cores
 * that follow each other in the text are neighbours. A chip of SpiNNaker2 is
 * filled in order of PE numbers, quad by quad. */
#include "passes/mapping/flow.h"
#include "sf/pass.h"

#include <string.h>

enum { STAT_CORES, STAT_CHIPS };

typedef struct place_options {
  int64_t first_chip;
} place_options;

/* A seat: a core of the machine. */
typedef struct seat {
  const sf_chip *chip;
  int64_t x, y, p;
} seat;

/* Walks over all usable cores in the order of placement. */
typedef struct walk {
  const sf_machine *machine;
  uint32_t chip;   /* index */
  uint64_t number; /* of the next core in its chip, along the snake */
} walk;

static seat seat_at(const sf_machine *m, const sf_chip *chip, uint64_t number) {
  if (m->family == SF_FAMILY_SPINNAKER2)
    return (seat){chip, chip->x, chip->y, (int64_t)number};
  uint64_t router = number / m->cores_per_router;
  int64_t width = m->width, y = (int64_t)router / width;
  int64_t along = (int64_t)router % width;
  int64_t x = y % 2 == 0 ? along : width - 1 - along;
  return (seat){chip, x, y, (int64_t)(number % m->cores_per_router)};
}

static uint64_t numbers_of_chip(const sf_machine *m) {
  if (m->family == SF_FAMILY_SPINNAKER2) return m->cores_per_chip;
  return (uint64_t)(uint32_t)m->width * (uint32_t)m->height *
         m->cores_per_router;
}

/* false: the machine is full. */
static bool next_seat(walk *w, seat *out) {
  const sf_machine *m = w->machine;
  for (; w->chip < m->chip_count; w->chip++, w->number = 0) {
    const sf_chip *chip = &m->chips[w->chip];
    while (!chip->dead && w->number < numbers_of_chip(m)) {
      *out = seat_at(m, chip, w->number++);
      if (sf_machine_core_usable(m, chip->id, out->x, out->y, out->p))
        return true;
    }
  }
  return false;
}

static sf_result sit(sf_arena *arena, sf_mop *core, const seat *s) {
  SF_TRY(sf_dict_set_int(arena, &core->attrs, "chip", s->chip->id));
  SF_TRY(sf_dict_set_int(arena, &core->attrs, "x", s->x));
  SF_TRY(sf_dict_set_int(arena, &core->attrs, "y", s->y));
  return sf_dict_set_int(arena, &core->attrs, "p", s->p);
}

static uint32_t count_cores(const sf_mapping *mapping) {
  uint32_t count = 0;
  for (const sf_mop *m = mapping->first; m; m = m->next)
    count += strcmp(m->keyword, "core") == 0;
  return count;
}

static sf_result machine_is_full(const sf_pass_run *run,
                                 const sf_mapping *mapping, uint32_t seats) {
  uint32_t cores = count_cores(mapping);
  sf_error(run->diag, SF_DIAG_CAPACITY, mapping->loc,
           "'@%s' needs %u cores; '%s' has %u from chip %lld on, %u too few",
           mapping->network, cores, run->machine->name, seats,
           (long long)SF_PASS_OPTIONS(run, place_options)->first_chip,
           cores - seats);
  sf_help(run->diag, "choose a machine with more cores");
  return SF_FAIL;
}

static sf_result place_mapping(sf_pass_run *run, sf_mapping *mapping) {
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
    seat s;
    if (!next_seat(&w, &s)) return machine_is_full(run, mapping, seats);
    SF_TRY(sit(run->module->arena, m, &s));
    seats++;
    run->stats[STAT_CHIPS] += s.chip != last;
    last = s.chip;
  }
  run->stats[STAT_CORES] += seats;
  return SF_OK;
}

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
  for (sf_mapping *m = run->module->first_mapping; m; m = m->next) {
    SF_TRY(check_machine(run, m));
    SF_TRY(place_mapping(run, m));
  }
  return SF_OK;
}

static const sf_option OPTIONS[] = {
    {"first-chip", "number of the first chip to fill", SF_OPTION_INT, "0", NULL,
     0, 65535, offsetof(place_options, first_chip)},
    {0},
};

static const sf_stat STATS[] = {
    {"cores", "cores placed"},
    {"chips", "chips in use"},
    {0},
};

const sf_pass sf_pass_place = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "place",
    .summary = "give each core its place on the machine",
    .description =
        "Cores in layer order along the mesh: chip by chip, on Loihi 2 along a "
        "snake of routers, on SpiNNaker2 quad by quad.",
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
