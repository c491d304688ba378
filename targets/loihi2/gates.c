/* gates.c - rows `gate` of the mapping as elements. Whether they are safe is
 * what `sf-check` and the simulator ask of the emitted file; here only a core
 * that would lose its own memory is refused. */
#include "targets/loihi2/gates.h"

#include <string.h>

static const char *const KINDS[] = {"core", "router", "bank"};

typedef struct gate {
  const char *kind;
  int64_t x, y, columns, rows, p, count, bank;
} gate;

static bool read_gate(const sf_l2_plan *plan, const sf_mop *row, gate *out) {
  const sf_mop_argument *at = sf_mop_find(row, SF_MOP_TUPLE);
  const sf_dict *a = &row->attrs;
  if (!at || at->count != 2) return false;
  bool some = sf_dict_find(a, "p") != NULL;
  int64_t each = plan->machine->cores_per_router;
  *out = (gate){sf_dict_text(a, "kind"),
                at->numbers[0].i,
                at->numbers[1].i,
                sf_dict_int(a, "columns", 1),
                sf_dict_int(a, "rows", 1),
                sf_dict_int(a, "p", 0),
                sf_dict_int(a, "count", some ? 1 : each),
                sf_dict_int(a, "bank", 0)};
  const int64_t numbers[] = {out->x, out->y,     out->columns, out->rows,
                             out->p, out->count, out->bank};
  for (size_t i = 0; i < SF_COUNT_OF(numbers); i++)
    if (numbers[i] < 0 || numbers[i] > 1 << 20) return false;
  for (size_t i = 0; out->kind && i < SF_COUNT_OF(KINDS); i++)
    if (strcmp(out->kind, KINDS[i]) == 0) return true;
  return false;
}

static bool is_gate(const sf_mop *row) {
  return strcmp(row->keyword, "gate") == 0;
}

static sf_position router_of(const sf_l2_plan *plan, const sf_l2_core *core) {
  const sf_chip *chip = sf_machine_chip(plan->machine, core->chip);
  sf_position at = {(int32_t)core->x, (int32_t)core->y};
  if (chip) {
    at.x += chip->x * plan->machine->width;
    at.y += chip->y * plan->machine->height;
  }
  return at;
}

static bool holds_core(const sf_l2_plan *plan, const gate *g,
                       const sf_l2_core *core) {
  sf_position at = router_of(plan, core);
  return at.x >= g->x && at.x < g->x + g->columns && at.y >= g->y &&
         at.y < g->y + g->rows && core->p >= g->p && core->p < g->p + g->count;
}

uint64_t sf_l2_gates_words(const sf_l2_plan *plan, uint32_t index,
                           uint64_t pool) {
  const sf_quantity *banks = sf_machine_quantity(plan->machine, "memory-banks");
  uint64_t words = pool;
  if (!banks || banks->value < 1) return words;
  for (const sf_mop *m = plan->mapping->first; m; m = m->next) {
    gate g;
    if (!is_gate(m) || !read_gate(plan, m, &g)) continue;
    if (strcmp(g.kind, "bank") != 0) continue;
    uint64_t on = (uint64_t)g.bank * (pool / (uint64_t)banks->value);
    if (holds_core(plan, &g, &plan->cores[index]) && on < words) words = on;
  }
  return words;
}

static sf_result check_cores(const sf_l2_plan *plan, const sf_mop *row,
                             const gate *g) {
  if (strcmp(g->kind, "core") != 0) return SF_OK;
  for (uint32_t c = 0; c < plan->core_count; c++) {
    if (!holds_core(plan, g, &plan->cores[c])) continue;
    sf_error(plan->diag, SF_DIAG_MAPPING, row->loc,
             "core @%s is switched off, but holds neurons",
             plan->cores[c].name);
    sf_help(plan->diag, "run `power-gating-insertion` behind `route`");
    return SF_FAIL;
  }
  return SF_OK;
}

static sf_result write_gate(const sf_l2_plan *plan, const sf_mop *row,
                            xmlNode *parent) {
  gate g;
  xmlNode *node;
  if (!read_gate(plan, row, &g)) {
    return sf_error(plan->diag, SF_DIAG_MAPPING, row->loc,
                    "a gate of Loihi 2 is a core, a router or a bank");
  }
  SF_TRY(check_cores(plan, row, &g));
  SF_TRY(sf_l2_child(parent, "gate", &node));
  SF_TRY(sf_l2_attr_text(node, "kind", g.kind));
  SF_TRY(sf_l2_attr_number(node, "x", g.x));
  SF_TRY(sf_l2_attr_number(node, "y", g.y));
  SF_TRY(sf_l2_attr_number(node, "columns", g.columns));
  SF_TRY(sf_l2_attr_number(node, "rows", g.rows));
  if (strcmp(g.kind, "router") == 0) return SF_OK;
  SF_TRY(sf_l2_attr_number(node, "p", g.p));
  SF_TRY(sf_l2_attr_number(node, "count", g.count));
  if (strcmp(g.kind, "core") == 0) return SF_OK;
  return sf_l2_attr_number(node, "bank", g.bank);
}

sf_result sf_l2_gates_write(const sf_l2_plan *plan, xmlNode *root) {
  const sf_mop *first = plan->mapping->first;
  while (first && !is_gate(first))
    first = first->next;
  if (!first || plan->core_count == 0) return SF_OK;
  /* Cores are in order of their chips. */
  const sf_chip *chip = sf_machine_chip(plan->machine, plan->cores[0].chip);
  xmlNode *gates;
  SF_TRY(sf_l2_child(root, "gates", &gates));
  SF_TRY(sf_l2_attr_number(gates, "barrierX",
                           chip ? chip->x * plan->machine->width : 0));
  SF_TRY(sf_l2_attr_number(gates, "barrierY",
                           chip ? chip->y * plan->machine->height : 0));
  SF_TRY(sf_l2_attr_number(gates, "members", plan->core_count));
  for (const sf_mop *m = first; m; m = m->next)
    if (is_gate(m)) SF_TRY(write_gate(plan, m, gates));
  return sf_l2_seal(gates);
}
