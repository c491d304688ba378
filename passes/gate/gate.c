/* gate.c - the pass `power-gating-insertion`: switches off what a mapping does
 * not need. A network on two of the 120 cores of a chip gets
 *
 *   gate (1, 0) {kind = core, columns = 7}            cores of other routers
 *   gate (0, 0) {kind = core, p = 2, count = 2}       the rest of a router
 *   gate (1, 0) {kind = router, columns = 7}          routers without a packet
 *   gate (0, 0) {kind = bank, p = 0, bank = 3}        memory beyond what is
 * used
 *
 * Safety (mapping.md 6): only cores without neurons are off, only routers that
 * no route, barrier or configuration path crosses, only banks above the words
 * that a core holds. Nothing that is off is ever used, so that nothing has to
 * wake, and no state is lost; routes, and with them the certificate, stay as
 * they are. `sf-check` shows all of it again from the emitted files. */
#include "passes/gate/gate.h"

#include "machine/cost.h"
#include "passes/mapping/rows.h"

#include <math.h>
#include <string.h>

enum { STAT_CORES, STAT_ROUTERS, STAT_BANKS };

typedef struct gate_options {
  bool cores, routers, banks;
} gate_options;

/* A machine that says nothing of a part's leakage cannot switch it off. */
static bool has(const sf_machine *machine, const char *leakage) {
  return sf_machine_quantity(machine, leakage) != NULL;
}

/* Words of a bank; 0: the machine has none, or the family no pool. */
static uint64_t bank_words(const sf_gate_board *board) {
  const sf_quantity *pool = sf_machine_quantity(board->machine, "pool-words");
  return pool && board->banks ? (uint64_t)pool->value / board->banks : 0;
}

/* What a core is to be: to switch off altogether, in use with all banks, or in
 * use with banks from this number on off. */
enum { OFF = -1, ALL_ON = -2 };

typedef struct painter {
  const sf_gate_board *board;
  bool *grid; /* places, clear between uses */
  sf_gate_list *list;
  uint64_t bank_words; /* 0: banks are not switched */
  bool cores;          /* unused cores are switched off */
} painter;

/* Banks share the pool evenly, and a part of a bank is a bank. */
static int64_t state_of(const painter *t, const sf_gate_core *core) {
  if (t->bank_words == 0) return ALL_ON;
  uint64_t on = (core->words + t->bank_words - 1) / t->bank_words;
  return on < t->board->banks ? (int64_t)on : ALL_ON;
}

static sf_gate pattern(int64_t state) {
  if (state == OFF) return (sf_gate){.kind = SF_GATE_CORE};
  return (sf_gate){.kind = SF_GATE_BANK, .bank = (uint32_t)state};
}

/* Cores of one place from index `first` on in board->cores. */
typedef struct visit {
  uint32_t place, first, end;
} visit;

static visit next_visit(const sf_gate_board *b, uint32_t first) {
  visit v = {b->cores[first].place, first, first};
  while (v.end < b->core_count && b->cores[v.end].place == v.place)
    v.end++;
  return v;
}

static int64_t state_at(const painter *t, const visit *v, uint32_t p) {
  for (uint32_t i = v->first; i < v->end; i++)
    if (t->board->cores[i].p == p) return state_of(t, &t->board->cores[i]);
  return t->cores ? OFF : ALL_ON;
}

/* Are all usable cores of the place in the state of the first one in use? */
static bool is_uniform(const painter *t, const visit *v, int64_t state) {
  for (uint32_t p = 0; p < t->board->cores_each; p++)
    if (sf_gate_is_usable(t->board, v->place, p) && state_at(t, v, p) != state)
      return false;
  return true;
}

