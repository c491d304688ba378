/* spinnaker2_gates.c - a PE that is switched off holds nothing, no entry of any
 * table sends to it, and the start barrier does not wait for it. */
#include "tools/sf-check/spinnaker2.h"

static const char CORES[] = "spinnaker2/cores.json";

static bool is_off(const s2_gate *g, int64_t x, int64_t y, int64_t p) {
  return x >= g->x && y >= g->y && p >= g->p && x - g->x < g->columns &&
         y - g->y < g->rows && p - g->p < g->count;
}

static void check_cores(sf_check *check, const s2_artefact *a,
                        const s2_gate *g) {
  for (uint32_t c = 0; c < a->core_count; c++) {
    const s2_core *core = &a->cores[c];
    if (!is_off(g, core->x, core->y, core->p)) continue;
    sf_check_fail(check, CORES, 0,
                  "core @%s is switched off, but holds neurons", core->name);
  }
}

static void check_entries(sf_check *check, const s2_artefact *a,
                          const s2_gate *g) {
  for (uint32_t t = 0; t < a->table_count; t++) {
    const s2_table *table = &a->tables[t];
    for (uint32_t i = 0; i < table->entry_count; i++) {
      const s2_entry *e = &a->entries[table->entry_first + i];
      for (uint32_t k = 0; k < e->core_count; k++) {
        int64_t p = a->pes[e->core_first + k];
        if (!is_off(g, table->x, table->y, p)) continue;
        sf_check_fail(check, "spinnaker2/routing.json", 0,
                      "chip (%lld, %lld), entry %u sends to PE %lld, which is "
                      "switched off",
                      (long long)table->x, (long long)table->y, i,
                      (long long)p);
      }
    }
  }
}

void sf_check_spinnaker2_gates(sf_check *check, const s2_artefact *a) {
  const sf_machine *m = check->machine;
  if (a->gate_count > 0 && a->members != a->core_count) {
    sf_check_fail(check, CORES, 0,
                  "the start barrier waits for %lld cores, %u are in use",
                  (long long)a->members, a->core_count);
  }
  for (uint32_t i = 0; i < a->gate_count; i++) {
    const s2_gate *g = &a->gates[i];
    bool inside = g->x >= 0 && g->y >= 0 && g->p >= 0 && g->columns > 0 &&
                  g->rows > 0 && g->count > 0 && g->x < m->columns &&
                  g->y < m->rows && g->columns <= m->columns - g->x &&
                  g->rows <= m->rows - g->y &&
                  g->p < (int64_t)m->cores_per_chip &&
                  g->count <= (int64_t)m->cores_per_chip - g->p;
    if (!inside) {
      sf_check_fail(check, CORES, 0, "a gate reaches outside '%s'", m->name);
      continue;
    }
    check_cores(check, a, g);
    check_entries(check, a, g);
  }
}
