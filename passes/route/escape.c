/* escape.c - see escape.h. */
#include "passes/route/escape.h"

/* x + 0.37 y in hundredths: different for neighbours in all six directions, so
 * that three of them rise (spinnaker2.md 4.6). */
enum { HEIGHT_X = 100, HEIGHT_Y = 37 };

typedef struct builder {
  sf_escape *e;
  uint32_t *queue;
  uint32_t end;
} builder;

static void adopt(builder *b, uint32_t parent, uint32_t direction) {
  const sf_fabric *f = b->e->fabric;
  uint32_t child = (uint32_t)f->neighbours[parent * f->degree + direction];
  b->e->up[child] =
      (int32_t)(child * f->degree + sf_fabric_reverse(f, direction));
  b->e->depth[child] = b->e->depth[parent] + 1;
  b->e->root[child] = b->e->root[parent];
  b->queue[b->end++] = child;
}

/* Children of one router: those above it, or all. */
static bool spread(builder *b, uint32_t router, bool all) {
  const sf_fabric *f = b->e->fabric;
  uint32_t before = b->end;
  for (uint32_t d = 0; d < f->degree; d++) {
    int32_t next = f->neighbours[router * f->degree + d];
    if (next == SF_FABRIC_NONE || b->e->root[next] != SF_FABRIC_NONE) continue;
    if (all || b->e->height[next] > b->e->height[router]) adopt(b, router, d);
  }
  return b->end > before;
}

/* Up as far as it goes; then one router is let down, and up again. */
static void span(builder *b, uint32_t root) {
  b->end = 0;
  b->e->root[root] = (int32_t)root;
  b->queue[b->end++] = root;
  uint32_t risen = 0, fallen = 0;
  for (;;) {
    while (risen < b->end)
      (void)spread(b, b->queue[risen++], false);
    while (fallen < b->end && !spread(b, b->queue[fallen], true))
      fallen++;
    if (fallen == b->end) return;
  }
}

sf_result sf_escape_create(const sf_fabric *fabric, sf_arena *arena,
                           sf_escape *out) {
  uint32_t n = fabric->router_count;
  *out = (sf_escape){.fabric = fabric,
                     .height = SF_NEW_ARRAY(arena, uint32_t, n + (size_t)1),
                     .up = SF_NEW_ARRAY(arena, int32_t, n + (size_t)1),
                     .depth = SF_NEW_ARRAY(arena, uint32_t, n + (size_t)1),
                     .root = SF_NEW_ARRAY(arena, int32_t, n + (size_t)1)};
  builder b = {out, SF_NEW_ARRAY(arena, uint32_t, n + (size_t)1), 0};
  uint64_t *lowest = SF_NEW_ARRAY(arena, uint64_t, n + (size_t)1);
  if (!out->height || !out->up || !out->depth || !out->root || !b.queue ||
      !lowest) {
    return SF_OOM;
  }
  uint32_t width = (uint32_t)fabric->width;
  for (uint32_t r = 0; r < n; r++) {
    out->height[r] = HEIGHT_X * (r % width) + HEIGHT_Y * (r / width);
    lowest[r] = (uint64_t)out->height[r] << 32 | r;
    out->up[r] = out->root[r] = SF_FABRIC_NONE;
  }
  sf_numbers_sort(lowest, n);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t r = (uint32_t)lowest[i];
    if (fabric->live[r] && out->root[r] == SF_FABRIC_NONE) span(&b, r);
  }
  return SF_OK;
}

bool sf_escape_joins(const sf_escape *e, uint32_t a, uint32_t b) {
  return e->root[a] != SF_FABRIC_NONE && e->root[a] == e->root[b];
}

/* Is the link from `router` in `direction` one of the spanning tree? */
static bool spans(const sf_escape *e, uint32_t router, uint32_t direction) {
  const sf_fabric *f = e->fabric;
  uint32_t link = router * f->degree + direction;
  int32_t other = f->neighbours[link];
  if (other == SF_FABRIC_NONE) return false;
  uint32_t back = (uint32_t)other * f->degree + sf_fabric_reverse(f, direction);
  return e->up[router] == (int32_t)link || e->up[other] == (int32_t)back;
}

void sf_escape_reserve(const sf_escape *e, sf_cdg *cdg) {
  const sf_fabric *f = e->fabric;
  for (uint32_t r = 0; r < f->router_count; r++) {
    for (uint32_t in = 0; in < f->degree; in++) {
      if (!spans(e, r, in)) continue;
      uint32_t link = (uint32_t)f->neighbours[r * f->degree + in] * f->degree +
                      sf_fabric_reverse(f, in);
      for (uint32_t out = 0; out < f->degree; out++)
        if (out != in && spans(e, r, out)) (void)sf_cdg_add(cdg, link, out);
    }
  }
}

void sf_escape_branch(const sf_escape *e, sf_grower *g, uint32_t source,
                      uint32_t sink) {
  const sf_fabric *f = e->fabric;
  uint32_t up = source, down = sink, climbed = 0, fallen = 0;
  uint32_t *links = g->branch.links;
  /* Climb from both ends until they meet; the falling half is turned round. */
  for (uint32_t at = source, other = sink; at != other;) {
    uint32_t *lower = e->depth[at] >= e->depth[other] ? &at : &other;
    bool rising = lower == &at;
    fallen += !rising;
    *lower = (uint32_t)f->neighbours[e->up[*lower]];
    climbed += rising;
  }
  uint32_t count = climbed + fallen;
  for (uint32_t i = 0; i < climbed; i++) {
    links[i] = (uint32_t)e->up[up];
    up = (uint32_t)f->neighbours[links[i]];
  }
  for (uint32_t i = 0; i < fallen; i++) {
    uint32_t rising = (uint32_t)e->up[down];
    down = (uint32_t)f->neighbours[rising];
    links[count - 1 - i] =
        down * f->degree + sf_fabric_reverse(f, rising % f->degree);
  }
  uint32_t inside = 0; /* hops that the tree already has */
  while (inside < count &&
         sf_grow_holds(g, (uint32_t)f->neighbours[links[inside]]))
    inside++;
  for (uint32_t i = inside; i < count; i++)
    links[i - inside] = links[i];
  g->branch.hop_count = count - inside;
}
