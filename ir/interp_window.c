/* interp_window.c - reads the attributes of conv, convt and pool. */
#include "ir/interp_window.h"

void sf_window_read(const sf_op *op, sf_window *out) {
  const sf_type *from = &sf_op_operand(op, 0)->type;
  const sf_type *to = &sf_op_result(op, 0)->type;
  unsigned axes = from->rank - 1u; /* 1 or 2 */
  int64_t stride[2] = {1, 1}, pad[4] = {0};
  int64_t kernel[2] = {1, 1}, dilation[2] = {1, 1};
  if (axes > 2) axes = 2; /* the verifier admits no more */
  *out = (sf_window){.in_channels = from->dim[0],
                     .out_channels = to->dim[0],
                     .groups = 1,
                     .in = {1, 1},
                     .out = {1, 1},
                     .kernel = {1, 1},
                     .stride = {1, 1},
                     .dilation = {1, 1}};
  sf_op_ints(op, SF_ATTR_stride, axes, stride);
  sf_op_ints(op, SF_ATTR_pad, 2 * axes, pad);
  sf_op_ints(op, SF_ATTR_dilation, axes, dilation);
  if (op->kind == SF_OP_POOL) {
    sf_op_ints(op, SF_ATTR_kernel, axes, kernel);
  } else {
    out->groups = sf_op_int(op, SF_ATTR_groups);
    const sf_type *weights = &sf_op_operand_blob(op, 1)->type;
    for (unsigned n = 0; n < axes; n++)
      kernel[n] = weights->dim[2 + n];
  }
  for (unsigned n = 0; n < axes; n++) {
    unsigned axis = 2 - axes + n;
    out->in[axis] = from->dim[1 + n];
    out->out[axis] = to->dim[1 + n];
    out->kernel[axis] = kernel[n];
    out->stride[axis] = stride[n];
    out->dilation[axis] = dilation[n];
    out->begin[axis] = pad[n];
  }
}
