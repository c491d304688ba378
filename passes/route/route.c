/* route.c - the pass `route`: how spikes get from core to core.
 *
 * Adds, on Loihi 2, a row for each pair of cores between which spikes travel,
 *
 *   route @r0 {from = @c0, to = [@c1], path = [e, n]}
 *
 * X, then Y; on SpiNNaker2 a row for each sending core and each chip's table,
 *
 *   route @r0 {from = @c0, to = [@c1, @c2], key = 0, mask = 4294967168}
 *   table (0, 0) { entry 0 4294967168 {links = [], cores = [1, 2]} }
 *
 * and proves that no two packets can wait for each other: every channel gets a
 * rank that rises along every route (certificate.c). */
#include "passes/route/route.h"
#include "sf/pass.h"

#include <stdlib.h>
#include <string.h>

enum { STAT_ROUTES, STAT_HOPS, STAT_ENTRIES };

/* Rows of an earlier run. Nothing else refers to them. */
static void remove_old_rows(sf_mapping *mapping) {
  sf_mop *first = NULL, *last = NULL, *next = NULL;
  uint32_t count = 0;
  for (sf_mop *m = mapping->first; m; m = next) {
    next = m->next;
    if (strcmp(m->keyword, "route") == 0 || strcmp(m->keyword, "table") == 0)
      continue;
    m->next = NULL;
    if (last) last->next = m;
    if (!first) first = m;
    last = m;
    count++;
  }
  mapping->first = first;
  mapping->last = last;
  mapping->count = count;
}

static sf_result route_mapping(sf_pass_run *run, sf_mapping *mapping) {
  remove_old_rows(mapping);
  sf_route_job job = {.mapping = mapping,
                      .machine = run->machine,
                      .scratch = run->scratch,
                      .diag = run->diag};
  sf_route_flows flows;
  SF_TRY(sf_route_flows_find(mapping, run->machine, run->scratch, run->diag,
                             &flows));
  SF_TRY(run->machine->family == SF_FAMILY_LOIHI2
             ? sf_route_loihi2(&job, &flows)
             : sf_route_spinnaker2(&job, &flows));
  run->stats[STAT_ROUTES] += job.routes;
  run->stats[STAT_HOPS] += job.hops;
  run->stats[STAT_ENTRIES] += job.entries;
  char *certificate = NULL;
  SF_TRY(sf_route_certificate(mapping, run->machine, run->diag, &certificate));
  free(certificate);
  return SF_OK;
}

static sf_result check_machine(const sf_pass_run *run,
                               const sf_mapping *mapping) {
  if (!run->machine) {
    sf_error(run->diag, SF_DIAG_USAGE, mapping->loc,
             "'route' needs to know the machine");
    sf_help(run->diag, "name one with --machine");
    return SF_FAIL;
  }
  if (strcmp(mapping->machine, run->machine->name) == 0) return SF_OK;
  sf_error(run->diag, SF_DIAG_MAPPING, mapping->loc,
           "'@%s' is placed on '%s', not on '%s'", mapping->network,
           mapping->machine, run->machine->name);
  sf_help(run->diag, "run partition and place for '%s' first",
          run->machine->name);
  return SF_FAIL;
}

static sf_result run_route(sf_pass_run *run) {
  for (sf_mapping *m = run->module->first_mapping; m; m = m->next) {
    SF_TRY(check_machine(run, m));
    SF_TRY(route_mapping(run, m));
  }
  return SF_OK;
}

static const sf_stat STATS[] = {
    {"routes", "rows `route`"},
    {"hops", "links in all routes"},
    {"entries", "table entries (SpiNNaker2)"},
    {0},
};

const sf_pass sf_pass_route = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "route",
    .summary = "routes between cores, free of deadlock",
    .description =
        "On Loihi 2 one path for each pair of cores, X, then Y. On SpiNNaker2 "
        "a block of keys for each sending core, a tree of chips, and tables. "
        "Every channel gets a rank that rises along every route.",
    .needs = SF_FACT_PLACED,
    .gives = SF_FACT_ROUTED,
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED |
             SF_FACT_PARTITIONED | SF_FACT_PLACED,
    .exactness = SF_EXACT,
    .stats = STATS,
    .run = run_route,
};