/* A row for each run of cores of the place that share a state. */
static sf_result paint_runs(const painter *t, const visit *v) {
  const sf_gate_board *b = t->board;
  int64_t state = ALL_ON;
  sf_gate gate = {0};
  for (uint32_t p = 0; p <= b->cores_each; p++) {
    bool usable = p < b->cores_each && sf_gate_is_usable(b, v->place, p);
    int64_t next = usable ? state_at(t, v, p) : ALL_ON;
    if (next == state) {
      gate.count++;
      continue;
    }
    if (state != ALL_ON) SF_TRY(sf_gate_add(t->list, gate));
    state = next;
    gate = pattern(state);
    gate.x = (int32_t)v->place % b->width;
    gate.y = (int32_t)v->place / b->width;
    gate.columns = gate.rows = 1;
    gate.p = p;
    gate.count = 1;
  }
  return state != ALL_ON ? sf_gate_add(t->list, gate) : SF_OK;
}

/* Rectangles of places that are all in one state. Places without a core in use
 * are handled as unused, there or not: that makes few rows. */
static sf_result paint_rectangles(const painter *t, int64_t state) {
  const sf_gate_board *b = t->board;
  size_t places = (size_t)b->width * (size_t)b->height;
  memset(t->grid, state == OFF, places * sizeof *t->grid);
  for (uint32_t c = 0; c < b->core_count;) {
    visit v = next_visit(b, c);
    t->grid[v.place] =
        state_of(t, &b->cores[c]) == state && is_uniform(t, &v, state);
    c = v.end;
  }
  sf_gate like = pattern(state);
  return sf_gate_rectangles(b, t->grid, &like, t->list);
}

static sf_result gate_cores_and_banks(const painter *t) {
  const sf_gate_board *b = t->board;
  if (t->cores) SF_TRY(paint_rectangles(t, OFF));
  uint64_t banks = t->bank_words ? b->banks : 0;
  for (uint64_t bank = 0; bank < banks; bank++)
    SF_TRY(paint_rectangles(t, (int64_t)bank));
  for (uint32_t c = 0; c < b->core_count;) {
    visit v = next_visit(b, c);
    if (!is_uniform(t, &v, state_of(t, &b->cores[c])))
      SF_TRY(paint_runs(t, &v));
    c = v.end;
  }
  return SF_OK;
}

static sf_result gate_routers(const painter *t) {
  const sf_gate_board *b = t->board;
  size_t places = (size_t)b->width * (size_t)b->height;
  if (!b->routers) return SF_OK;
  for (size_t place = 0; place < places; place++)
    t->grid[place] = !b->needed[place];
  const sf_gate like = {.kind = SF_GATE_ROUTER};
  return sf_gate_rectangles(b, t->grid, &like, t->list);
}

/* ---- What it saves. ---- */

static double milliwatts(const sf_machine *m, const char *leakage,
                         uint64_t count, const char **basis) {
  const sf_quantity *row = sf_machine_quantity(m, leakage);
  if (!row || count == 0) return 0;
  *basis = sf_cost_weaker(*basis, row->basis);
  return row->value * (double)count;
}

static sf_result set_number(sf_pass_run *run, sf_log_entry *log,
                            const char *name, double value) {
  double microwatts = rint(value * 1e3); /* prints no rounding noise */
  sf_item item = {.kind = SF_ITEM_NUMBER,
                  .number = sf_number_double(microwatts / 1e3)};
  return sf_dict_set(run->module->arena, &log->attrs, name, &item);
}

/* Parts, and the leakage that the machine states for them: of chips in use, and
 * of all. */
static sf_result log_saving(sf_pass_run *run, const sf_gate_counts *counts) {
  const sf_machine *m = run->machine;
  const char *basis = "measured";
  double banks = milliwatts(m, "bank-leakage", counts->banks, &basis);
  double near = banks +
                milliwatts(m, "core-leakage", counts->near_cores, &basis) +
                milliwatts(m, "router-leakage", counts->near_routers, &basis);
  double all = banks + milliwatts(m, "core-leakage", counts->cores, &basis) +
               milliwatts(m, "router-leakage", counts->routers, &basis);
  sf_log_entry *log = sf_module_add_log(
      run->module, SF_EXACT, 0,
      "power-gating-insertion: unused cores, routers and banks are off");
  if (!log) return SF_OOM;
  sf_arena *arena = run->module->arena;
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "cores", (int64_t)counts->cores));
  SF_TRY(
      sf_dict_set_int(arena, &log->attrs, "routers", (int64_t)counts->routers));
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "banks", (int64_t)counts->banks));
  SF_TRY(set_number(run, log, "saved_mw", near));
  SF_TRY(set_number(run, log, "saved_mw_all_chips", all));
  return sf_dict_set_word(arena, &log->attrs, "basis", basis);
}

