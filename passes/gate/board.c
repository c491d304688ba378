/* board.c - what of a machine a routed mapping needs. */
#include "passes/gate/gate.h"

#include "passes/mapping/rows.h"

#include <stdlib.h>

typedef struct reader {
  const sf_mapping *mapping;
  sf_mapping_cores cores;
  uint64_t *routes; /* that leave each core, by their number */
  sf_gate_board *board;
  sf_arena *arena;
  sf_diag *diag;
} reader;

static uint32_t place_of(const sf_gate_board *b, sf_position at) {
  return (uint32_t)(at.y * b->width + at.x);
}

/* ---- Places. ---- */

bool sf_gate_is_usable(const sf_gate_board *b, uint32_t place, uint32_t p) {
  const sf_machine *m = b->machine;
  int32_t x = (int32_t)place % b->width, y = (int32_t)place / b->width;
  if (m->family == SF_FAMILY_SPINNAKER2) {
    const sf_chip *chip = sf_machine_chip_at(m, x, y);
    return chip && sf_machine_core_usable(m, chip->id, x, y, p);
  }
  const sf_chip *chip = sf_machine_chip_at(m, x / m->width, y / m->height);
  return chip &&
         sf_machine_core_usable(m, chip->id, x % m->width, y % m->height, p);
}

uint32_t sf_gate_usable(const sf_gate_board *b, uint32_t place) {
  uint32_t count = 0;
  for (uint32_t p = 0; p < b->cores_each; p++)
    count += sf_gate_is_usable(b, place, p);
  return count;
}

/* ---- Cores. ---- */

/* Words of the pool, at most: the lists and input axons as `partition` counted
 * them; on the output side a word a neuron, and a word a route and synapse list
 * for population axons. */
static uint64_t pool_words(const sf_machine *m, const sf_mop *core,
                           uint64_t ways) {
  uint64_t words = 0;
  if (m->family != SF_FAMILY_LOIHI2) return 0;
  uint64_t each = (uint64_t)sf_machine_value(m, "axon-map-words");
  for (const sf_mop *h = core->first_child; h; h = h->next) {
    if (!sf_mapping_is_row(h, "host")) continue;
    const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
    int64_t own = sf_dict_int(&h->attrs, "words", 0);
    int64_t axons = sf_dict_int(&h->attrs, "axons", 0);
    words += (own > 0 ? (uint64_t)own : 0) + (axons > 0 ? (uint64_t)axons : 0);
    words += (box ? sf_box_elements(&box->box) : 0) * each;
  }
  return words + ways;
}

static sf_result read_core(reader *r, const sf_mop *row, uint64_t ways) {
  sf_gate_board *b = r->board;
  int64_t chip = sf_dict_int(&row->attrs, "chip", -1);
  int64_t x = sf_dict_int(&row->attrs, "x", -1);
  int64_t y = sf_dict_int(&row->attrs, "y", -1);
  int64_t p = sf_dict_int(&row->attrs, "p", -1);
  sf_position router;
  if (!sf_machine_core_usable(b->machine, chip, x, y, p) ||
      !sf_core_router(b->machine, chip, x, y, &router)) {
    return sf_error(r->diag, SF_DIAG_MAPPING, row->loc,
                    "core '@%s' is not on a usable core of '%s'",
                    sf_mapping_name(row), b->machine->name);
  }
  b->cores[b->core_count++] =
      (sf_gate_core){place_of(b, router), (uint32_t)p, (uint32_t)chip,
                     pool_words(b->machine, row, ways)};
  sf_gate_cross(b, router);
  return SF_OK;
}

static int by_place(const void *a, const void *b) {
  const sf_gate_core *p = a, *q = b;
  if (p->place != q->place) return p->place < q->place ? -1 : 1;
  return p->p < q->p ? -1 : p->p > q->p;
}

/* Population axons of a core: at most one for each route that leaves it, or
 * itself, and each of these. */
static uint64_t count_projections(const sf_mapping *mapping) {
  const sf_network *network = sf_mapping_network(mapping);
  uint64_t projections = 0;
  for (const sf_op *op = network ? network->first : NULL; op; op = op->next)
    projections += op->kind != SF_OP_NEURONS;
  return projections;
}

/* ---- Routes. ---- */

static sf_result broken(reader *r, const sf_mop *route) {
  return sf_error(r->diag, SF_DIAG_MAPPING, route->loc,
                  "route '@%s' is no path of live routers; run `route`",
                  sf_mapping_name(route));
}

static bool router_of(const reader *r, const sf_mapping_core *core,
                      sf_position *out) {
  const sf_dict *a = &core->row->attrs;
  return sf_core_router(r->board->machine, sf_dict_int(a, "chip", -1),
                        sf_dict_int(a, "x", -1), sf_dict_int(a, "y", -1), out);
}

