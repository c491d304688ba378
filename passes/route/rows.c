/* rows.c - see rows.h: cores, and the paths of Loihi 2. Trees:
 * rows_trees.c. */
#include "passes/route/rows.h"

#include <string.h>

sf_result sf_row_bad(const sf_row_reader *r, const sf_mop *row,
                     const char *what) {
  return sf_error(r->diag, SF_DIAG_MAPPING, row->loc, "this %s %s",
                  row->keyword, what);
}

/* ---- Cores by name. ---- */

static sf_result read_seats(sf_row_reader *r) {
  SF_TRY(sf_mapping_cores_of(r->mapping, r->arena, &r->cores));
  r->seats = SF_NEW_ARRAY(r->arena, sf_row_seat, r->cores.count + (size_t)1);
  if (!r->seats) return SF_OOM;
  uint32_t number = 0;
  for (const sf_mop *m = r->mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "core")) continue;
    sf_row_seat *s = &r->seats[number++];
    s->p = (int32_t)sf_dict_int(&m->attrs, "p", -1);
    if (!sf_core_router(r->machine, sf_dict_int(&m->attrs, "chip", -1),
                        sf_dict_int(&m->attrs, "x", -1),
                        sf_dict_int(&m->attrs, "y", -1), &s->router) ||
        s->p < 0) {
      return sf_row_bad(r, m, "is not placed on the machine");
    }
  }
  return SF_OK;
}

const sf_row_seat *sf_row_find_seat(const sf_row_reader *r,
                                    const sf_item *item) {
  if (!item || item->kind != SF_ITEM_SYMBOL) return NULL;
  const sf_mapping_core *core = sf_mapping_find_core(&r->cores, item->text);
  return core ? &r->seats[core->number] : NULL;
}

/* ---- Channels. ---- */

uint32_t sf_row_channel(sf_row_reader *r, sf_channel_kind kind,
                        sf_position router, int32_t port) {
  sf_channel channel = {kind, router.x, router.y, port};
  return sf_channels_number(&r->out->channels, channel);
}

static sf_result wait_for(sf_row_reader *r, uint32_t route, uint32_t from,
                          uint32_t to) {
  if (from == UINT32_MAX || to == UINT32_MAX) return SF_OOM;
  return sf_waits_edge(&r->out->waits, from, to, route);
}

bool sf_row_hop(sf_row_reader *r, uint32_t route, int32_t direction,
                sf_position *at, uint32_t *channel, sf_result *out) {
  const sf_fabric *f = &r->fabric;
  uint32_t router = (uint32_t)(at->y * f->width + at->x);
  int32_t next = f->neighbours[router * f->degree + (uint32_t)direction];
  *out = SF_OK;
  if (next == SF_FABRIC_NONE) return false;
  uint32_t link = sf_row_channel(r, SF_CHANNEL_LINK, *at, direction);
  *out = wait_for(r, route, *channel, link);
  *channel = link;
  *at = (sf_position){next % f->width, next / f->width};
  return true;
}

sf_result sf_row_no_way(const sf_row_reader *r, const sf_mop *row,
                        sf_position at, int32_t direction) {
  sf_position next;
  bool dead = sf_router_at(r->machine, at, direction, &next);
  return sf_row_bad(r, row, dead ? "takes a dead link" : "leaves the machine");
}

/* ---- Paths. ---- */

static sf_result arrive(sf_row_reader *r, uint32_t route, const sf_mop *row,
                        const sf_row_seat *to, sf_position at,
                        uint32_t channel) {
  if (at.x != to->router.x || at.y != to->router.y)
    return sf_row_bad(r, row, "does not end at its destination");
  return wait_for(r, route, channel,
                  sf_row_channel(r, SF_CHANNEL_EJECT, at, to->p));
}

static sf_result read_path(sf_row_reader *r, uint32_t route, const sf_mop *row,
                           const sf_row_seat *from, const sf_row_seat *to,
                           const sf_item *path) {
  sf_position at = from->router;
  uint32_t channel = sf_row_channel(r, SF_CHANNEL_INJECT, at, from->p);
  for (uint32_t i = 0; i < path->count; i++) {
    const char *hop = path->items[i].text;
    int32_t d = hop ? sf_direction_find(r->machine->topology, hop) : -1;
    sf_result result;
    if (d < 0) return sf_row_bad(r, row, "has a hop of an unknown direction");
    if (!sf_row_hop(r, route, d, &at, &channel, &result))
      return sf_row_no_way(r, row, at, d);
    SF_TRY(result);
  }
  return arrive(r, route, row, to, at, channel);
}

