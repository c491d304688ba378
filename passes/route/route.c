/* route.c - the pass `route`, also named `deadlock-free-routing`: how spikes
 * get from core to core.
 *
 * Adds, on Loihi 2, rows between the cores among which spikes travel,
 *
 *   route @r0 {from = @c0, to = [@c1, @c2]}              X, then Y
 *   route @r0 {from = @c0, to = [@c1], path = [n, e]}    other algorithms
 *
 * and on SpiNNaker2 a row for each sending core and each chip's table,
 *
 *   route @r0 {from = @c0, to = [@c1, @c2], key = 0, mask = 4294967168}
 *   table (0, 0) { entry 0 4294967168 {links = [], cores = [1, 2]} }
 *
 * and proves that no two packets can wait for each other: every channel gets a
 * rank that rises along every route (certificate.c). */
#include "passes/route/route.h"

#include "passes/mapping/rows.h"

#include <stdlib.h>
#include <string.h>

typedef struct route_options {
  const char *algorithm, *switching, *tables;
  int64_t sweeps;
  bool default_routes;
} route_options;

enum { STAT_ROUTES, STAT_HOPS, STAT_BLOCKS, STAT_ENTRIES, STAT_ESCAPED };

/* Rows of an earlier run, and what was switched off for its routes. Nothing
 * else refers to them. */
static void remove_old_rows(sf_mapping *mapping) {
  sf_mapping_remove(mapping, "route");
  sf_mapping_remove(mapping, "table");
  sf_mapping_remove(mapping, "gate");
}

/* What the routes rest on, beside them. */
static sf_result state_assumptions(sf_mapping *mapping,
                                   const route_options *options) {
  sf_arena *arena = mapping->module->arena;
  sf_mapping_forget(&mapping->attrs, SF_ROUTE_SWITCHING);
  sf_mapping_forget(&mapping->attrs, SF_ROUTE_DEFAULT_ROUTES);
  if (strcmp(options->switching, "wormhole") == 0)
    SF_TRY(sf_dict_set_word(arena, &mapping->attrs, SF_ROUTE_SWITCHING,
                            options->switching));
  if (!options->default_routes) return SF_OK;
  return sf_dict_set_word(arena, &mapping->attrs, SF_ROUTE_DEFAULT_ROUTES,
                          "straight");
}

static sf_algorithm chosen(const route_options *options,
                           const sf_machine *machine) {
  sf_algorithm algorithm = machine->family == SF_FAMILY_LOIHI2
                               ? SF_ALGORITHM_XY
                               : SF_ALGORITHM_LEGAL_NER;
  (void)sf_algorithm_find(options->algorithm, &algorithm); /* auto: as it is */
  return algorithm;
}

static sf_result create_fabric(sf_route_job *job) {
  sf_result result =
      sf_fabric_of_machine(job->machine, job->scratch, &job->fabric);
  if (result != SF_FAIL) return result;
  return sf_error(job->diag, SF_DIAG_MACHINE, job->mapping->loc,
                  "'%s' has more than %d routers along a side",
                  job->machine->name, SF_FABRIC_SIDE_MAX);
}

uint32_t sf_route_router(const sf_route_job *job, const sf_route_core *core) {
  return (uint32_t)(core->router.y * job->fabric.width + core->router.x);
}

sf_item sf_route_symbol(const sf_route_core *core) {
  return (sf_item){.kind = SF_ITEM_SYMBOL, .text = core->name};
}

sf_result sf_route_add_row(sf_route_job *job, const sf_route_core *from,
                           uint32_t count, sf_item *targets,
                           sf_dict **out_attrs) {
  sf_arena *arena = job->mapping->module->arena;
  sf_mop *row = sf_mop_create(job->mapping, NULL, "route");
  char *name =
      sf_arena_printf(job->scratch, "r%llu", (unsigned long long)job->rows++);
  if (!row || !name) return SF_OOM;
  SF_TRY(sf_mop_add_symbol(job->mapping, row, name));
  sf_item source = sf_route_symbol(from);
  sf_item list = {.kind = SF_ITEM_LIST, .count = count, .items = targets};
  SF_TRY(sf_dict_set(arena, &row->attrs, "from", &source));
  SF_TRY(sf_dict_set(arena, &row->attrs, "to", &list));
  *out_attrs = &row->attrs;
  return SF_OK;
}

sf_result sf_route_no_path(const sf_route_job *job, const sf_route_core *from,
                           const sf_route_core *to, const char *help) {
  sf_error(job->diag, SF_DIAG_CAPACITY, job->mapping->loc,
           "no path by '%s' leads from '@%s' to '@%s'",
           sf_algorithm_text(job->algorithm), from->name, to->name);
  sf_help(job->diag, "%s", help);
  return SF_FAIL;
}

