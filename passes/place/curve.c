/* curve.c - see curve.h. */
#include "passes/place/curve.h"

#include <stdlib.h>

/* Routers are written in coordinates along and across the run of bands. */
typedef struct pen {
  uint32_t *out, *strips; /* strips may be NULL */
  uint32_t strip;
  int32_t width; /* of the fabric */
  bool across;
} pen;

static void put(pen *p, int32_t along, int32_t side) {
  int32_t x = p->across ? side : along, y = p->across ? along : side;
  *p->out++ = (uint32_t)(y * p->width + x);
  if (p->strips) *p->strips++ = p->strip;
}

/* ---- Bands. ---- */

typedef struct bands {
  int32_t length, side; /* of the rectangle, along and across */
  int32_t count, turn;
} bands;

static int32_t band_edge(const bands *b, int32_t band) {
  return (int32_t)((int64_t)band * b->side / b->count);
}

/* Strips at [from, to) of one band, forward or back. */
static void fill_band(pen *p, const bands *b, int32_t band, int32_t from,
                      int32_t to, bool back) {
  int32_t low = band_edge(b, band), high = band_edge(b, band + 1);
  for (int32_t i = from; i < to; i++) {
    int32_t along = back ? from + to - 1 - i : i;
    for (int32_t side = low; side < high; side++)
      put(p, along, side);
    p->strip++;
  }
}

/* Both bands at [from, to), in strips along the run. */
static void fill_turn(pen *p, const bands *b, int32_t band, int32_t from,
                      int32_t to) {
  for (int32_t side = band_edge(b, band); side < band_edge(b, band + 2);
       side++) {
    for (int32_t along = from; along < to; along++)
      put(p, along, side);
    p->strip++;
  }
}

static void fill_serpentine(pen *p, const bands *b) {
  for (int32_t k = 0; k < b->count; k++) {
    bool back = k % 2 == 1, last = k + 1 == b->count;
    int32_t entered = k > 0 ? b->turn : 0, left = last ? 0 : b->turn;
    int32_t from = back ? left : entered;
    int32_t to = b->length - (back ? entered : left);
    fill_band(p, b, k, from, to, back);
    if (last || b->turn == 0) continue;
    if (back)
      fill_turn(p, b, k, 0, b->turn);
    else
      fill_turn(p, b, k, b->length - b->turn, b->length);
  }
}

/* ---- Hilbert. ----
 * A rectangle is walked from corner to corner along its longer side: halves of
 * a long one, else three parts like the classic curve, with sides kept even
 * where a part must end beside its start (mapping.md 2.3). */

typedef struct step {
  int32_t x, y;
} step;

static int32_t sign(int32_t v) { return (v > 0) - (v < 0); }
static step unit(step v) { return (step){sign(v.x), sign(v.y)}; }
static step plus(step a, step b) { return (step){a.x + b.x, a.y + b.y}; }
static step minus(step a, step b) { return (step){a.x - b.x, a.y - b.y}; }
static step negative(step a) { return (step){-a.x, -a.y}; }
static int32_t length_of(step v) { return abs(v.x + v.y); }

/* Half of v, rounded to the even number above when `even` asks. */
static step half(step v, bool even) {
  step h = {v.x / 2, v.y / 2};
  if (even && length_of(h) % 2 == 1) h = plus(h, unit(v));
  return h;
}

static void straight(pen *p, step at, step along) {
  for (int32_t i = 0; i < length_of(along); i++) {
    put(p, at.x, at.y);
    at = plus(at, unit(along));
  }
}

/* Walks the rectangle spanned by `run` and `wide` from `at`, ending at the far
 * end of `run`. Depth: the logarithm of the sides. */
static void hilbert(pen *p, step at, step run, step wide) {
  int32_t length = length_of(run), width = length_of(wide);
  if (width == 1) {
    straight(p, at, run);
    return;
  }
  if (length == 1) {
    straight(p, at, wide);
    return;
  }
  if (2 * length > 3 * width) {
    step first = half(run, length > 2);
    hilbert(p, at, first, wide);
    hilbert(p, plus(at, first), minus(run, first), wide);
    return;
  }
  step first = half(run, false), aside = half(wide, width > 2);
  step rest = minus(run, first), last = minus(run, unit(run));
  hilbert(p, at, aside, first);
  hilbert(p, plus(at, aside), run, minus(wide, aside));
  hilbert(p, plus(at, plus(last, minus(aside, unit(wide)))), negative(aside),
          negative(rest));
}

void sf_curve_fill(const sf_curve *c, int32_t width, int32_t height,
                   uint32_t *out, uint32_t *out_strips) {
  pen p = {out, out_strips, 0, width, c->across};
  if (c->kind == SF_CURVE_HILBERT) {
    p.across = false;
    step x = {width, 0}, y = {0, height}, origin = {0, 0};
    if (width >= height)
      hilbert(&p, origin, x, y);
    else
      hilbert(&p, origin, y, x);
    return;
  }
  bands b = {.length = c->across ? height : width,
             .side = c->across ? width : height};
  int32_t band = c->band < 1 ? 1 : c->band > b.side ? b.side : c->band;
  b.count = (b.side + band / 2) / band;
  if (b.count < 1) b.count = 1;
  if (c->kind == SF_CURVE_SERPENTINE) {
    b.turn = 2 * c->turn > b.length || c->turn < 0 ? b.length / 2 : c->turn;
    fill_serpentine(&p, &b);
    return;
  }
  for (int32_t k = 0; k < b.count; k++)
    fill_band(&p, &b, k, 0, b.length, false);
}
