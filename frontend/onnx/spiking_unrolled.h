/* spiking_unrolled.h - networks that repeat one step. */
#ifndef SF_ONNX_SPIKING_UNROLLED_H
#define SF_ONNX_SPIKING_UNROLLED_H

#include "frontend/onnx/spiking.h"

/* Arrays by op->order, for ops of one result. */
typedef struct onnx_unrolled {
  onnx_import *import;
  sf_network *network;
  uint32_t op_count, steps, result_count;
  sf_value ***results; /* by return and step: what is stacked */
  sf_value **before;   /* of a template op: its result one step before */
  sf_value **after;    /* the reverse: template value that was this one */
  bool *is_slice;      /* template op that takes one step of an argument */
  bool *is_known;      /* template op that is constant in step 0 */
  float *known;
  sf_value **image;  /* of template ops, in the step that is looked at */
  sf_value **wanted; /* states that this step reads of the one before */
  sf_value **needed; /* those that the step behind it reads */
  uint32_t queued;
  sf_value **queue;
  uint32_t member_count;
  sf_op **members; /* the template in the order of the text: what each step
                      costs, whatever the network's length */
} onnx_unrolled;

/* Whether the last two steps are one template. Afterwards `before` marks its
 * ops, and an operand of theirs with `after` is a state. */
bool sf_onnx_find_template(onnx_unrolled *u);
/* Whether all steps are the template, with states that start at zero. */
bool sf_onnx_prove_unrolled(onnx_unrolled *u);

/* spiking_fold.c: a proved network becomes one step, and its states those of
 * populations; else nothing changes. */
sf_result sf_onnx_fold_steps(onnx_import *import) SF_MUST_USE;
#endif