static sf_result walk_path(reader *r, const sf_mop *route, const sf_item *path,
                           sf_position at) {
  for (uint32_t i = 0; i < path->count; i++) {
    const char *hop = path->items[i].text ? path->items[i].text : "";
    int32_t d = sf_direction_find(r->board->machine->topology, hop);
    if (d < 0 || !sf_router_behind(r->board->machine, at, d, &at))
      return broken(r, route);
    sf_gate_cross(r->board, at);
  }
  return SF_OK;
}

/* A row without a path: X, then Y to each destination. */
static sf_result walk_xy(reader *r, const sf_mop *route, sf_position from) {
  const sf_item *to = sf_dict_find(&route->attrs, "to");
  uint32_t count = to && to->kind == SF_ITEM_LIST ? to->count : 0;
  for (uint32_t i = 0; i < count; i++) {
    const sf_mapping_core *target =
        sf_mapping_find_core(&r->cores, to->items[i].text);
    sf_position end;
    if (!target || !router_of(r, target, &end) ||
        !sf_gate_cross_xy(r->board, from, end)) {
      return broken(r, route);
    }
  }
  return SF_OK;
}

static sf_result walk_route(reader *r, const sf_mop *route) {
  const sf_mapping_core *from =
      sf_mapping_find_core(&r->cores, sf_dict_text(&route->attrs, "from"));
  const sf_item *to = sf_dict_find(&route->attrs, "to");
  sf_position at;
  if (!from || !router_of(r, from, &at)) return broken(r, route);
  r->routes[from->number] += to && to->kind == SF_ITEM_LIST ? to->count : 1;
  /* Tables, not rows, say where packets of SPINNAKER2 go; its routers stay. */
  if (r->board->machine->family == SF_FAMILY_SPINNAKER2) return SF_OK;
  const sf_item *path = sf_dict_find(&route->attrs, "path");
  if (path && path->kind == SF_ITEM_LIST) return walk_path(r, route, path, at);
  return walk_xy(r, route, at);
}

/* ---- Barriers and configuration. ---- */

/* The tree of barrier messages and the paths of configuration and of the host's
 * events are not published: X-Y paths from router (0, 0) of the first chip in
 * use to every core, and back, are kept. */
static void keep_barriers(sf_gate_board *b) {
  uint32_t first = UINT32_MAX;
  for (uint32_t c = 0; c < b->core_count; c++)
    if (b->cores[c].chip < first) first = b->cores[c].chip;
  const sf_chip *chip = sf_machine_chip(b->machine, first);
  if (!chip) return;
  b->root =
      (sf_position){chip->x * b->machine->width, chip->y * b->machine->height};
  b->routers = true;
  for (uint32_t c = 0; c < b->core_count; c++) {
    int32_t place = (int32_t)b->cores[c].place;
    sf_position at = {place % b->width, place / b->width};
    if (c > 0 && b->cores[c - 1].place == b->cores[c].place) continue;
    /* With faults in the way we do not know the path: all routers stay on. */
    if (!sf_gate_cross_xy(b, b->root, at) || !sf_gate_cross_xy(b, at, b->root))
      b->routers = false;
  }
}

sf_result sf_gate_board_of(const sf_mapping *mapping, const sf_machine *machine,
                           sf_arena *arena, sf_diag *diag, sf_gate_board *out) {
  bool chips = machine->family == SF_FAMILY_SPINNAKER2;
  *out = (sf_gate_board){.machine = machine};
  out->width = machine->columns * (chips ? 1 : machine->width);
  out->height = machine->rows * (chips ? 1 : machine->height);
  const sf_quantity *banks = sf_machine_quantity(machine, "memory-banks");
  out->banks = banks && banks->value >= 1 ? (uint64_t)banks->value : 0;
  out->cores_each = chips ? machine->cores_per_chip : machine->cores_per_router;
  SF_TRY(sf_gate_crossed_create(out, arena));
  reader r = {.mapping = mapping, .board = out, .arena = arena, .diag = diag};
  SF_TRY(sf_mapping_cores_of(mapping, arena, &r.cores));
  uint32_t count = r.cores.count;
  r.routes = SF_NEW_ARRAY(arena, uint64_t, count + (size_t)1);
  out->cores = SF_NEW_ARRAY(arena, sf_gate_core, count + (size_t)1);
  if (!r.routes || !out->cores) return SF_OOM;
  uint64_t projections = count_projections(mapping);
  for (const sf_mop *m = mapping->first; m; m = m->next)
    if (sf_mapping_is_row(m, "route")) SF_TRY(walk_route(&r, m));
  for (uint32_t c = 0; c < count; c++) {
    uint64_t ways = (r.routes[r.cores.items[c].number] + 1) * projections;
    SF_TRY(read_core(&r, r.cores.items[c].row, ways));
  }
  if (out->core_count)
    qsort(out->cores, out->core_count, sizeof *out->cores, by_place);
  if (!chips) keep_barriers(out);
  sf_gate_crossed_finish(out);
  return SF_OK;
}
