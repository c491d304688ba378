/* flows.c - pairs of cores between which spikes travel. */
#include "passes/mapping/rows.h"
#include "passes/route/hosts.h"
#include "passes/route/route.h"

#include <string.h>

static sf_result read_hosts(const sf_network *network, const sf_mop *row,
                            sf_arena *arena, sf_route_core *core) {
  uint32_t most = sf_mapping_count(row->first_child, "host");
  core->hosts = SF_NEW_ARRAY(arena, sf_route_host, most + (size_t)1);
  if (!core->hosts) return SF_OOM;
  for (const sf_mop *m = row->first_child; m; m = m->next) {
    const sf_op *op = sf_mapping_hosted(network, m);
    if (!op) continue;
    const sf_mop_argument *box = sf_mop_find(m, SF_MOP_BOX);
    sf_route_host *host = &core->hosts[core->host_count++];
    host->op = op;
    host->box = box ? box->box : sf_box_whole(&op->results[0]->type);
    core->keys += (uint32_t)sf_box_elements(&host->box) * op->result_count;
  }
  return SF_OK;
}

static sf_result read_core(const sf_network *network, const sf_machine *machine,
                           const sf_mop *row, sf_arena *arena, sf_diag *diag,
                           sf_route_core *core) {
  core->name = sf_mapping_name(row);
  core->chip = sf_dict_int(&row->attrs, "chip", -1);
  core->x = sf_dict_int(&row->attrs, "x", -1);
  core->y = sf_dict_int(&row->attrs, "y", -1);
  core->p = sf_dict_int(&row->attrs, "p", -1);
  if (!sf_machine_core_usable(machine, core->chip, core->x, core->y, core->p) ||
      !sf_core_router(machine, core->chip, core->x, core->y, &core->router)) {
    sf_error(diag, SF_DIAG_MAPPING, row->loc,
             "core '@%s' is not on a usable core of '%s'", core->name,
             machine->name);
    sf_help(diag, "run place");
    return SF_FAIL;
  }
  return read_hosts(network, row, arena, core);
}

static sf_result read_cores(const sf_mapping *mapping,
                            const sf_machine *machine, sf_arena *arena,
                            sf_diag *diag, sf_route_flows *out) {
  const sf_network *network = sf_mapping_network(mapping);
  if (!network) {
    return sf_error(diag, SF_DIAG_MAPPING, mapping->loc,
                    "there is no network '@%s'", mapping->network);
  }
  uint32_t count = sf_mapping_count(mapping->first, "core");
  out->cores = SF_NEW_ARRAY(arena, sf_route_core, count + (size_t)1);
  if (!out->cores) return SF_OOM;
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "core")) continue;
    sf_route_core *core = &out->cores[out->core_count++];
    SF_TRY(read_core(network, machine, m, arena, diag, core));
  }
  return SF_OK;
}

/* ---- Pairs. ---- */

typedef struct finder {
  sf_route_flows *out;
  sf_arena *arena;
  uint32_t tree_count;
  sf_host_tree *trees;
  uint32_t *tree_of; /* of each op of the network, by order; from 1 on */
  uint32_t *seen;    /* of each core: target + 1 that it was found for */
  uint32_t target;
  uint32_t count, capacity;
  uint32_t (*pairs)[2]; /* source, target; by target */
} finder;

static sf_result add_pair(void *data, uint32_t source) {
  finder *f = data;
  if (f->seen[source] == f->target + 1) return SF_OK;
  f->seen[source] = f->target + 1;
  if (f->count == f->capacity) {
    uint32_t capacity = f->capacity ? 2 * f->capacity : 1024;
    uint32_t(*pairs)[2] = sf_arena_array(f->arena, capacity, sizeof *pairs);
    if (!pairs) return SF_OOM;
    if (f->count) memcpy(pairs, f->pairs, f->count * sizeof *pairs);
    f->pairs = pairs;
    f->capacity = capacity;
  }
  f->pairs[f->count][0] = source;
  f->pairs[f->count++][1] = f->target;
  return SF_OK;
}