/* Without a path: X, then Y. */
static sf_result read_xy(sf_row_reader *r, uint32_t route, const sf_mop *row,
                         const sf_row_seat *from, const sf_row_seat *to) {
  enum { EAST, NORTH, WEST, SOUTH };
  sf_position at = from->router, end = to->router;
  uint32_t channel = sf_row_channel(r, SF_CHANNEL_INJECT, at, from->p);
  while (at.x != end.x || at.y != end.y) {
    int32_t d = at.x < end.x   ? EAST
                : at.x > end.x ? WEST
                : at.y < end.y ? NORTH
                               : SOUTH;
    sf_result result;
    if (!sf_row_hop(r, route, d, &at, &channel, &result))
      return sf_row_bad(r, row, "has no live X-then-Y path");
    SF_TRY(result);
  }
  return arrive(r, route, row, to, at, channel);
}

static sf_result read_paths(sf_row_reader *r, uint32_t route,
                            const sf_mop *row) {
  const sf_row_seat *from =
      sf_row_find_seat(r, sf_dict_find(&row->attrs, "from"));
  const sf_item *to = sf_dict_find(&row->attrs, "to");
  const sf_item *path = sf_dict_find(&row->attrs, "path");
  if (!from || !to || to->kind != SF_ITEM_LIST ||
      (path && (path->kind != SF_ITEM_LIST || to->count != 1))) {
    return sf_row_bad(
        r, row, "needs a source and destinations; with a path, one of these");
  }
  for (uint32_t i = 0; i < to->count; i++) {
    const sf_row_seat *target = sf_row_find_seat(r, &to->items[i]);
    if (!target) return sf_row_bad(r, row, "leads to a core that is not there");
    SF_TRY(path ? read_path(r, route, row, from, target, path)
                : read_xy(r, route, row, from, target));
  }
  return SF_OK;
}

/* ---- All rows. ---- */

static sf_result list_routes(sf_row_reader *r) {
  sf_rows *out = r->out;
  uint32_t count = sf_mapping_count(r->mapping->first, "route");
  out->routes = SF_NEW_ARRAY(r->arena, const sf_mop *, count + (size_t)1);
  if (!out->routes) return SF_OOM;
  for (const sf_mop *m = r->mapping->first; m; m = m->next)
    if (sf_mapping_is_row(m, "route")) out->routes[out->route_count++] = m;
  return SF_OK;
}

static sf_result start_reader(sf_row_reader *r) {
  sf_result result = sf_fabric_of_machine(r->machine, r->arena, &r->fabric);
  if (result == SF_FAIL) {
    return sf_error(r->diag, SF_DIAG_MACHINE, r->mapping->loc,
                    "'%s' has more routers than %d along a side",
                    r->machine->name, SF_FABRIC_SIDE_MAX);
  }
  SF_TRY(result);
  SF_TRY(read_seats(r));
  return list_routes(r);
}

sf_result sf_rows_read(const sf_mapping *mapping, const sf_machine *machine,
                       sf_diag *diag, sf_arena *arena, sf_rows *out) {
  const char *switching = sf_dict_text(&mapping->attrs, SF_ROUTE_SWITCHING);
  *out = (sf_rows){.switching = switching && strcmp(switching, "wormhole") == 0
                                    ? SF_SWITCHING_WORMHOLE
                                    : SF_SWITCHING_PACKET,
                   .channels = {.arena = arena},
                   .waits = {.arena = arena}};
  sf_row_reader r = {.mapping = mapping,
                     .machine = machine,
                     .diag = diag,
                     .arena = arena,
                     .out = out};
  sf_row_tables *tables = NULL;
  bool trees = machine->family == SF_FAMILY_SPINNAKER2;
  SF_TRY(start_reader(&r));
  if (trees) SF_TRY(sf_row_tables_read(&r, &tables));
  for (uint32_t i = 0; i < out->route_count; i++)
    SF_TRY(trees ? sf_row_tree(&r, tables, i, out->routes[i])
                 : read_paths(&r, i, out->routes[i]));
  out->waits.channel_count = out->channels.count;
  return SF_OK;
}
