/* moments.c - second moments of what a projection reads, and of that with what
 * its sums should be. Tiles of rows of the matrices are filled in parallel,
 * each over all samples and positions in order. */
#include "passes/prune/prune.h"

#include "support/process.h"

#include <stdlib.h>
#include <string.h>

enum { TILE_ROWS = 128, PANEL = 32, SPATIAL_MAX = 2 };

/* How a projection walks its operand. */
typedef struct geometry {
  bool transposed;
  size_t channels, outputs; /* of one group */
  size_t in[SPATIAL_MAX], out[SPATIAL_MAX], kernel[SPATIAL_MAX];
  int64_t stride[SPATIAL_MAX], pad[SPATIAL_MAX], dilation[SPATIAL_MAX];
  size_t in_elements, out_elements; /* of one sample */
  bool linear;
} geometry;

static geometry geometry_of(const sf_op *op) {
  const sf_type *x = &sf_op_operand(op, 0)->type, *y = &op->results[0]->type;
  const sf_type *w = &sf_op_operand_blob(op, 1)->type;
  geometry g = {.channels = (size_t)w->dim[1],
                .in = {1, 1},
                .out = {1, 1},
                .kernel = {1, 1},
                .stride = {1, 1},
                .dilation = {1, 1},
                .in_elements = sf_type_elements(x),
                .out_elements = sf_type_elements(y),
                .linear = op->kind == SF_OP_LINEAR,
                .outputs = (size_t)w->dim[0]};
  if (g.linear) return g;
  g.transposed = op->kind == SF_OP_CONVT;
  g.outputs /= (size_t)sf_op_int(op, SF_ATTR_groups);
  int64_t stride[SPATIAL_MAX], pad[2 * SPATIAL_MAX], dilation[SPATIAL_MAX];
  uint32_t spatial = (uint32_t)w->rank - 2;
  sf_op_ints(op, SF_ATTR_stride, spatial, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * spatial, pad);
  sf_op_ints(op, SF_ATTR_dilation, spatial, dilation);
  for (uint32_t i = 0; i < spatial; i++) {
    uint32_t at = SPATIAL_MAX - spatial + i; /* one axis: the last */
    g.in[at] = (size_t)x->dim[i + 1];
    g.out[at] = (size_t)y->dim[i + 1];
    g.kernel[at] = (size_t)w->dim[i + 2];
    g.stride[at] = stride[i];
    g.pad[at] = pad[i];
    g.dilation[at] = dilation[i];
  }
  return g;
}

size_t sf_moments_positions(const sf_op *op) {
  geometry g = geometry_of(op);
  return g.linear ? g.out_elements / g.outputs : g.out[0] * g.out[1];
}

/* Coordinate of the operand that a tap reads; false: padding, or none. */
static bool source_of(const geometry *g, int axis, size_t out, size_t tap,
                      size_t *in) {
  int64_t at;
  if (g->transposed) {
    at = (int64_t)out + g->pad[axis] - (int64_t)tap * g->dilation[axis];
    if (at < 0 || at % g->stride[axis] != 0) return false;
    at /= g->stride[axis];
  } else {
    at = (int64_t)out * g->stride[axis] - g->pad[axis] +
         (int64_t)tap * g->dilation[axis];
  }
  if (at < 0 || at >= (int64_t)g->in[axis]) return false;
  *in = (size_t)at;
  return true;
}

/* The features at one position, the constant last. */
static void gather(const geometry *g, const float *operand, uint32_t group,
                   size_t position, double *out) {
  if (g->linear) {
    for (size_t k = 0; k < g->channels; k++)
      *out++ = (double)operand[position * g->channels + k];
    *out = 1;
    return;
  }
  size_t y = position / g->out[1], x = position % g->out[1];
  for (size_t c = 0; c < g->channels; c++) {
    const float *plane =
        operand + (group * g->channels + c) * g->in[0] * g->in[1];
    for (size_t ky = 0; ky < g->kernel[0]; ky++) {
      size_t sy = 0, sx = 0;
      bool row = source_of(g, 0, y, ky, &sy);
      for (size_t kx = 0; kx < g->kernel[1]; kx++) {
        bool inside = row && source_of(g, 1, x, kx, &sx);
        *out++ = inside ? (double)plane[sy * g->in[1] + sx] : 0;
      }
    }
  }
  *out = 1;
}

