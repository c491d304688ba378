/* listed.c - a part of a transposed convolution, as listed edges.
 *
 * Tap k of the kernel takes element i of the stream to result i s - p + k d. A
 * part of the kernel from k0 on would begin k0 d - p results late, which no
 * padding says; a list of edges can leave out any tap.
 *
 * Result o hears the elements (o + p - k d) / s that are whole: the taps of one
 * class, s / gcd(s, d) apart. Numbered within their class, `extent` of them are
 * as many as any neuron hears, and a part has the taps of some numbers. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "support/integer.h"

#include <stdlib.h>

/* Axes channels, y, x; one-dimensional windows have one row. */
typedef struct frame {
  int64_t in[3], out[3], inner, outer; /* channels of a group */
  int64_t kernel[3], stride[3], pad[3], dilation[3], apart[3];
  const sf_blob *weights;
} frame;

typedef struct list {
  int64_t begin, end;      /* numbers of the taps that count */
  int32_t *rows, *weights; /* NULL: only counted */
  size_t count;
} list;

static frame frame_of(const sf_op *op) {
  const sf_type *in = &sf_op_operand(op, 0)->type;
  const sf_type *out = &op->results[0]->type;
  const sf_blob *weights = sf_op_operand_blob(op, 1);
  unsigned spatial = out->rank - 1u, skip = 3 - spatial;
  int64_t pad[2 * SF_RANK_MAX], groups = sf_op_int(op, SF_ATTR_groups);
  frame f = {.inner = in->dim[0] / groups,
             .outer = out->dim[0] / groups,
             .in = {in->dim[0], 1, 1},
             .out = {out->dim[0], 1, 1},
             .kernel = {1, 1, 1},
             .stride = {1, 1, 1},
             .dilation = {1, 1, 1},
             .weights = weights};
  sf_op_ints(op, SF_ATTR_stride, spatial, f.stride + skip);
  sf_op_ints(op, SF_ATTR_dilation, spatial, f.dilation + skip);
  sf_op_ints(op, SF_ATTR_pad, 2 * spatial, pad);
  for (unsigned i = 0; i < spatial; i++) {
    f.in[skip + i] = in->dim[i + 1];
    f.out[skip + i] = out->dim[i + 1];
    f.kernel[skip + i] = weights->type.dim[i + 2];
    f.pad[skip + i] = pad[i];
  }
  for (unsigned i = 0; i < 3; i++)
    f.apart[i] = f.stride[i] / sf_gcd(f.stride[i], f.dilation[i]);
  return f;
}

/* Taps of one class along an axis. */
static int64_t class_size(const frame *f, unsigned axis) {
  return (f->kernel[axis] + f->apart[axis] - 1) / f->apart[axis];
}

uint64_t sf_fan_transposed_taps(const sf_op *convt) {
  const frame f = frame_of(convt);
  return (uint64_t)(f.inner * class_size(&f, 1) * class_size(&f, 2));
}

bool sf_fan_is_too_long(const sf_op *convt) {
  uint64_t taps = sf_fan_transposed_taps(convt);
  return taps > SF_FAN_LISTED_MAX /
                    (uint64_t)sf_type_elements(&convt->results[0]->type);
}

/* ---- Edges. ---- */

/* Element of the stream that tap k of one axis brings to result o; -1: none. */
static int64_t source_of(const frame *f, unsigned axis, int64_t o, int64_t k) {
  int64_t at = o + f->pad[axis] - k * f->dilation[axis];
  if (at < 0 || at % f->stride[axis] != 0) return -1;
  at /= f->stride[axis];
  return at < f->in[axis] ? at : -1;
}

static void add_edge(list *l, const frame *f, int64_t target, int64_t source,
                     int64_t weight) {
  if (l->rows) {
    l->rows[2 * l->count] = (int32_t)target;
    l->rows[2 * l->count + 1] = (int32_t)source;
    l->weights[l->count] = sf_blob_i32(f->weights, (size_t)weight);
  }
  l->count++;
}

static bool is_listed(const list *l, const frame *f, int64_t i, int64_t ky,
                      int64_t kx) {
  int64_t number =
      (i * class_size(f, 1) + ky / f->apart[1]) * class_size(f, 2) +
      kx / f->apart[2];
  return number >= l->begin && number < l->end;
}

/* Edges of result (c, y, x) by source: a later tap hears an earlier element. */
static void add_result(list *l, const frame *f, int64_t c, int64_t y,
                       int64_t x) {
  int64_t target = (c * f->out[1] + y) * f->out[2] + x;
  for (int64_t i = 0; i < f->inner; i++)
    for (int64_t ky = f->kernel[1] - 1; ky >= 0; ky--) {
      int64_t sy = source_of(f, 1, y, ky);
      for (int64_t kx = f->kernel[2] - 1; sy >= 0 && kx >= 0; kx--) {
        int64_t sx = source_of(f, 2, x, kx);
        if (sx < 0 || !is_listed(l, f, i, ky, kx)) continue;
        int64_t from = c / f->outer * f->inner + i;
        add_edge(l, f, target, (from * f->in[1] + sy) * f->in[2] + sx,
                 ((c * f->inner + i) * f->kernel[1] + ky) * f->kernel[2] + kx);
      }
    }
}

static void add_results(list *l, const frame *f) {
  l->count = 0;
  for (int64_t c = 0; c < f->out[0]; c++)
    for (int64_t y = 0; y < f->out[1]; y++)
      for (int64_t x = 0; x < f->out[2]; x++)
        add_result(l, f, c, y, x);
}

/* ---- A part. ---- */

static sf_result set_operands(const list *l, const frame *f, sf_op *piece) {
  sf_module *module = piece->network->module;
  const int32_t dim[] = {(int32_t)l->count, 2};
  sf_type type = sf_type_make(sf_int(32), 2, dim);
  sf_blob *blob = sf_blob_create_i32(module, "edges", &type, l->rows);
  if (!blob) return SF_OOM;
  sf_op_set_operand_blob(piece, 1, blob);
  type = sf_type_make(f->weights->type.scalar, 1, dim);
  blob = sf_blob_create_i32(module, f->weights->name, &type, l->weights);
  if (!blob) return SF_OOM;
  sf_op_set_operand_blob(piece, 2, blob);
  return SF_OK;
}

sf_result sf_fan_piece_listed(sf_fan *fan, const sf_fan_cut *cut, int32_t begin,
                              int32_t end, sf_op *piece, sf_value **stream) {
  SF_TRY(sf_blob_load(sf_op_operand_blob(cut->leaf, 1), fan->run->diag));
  const frame f = frame_of(cut->leaf);
  list l = {.begin = begin, .end = end};
  add_results(&l, &f);
  *stream = NULL;
  if (l.count == 0) return SF_OK;
  l.rows = malloc(2 * l.count * sizeof *l.rows);
  l.weights = malloc(l.count * sizeof *l.weights);
  sf_result result = l.rows && l.weights ? SF_OK : SF_OOM;
  if (result == SF_OK) {
    add_results(&l, &f);
    result = set_operands(&l, &f, piece);
  }
  free(l.rows);
  free(l.weights);
  sf_value *x = sf_op_operand(cut->leaf, 0);
  const int32_t elements = (int32_t)sf_type_elements(&x->type);
  if (result == SF_OK) *stream = sf_fan_reshape(x, 1, &elements, piece);
  return result == SF_OK && !*stream ? SF_OOM : result;
}
