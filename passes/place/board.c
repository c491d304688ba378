/* board.c - which chips, and their cores as seats; see place.h. */
#include "passes/place/place.h"

#include <string.h>

/* ---- Chips. ---- */

typedef struct rectangle {
  int32_t x, y, width, height; /* chips */
} rectangle;

typedef struct chooser {
  const sf_machine *machine;
  int64_t first;
  uint32_t needed; /* chips */
  rectangle all;   /* of the chips that may be used */
} chooser;

static bool is_usable(const chooser *c, const sf_chip *chip) {
  return chip && !chip->dead && (int64_t)chip->id >= c->first;
}

static uint32_t chips_in(const chooser *c, rectangle r) {
  uint32_t count = 0;
  for (int32_t y = r.y; y < r.y + r.height; y++)
    for (int32_t x = r.x; x < r.x + r.width; x++)
      count += is_usable(c, sf_machine_chip_at(c->machine, x, y));
  return count;
}

/* Chips that may be used, and the rectangle around them. */
static uint32_t usable_chips(chooser *c) {
  int32_t left = INT32_MAX, low = INT32_MAX, right = 0, high = 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < c->machine->chip_count; i++) {
    const sf_chip *chip = &c->machine->chips[i];
    if (!is_usable(c, chip)) continue;
    count++;
    if (chip->x < left) left = chip->x;
    if (chip->y < low) low = chip->y;
    if (chip->x >= right) right = chip->x + 1;
    if (chip->y >= high) high = chip->y + 1;
  }
  c->all =
      count ? (rectangle){left, low, right - left, high - low} : (rectangle){0};
  return count;
}

/* The first chip that may be used, in the order of numbers. */
static const sf_chip *first_chip(const chooser *c) {
  for (uint32_t i = 0; i < c->machine->chip_count; i++)
    if (is_usable(c, &c->machine->chips[i])) return &c->machine->chips[i];
  return NULL;
}

/* Fewest routers, then squarest, then widest, from the first chip's corner. */
static rectangle choose(const chooser *c) {
  const sf_chip *corner = first_chip(c);
  rectangle best = c->all;
  int64_t best_area = INT64_MAX, best_half = INT64_MAX;
  int32_t widest = c->all.x + c->all.width - corner->x;
  int32_t highest = c->all.y + c->all.height - corner->y;
  for (int32_t h = 1; h <= highest; h++) {
    for (int32_t w = (int32_t)((c->needed + (uint32_t)h - 1) / (uint32_t)h);
         w <= widest; w++) {
      rectangle r = {corner->x, corner->y, w, h};
      if (chips_in(c, r) < c->needed) continue;
      int64_t area = (int64_t)w * h, half = w + h;
      if (area < best_area || (area == best_area && half < best_half)) {
        best = r;
        best_area = area;
        best_half = half;
      }
      break; /* wider ones are larger */
    }
  }
  return best;
}

/* ---- Seats. ---- */

static bool is_whole_machine(const sf_place_board *b, const sf_fabric *all) {
  return b->x == 0 && b->y == 0 && b->fabric.width == all->width &&
         b->fabric.height == all->height;
}

/* Usable cores on a router of the board; 0 beyond `limit` chips in use. */
static uint32_t cores_on(const sf_place_board *b, const sf_chip *chip,
                         int32_t x, int32_t y) {
  const sf_machine *m = b->machine;
  if (m->family == SF_FAMILY_SPINNAKER2) return m->cores_per_chip;
  uint32_t count = 0;
  for (uint32_t p = 0; p < m->cores_per_router; p++)
    count += sf_machine_core_usable(m, chip->id, x, y, p);
  return count;
}

/* The first `needed` chips of the rectangle along its shorter side. */
static sf_result seat_chips(sf_place_board *b, const chooser *c, rectangle r,
                            sf_arena *arena) {
  uint32_t *on = SF_NEW_ARRAY(arena, uint32_t, b->fabric.router_count);
  if (!on) return SF_OOM;
  bool columns = r.height <= r.width;
  int32_t outer = columns ? r.width : r.height;
  int32_t inner = columns ? r.height : r.width;
  for (int32_t i = 0; i < outer && b->chip_count < c->needed; i++) {
    for (int32_t k = 0; k < inner && b->chip_count < c->needed; k++) {
      int32_t cx = columns ? i : k, cy = columns ? k : i;
      const sf_chip *chip = sf_machine_chip_at(b->machine, r.x + cx, r.y + cy);
      if (!is_usable(c, chip)) continue;
      b->chip_count++;
      for (int32_t y = 0; y < b->tile_height; y++)
        for (int32_t x = 0; x < b->tile_width; x++)
          on[(cy * b->tile_height + y) * b->fabric.width + cx * b->tile_width +
             x] = cores_on(b, chip, x, y);
    }
  }
  return sf_place_seats_create(&b->fabric, on, arena, &b->seats);
}

/* Coordinates in hops: a border counts `border` on top. */
static int32_t *stretched(int32_t routers, int32_t tile, int32_t border,
                          sf_arena *arena) {
  int32_t *at = SF_NEW_ARRAY(arena, int32_t, (size_t)routers);
  for (int32_t i = 0; i < routers && at; i++)
    at[i] = i + i / tile * border;
  return at;
}