/* A tree of boxes for each population that cores host. */
static sf_result index_hosts(finder *f, const sf_network *network) {
  const sf_route_flows *flows = f->out;
  uint32_t ops = network->op_count;
  uint32_t *counts = SF_NEW_ARRAY(f->arena, uint32_t, ops + (size_t)1);
  f->tree_of = SF_NEW_ARRAY(f->arena, uint32_t, ops + (size_t)1);
  f->trees = SF_NEW_ARRAY(f->arena, sf_host_tree, ops + (size_t)1);
  if (!counts || !f->tree_of || !f->trees) return SF_OOM;
  for (uint32_t c = 0; c < flows->core_count; c++)
    for (uint32_t i = 0; i < flows->cores[c].host_count; i++)
      counts[flows->cores[c].hosts[i].op->order]++;
  sf_host_item **items =
      SF_NEW_ARRAY(f->arena, sf_host_item *, ops + (size_t)1);
  uint32_t *filled = SF_NEW_ARRAY(f->arena, uint32_t, ops + (size_t)1);
  if (!items || !filled) return SF_OOM;
  for (uint32_t o = 0; o < ops; o++) {
    if (counts[o] == 0) continue;
    items[o] = SF_NEW_ARRAY(f->arena, sf_host_item, counts[o]);
    if (!items[o]) return SF_OOM;
  }
  for (uint32_t c = 0; c < flows->core_count; c++) {
    for (uint32_t i = 0; i < flows->cores[c].host_count; i++) {
      const sf_route_host *host = &flows->cores[c].hosts[i];
      uint32_t o = host->op->order;
      items[o][filled[o]++] = (sf_host_item){.box = host->box, .core = c};
    }
  }
  for (uint32_t o = 0; o < ops; o++) {
    if (counts[o] == 0) continue;
    f->tree_of[o] = ++f->tree_count;
    SF_TRY(sf_host_tree_build(items[o], counts[o], f->arena,
                              &f->trees[f->tree_count - 1]));
  }
  return SF_OK;
}

/* Cores whose neurons the hosts of the target read. */
static sf_result find_sources(finder *f, sf_flow *flow) {
  const sf_route_core *core = &f->out->cores[f->target];
  for (uint32_t i = 0; i < core->host_count; i++) {
    SF_TRY(sf_flow_trace(flow, core->hosts[i].op, &core->hosts[i].box));
    for (uint32_t h = 0; h < flow->count; h++) {
      const sf_op *from = flow->hits[h].value->op;
      if (!from || !sf_flow_is_on_chip(from) || !f->tree_of[from->order])
        continue;
      SF_TRY(sf_host_tree_find(&f->trees[f->tree_of[from->order] - 1],
                               &flow->hits[h].box, add_pair, f));
    }
  }
  return SF_OK;
}

/* From pairs by target to targets by source, ascending. */
static sf_result transpose(const finder *f) {
  sf_route_flows *out = f->out;
  out->first = SF_NEW_ARRAY(f->arena, uint32_t, out->core_count + (size_t)2);
  out->targets = SF_NEW_ARRAY(f->arena, uint32_t, f->count + (size_t)1);
  uint32_t *fill =
      SF_NEW_ARRAY(f->arena, uint32_t, out->core_count + (size_t)1);
  if (!out->first || !out->targets || !fill) return SF_OOM;
  for (uint32_t i = 0; i < f->count; i++)
    out->first[f->pairs[i][0] + 1]++;
  for (uint32_t c = 0; c < out->core_count; c++)
    out->first[c + 1] += out->first[c];
  for (uint32_t i = 0; i < f->count; i++) {
    uint32_t source = f->pairs[i][0];
    out->targets[out->first[source] + fill[source]++] = f->pairs[i][1];
  }
  return SF_OK;
}

sf_result sf_route_flows_find(const sf_mapping *mapping,
                              const sf_machine *machine, sf_arena *arena,
                              sf_diag *diag, sf_route_flows *out) {
  *out = (sf_route_flows){0};
  SF_TRY(read_cores(mapping, machine, arena, diag, out));
  finder f = {.out = out,
              .arena = arena,
              .seen =
                  SF_NEW_ARRAY(arena, uint32_t, out->core_count + (size_t)1)};
  if (!f.seen) return SF_OOM;
  SF_TRY(index_hosts(&f, sf_mapping_network(mapping)));
  sf_flow flow = {.arena = arena};
  for (f.target = 0; f.target < out->core_count; f.target++)
    SF_TRY(find_sources(&f, &flow));
  return transpose(&f);
}
