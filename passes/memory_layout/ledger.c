/* ledger.c - what parts cost, kept up to date move by move. */
#include "passes/memory_layout/level.h"

sf_result sf_ledger_create(sf_arena *arena, const sf_level *level,
                           const sf_part_limits *limits, uint32_t parts,
                           sf_ledger *out) {
  *out = (sf_ledger){.limits = limits, .level = level};
  size_t pins = level->first[level->nodes];
  out->row_first = SF_NEW_ARRAY(arena, size_t, level->axons + (size_t)1);
  out->row_count = SF_NEW_ARRAY(arena, uint32_t, level->axons + (size_t)1);
  out->rows = SF_NEW_ARRAY(arena, sf_row, pins + 1);
  out->neurons = SF_NEW_ARRAY(arena, uint32_t, parts + (size_t)1);
  out->cost = SF_NEW_ARRAY(arena, uint64_t, parts + (size_t)1);
  if (!out->row_first || !out->row_count || !out->rows || !out->neurons ||
      !out->cost)
    return SF_OOM;
  for (size_t i = 0; i < pins; i++)
    out->row_first[level->pins[i].axon + 1]++;
  for (uint32_t a = 0; a < level->axons; a++)
    out->row_first[a + 1] += out->row_first[a];
  return SF_OK;
}

static sf_row *find_row(const sf_ledger *l, uint32_t axon, uint32_t part) {
  sf_row *rows = l->rows + l->row_first[axon];
  for (uint32_t i = 0; i < l->row_count[axon]; i++)
    if (rows[i].part == part) return &rows[i];
  return NULL;
}

static uint64_t price(const sf_ledger *l, uint32_t axon, uint64_t synapses) {
  return l->limits->price(l->limits->data, axon, synapses);
}

uint64_t sf_ledger_price_in(const sf_ledger *l, uint32_t node, uint32_t part) {
  const sf_level *level = l->level;
  uint64_t sum = level->size[node] * l->limits->each;
  for (uint32_t i = level->first[node]; i < level->first[node + 1]; i++) {
    const sf_pin *pin = &level->pins[i];
    const sf_row *row = find_row(l, pin->axon, part);
    uint32_t before = row ? row->synapses : 0;
    sum += price(l, pin->axon, before + (uint64_t)pin->synapses) -
           price(l, pin->axon, before);
  }
  return sum;
}

uint64_t sf_ledger_price_out(const sf_ledger *l, uint32_t node, uint32_t part) {
  const sf_level *level = l->level;
  uint64_t sum = level->size[node] * l->limits->each;
  for (uint32_t i = level->first[node]; i < level->first[node + 1]; i++) {
    const sf_pin *pin = &level->pins[i];
    const sf_row *row = find_row(l, pin->axon, part);
    if (!row) continue;
    sum += price(l, pin->axon, row->synapses) -
           price(l, pin->axon, row->synapses - pin->synapses);
  }
  return sum;
}

bool sf_ledger_fits(const sf_ledger *l, uint32_t node, uint32_t part,
                    uint64_t price_in) {
  return l->neurons[part] + l->level->size[node] <= l->limits->neurons &&
         l->cost[part] + price_in <= l->limits->cost;
}

void sf_ledger_put(sf_ledger *l, uint32_t node, uint32_t part) {
  const sf_level *level = l->level;
  l->cost[part] += sf_ledger_price_in(l, node, part);
  l->neurons[part] += level->size[node];
  for (uint32_t i = level->first[node]; i < level->first[node + 1]; i++) {
    const sf_pin *pin = &level->pins[i];
    sf_row *row = find_row(l, pin->axon, part);
    if (!row) {
      row = l->rows + l->row_first[pin->axon] + l->row_count[pin->axon]++;
      *row = (sf_row){part, 0};
    }
    row->synapses += pin->synapses;
  }
}

void sf_ledger_take(sf_ledger *l, uint32_t node, uint32_t part) {
  const sf_level *level = l->level;
  l->cost[part] -= sf_ledger_price_out(l, node, part);
  l->neurons[part] -= level->size[node];
  for (uint32_t i = level->first[node]; i < level->first[node + 1]; i++) {
    const sf_pin *pin = &level->pins[i];
    sf_row *row = find_row(l, pin->axon, part);
    if (!row) continue;
    row->synapses -= pin->synapses;
    if (row->synapses) continue;
    sf_row *rows = l->rows + l->row_first[pin->axon];
    *row = rows[--l->row_count[pin->axon]];
  }
}
