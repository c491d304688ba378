/* recurrent.h - what the operators RNN, GRU and LSTM share: op_recurrent.c
 * reads the node and puts its results together, recurrent_cell.c runs the steps
 * of one direction. Private to the reader. */
#ifndef SF_ONNX_RECURRENT_H
#define SF_ONNX_RECURRENT_H

#include "frontend/onnx/axis.h"

typedef enum onnx_cell { CELL_RNN, CELL_GRU, CELL_LSTM } onnx_cell;

typedef struct onnx_recurrent {
  onnx_cell kind;
  unsigned gates;
  int64_t steps, batch, inputs, hidden, directions;
  const onnx_tensor *w, *r, *b, *peepholes; /* b, peepholes: or NULL */
  const char *functions[6];                 /* three a direction */
} onnx_recurrent;
/* State of a direction: h and, in an LSTM, c, both [batch, hidden]; blobs that
 * all steps share. */
typedef struct onnx_state {
  int64_t direction;
  sf_value *h, *c;
  sf_blob *recurrent;               /* all gates; GRU: z and r */
  sf_blob *candidate, *hidden_bias; /* GRU */
  bool reset_after;                 /* GRU: linear_before_reset */
  sf_blob *peephole[3];             /* i, o, f; or NULL */
} onnx_state;

/* Initial state and weights of direction `d`. Errors: a message on the node. */
sf_result sf_onnx_recurrent_state(onnx_node *node, const onnx_recurrent *r,
                                  int64_t d, bool batch_first,
                                  onnx_state *s) SF_MUST_USE;

/* All steps of direction `d`. x: [steps, batch, inputs]. Hidden states of all
 * steps in parts[t], each [1, batch, hidden]; the last ones in `s`. */
sf_result sf_onnx_recurrent_run(onnx_node *node, const onnx_recurrent *r,
                                int64_t d, bool backward, sf_value *x,
                                onnx_state *s, sf_value **parts) SF_MUST_USE;

#endif
