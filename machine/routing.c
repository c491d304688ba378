/* routing.c - see routing.h. */
#include "machine/routing.h"

#include <stdlib.h>
#include <string.h>

typedef struct hop {
  const char *name;
  sf_position vector;
} hop;

static const hop MESH[] = {
    {"e", {1, 0}}, {"n", {0, 1}}, {"w", {-1, 0}}, {"s", {0, -1}}};
static const hop HEX[] = {{"e", {1, 0}},  {"ne", {1, 1}},   {"n", {0, 1}},
                          {"w", {-1, 0}}, {"sw", {-1, -1}}, {"s", {0, -1}}};

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

static int32_t wrapped(int32_t at, int32_t side) {
  return at < 0 ? at + side : at >= side ? at - side : at;
}

bool sf_router_at(const sf_machine *machine, sf_position router,
                  int32_t direction, sf_position *out) {
  bool hex = machine->family == SF_FAMILY_SPINNAKER2;
  int32_t width = hex ? machine->columns : machine->columns * machine->width;
  int32_t height = hex ? machine->rows : machine->rows * machine->height;
  sf_position v = sf_direction_vector(machine->topology, direction);
  sf_position at = {router.x + v.x, router.y + v.y};
  if (machine->wrap)
    at = (sf_position){wrapped(at.x, width), wrapped(at.y, height)};
  *out = at;
  return at.x >= 0 && at.y >= 0 && at.x < width && at.y < height &&
         (at.x != router.x || at.y != router.y);
}

int sf_dead_link_compare(const void *a, const void *b) {
  const sf_dead_link *p = a, *q = b;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  if (p->x != q->x) return p->x < q->x ? -1 : 1;
  return p->direction < q->direction ? -1 : p->direction > q->direction;
}

static bool is_dead_link(const sf_machine *machine, sf_position router,
                         int32_t direction) {
  if (machine->dead_link_count == 0) return false;
  sf_dead_link key = {router.x, router.y, direction};
  return bsearch(&key, machine->dead_links, machine->dead_link_count,
                 sizeof key, sf_dead_link_compare) != NULL;
}

bool sf_router_behind(const sf_machine *machine, sf_position router,
                      int32_t direction, sf_position *out) {
  return sf_router_at(machine, router, direction, out) &&
         sf_router_exists(machine, router) && sf_router_exists(machine, *out) &&
         !is_dead_link(machine, router, direction);
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
    if (!sf_router_behind(machine, at, d, &at)) return -1;
    if ((size_t)length < capacity) directions[length] = d;
    length++;
  }
  return length;
}