static sf_result route_mapping(sf_pass_run *run, sf_mapping *mapping) {
  const route_options *options = SF_PASS_OPTIONS(run, route_options);
  remove_old_rows(mapping);
  bool loihi2 = run->machine->family == SF_FAMILY_LOIHI2;
  sf_route_job job = {.mapping = mapping,
                      .machine = run->machine,
                      .scratch = run->scratch,
                      .diag = run->diag,
                      .algorithm = chosen(options, run->machine),
                      .sweeps = (uint32_t)options->sweeps,
                      .default_routes = options->default_routes && !loihi2};
  if (strcmp(options->tables, "fit") == 0) job.effort = SF_TABLES_FIT;
  if (strcmp(options->tables, "small") == 0) job.effort = SF_TABLES_SMALL;
  sf_route_flows flows;
  SF_TRY(create_fabric(&job));
  SF_TRY(sf_route_flows_find(mapping, run->machine, run->scratch, run->diag,
                             &flows));
  SF_TRY(state_assumptions(mapping, options));
  SF_TRY(loihi2 ? sf_route_loihi2(&job, &flows)
                : sf_route_spinnaker2(&job, &flows));
  run->stats[STAT_ROUTES] += job.routes;
  run->stats[STAT_HOPS] += job.hops;
  run->stats[STAT_BLOCKS] += job.blocks;
  run->stats[STAT_ENTRIES] += job.entries;
  run->stats[STAT_ESCAPED] += job.escaped;
  return sf_route_certificate(mapping, run->machine, run->diag, NULL);
}

static sf_result run_route(sf_pass_run *run) {
  static const sf_mapping_claim claim = {"route", "placed", "on",
                                         "partition and place"};
  for (sf_mapping *m = run->module->first_mapping; m; m = m->next) {
    SF_TRY(sf_mapping_check_machine(run, m, &claim));
    SF_TRY(route_mapping(run, m));
  }
  return SF_OK;
}

static const sf_option OPTIONS[] = {
    {"algorithm",
     "xy: dimension order; odd-even: balanced over its turns (negative-first "
     "between SpiNNaker2's chips); adaptive: any minimal path that closes no "
     "cycle, from odd-even on, then ways of two hops more off the worst links; "
     "legal-ner: short trees that close no cycle, round faults as well; auto: "
     "xy on Loihi 2, legal-ner on SpiNNaker2",
     SF_OPTION_CHOICE, "auto", "auto|xy|odd-even|adaptive|legal-ner", 0, 0,
     offsetof(route_options, algorithm)},
    {"sweeps", "rip-up sweeps over all routes; not for xy", SF_OPTION_INT, "2",
     NULL, 0, 64, offsetof(route_options, sweeps)},
    {"switching",
     "packet: a packet fits one buffer, and where a tree branches each copy "
     "moves on by itself; wormhole: branches wait for each other, so that "
     "trees must not branch over common channels",
     SF_OPTION_CHOICE, "packet", "packet|wormhole", 0, 0,
     offsetof(route_options, switching)},
    {"tables",
     "SpiNNaker2: one entry a block of keys (plain), merged until the table "
     "fits (fit), or as far as it goes (small)",
     SF_OPTION_CHOICE, "fit", "plain|fit|small", 0, 0,
     offsetof(route_options, tables)},
    {"default-routes",
     "SpiNNaker2: the routers send what matches no entry straight on, as "
     "SpiNNaker's do; entries that do no more are left out",
     SF_OPTION_BOOL, "false", NULL, 0, 0,
     offsetof(route_options, default_routes)},
    {0},
};

static const sf_stat STATS[] = {
    {"routes", "paths (Loihi 2) or trees (SpiNNaker2)"},
    {"hops", "links in all routes"},
    {"blocks", "table entries, one a block of keys, before merging"},
    {"entries", "table entries (SpiNNaker2)"},
    {"escaped", "trees on the spanning tree of last resort"},
    {0},
};

const sf_pass sf_pass_route = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "route",
    .summary = "routes between cores, free of deadlock",
    .description =
        "On Loihi 2 one path for each pair of cores. On SpiNNaker2 a block of "
        "keys for each sending core, a tree of chips, and tables that fit the "
        "routers. Dead routers and links are avoided. Every channel gets a "
        "rank that rises along every route, or the circle of waits is "
        "reported.",
    .needs = SF_FACT_PLACED,
    .gives = SF_FACT_ROUTED,
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |
             SF_FACT_PARTITIONED | SF_FACT_PLACED,
    .exactness = SF_EXACT,
    .options = OPTIONS,
    .options_size = sizeof(route_options),
    .stats = STATS,
    .run = run_route,
};
