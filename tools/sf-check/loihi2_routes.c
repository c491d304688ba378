/* loihi2_routes.c - every pair of cores that talk has a route; every route is a
 * path of live routers to its destination; ranks rise along it. */
#include "tools/sf-check/loihi2.h"

#include "machine/routing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 160, HOP_BYTES = 4 };

typedef struct place {
  int64_t x, y; /* router of the board */
} place;

static bool router_of(const sf_check *check, const l2_core *core, place *out) {
  const sf_machine *m = check->machine;
  const sf_chip *chip = sf_machine_chip(m, (int64_t)core->chip);
  if (!chip || core->x >= (uint64_t)m->width || core->y >= (uint64_t)m->height)
    return false;
  *out = (place){(int64_t)chip->x * m->width + (int64_t)core->x,
                 (int64_t)chip->y * m->height + (int64_t)core->y};
  return true;
}

/* One hop of the path; false: reported. */
static bool take_hop(sf_check *check, const l2_config *config,
                     const l2_route *route, const char *name, const char *hop,
                     place *at, int64_t *rank) {
  int32_t direction = sf_direction_find(SF_TOPOLOGY_MESH, hop);
  if (direction < 0) {
    sf_check_fail(check, sf_check_loihi2_file, route->line,
                  "%s: '%s' is no direction of a mesh", name, hop);
    return false;
  }
  if (!sf_check_rises(check, name, rank, SF_PORT_LINK, at->x, at->y, hop))
    return false;
  sf_position here = {(int32_t)at->x, (int32_t)at->y}, next;
  bool there = sf_router_behind(check->machine, here, direction, &next);
  *at = (place){next.x, next.y};
  if (there && sf_check_loihi2_router_off(config, next)) {
    sf_check_fail(check, sf_check_loihi2_file, route->line,
                  "%s: crosses router (%d, %d), which is switched off", name,
                  next.x, next.y);
    return false;
  }
  if (there) return true;
  /* Is there a router at all? Then what leads to it is dead, or it is. */
  if (sf_router_at(check->machine, here, direction, &next)) {
    sf_check_fail(check, sf_check_loihi2_file, route->line,
                  "%s: takes the dead link '%s' of router (%d, %d)", name, hop,
                  here.x, here.y);
  } else {
    sf_check_fail(check, sf_check_loihi2_file, route->line,
                  "%s: leaves the machine by '%s' at router (%d, %d)", name,
                  hop, here.x, here.y);
  }
  return false;
}

/* The next word of a path; false: none left. */
static bool next_hop(const char **path, char hop[HOP_BYTES]) {
  *path += strspn(*path, " ");
  size_t length = strcspn(*path, " ");
  if (length == 0) return false;
  size_t kept = length < HOP_BYTES ? length : HOP_BYTES - 1;
  memcpy(hop, *path, kept);
  hop[kept] = '\0';
  *path += length;
  return true;
}

static void check_route(sf_check *check, const l2_config *config,
                        const l2_route *route) {
  const l2_core *from =
      sf_check_loihi2_core(config, route->from_chip, route->from_core);
  const l2_core *to =
      sf_check_loihi2_core(config, route->to_chip, route->to_core);
  place at, end;
  check->routes++;
  if (!from || !to || !router_of(check, from, &at) ||
      !router_of(check, to, &end)) {
    sf_check_fail(check, sf_check_loihi2_file, route->line,
                  "a route leads between cores that are not there");
    return;
  }
  char name[NAME_BYTES], port[24], hop[HOP_BYTES];
  snprintf(name, sizeof name, "route @%.60s to @%.60s", from->name, to->name);
  snprintf(port, sizeof port, "%llu", (unsigned long long)from->p);
  int64_t rank = -1;
  uint64_t hops = 0;
  if (!sf_check_rises(check, name, &rank, SF_PORT_INJECT, at.x, at.y, port))
    return;
  for (const char *path = route->path; next_hop(&path, hop); hops++)
    if (!take_hop(check, config, route, name, hop, &at, &rank)) return;
  if (at.x != end.x || at.y != end.y || hops != route->hops) {
    sf_check_fail(check, sf_check_loihi2_file, route->line,
                  "%s: ends at router (%lld, %lld) after %llu hops, not at "
                  "(%lld, %lld) after %llu",
                  name, (long long)at.x, (long long)at.y,
                  (unsigned long long)hops, (long long)end.x, (long long)end.y,
                  (unsigned long long)route->hops);
    return;
  }
  snprintf(port, sizeof port, "%llu", (unsigned long long)to->p);
  (void)sf_check_rises(check, name, &rank, SF_PORT_EJECT, at.x, at.y, port);
}

/* ---- Which pairs there are. ---- */

static int by_ends(const void *a, const void *b) {
  const l2_route *p = a, *q = b;
  if (p->from_chip != q->from_chip) return p->from_chip < q->from_chip ? -1 : 1;
  if (p->from_core != q->from_core) return p->from_core < q->from_core ? -1 : 1;
  if (p->to_chip != q->to_chip) return p->to_chip < q->to_chip ? -1 : 1;
  return p->to_core < q->to_core ? -1 : p->to_core > q->to_core;
}

static void check_pairs(sf_check *check, const l2_config *config) {
  for (uint32_t c = 0; c < config->core_count; c++) {
    const l2_core *core = &config->cores[c];
    for (uint32_t i = 0; i < core->out_count; i++) {
      const l2_axon_out *out = &config->outs[core->out_first + i];
      if (out->chip == core->chip && out->core == core->id) continue;
      l2_route key = {.from_chip = core->chip,
                      .from_core = core->id,
                      .to_chip = out->chip,
                      .to_core = out->core};
      if (config->route_count &&
          bsearch(&key, config->routes, config->route_count, sizeof key,
                  by_ends)) {
        continue;
      }
      sf_check_fail(check, sf_check_loihi2_file, out->line,
                    "core @%s has no route to core %llu of chip %llu, to "
                    "which it sends",
                    core->name, (unsigned long long)out->core,
                    (unsigned long long)out->chip);
    }
  }
}

void sf_check_loihi2_routes(sf_check *check, const l2_config *config) {
  for (uint32_t i = 0; i < config->route_count; i++)
    check_route(check, config, &config->routes[i]);
  if (config->route_count)
    qsort(config->routes, config->route_count, sizeof *config->routes, by_ends);
  for (uint32_t i = 1; i < config->route_count; i++) {
    if (by_ends(&config->routes[i - 1], &config->routes[i]) != 0) continue;
    sf_check_fail(check, sf_check_loihi2_file, config->routes[i].line,
                  "two routes between the same cores");
  }
  check_pairs(check, config);
}
