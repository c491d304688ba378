/* layout.c - where a mapping lies, in the plain structs of the cost
 * model. */
#include "passes/gate/gate.h"
#include "passes/mapping/flow.h"
#include "passes/mapping/report.h"
#include "passes/route/route.h"

#include <string.h>

typedef struct layout_reader {
  const sf_mapping *mapping;
  const sf_machine *machine;
  sf_arena *arena;
  sf_route_flows flows;
  uint32_t layer_count;
  sf_cost_layer *layers;
  const sf_op **ops; /* of the layers */
} layout_reader;

static sf_cost_layer *layer_of(layout_reader *r, const sf_op *op) {
  for (uint32_t i = 0; i < r->layer_count; i++)
    if (r->ops[i] == op) return &r->layers[i];
  return NULL;
}

/* How synapses into the population are stored: a window anywhere makes it
 * conv, else a list makes it sparse. */
static sf_result format_of(layout_reader *r, const sf_op *op,
                           sf_cost_format *out) {
  sf_flow flow = {.arena = r->arena};
  sf_box whole = sf_box_whole(&op->results[0]->type);
  SF_TRY(sf_flow_trace(&flow, op, &whole));
  *out = SF_COST_DENSE;
  for (uint32_t i = 0; i < flow.count; i++) {
    const sf_op *from = flow.hits[i].value->op;
    if (!sf_flow_is_projection(from) || from->kind == SF_OP_LINEAR) continue;
    if (from->kind != SF_OP_SPARSE) {
      *out = SF_COST_CONV;
      return SF_OK;
    }
    *out = SF_COST_SPARSE;
  }
  return SF_OK;
}

static sf_result read_layers(layout_reader *r) {
  const sf_network *network = sf_mapping_network(r->mapping);
  uint32_t most = network ? network->op_count : 0;
  r->layers = SF_NEW_ARRAY(r->arena, sf_cost_layer, most + (size_t)1);
  r->ops = SF_NEW_ARRAY(r->arena, const sf_op *, most + (size_t)1);
  if (!r->layers || !r->ops) return SF_OOM;
  for (const sf_op *op = network ? network->first : NULL; op; op = op->next) {
    if (!sf_flow_is_on_chip(op)) continue;
    sf_cost_layer *layer = &r->layers[r->layer_count];
    r->ops[r->layer_count++] = op;
    layer->name = op->results[0]->name;
    SF_TRY(format_of(r, op, &layer->format));
  }
  for (uint32_t c = 0; c < r->flows.core_count; c++) {
    for (uint32_t i = 0; i < r->flows.cores[c].host_count; i++) {
      sf_cost_layer *layer = layer_of(r, r->flows.cores[c].hosts[i].op);
      if (layer) layer->cores++;
    }
  }
  return SF_OK;
}

/* Chip borders on a path: the router's chip changes. */
static uint32_t chip_borders(const sf_machine *m, sf_position from,
                             sf_position to) {
  int32_t w = m->width, h = m->height;
  int32_t dx = from.x / w - to.x / w, dy = from.y / h - to.y / h;
  return (uint32_t)((dx < 0 ? -dx : dx) + (dy < 0 ? -dy : dy));
}

static uint32_t distance(int32_t a, int32_t b) {
  return (uint32_t)(a < b ? b - a : a - b);
}

/* A spike of any neuron on `from` takes this route. */
static void add_path(layout_reader *r, const sf_route_core *from,
                     const sf_route_core *to) {
  for (uint32_t i = 0; i < from->host_count; i++) {
    sf_cost_layer *layer = layer_of(r, from->hosts[i].op);
    if (!layer || layer->cores == 0) continue;
    double share = 1.0 / layer->cores;
    uint32_t borders = chip_borders(r->machine, from->router, to->router);
    layer->messages += share;
    layer->hops_x += share * distance(from->router.x, to->router.x);
    layer->hops_y += share * distance(from->router.y, to->router.y);
    layer->chip_hops += share * borders;
  }
}

/* The same pairs of cores that `route` joins. */
static void add_routes(layout_reader *r) {
  const sf_route_flows *f = &r->flows;
  bool multicast = r->machine->family == SF_FAMILY_SPINNAKER2;
  for (uint32_t i = 0; i < r->layer_count && multicast; i++)
    r->layers[i].messages = 1;
  uint32_t count = multicast ? 0 : f->core_count;
  for (uint32_t s = 0; s < count; s++)
    for (uint32_t i = f->first[s]; i < f->first[s + 1]; i++)
      if (f->targets[i] != s)
        add_path(r, &f->cores[s], &f->cores[f->targets[i]]);
}

/* Distinct routers and chips in use. */
static sf_result count_places(const layout_reader *r, sf_cost_layout *out) {
  const sf_machine *m = r->machine;
  size_t columns = (size_t)m->columns * (size_t)m->width;
  size_t routers = columns * (size_t)m->rows * (size_t)m->height;
  bool *router_used = SF_NEW_ARRAY(r->arena, bool, routers + 1);
  bool *chip_used = SF_NEW_ARRAY(r->arena, bool, m->chip_count + (size_t)1);
  if (!router_used || !chip_used) return SF_OOM;
  for (uint32_t c = 0; c < r->flows.core_count; c++) {
    const sf_route_core *core = &r->flows.cores[c];
    bool *router =
        &router_used[(size_t)core->router.y * columns + (size_t)core->router.x];
    bool *chip = &chip_used[sf_machine_chip(m, core->chip) - m->chips];
    out->routers += !*router;
    out->chips += !*chip;
    *router = *chip = true;
  }
  return SF_OK;
}

sf_result sf_mapping_layout(const sf_mapping *mapping,
                            const sf_machine *machine, sf_arena *arena,
                            sf_diag *diag, sf_cost_layout *out) {
  *out = (sf_cost_layout){0};
  layout_reader r = {.mapping = mapping, .machine = machine, .arena = arena};
  SF_TRY(sf_route_flows_find(mapping, machine, arena, diag, &r.flows));
  SF_TRY(read_layers(&r));
  add_routes(&r);
  SF_TRY(count_places(&r, out));
  out->cores = r.flows.core_count;
  out->layer_count = r.layer_count;
  out->layers = r.layers;
  sf_gate_counts off;
  SF_TRY(sf_gate_count_rows(mapping, machine, arena, diag, &off));
  out->cores_off = off.near_cores;
  out->routers_off = off.near_routers;
  out->banks_off = off.banks;
  return SF_OK;
}
