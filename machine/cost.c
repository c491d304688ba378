/* cost.c - what both families share: matching counts to layers, adding terms.
 */
#include "machine/cost.h"

#include <string.h>

enum { LOADS_AT_ONCE = 64 };

static int weakness(const char *basis) {
  static const char *const order[] = {"measured", "documented", "derived",
                                      "fit", "estimate"};
  for (int i = 0; i < (int)SF_COUNT_OF(order); i++)
    if (strcmp(order[i], basis) == 0) return i;
  return (int)SF_COUNT_OF(order);
}

const char *sf_cost_weaker(const char *a, const char *b) {
  return weakness(b) > weakness(a) ? b : a;
}

void sf_cost_add(sf_cost_term *terms, uint32_t *count, const char *name,
                 double value, const sf_machine *machine,
                 const char *constant) {
  const sf_quantity *q = sf_machine_quantity(machine, constant);
  const char *basis = q ? q->basis : "estimate";
  const char *source = q ? q->source : "";
  for (uint32_t i = 0; i < *count; i++) {
    sf_cost_term *term = &terms[i];
    if (strcmp(term->name, name) != 0) continue;
    term->value += value;
    if (weakness(basis) > weakness(term->basis)) {
      term->basis = basis;
      term->source = source;
    }
    return;
  }
  if (*count == SF_COST_TERMS_MAX) return;
  terms[(*count)++] = (sf_cost_term){name, value, basis, source};
}

static double energy_of(const sf_cost *cost, const char *term) {
  for (uint32_t i = 0; i < cost->energy_count; i++)
    if (strcmp(cost->energy_terms[i].name, term) == 0)
      return cost->energy_terms[i].value;
  return 0;
}

void sf_cost_add_off(const sf_machine *machine, const sf_cost_layout *layout,
                     double seconds, sf_cost *out) {
  const struct {
    const char *constant;
    uint64_t count;
  } parts[] = {{"core-leakage", layout->cores_off},
               {"router-leakage", layout->routers_off},
               {"bank-leakage", layout->banks_off}};
  static const char TERM[] = "switched off";
  for (size_t i = 0; i < SF_COUNT_OF(parts); i++) {
    const sf_quantity *q = sf_machine_quantity(machine, parts[i].constant);
    if (!q || parts[i].count == 0) continue;
    double saved = q->value * 1e-3 * (double)parts[i].count * seconds;
    double left = energy_of(out, "static") + energy_of(out, TERM);
    sf_cost_add(out->energy_terms, &out->energy_count, TERM,
                -(saved < left ? saved : left), machine, parts[i].constant);
  }
}

static const sf_cost_layer *find_layer(const sf_cost_layout *layout,
                                       const char *name) {
  for (uint32_t i = 0; i < layout->layer_count; i++)
    if (strcmp(layout->layers[i].name, name) == 0) return &layout->layers[i];
  return NULL;
}

/* Sums the terms, and finds their weakest basis. */
static double total(const sf_cost_term *terms, uint32_t count,
                    const char **basis) {
  double sum = 0;
  for (uint32_t i = 0; i < count; i++) {
    sum += terms[i].value;
    *basis = sf_cost_weaker(*basis, terms[i].basis);
  }
  return sum;
}

static void finish(sf_cost *cost, double steps) {
  cost->basis = "measured";
  cost->energy = total(cost->energy_terms, cost->energy_count, &cost->basis);
  cost->latency = total(cost->latency_terms, cost->latency_count, &cost->basis);
  cost->step = steps > 0 ? cost->latency / steps : 0;
}

/* The populations that lie on the machine, per sample. More than fit are merged
 * into the last: sums stay right, only the busiest core is then too high. */
static uint32_t gather(const sf_cost_layout *layout, const sf_counts *counts,
                       sf_cost_load *loads) {
  uint32_t count = 0;
  double samples = (double)counts->samples;
  for (uint32_t i = 0; i < counts->population_count; i++) {
    const sf_population_counts *p = &counts->populations[i];
    const sf_cost_layer *layer = find_layer(layout, p->name);
    if (!layer) continue;
    sf_cost_load load = {layer, (double)p->events_in / samples,
                         (double)p->spikes_out / samples,
                         (double)p->updates / samples};
    if (count < LOADS_AT_ONCE) {
      loads[count++] = load;
      continue;
    }
    sf_cost_load *last = &loads[count - 1];
    last->events += load.events;
    last->spikes += load.spikes;
    last->updates += load.updates;
  }
  return count;
}

sf_cost sf_cost_estimate(const sf_machine *machine,
                         const sf_cost_layout *layout,
                         const sf_counts *counts) {
  sf_cost cost = {.basis = "estimate"};
  if (counts->samples == 0 || counts->steps == 0) return cost;
  sf_cost_load loads[LOADS_AT_ONCE];
  uint32_t count = gather(layout, counts, loads);
  double steps = (double)counts->steps / (double)counts->samples;
  if (machine->family == SF_FAMILY_LOIHI2)
    sf_cost_loihi2(machine, layout, loads, count, steps, &cost);
  else
    sf_cost_spinnaker2(machine, layout, loads, count, steps, &cost);
  finish(&cost, steps);
  return cost;
}
