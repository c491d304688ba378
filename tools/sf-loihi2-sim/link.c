/* link.c - see link.h. A route's path is walked on the joined mesh of the
 * board: router (x, y) of chip (cx, cy) is (cx * routersX + x, cy * routersY +
 * y), e and w change x by one, n and s change y by one, n grows. */
#include "tools/sf-loihi2-sim/link.h"

#include "tools/sf-loihi2-sim/gates.h"

#include <stdlib.h>
#include <string.h>

typedef struct mesh {
  const sf_sim_document *document;
  const xmlNode *board;
  uint32_t routers_x, routers_y;
  sf_sim_gates gates;
} mesh;

/* Core `id` of `chip`, or core_count. */
static uint32_t find_core(const sf_sim_board *board, uint32_t chip,
                          uint32_t id) {
  uint32_t low = 0, high = board->core_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const sf_sim_core *core = &board->cores[middle];
    if (core->chip < chip || (core->chip == chip && core->id < id))
      low = middle + 1;
    else
      high = middle;
  }
  if (low < board->core_count && board->cores[low].chip == chip &&
      board->cores[low].id == id)
    return low;
  return board->core_count;
}

/* Position of a core's router on the board. */
static sf_result position(const mesh *m, const sf_sim_core *core, int64_t *x,
                          int64_t *y) {
  *x = *y = 0;
  for (const xmlNode *chip = sf_sim_child(m->board, "chip"); chip;
       chip = sf_sim_next(chip, "chip")) {
    uint32_t id;
    int32_t chip_x, chip_y;
    SF_TRY(sf_sim_number(m->document, chip, "id", INT32_MAX, &id));
    if (id != core->chip) continue;
    SF_TRY(sf_sim_integer(m->document, chip, "x", &chip_x));
    SF_TRY(sf_sim_integer(m->document, chip, "y", &chip_y));
    if (core->x >= m->routers_x || core->y >= m->routers_y)
      return sf_sim_bad(m->document, chip, "core %u is outside the mesh",
                        core->id);
    *x = (int64_t)chip_x * m->routers_x + core->x;
    *y = (int64_t)chip_y * m->routers_y + core->y;
    return SF_OK;
  }
  return sf_sim_bad(m->document, m->board, "there is no chip %u", core->chip);
}

static bool hop(const char *name, size_t length, int64_t *x, int64_t *y) {
  if (length != 1) return false;
  switch (name[0]) {
  case 'e':
    ++*x;
    return true;
  case 'w':
    --*x;
    return true;
  case 'n':
    ++*y;
    return true;
  case 's':
    --*y;
    return true;
  default:
    return false;
  }
}

static sf_result walk(const mesh *m, const xmlNode *node,
                      const sf_sim_board *board, const sf_sim_route *route) {
  const char *path;
  int64_t x, y, end_x, end_y;
  uint32_t hops = 0;
  SF_TRY(sf_sim_text(m->document, node, "path", &path));
  SF_TRY(position(m, &board->cores[route->from], &x, &y));
  SF_TRY(position(m, &board->cores[route->to], &end_x, &end_y));
  for (const char *at = path; *at;) {
    size_t length = strcspn(at, " ");
    if (!hop(at, length, &x, &y))
      return sf_sim_bad(m->document, node, "'%.*s' is not a hop",
                        (int)(length > 20 ? 20 : length), at);
    if (sf_sim_router_is_off(&m->gates, x, y))
      return sf_sim_bad(m->document, node,
                        "the path crosses router (%lld, %lld), which is "
                        "switched off",
                        (long long)x, (long long)y);
    hops++;
    at += length;
    at += strspn(at, " ");
  }
  if (x != end_x || y != end_y)
    return sf_sim_bad(m->document, node,
                      "the path ends at router (%lld, %lld), core '%s' is at "
                      "(%lld, %lld)",
                      (long long)x, (long long)y, board->cores[route->to].name,
                      (long long)end_x, (long long)end_y);
  if (hops != route->hops)
    return sf_sim_bad(m->document, node, "the path has %u hops, not %u", hops,
                      route->hops);
  return SF_OK;
}

static sf_result read_route(const mesh *m, const xmlNode *node,
                            const sf_sim_board *board, sf_sim_route *route) {
  const uint32_t max = INT32_MAX;
  uint32_t from_chip, from_core, to_chip, to_core;
  SF_TRY(sf_sim_number(m->document, node, "fromChip", max, &from_chip));
  SF_TRY(sf_sim_number(m->document, node, "fromCore", max, &from_core));
  SF_TRY(sf_sim_number(m->document, node, "toChip", max, &to_chip));
  SF_TRY(sf_sim_number(m->document, node, "toCore", max, &to_core));
  SF_TRY(sf_sim_number(m->document, node, "hops", max, &route->hops));
  route->from = find_core(board, from_chip, from_core);
  route->to = find_core(board, to_chip, to_core);
  if (route->from == board->core_count || route->to == board->core_count)
    return sf_sim_bad(m->document, node, "a route between cores not in use");
  return walk(m, node, board, route);
}

