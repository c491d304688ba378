/* flows.c - pairs of cores between which spikes travel. */
#include "passes/route/route.h"

#include <string.h>

static uint32_t count_rows(const sf_mop *first, const char *keyword) {
  uint32_t count = 0;
  for (const sf_mop *m = first; m; m = m->next)
    count += strcmp(m->keyword, keyword) == 0;
  return count;
}

/* The population whose neurons a `host` row names; NULL: synapses. */
static const sf_op *hosted_population(const sf_network *network,
                                      const sf_mop *host) {
  const sf_mop_argument *value = sf_mop_find(host, SF_MOP_VALUE);
  if (!value) return NULL;
  sf_slice name = {value->text, strlen(value->text)};
  const sf_value *v = sf_network_find_value(network, name);
  if (!v || !v->op || v->op->kind != SF_OP_NEURONS) return NULL;
  return v->op;
}

static sf_result read_hosts(const sf_network *network, const sf_mop *row,
                            sf_arena *arena, sf_route_core *core) {
  uint32_t most = count_rows(row->first_child, "host");
  core->hosts = SF_NEW_ARRAY(arena, sf_route_host, most + (size_t)1);
  if (!core->hosts) return SF_OOM;
  for (const sf_mop *m = row->first_child; m; m = m->next) {
    if (strcmp(m->keyword, "host") != 0) continue;
    const sf_op *op = hosted_population(network, m);
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
  const sf_mop_argument *name = sf_mop_find(row, SF_MOP_SYMBOL);
  core->name = name ? name->text : "";
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
  uint32_t count = count_rows(mapping->first, "core");
  out->cores = SF_NEW_ARRAY(arena, sf_route_core, count + (size_t)1);
  if (!out->cores) return SF_OOM;
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "core") != 0) continue;
    sf_route_core *core = &out->cores[out->core_count++];
    SF_TRY(read_core(network, machine, m, arena, diag, core));
  }
  return SF_OK;
}

bool sf_route_sends(const sf_route_flows *flows, uint32_t source,
                    uint32_t target) {
  const uint64_t *row = flows->bits + source * flows->row_words;
  return (row[target / 64] >> (target % 64)) & 1;
}

static void mark(sf_route_flows *flows, uint32_t source, uint32_t target) {
  uint64_t *row = flows->bits + source * flows->row_words;
  row[target / 64] |= UINT64_C(1) << (target % 64);
}

/* Cores that host any of `hit` send to `target`. */
static void mark_sources(sf_route_flows *flows, const sf_flow_hit *hit,
                         uint32_t target) {
  for (uint32_t c = 0; c < flows->core_count; c++) {
    const sf_route_core *core = &flows->cores[c];
    for (uint32_t i = 0; i < core->host_count; i++) {
      sf_box shared;
      if (core->hosts[i].op == hit->value->op &&
          sf_box_intersect(&core->hosts[i].box, &hit->box, &shared)) {
        mark(flows, c, target);
      }
    }
  }
}

sf_result sf_route_flows_find(const sf_mapping *mapping,
                              const sf_machine *machine, sf_arena *arena,
                              sf_diag *diag, sf_route_flows *out) {
  *out = (sf_route_flows){0};
  SF_TRY(read_cores(mapping, machine, arena, diag, out));
  out->row_words = (out->core_count + (size_t)63) / 64;
  out->bits = SF_NEW_ARRAY(arena, uint64_t,
                           out->row_words * out->core_count + (size_t)1);
  if (!out->bits) return SF_OOM;
  sf_flow flow = {.arena = arena};
  for (uint32_t t = 0; t < out->core_count; t++) {
    const sf_route_core *core = &out->cores[t];
    for (uint32_t i = 0; i < core->host_count; i++) {
      SF_TRY(sf_flow_trace(&flow, core->hosts[i].op, &core->hosts[i].box));
      for (uint32_t h = 0; h < flow.count; h++) {
        const sf_flow_hit *hit = &flow.hits[h];
        if (hit->value->op && sf_flow_is_on_chip(hit->value->op))
          mark_sources(out, hit, t);
      }
    }
  }
  return SF_OK;
}
