/* moments.c - second moments H = sum x x^T of what a projection reads, one
 * matrix a channel group. x are integers: sums are exact below 2^53 and do not
 * depend on the order. */
#include "passes/quantize/quantize.h"

#include "passes/calibrate/runner.h"
#include "passes/quantize/reconstruct.h"
#include "support/process.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 64, BLOCK_BYTES = 128 << 20 };

/* How a projection reads its operand: positions, and the elements of each. */
typedef struct reading {
  const sf_op *op;
  size_t order;                    /* weights of one channel */
  size_t positions;                /* results of one channel */
  int32_t channels, height, width; /* of one group's operand */
  int32_t kernel[2], out[2];
  int64_t stride[2], pad[2], dilation[2]; /* pad: at the begin */
} reading;

static reading read_conv(const sf_op *op) {
  const sf_type *x = &sf_op_operand(op, 0)->type, *y = &op->results[0]->type;
  const sf_type *w = &sf_op_operand_blob(op, 1)->type;
  reading r = {.op = op, .channels = w->dim[1]};
  unsigned spatial = x->rank - 1u, skip = 2 - spatial; /* 1-d: height 1 */
  int64_t stride[2], pad[4], dilation[2];
  sf_op_ints(op, SF_ATTR_stride, spatial, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * spatial, pad);
  sf_op_ints(op, SF_ATTR_dilation, spatial, dilation);
  r.height = spatial == 2 ? x->dim[1] : 1;
  r.width = x->dim[spatial];
  r.order = (size_t)w->dim[1];
  r.positions = 1;
  for (unsigned i = 0; i < 2; i++) {
    bool real = i >= skip;
    r.kernel[i] = real ? w->dim[2 + i - skip] : 1;
    r.out[i] = real ? y->dim[1 + i - skip] : 1;
    r.stride[i] = real ? stride[i - skip] : 1;
    r.pad[i] = real ? pad[i - skip] : 0;
    r.dilation[i] = real ? dilation[i - skip] : 1;
    r.order *= (size_t)r.kernel[i];
    r.positions *= (size_t)r.out[i];
  }
  return r;
}

static reading read_linear(const sf_op *op) {
  const sf_type *x = &sf_op_operand(op, 0)->type;
  size_t order = (size_t)x->dim[x->rank - 1];
  return (reading){
      .op = op, .order = order, .positions = sf_type_elements(x) / order};
}

/* What one result of a group reads, in the order of its weights. */
static void read_patch(const reading *r, const int32_t *x, size_t group,
                       size_t position, double *out) {
  if (r->op->kind == SF_OP_LINEAR) {
    for (size_t k = 0; k < r->order; k++)
      out[k] = x[position * r->order + k];
    return;
  }
  int64_t y0 = (int64_t)(position / (size_t)r->out[1]) * r->stride[0];
  int64_t x0 = (int64_t)(position % (size_t)r->out[1]) * r->stride[1];
  for (int32_t c = 0; c < r->channels; c++) {
    size_t channel = group * (size_t)r->channels + (size_t)c;
    const int32_t *plane = x + channel * (size_t)r->height * (size_t)r->width;
    for (int32_t ky = 0; ky < r->kernel[0]; ky++) {
      int64_t row = y0 - r->pad[0] + ky * r->dilation[0];
      for (int32_t kx = 0; kx < r->kernel[1]; kx++) {
        int64_t column = x0 - r->pad[1] + kx * r->dilation[1];
        bool inside =
            row >= 0 && row < r->height && column >= 0 && column < r->width;
        *out++ = inside ? plane[row * r->width + column] : 0;
      }
    }
  }
}

/* ---- Rows of H, a block of them a task. ---- */

typedef struct sweep {
  const reading *r;
  const sf_value *value; /* of the partial network */
  size_t elements;       /* of a sample */
  uint64_t first, count; /* samples in the block */
  int32_t *rows;
  size_t blocks; /* of a group */
  double *moments;
} sweep;

