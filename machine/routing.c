/* routing.c - see routing.h. */
#include "machine/routing.h"

#include <string.h>

typedef struct direction {
  const char *name;
  sf_position vector;
} direction;

static const direction MESH[] = {
    {"e", {1, 0}}, {"n", {0, 1}}, {"w", {-1, 0}}, {"s", {0, -1}}};
static const direction HEX[] = {{"e", {1, 0}},    {"ne", {1, 1}},
                                {"n", {0, 1}},    {"w", {-1, 0}},
                                {"sw", {-1, -1}}, {"s", {0, -1}}};

static int order(int64_t a, int64_t b) { return a < b ? -1 : a > b; }

int sf_channel_compare(const sf_channel *a, const sf_channel *b) {
  if (a->kind != b->kind) return order(a->kind, b->kind);
  if (a->y != b->y) return order(a->y, b->y);
  if (a->x != b->x) return order(a->x, b->x);
  return order(a->port, b->port);
}

unsigned sf_direction_count(sf_topology topology) {
  return topology == SF_TOPOLOGY_HEX ? SF_COUNT_OF(HEX) : SF_COUNT_OF(MESH);
}

const char *sf_direction_text(sf_topology topology, int32_t index) {
  if (index < 0 || (unsigned)index >= sf_direction_count(topology)) return NULL;
  return topology == SF_TOPOLOGY_HEX ? HEX[index].name : MESH[index].name;
}

int32_t sf_direction_find(sf_topology topology, const char *text) {
  for (int32_t i = 0; i < (int32_t)sf_direction_count(topology); i++)
    if (strcmp(sf_direction_text(topology, i), text) == 0) return i;
  return -1;
}

sf_position sf_direction_vector(sf_topology topology, int32_t index) {
  return topology == SF_TOPOLOGY_HEX ? HEX[index].vector : MESH[index].vector;
}

bool sf_core_router(const sf_machine *machine, int64_t chip, int64_t x,
                    int64_t y, sf_position *out) {
  const sf_chip *c = sf_machine_chip(machine, chip);
  if (!c || c->dead) return false;
  if (machine->family == SF_FAMILY_SPINNAKER2) {
    *out = (sf_position){c->x, c->y};
    return x == c->x && y == c->y;
  }
  if (x < 0 || y < 0 || x >= machine->width || y >= machine->height)
    return false;
  *out = (sf_position){c->x * machine->width + (int32_t)x,
                       c->y * machine->height + (int32_t)y};
  return true;
}

bool sf_router_exists(const sf_machine *machine, sf_position router) {
  if (router.x < 0 || router.y < 0) return false;
  bool hex = machine->family == SF_FAMILY_SPINNAKER2;
  int32_t x = hex ? router.x : router.x / machine->width;
  int32_t y = hex ? router.y : router.y / machine->height;
  const sf_chip *chip = sf_machine_chip_at(machine, x, y);
  return chip && !chip->dead;
}

static int32_t toward(int32_t from, int32_t to, int32_t up, int32_t down) {
  return to > from ? up : down;
}

int64_t sf_route_xy(const sf_machine *machine, sf_position from, sf_position to,
                    int32_t *directions, size_t capacity) {
  const int32_t east = 0, north = 1, west = 2, south = 3;
  sf_position at = from;
  int64_t length = 0;
  while (at.x != to.x || at.y != to.y) {
    int32_t d = at.x != to.x ? toward(at.x, to.x, east, west)
                             : toward(at.y, to.y, north, south);
    at.x += MESH[d].vector.x;
    at.y += MESH[d].vector.y;
    if (!sf_router_exists(machine, at)) return -1;
    if ((size_t)length < capacity) directions[length] = d;
    length++;
  }
  return length;
}
