/* interp_conv.c - conv and convt, 1-d and 2-d. docs/ir.md 4, 5.
 *
 * Taps run outermost (ky, kx, then channel inside the group), so that each
 * output sums its terms in the order that f32 prescribes. */
#include "ir/interp_sum.h"
#include "ir/interp_window.h"

typedef struct tap {
  int64_t y, x, group, channel; /* channel inside the group */
} tap;

/* First index `at` >= 0 with at * stride + offset >= 0, and the first one, up
 * to `count`, where the sum reaches `extent`. */
static void inside(int64_t offset, int64_t stride, int64_t extent,
                   int64_t count, int64_t *first, int64_t *end) {
  int64_t room = extent - offset; /* at * stride < room */
  *first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  *end = room <= 0 ? 0 : (room + stride - 1) / stride;
  if (*end > count) *end = count;
}

/* Adds one input row of one tap to the sums. `fixed` is the row of the side
 * that is walked: outputs of conv, inputs of convt. */
static void add_row(sf_interp_node *node, const tap *t, int64_t fixed,
                    const sf_word *weights) {
  const sf_window *w = node->window;
  bool transposed = node->op->kind == SF_OP_CONVT;
  int64_t other = sf_window_tap(w, transposed, 0, fixed, t->y);
  if (other < 0) return;
  int64_t in_y = transposed ? fixed : other, out_y = transposed ? other : fixed;
  int64_t channel = t->group * (w->in_channels / w->groups) + t->channel;
  const sf_word *row =
      node->operands[0].data + (channel * w->in[0] + in_y) * w->in[1];
  size_t outputs = (size_t)(w->out_channels / w->groups);
  int64_t offset = t->x * w->dilation[1] - w->begin[1], stride = w->stride[1];
  int64_t first, end;
  inside(offset, stride, transposed ? w->out[1] : w->in[1],
         transposed ? w->in[1] : w->out[1], &first, &end);
  if (first >= end) return;
  int64_t matched = first * stride + offset;
  int64_t position = out_y * w->out[1] + (transposed ? matched : first);
  sf_sum_run run = {.position = (size_t)position,
                    .position_step = transposed ? (size_t)stride : 1,
                    .first = (size_t)t->group * outputs,
                    .count = outputs,
                    .weights = weights,
                    .x = row + (transposed ? first : matched),
                    .x_step = transposed ? 1 : (size_t)stride,
                    .length = (size_t)(end - first)};
  node->events += outputs * sf_sum_add_run(node->sum, &run);
}

static sf_result run_conv(sf_interp *interp, sf_interp_node *node) {
  const sf_window *w = node->window;
  const sf_word *weights = node->operands[1].data;
  int64_t outputs = w->out_channels / w->groups;
  int64_t walked = node->op->kind == SF_OP_CONVT ? w->in[0] : w->out[0];
  tap t;
  node->events = 0;
  sf_sum_start(node->sum);
  for (t.group = 0; t.group < w->groups; t.group++)
    for (t.y = 0; t.y < w->kernel[0]; t.y++)
      for (t.x = 0; t.x < w->kernel[1]; t.x++)
        for (t.channel = 0; t.channel < w->in_channels / w->groups;
             t.channel++) {
          for (int64_t row = 0; row < walked; row++)
            add_row(node, &t, row, weights);
          weights += outputs;
        }
  return sf_sum_finish(interp, node, 0);
}

/* Weights in the order in which run_conv reads them:
 * [group][ky][kx][channel in group][output in group]. */
static sf_result arrange(sf_interp *interp, sf_interp_node *node,
                         double *largest) {
  const sf_window *w = node->window;
  sf_blob *blob = node->operands[1].blob;
  SF_TRY(sf_blob_load(blob, interp->diag));
  size_t inputs = (size_t)(w->in_channels / w->groups);
  size_t outputs = (size_t)(w->out_channels / w->groups);
  size_t taps = (size_t)(w->kernel[0] * w->kernel[1]);
  sf_word *words = SF_NEW_ARRAY(interp->arena, sf_word, sf_blob_elements(blob));
  if (!words) return SF_OOM;
  size_t at = 0;
  for (size_t group = 0; group < (size_t)w->groups; group++)
    for (size_t k = 0; k < taps; k++)
      for (size_t c = 0; c < inputs; c++)
        for (size_t o = 0; o < outputs; o++) {
          size_t output = group * outputs + o;
          sf_word word = sf_blob_word(blob, (output * inputs + c) * taps + k);
          double size = word.i < 0 ? -(double)word.i : word.i;
          if (size > *largest) *largest = size;
          words[at++] = word;
        }
  node->operands[1].data = words;
  return SF_OK;
}

sf_result sf_prepare_conv(sf_interp *interp, sf_interp_node *node) {
  sf_window *w = SF_NEW(interp->arena, sf_window);
  if (!w) return SF_OOM;
  node->window = w;
  node->run = run_conv;
  sf_window_read(node->op, w);
  double largest = 0;
  SF_TRY(arrange(interp, node, &largest));
  int64_t channels = w->in_channels / w->groups;
  double terms = (double)channels * (double)(w->kernel[0] * w->kernel[1]);
  return sf_sum_create(interp, node, (size_t)(w->out[0] * w->out[1]),
                       (size_t)w->out_channels, terms, largest);
}