/* Nothing that is in use may be off. */
static sf_result check_gates(const mesh *m, const sf_sim_board *board) {
  if (m->gates.node && m->gates.members != board->core_count)
    return sf_sim_bad(m->document, m->gates.node,
                      "barriers wait for %u cores, %u are in use",
                      m->gates.members, board->core_count);
  for (uint32_t c = 0; c < board->core_count && m->gates.node; c++) {
    int64_t x, y;
    SF_TRY(position(m, &board->cores[c], &x, &y));
    SF_TRY(sf_sim_gates_check_core(m->document, &m->gates, x, y,
                                   &board->cores[c]));
  }
  return SF_OK;
}

static int compare_routes(const void *a, const void *b) {
  const sf_sim_route *p = a, *q = b;
  if (p->from != q->from) return p->from < q->from ? -1 : 1;
  return p->to < q->to ? -1 : p->to > q->to;
}

static sf_result read_routes(const sf_sim_document *document,
                             sf_sim_board *board) {
  mesh m = {.document = document,
            .board = sf_sim_child(document->root, "board")};
  SF_TRY(sf_sim_number(document, m.board, "routersX", 4096, &m.routers_x));
  SF_TRY(sf_sim_number(document, m.board, "routersY", 4096, &m.routers_y));
  SF_TRY(sf_sim_gates_read(document, &m.gates));
  SF_TRY(check_gates(&m, board));
  board->route_count = sf_sim_child_count(document->root, "route");
  board->routes =
      SF_NEW_ARRAY(board->arena, sf_sim_route, board->route_count + 1);
  if (!board->routes) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *r = sf_sim_child(document->root, "route"); r;
       r = sf_sim_next(r, "route"))
    SF_TRY(read_route(&m, r, board, &board->routes[i++]));
  qsort(board->routes, board->route_count, sizeof *board->routes,
        compare_routes);
  return SF_OK;
}

/* From a core (its index) or from an input (core_count: any hop is free). */
static sf_result link_out(const sf_sim_document *document, const xmlNode *node,
                          const sf_sim_board *board, uint32_t from,
                          sf_sim_out *out) {
  out->target = find_core(board, out->chip, out->core_id);
  if (out->target == board->core_count)
    return sf_sim_bad(document, node,
                      "output axon to core %u of chip %u, which is not in use",
                      out->core_id, out->chip);
  if (from != board->core_count && from != out->target) {
    sf_sim_route key = {.from = from, .to = out->target};
    const sf_sim_route *route = bsearch(&key, board->routes, board->route_count,
                                        sizeof *board->routes, compare_routes);
    if (!route)
      return sf_sim_bad(document, node, "no route leads to core %u of chip %u",
                        out->core_id, out->chip);
    out->hops = route->hops;
  }
  const sf_sim_core *target = &board->cores[out->target];
  uint32_t ids = out->population ? 1 : out->count;
  if (out->axon >= target->axon_ids || ids > target->axon_ids - out->axon)
    return sf_sim_bad(document, node,
                      "output axon to input axon %u .. of core %u, which has "
                      "%u",
                      out->axon, out->core_id, target->axon_ids);
  for (uint32_t i = 0; i < ids; i++) {
    const sf_sim_axon *axon = &target->axons[target->axon_of_id[out->axon + i]];
    if ((axon->atoms > 0) != out->population ||
        (out->population && axon->atoms != out->count))
      return sf_sim_bad(document, node,
                        "input axon %u of core %u is of another kind",
                        out->axon + i, out->core_id);
  }
  return SF_OK;
}

static sf_result link_outs(const sf_sim_document *document, const xmlNode *node,
                           const sf_sim_board *board, uint32_t from,
                           sf_sim_out *outs) {
  for (const xmlNode *o = sf_sim_child(node, "axonOut"); o;
       o = sf_sim_next(o, "axonOut"))
    SF_TRY(link_out(document, o, board, from, outs++));
  return SF_OK;
}

sf_result sf_sim_link(const sf_sim_document *document, sf_sim_board *board) {
  SF_TRY(read_routes(document, board));
  uint32_t i = 0;
  for (const xmlNode *n = sf_sim_child(document->root, "input"); n;
       n = sf_sim_next(n, "input"))
    SF_TRY(link_outs(document, n, board, board->core_count,
                     board->inputs[i++].outs));
  i = 0;
  const xmlNode *node = sf_sim_child(document->root, "board");
  for (const xmlNode *c = sf_sim_child(node, "chip"); c;
       c = sf_sim_next(c, "chip"))
    for (const xmlNode *n = sf_sim_child(c, "core"); n;
         n = sf_sim_next(n, "core"), i++)
      SF_TRY(link_outs(document, n, board, i, board->cores[i].outs));
  return SF_OK;
}