static sf_result stretch(sf_place_board *b, int32_t border, sf_arena *arena) {
  if (b->machine->family != SF_FAMILY_LOIHI2 || border == 0 || b->fabric.wrap)
    return SF_OK;
  b->seats.column = stretched(b->fabric.width, b->tile_width, border, arena);
  b->seats.row = stretched(b->fabric.height, b->tile_height, border, arena);
  return b->seats.column && b->seats.row ? SF_OK : SF_OOM;
}

static sf_result cut_fabric(sf_place_board *b, rectangle r, sf_arena *arena) {
  const sf_machine *m = b->machine;
  sf_fabric all;
  SF_TRY(sf_fabric_of_machine(m, arena, &all));
  b->x = r.x * b->tile_width;
  b->y = r.y * b->tile_height;
  b->fabric.width = r.width * b->tile_width;
  b->fabric.height = r.height * b->tile_height;
  if (is_whole_machine(b, &all)) {
    b->fabric = all;
    return SF_OK;
  }
  SF_TRY(sf_fabric_create(m->topology, false, b->fabric.width, b->fabric.height,
                          arena, &b->fabric));
  for (uint32_t i = 0; i < b->fabric.router_count; i++) {
    int32_t x = b->x + (int32_t)i % b->fabric.width;
    int32_t y = b->y + (int32_t)i / b->fabric.width;
    if (!all.live[y * all.width + x]) sf_fabric_kill(&b->fabric, i);
  }
  return SF_OK;
}

sf_result sf_place_board_make(const sf_machine *machine, int64_t first,
                              uint32_t cores, int32_t border, sf_arena *arena,
                              sf_place_board *out, uint64_t *out_seats) {
  bool loihi = machine->family == SF_FAMILY_LOIHI2;
  chooser c = {.machine = machine, .first = first};
  uint32_t each = machine->cores_per_chip;
  *out_seats = (uint64_t)usable_chips(&c) * each;
  if (*out_seats < cores || *out_seats == 0) return SF_OK;
  c.needed = cores ? (cores + each - 1) / each : 1;
  for (uint32_t usable = usable_chips(&c);; c.needed++) {
    rectangle r = choose(&c);
    *out = (sf_place_board){.machine = machine,
                            .tile_width = loihi ? machine->width : 1,
                            .tile_height = loihi ? machine->height : 1};
    SF_TRY(cut_fabric(out, r, arena));
    SF_TRY(seat_chips(out, &c, r, arena));
    if (out->seats.count >= cores) break;
    *out_seats = out->seats.count; /* dead cores: take one chip more */
    if (c.needed >= usable) return SF_OK;
  }
  return stretch(out, border, arena);
}

sf_result sf_place_board_whole(const sf_machine *machine, int32_t border,
                               sf_arena *arena, sf_place_board *out) {
  bool loihi = machine->family == SF_FAMILY_LOIHI2;
  chooser c = {.machine = machine, .first = 0};
  c.needed = usable_chips(&c);
  *out = (sf_place_board){.machine = machine,
                          .tile_width = loihi ? machine->width : 1,
                          .tile_height = loihi ? machine->height : 1};
  if (c.needed == 0) return SF_OK;
  SF_TRY(cut_fabric(out, c.all, arena));
  SF_TRY(seat_chips(out, &c, c.all, arena));
  return stretch(out, border, arena);
}

sf_place_core sf_place_board_core(const sf_place_board *b, uint32_t seat) {
  const sf_machine *m = b->machine;
  uint32_t router = b->seats.router[seat];
  int64_t nth = seat - b->seats.first[router];
  int32_t x = b->x + (int32_t)router % b->fabric.width;
  int32_t y = b->y + (int32_t)router / b->fabric.width;
  const sf_chip *chip =
      sf_machine_chip_at(m, x / b->tile_width, y / b->tile_height);
  if (m->family == SF_FAMILY_SPINNAKER2)
    return (sf_place_core){chip, chip->x, chip->y, nth};
  sf_place_core core = {chip, x % b->tile_width, y % b->tile_height, 0};
  for (;; core.p++) {
    if (!sf_machine_core_usable(m, chip->id, core.x, core.y, core.p)) continue;
    if (nth-- == 0) return core;
  }
}

uint32_t sf_place_board_seat(const sf_place_board *b,
                             const sf_place_core *core) {
  const sf_machine *m = b->machine;
  bool chips = m->family == SF_FAMILY_SPINNAKER2;
  int64_t x = core->chip->x * b->tile_width + (chips ? 0 : core->x) - b->x;
  int64_t y = core->chip->y * b->tile_height + (chips ? 0 : core->y) - b->y;
  uint32_t seat = b->seats.first[y * b->fabric.width + x];
  if (chips) return seat + (uint32_t)core->p;
  for (int64_t p = 0; p < core->p; p++)
    seat += sf_machine_core_usable(m, core->chip->id, core->x, core->y, p);
  return seat;
}
