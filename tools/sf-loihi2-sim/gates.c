/* gates.c - see gates.h. */
#include "tools/sf-loihi2-sim/gates.h"

#include <string.h>

static sf_result read_gate(const sf_sim_document *document, const xmlNode *node,
                           sf_sim_gate *gate, bool *bank) {
  const uint32_t most = 1 << 20;
  const char *kind;
  SF_TRY(sf_sim_text(document, node, "kind", &kind));
  SF_TRY(sf_sim_number(document, node, "x", most, &gate->x));
  SF_TRY(sf_sim_number(document, node, "y", most, &gate->y));
  SF_TRY(sf_sim_number(document, node, "columns", most, &gate->columns));
  SF_TRY(sf_sim_number(document, node, "rows", most, &gate->rows));
  gate->router = strcmp(kind, "router") == 0;
  *bank = strcmp(kind, "bank") == 0;
  if (gate->router || *bank) return SF_OK;
  SF_TRY(sf_sim_number(document, node, "p", most, &gate->first));
  return sf_sim_number(document, node, "count", most, &gate->count);
}

sf_result sf_sim_gates_read(const sf_sim_document *document,
                            sf_sim_gates *out) {
  *out = (sf_sim_gates){.node = sf_sim_child(document->root, "gates")};
  if (!out->node) return SF_OK;
  const uint32_t most = 1 << 20;
  SF_TRY(sf_sim_number(document, out->node, "barrierX", most, &out->barrier_x));
  SF_TRY(sf_sim_number(document, out->node, "barrierY", most, &out->barrier_y));
  SF_TRY(
      sf_sim_number(document, out->node, "members", INT32_MAX, &out->members));
  uint32_t count = sf_sim_child_count(out->node, "gate");
  sf_sim_gate *items =
      SF_NEW_ARRAY(document->arena, sf_sim_gate, count + (size_t)1);
  if (!items) return SF_OOM;
  for (const xmlNode *n = sf_sim_child(out->node, "gate"); n;
       n = sf_sim_next(n, "gate")) {
    bool bank;
    SF_TRY(read_gate(document, n, &items[out->count], &bank));
    out->count += !bank;
  }
  out->items = items;
  return SF_OK;
}

static bool covers(const sf_sim_gate *g, int64_t x, int64_t y) {
  return x >= g->x && y >= g->y && x < (int64_t)g->x + g->columns &&
         y < (int64_t)g->y + g->rows;
}

bool sf_sim_router_is_off(const sf_sim_gates *gates, int64_t x, int64_t y) {
  for (uint32_t i = 0; i < gates->count; i++)
    if (gates->items[i].router && covers(&gates->items[i], x, y)) return true;
  return false;
}

static bool core_is_off(const sf_sim_gates *gates, int64_t x, int64_t y,
                        uint32_t p) {
  for (uint32_t i = 0; i < gates->count; i++) {
    const sf_sim_gate *g = &gates->items[i];
    if (!g->router && covers(g, x, y) && p >= g->first &&
        p - g->first < g->count) {
      return true;
    }
  }
  return sf_sim_router_is_off(gates, x, y);
}

/* X, then Y; true when a router on the way is off. */
static bool path_is_cut(const sf_sim_gates *gates, int64_t x, int64_t y,
                        int64_t to_x, int64_t to_y) {
  if (sf_sim_router_is_off(gates, x, y)) return true;
  while (x != to_x || y != to_y) {
    if (x != to_x)
      x += to_x > x ? 1 : -1;
    else
      y += to_y > y ? 1 : -1;
    if (sf_sim_router_is_off(gates, x, y)) return true;
  }
  return false;
}

sf_result sf_sim_gates_check_core(const sf_sim_document *document,
                                  const sf_sim_gates *gates, int64_t x,
                                  int64_t y, const sf_sim_core *core) {
  if (!gates->node) return SF_OK;
  if (core_is_off(gates, x, y, core->p))
    return sf_sim_bad(document, gates->node, "core '%s' is switched off",
                      core->name);
  if (path_is_cut(gates, gates->barrier_x, gates->barrier_y, x, y) ||
      path_is_cut(gates, x, y, gates->barrier_x, gates->barrier_y)) {
    return sf_sim_bad(document, gates->node,
                      "barriers do not reach core '%s': a router between it "
                      "and (%u, %u) is switched off",
                      core->name, gates->barrier_x, gates->barrier_y);
  }
  return SF_OK;
}