static sf_result keep_row(void *data, uint64_t sample,
                          const sf_interp *interp) {
  const sweep *s = data;
  const sf_word *words = sf_interp_value(interp, s->value);
  int32_t *row = s->rows + (size_t)(sample - s->first) * s->elements;
  for (size_t n = 0; n < s->elements; n++)
    row[n] = words[n].i;
  return SF_OK;
}

static sf_result add_moments(void *data, size_t index) {
  const sweep *s = data;
  size_t n = s->r->order, group = index / s->blocks;
  size_t begin = index % s->blocks * ROWS;
  size_t end = begin + ROWS < n ? begin + ROWS : n;
  double *h = s->moments + group * n * n;
  double *x = calloc(n + 1, sizeof *x);
  if (!x) return SF_OOM;
  for (uint64_t sample = 0; sample < s->count; sample++) {
    const int32_t *row = s->rows + (size_t)sample * s->elements;
    for (size_t p = 0; p < s->r->positions; p++) {
      read_patch(s->r, row, group, p, x);
      for (size_t i = begin; i < end; i++) {
        if (x[i] == 0) continue;
        for (size_t j = 0; j <= i; j++)
          h[i * n + j] += x[i] * x[j];
      }
    }
  }
  free(x);
  return SF_OK;
}

static sf_result sweep_samples(sf_quantizer *q, sweep *s, size_t groups,
                               const sf_network *network) {
  sf_pass_run *run = q->run;
  uint64_t block = BLOCK_BYTES / (s->elements * sizeof *s->rows);
  if (block < run->threads) block = run->threads;
  if (block > q->samples) block = q->samples;
  s->rows = malloc((size_t)block * s->elements * sizeof *s->rows + 1);
  sf_sample_runner *runner = NULL;
  sf_result result = s->rows ? SF_OK : SF_OOM;
  if (result == SF_OK)
    result = sf_sample_runner_create(network, run->samples, run->threads,
                                     run->diag, &runner);
  for (s->first = 0; s->first < q->samples && result == SF_OK;
       s->first += block) {
    uint64_t left = q->samples - s->first;
    s->count = left < block ? left : block;
    result = sf_sample_runner_each(runner, s->first, s->count, keep_row, s);
    if (result == SF_OK)
      result = sf_parallel(run->threads, groups * s->blocks, add_moments, s);
  }
  free(s->rows);
  sf_sample_runner_destroy(runner);
  return result;
}

sf_result sf_term_moments(sf_quantizer *q, const sf_term *term,
                          sf_moments *out) {
  const sf_op *op = term->op;
  *out = (sf_moments){0};
  if (op->kind != SF_OP_LINEAR && op->kind != SF_OP_CONV) return SF_OK;
  reading r = op->kind == SF_OP_LINEAR ? read_linear(op) : read_conv(op);
  size_t groups =
      op->kind == SF_OP_LINEAR ? 1 : (size_t)sf_op_int(op, SF_ATTR_groups);
  if (r.order > SF_RECONSTRUCT_ORDER_MAX) return SF_OK;
  double *moments = calloc(groups * r.order * r.order, sizeof *moments);
  if (!moments) return SF_OOM;
  sf_module *partial = NULL;
  sf_value *value = term->integer;
  sf_result result = sf_partial_network(q, 1, &value, &partial);
  if (result == SF_OK) {
    sweep s = {.r = &r,
               .value = partial->first_network->returns[0].value,
               .elements = sf_type_elements(&value->type),
               .blocks = (r.order + ROWS - 1) / ROWS,
               .moments = moments};
    result = sweep_samples(q, &s, groups, partial->first_network);
  }
  sf_module_destroy(partial);
  if (result != SF_OK) {
    free(moments);
    return result;
  }
  *out = (sf_moments){groups, r.order, moments};
  return SF_OK;
}
