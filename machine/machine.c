/* machine.c - looking things up in a machine; coordinates. */
#include "sf/machine.h"

#include <assert.h>
#include <string.h>

const char *sf_family_text(sf_family family) {
  return family == SF_FAMILY_LOIHI2 ? "loihi2" : "spinnaker2";
}

static const sf_quantity *find(const sf_quantity *rows, uint32_t count,
                               const char *name) {
  for (uint32_t i = 0; i < count; i++)
    if (strcmp(rows[i].name, name) == 0) return &rows[i];
  return NULL;
}

const sf_quantity *sf_machine_quantity(const sf_machine *machine,
                                       const char *name) {
  const sf_quantity *row =
      find(machine->resources, machine->resource_count, name);
  if (row) return row;
  return find(machine->constants, machine->constant_count, name);
}

double sf_machine_value(const sf_machine *machine, const char *name) {
  const sf_quantity *row = sf_machine_quantity(machine, name);
  assert(row); /* the loader refuses machines without the required rows */
  return row ? row->value : 0;
}

const sf_chip *sf_machine_chip(const sf_machine *machine, int64_t id) {
  if (id < 0) return NULL;
  /* Sorted by number, and most boards count from 0 without a gap. */
  if (id < machine->chip_count && machine->chips[id].id == id)
    return &machine->chips[id];
  uint32_t low = 0, high = machine->chip_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if ((int64_t)machine->chips[middle].id < id)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == machine->chip_count || (int64_t)machine->chips[low].id != id)
    return NULL;
  return &machine->chips[low];
}

const sf_chip *sf_machine_chip_at(const sf_machine *machine, int64_t x,
                                  int64_t y) {
  if (x < 0 || y < 0 || x >= machine->columns || y >= machine->rows)
    return NULL;
  uint32_t at = machine->chip_at[y * machine->columns + x];
  return at ? &machine->chips[at - 1] : NULL;
}

bool sf_machine_core_usable(const sf_machine *machine, int64_t chip, int64_t x,
                            int64_t y, int64_t p) {
  const sf_chip *c = sf_machine_chip(machine, chip);
  if (!c || c->dead || p < 0) return false;
  if (machine->family == SF_FAMILY_SPINNAKER2)
    return x == c->x && y == c->y && p < (int64_t)machine->cores_per_chip;
  if (x < 0 || y < 0 || x >= machine->width || y >= machine->height ||
      p >= (int64_t)machine->cores_per_router) {
    return false;
  }
  int64_t number = (y * machine->width + x) * machine->cores_per_router + p;
  return number < (int64_t)machine->cores_per_chip;
}

typedef struct hop {
  const char *name;
  sf_position vector;
} hop;

static const hop MESH_HOPS[] = {
    {"e", {1, 0}}, {"w", {-1, 0}}, {"n", {0, 1}}, {"s", {0, -1}}};
static const hop HEX_HOPS[] = {{"e", {1, 0}},    {"ne", {1, 1}},
                               {"n", {0, 1}},    {"w", {-1, 0}},
                               {"sw", {-1, -1}}, {"s", {0, -1}}};

bool sf_hop_vector(sf_topology topology, const char *name, sf_position *out) {
  bool hex = topology == SF_TOPOLOGY_HEX;
  const hop *hops = hex ? HEX_HOPS : MESH_HOPS;
  size_t count = hex ? SF_COUNT_OF(HEX_HOPS) : SF_COUNT_OF(MESH_HOPS);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(hops[i].name, name) == 0) {
      *out = hops[i].vector;
      return true;
    }
  }
  return false;
}