static void gather_wanted(const geometry *g, const float *wanted,
                          uint32_t group, size_t position, double *out) {
  size_t plane = g->out[0] * g->out[1];
  for (size_t r = 0; r < g->outputs; r++)
    out[r] =
        (double)(g->linear
                     ? wanted[position * g->outputs + r]
                     : wanted[(group * g->outputs + r) * plane + position]);
}

/* ---- Sums. ---- */

typedef struct panel {
  uint32_t count;
  double *features, *wanted; /* PANEL rows each */
} panel;

typedef struct job {
  sf_moments *m;
  geometry g;
  const float *operands, *wanted;
  uint64_t first, count;
  size_t stride, positions, tiles;
} job;

static void add_panel(const sf_moments *m, const panel *p, uint32_t group,
                      size_t first, size_t end) {
  size_t n = m->features;
  double *h = m->h + (size_t)group * n * n;
  double *c = m->c + (size_t)group * n * m->rows;
  for (size_t i = first; i < end; i++) {
    double *row = h + i * n;
    for (uint32_t t = 0; t < p->count; t++) {
      const double *f = p->features + t * n;
      double x = f[i];
      if (x == 0) continue;
      for (size_t j = 0; j <= i; j++)
        row[j] += x * f[j];
    }
  }
  for (uint32_t t = 0; t < p->count; t++) {
    const double *f = p->features + t * n;
    for (size_t r = 0; r < m->rows; r++) {
      double y = p->wanted[t * m->rows + r];
      for (size_t i = first; i < end; i++)
        c[r * n + i] += y * f[i];
    }
  }
}

static void run_tile(const job *j, panel *p, uint32_t group, size_t first) {
  const sf_moments *m = j->m;
  size_t end =
      first + TILE_ROWS < m->features ? first + TILE_ROWS : m->features;
  for (uint64_t s = 0; s < j->count; s++) {
    const float *x = j->operands + (size_t)s * j->g.in_elements;
    const float *y = j->wanted + (size_t)s * j->g.out_elements;
    size_t at = (size_t)((j->first + s) % j->stride);
    for (; at < j->positions; at += j->stride) {
      gather(&j->g, x, group, at, p->features + p->count * m->features);
      gather_wanted(&j->g, y, group, at, p->wanted + p->count * m->rows);
      if (++p->count < PANEL) continue;
      add_panel(m, p, group, first, end);
      p->count = 0;
    }
  }
  add_panel(m, p, group, first, end);
}

static sf_result tile(void *data, size_t index) {
  const job *j = data;
  const sf_moments *m = j->m;
  panel p = {.features = calloc(PANEL * m->features, sizeof(double)),
             .wanted = calloc((size_t)PANEL * m->rows, sizeof(double))};
  bool ok = p.features && p.wanted;
  if (ok)
    run_tile(j, &p, (uint32_t)(index / j->tiles), index % j->tiles * TILE_ROWS);
  free(p.features);
  free(p.wanted);
  return ok ? SF_OK : SF_OOM;
}

sf_result sf_moments_create(const sf_op *op, sf_arena *arena, sf_moments *out) {
  geometry g = geometry_of(op);
  uint32_t groups = g.linear ? 1 : (uint32_t)sf_op_int(op, SF_ATTR_groups);
  size_t features = g.channels * g.kernel[0] * g.kernel[1] + 1;
  *out = (sf_moments){.op = op,
                      .features = features,
                      .groups = groups,
                      .rows = (uint32_t)g.outputs};
  out->h = SF_NEW_ARRAY(arena, double, groups *features *features);
  out->c = SF_NEW_ARRAY(arena, double, groups *features *g.outputs);
  return out->h && out->c ? SF_OK : SF_OOM;
}

sf_result sf_moments_add(sf_moments *m, const float *operands,
                         const float *wanted, uint64_t first, uint64_t count,
                         size_t stride, uint32_t threads) {
  job j = {.m = m,
           .g = geometry_of(m->op),
           .operands = operands,
           .wanted = wanted,
           .first = first,
           .count = count,
           .stride = stride,
           .positions = sf_moments_positions(m->op),
           .tiles = (m->features + TILE_ROWS - 1) / TILE_ROWS};
  return sf_parallel(threads, m->groups * j.tiles, tile, &j);
}