/* ---- The pass. ---- */

static sf_result gate_mapping(sf_pass_run *run, sf_mapping *mapping) {
  const gate_options *o = SF_PASS_OPTIONS(run, gate_options);
  const sf_machine *m = run->machine;
  sf_gate_board board;
  SF_TRY(sf_gate_board_of(mapping, m, run->scratch, run->diag, &board));
  sf_gate_list list = {.arena = run->scratch};
  bool *grid = SF_NEW_ARRAY(run->scratch, bool,
                            (size_t)board.width *(size_t)board.height);
  if (!grid) return SF_OOM;
  painter t = {.board = &board, .grid = grid, .list = &list};
  t.cores = o->cores && has(m, "core-leakage");
  if (o->banks && has(m, "bank-leakage")) t.bank_words = bank_words(&board);
  SF_TRY(gate_cores_and_banks(&t));
  if (o->routers && has(m, "router-leakage")) SF_TRY(gate_routers(&t));
  SF_TRY(sf_gate_rows_write(mapping, &list));
  sf_gate_counts counts;
  SF_TRY(sf_gate_count(&board, &list, run->scratch, &counts));
  run->stats[STAT_CORES] += counts.cores;
  run->stats[STAT_ROUTERS] += counts.routers;
  run->stats[STAT_BANKS] += counts.banks;
  return log_saving(run, &counts);
}

static sf_result run_gate(sf_pass_run *run) {
  static const sf_mapping_claim claim = {"power-gating-insertion", "placed",
                                         "on", "partition, place and route"};
  for (sf_mapping *m = run->module->first_mapping; m; m = m->next) {
    SF_TRY(sf_mapping_check_machine(run, m, &claim));
    SF_TRY(gate_mapping(run, m));
  }
  return SF_OK;
}

static const sf_option OPTIONS[] = {
    {"cores", "switch cores without neurons off", SF_OPTION_BOOL, "true", NULL,
     0, 0, offsetof(gate_options, cores)},
    {"routers", "switch routers off that nothing crosses (Loihi 2)",
     SF_OPTION_BOOL, "true", NULL, 0, 0, offsetof(gate_options, routers)},
    {"banks", "switch memory off beyond what a core holds (Loihi 2)",
     SF_OPTION_BOOL, "true", NULL, 0, 0, offsetof(gate_options, banks)},
    {0},
};

static const sf_stat STATS[] = {
    {"cores", "cores that are off"},
    {"routers", "routers that are off"},
    {"banks", "memory banks that are off"},
    {0},
};

const sf_pass sf_pass_power_gating_insertion = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "power-gating-insertion",
    .summary = "switch off cores, routers and memory that nothing uses",
    .description =
        "Adds rows `gate` for cores without neurons, for routers that no "
        "route, barrier or configuration path crosses, and for memory banks "
        "above what a core holds. Nothing that is off is used at any step. The "
        "log states the saving in the leakage that the machine gives, with its "
        "basis: that Loihi 2 can switch parts off one by one is not published.",
    .needs = SF_FACT_ROUTED,
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |
             SF_FACT_PARTITIONED | SF_FACT_PLACED | SF_FACT_ROUTED,
    .exactness = SF_EXACT,
    .options = OPTIONS,
    .options_size = sizeof(gate_options),
    .stats = STATS,
    .run = run_gate,
};
