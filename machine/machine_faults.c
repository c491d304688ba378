/* machine_faults.c - dead links and chips, and the chips that they cut off. */
#include "machine/machine_load.h"

#include <stdlib.h>
#include <string.h>

static sf_result add_link(sf_loader *l, sf_dead_link link) {
  sf_machine *m = l->machine;
  m->dead_links = sf_loader_grow(m->arena, m->dead_links, m->dead_link_count,
                                 sizeof *m->dead_links);
  if (!m->dead_links) return SF_OOM;
  m->dead_links[m->dead_link_count++] = link;
  return SF_OK;
}

/* A link of one router, and its way back (mapping.md 4.7: a link that is dead
 * one way counts as dead both ways). */
static sf_result kill_link(sf_loader *l, sf_position router, int32_t link) {
  sf_position behind;
  if (!sf_router_at(l->machine, router, link, &behind)) return SF_OK;
  int32_t degree = (int32_t)sf_direction_count(l->machine->topology);
  SF_TRY(add_link(l, (sf_dead_link){router.x, router.y, link}));
  return add_link(
      l, (sf_dead_link){behind.x, behind.y, (link + degree / 2) % degree});
}

/* Is router (x, y) of a chip at the edge that a direction leads over? */
static bool at_edge(const sf_machine *m, int32_t x, int32_t y, int32_t link) {
  sf_position v = sf_direction_vector(m->topology, link);
  return (v.x > 0 && x == m->width - 1) || (v.x < 0 && x == 0) ||
         (v.y > 0 && y == m->height - 1) || (v.y < 0 && y == 0);
}

static sf_result kill_links(sf_loader *l, const sf_fault *fault,
                            const sf_chip *chip) {
  const sf_machine *m = l->machine;
  if (m->family == SF_FAMILY_SPINNAKER2)
    return kill_link(l, (sf_position){chip->x, chip->y}, fault->direction);
  bool one = fault->x >= 0 && fault->y >= 0;
  if (one && (fault->x >= m->width || fault->y >= m->height)) {
    return sf_loader_complain(l, "chip %u has no router (%lld, %lld)", chip->id,
                              (long long)fault->x, (long long)fault->y);
  }
  for (int32_t y = 0; y < m->height; y++) {
    for (int32_t x = 0; x < m->width; x++) {
      bool meant = one ? x == fault->x && y == fault->y
                       : at_edge(m, x, y, fault->direction);
      sf_position router = {chip->x * m->width + x, chip->y * m->height + y};
      if (meant) SF_TRY(kill_link(l, router, fault->direction));
    }
  }
  return SF_OK;
}

static sf_result apply(sf_loader *l, const sf_fault *fault) {
  sf_machine *m = l->machine;
  const sf_chip *chip = sf_machine_chip(m, fault->chip);
  if (!chip) {
    return sf_loader_complain(l, "a fault names chip %lld, which is not there",
                              (long long)fault->chip);
  }
  if (fault->direction >= 0) return kill_links(l, fault, chip);
  m->chips[chip - m->chips].dead = true;
  return SF_OK;
}

static void sort_links(sf_machine *m) {
  if (m->dead_link_count == 0) return;
  qsort(m->dead_links, m->dead_link_count, sizeof *m->dead_links,
        sf_dead_link_compare);
  uint32_t kept = 1;
  for (uint32_t i = 1; i < m->dead_link_count; i++)
    if (sf_dead_link_compare(&m->dead_links[kept - 1], &m->dead_links[i]) != 0)
      m->dead_links[kept++] = m->dead_links[i];
  m->dead_link_count = kept;
}

/* ---- What hangs together. ---------------------------------------------------
 */

typedef struct parts {
  sf_fabric fabric;
  uint32_t *part; /* of each router, from 1; 0: not live */
  uint32_t *queue;
  uint32_t largest; /* the part with most routers, the first of equals */
} parts;

/* Labels the part of `root` and returns its size. */
static uint32_t flood(parts *p, uint32_t root, uint32_t label) {
  const sf_fabric *f = &p->fabric;
  uint32_t count = 0;
  p->part[root] = label;
  p->queue[count++] = root;
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t d = 0; d < f->degree; d++) {
      int32_t next = f->neighbours[p->queue[i] * f->degree + d];
      if (next == SF_FABRIC_NONE || p->part[next] != 0) continue;
      p->part[next] = label;
      p->queue[count++] = (uint32_t)next;
    }
  }
  return count;
}

static sf_result find_parts(const sf_machine *m, sf_arena *arena, parts *p) {
  SF_TRY(sf_fabric_of_machine(m, arena, &p->fabric));
  p->part = SF_NEW_ARRAY(arena, uint32_t, p->fabric.router_count);
  p->queue = SF_NEW_ARRAY(arena, uint32_t, p->fabric.router_count);
  if (!p->part || !p->queue) return SF_OOM;
  uint32_t most = 0, label = 0;
  for (uint32_t r = 0; r < p->fabric.router_count; r++) {
    if (!p->fabric.live[r] || p->part[r] != 0) continue;
    uint32_t size = flood(p, r, ++label);
    if (size <= most) continue;
    most = size;
    p->largest = label;
  }
  return SF_OK;
}

/* Are all routers of a chip in the largest part? */
static bool is_joined(const sf_machine *m, const parts *p, const sf_chip *c) {
  bool one = m->family == SF_FAMILY_SPINNAKER2;
  int32_t width = one ? 1 : m->width, height = one ? 1 : m->height;
  for (int32_t y = c->y * height; y < (c->y + 1) * height; y++)
    for (int32_t x = c->x * width; x < (c->x + 1) * width; x++)
      if (p->part[y * p->fabric.width + x] != p->largest) return false;
  return true;
}

/* Gives up the chips that are cut off; *again when there were some, since those
 * that reached the rest through them may be cut off now. */
static sf_result drop_chips(sf_loader *l, bool *again) {
  sf_machine *m = l->machine;
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  parts p = {0};
  sf_result result = find_parts(m, scratch, &p);
  *again = false;
  for (uint32_t i = 0; i < m->chip_count && result == SF_OK; i++) {
    sf_chip *chip = &m->chips[i];
    if (chip->dead || is_joined(m, &p, chip)) continue;
    sf_loc loc = {sf_xml_loc(l->xml).file, NULL, 0, 0, 0};
    sf_warning(l->diag, SF_DIAG_MACHINE, loc,
               "chip %u is cut off from the others and is not used", chip->id);
    chip->dead = true;
    *again = true;
  }
  sf_arena_destroy(scratch);
  return result;
}

sf_result sf_loader_apply_faults(sf_loader *l) {
  for (uint32_t i = 0; i < l->fault_count; i++)
    SF_TRY(apply(l, &l->faults[i]));
  sort_links(l->machine);
  for (bool again = true; again;)
    SF_TRY(drop_chips(l, &again));
  for (uint32_t i = 0; i < l->machine->chip_count; i++)
    if (!l->machine->chips[i].dead) return SF_OK;
  return sf_loader_complain(l, "no chip is left: all are dead");
}
