/* interp_window.h - geometry of conv, convt and pool. 1-d is 2-d with height 1.
 * Private to ir/interp*.c and ranges. */
#ifndef SF_IR_INTERP_WINDOW_H
#define SF_IR_INTERP_WINDOW_H

#include "sf/network.h"

typedef struct sf_window {
  int64_t in_channels, out_channels, groups;
  int64_t in[2], out[2]; /* height, width of operand and result */
  int64_t kernel[2], stride[2], dilation[2];
  int64_t begin[2]; /* padding before the first row and column */
} sf_window;

/* `op`: conv, convt or pool. */
void sf_window_read(const sf_op *op, sf_window *out);

/* conv, pool: index of the operand that tap `tap` of output `at` reads; convt:
 * index of the result that tap `tap` of input `at` adds to. -1: outside. */
static inline int64_t sf_window_tap(const sf_window *w, bool transposed,
                                    int axis, int64_t at, int64_t tap) {
  int64_t extent = transposed ? w->out[axis] : w->in[axis];
  int64_t index =
      at * w->stride[axis] - w->begin[axis] + tap * w->dilation[axis];
  return index >= 0 && index < extent ? index : -1;
}

#endif
