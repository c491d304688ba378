/* fabric.c - see fabric.h. */
#include "machine/fabric.h"

#include <stdlib.h>
#include <string.h>

static int32_t wrapped(int32_t at, int32_t side) {
  return at < 0 ? at + side : at >= side ? at - side : at;
}

/* Router behind a link of a fabric without faults. On a torus one router wide,
 * a link may lead back to where it starts: that is no link. */
static int32_t behind(const sf_fabric *f, uint32_t router, uint32_t direction) {
  sf_position v = sf_direction_vector(f->topology, (int32_t)direction);
  int32_t x = (int32_t)router % f->width + v.x;
  int32_t y = (int32_t)router / f->width + v.y;
  if (f->wrap) {
    x = wrapped(x, f->width);
    y = wrapped(y, f->height);
  }
  if (x < 0 || y < 0 || x >= f->width || y >= f->height) return SF_FABRIC_NONE;
  int32_t to = y * f->width + x;
  return to == (int32_t)router ? SF_FABRIC_NONE : to;
}

sf_result sf_fabric_create(sf_topology topology, bool wrap, int32_t width,
                           int32_t height, sf_arena *arena, sf_fabric *out) {
  if (width < 1 || height < 1 || width > SF_FABRIC_SIDE_MAX ||
      height > SF_FABRIC_SIDE_MAX) {
    return SF_FAIL;
  }
  *out = (sf_fabric){.topology = topology,
                     .wrap = wrap,
                     .width = width,
                     .height = height,
                     .degree = sf_direction_count(topology),
                     .router_count = (uint32_t)width * (uint32_t)height};
  size_t links = (size_t)out->router_count * out->degree;
  out->live = SF_NEW_ARRAY(arena, bool, out->router_count);
  out->neighbours = SF_NEW_ARRAY(arena, int32_t, links);
  if (!out->live || !out->neighbours) return SF_OOM;
  for (uint32_t r = 0; r < out->router_count; r++) {
    out->live[r] = true;
    for (uint32_t d = 0; d < out->degree; d++)
      out->neighbours[r * out->degree + d] = behind(out, r, d);
  }
  return SF_OK;
}

sf_result sf_fabric_of_machine(const sf_machine *machine, sf_arena *arena,
                               sf_fabric *out) {
  bool chips = machine->family == SF_FAMILY_SPINNAKER2;
  int64_t width = (int64_t)machine->columns * (chips ? 1 : machine->width);
  int64_t height = (int64_t)machine->rows * (chips ? 1 : machine->height);
  if (width > SF_FABRIC_SIDE_MAX || height > SF_FABRIC_SIDE_MAX) return SF_FAIL;
  SF_TRY(sf_fabric_create(machine->topology, machine->wrap, (int32_t)width,
                          (int32_t)height, arena, out));
  for (uint32_t r = 0; r < out->router_count; r++) {
    sf_position at = {(int32_t)r % out->width, (int32_t)r / out->width};
    if (!sf_router_exists(machine, at)) sf_fabric_kill(out, r);
  }
  for (uint32_t i = 0; i < machine->dead_link_count; i++) {
    const sf_dead_link *link = &machine->dead_links[i];
    sf_fabric_cut(out, (uint32_t)(link->y * out->width + link->x),
                  (uint32_t)link->direction);
  }
  return SF_OK;
}

uint32_t sf_fabric_reverse(const sf_fabric *fabric, uint32_t direction) {
  return (direction + fabric->degree / 2) % fabric->degree;
}

void sf_fabric_cut(sf_fabric *f, uint32_t router, uint32_t direction) {
  if (router >= f->router_count || direction >= f->degree) return;
  int32_t *link = &f->neighbours[router * f->degree + direction];
  if (*link == SF_FABRIC_NONE) return;
  uint32_t back = sf_fabric_reverse(f, direction);
  f->neighbours[(uint32_t)*link * f->degree + back] = SF_FABRIC_NONE;
  *link = SF_FABRIC_NONE;
}

void sf_fabric_kill(sf_fabric *f, uint32_t router) {
  if (router >= f->router_count) return;
  f->live[router] = false;
  for (uint32_t d = 0; d < f->degree; d++)
    sf_fabric_cut(f, router, d);
}

static uint32_t mesh_length(int32_t x, int32_t y) {
  return (uint32_t)abs(x) + (uint32_t)abs(y);
}

/* Links e, ne, n: a step in both coordinates costs one hop when they grow
 * together. */
static uint32_t hex_length(int32_t x, int32_t y) {
  if ((x < 0) != (y < 0)) return mesh_length(x, y);
  return (uint32_t)(abs(x) > abs(y) ? abs(x) : abs(y));
}

uint32_t sf_fabric_distance(const sf_fabric *f, uint32_t from, uint32_t to) {
  int32_t x =
      (int32_t)(to % (uint32_t)f->width) - (int32_t)(from % (uint32_t)f->width);
  int32_t y =
      (int32_t)(to / (uint32_t)f->width) - (int32_t)(from / (uint32_t)f->width);
  bool hex = f->topology == SF_TOPOLOGY_HEX;
  if (!f->wrap) return hex ? hex_length(x, y) : mesh_length(x, y);
  /* On a torus each coordinate has two ways round: try all four. */
  int32_t other_x = x > 0 ? x - f->width : x + f->width;
  int32_t other_y = y > 0 ? y - f->height : y + f->height;
  uint32_t best = UINT32_MAX;
  for (int way = 0; way < 4; way++) {
    int32_t dx = way & 1 ? other_x : x, dy = way & 2 ? other_y : y;
    uint32_t length = hex ? hex_length(dx, dy) : mesh_length(dx, dy);
    if (length < best) best = length;
  }
  return best;
}

uint32_t sf_fabric_part_of(const sf_fabric *f, uint32_t root, bool *in_part,
                           uint32_t *queue) {
  memset(in_part, 0, f->router_count * sizeof *in_part);
  if (root >= f->router_count || !f->live[root]) return 0;
  uint32_t count = 0;
  in_part[root] = true;
  queue[count++] = root;
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t d = 0; d < f->degree; d++) {
      int32_t next = f->neighbours[queue[i] * f->degree + d];
      if (next == SF_FABRIC_NONE || in_part[next]) continue;
      in_part[next] = true;
      queue[count++] = (uint32_t)next;
    }
  }
  return count;
}
