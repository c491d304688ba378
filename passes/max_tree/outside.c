/* outside.c - windows that pad values below zero.
 *
 * A kernel reads 0 where padding is, which must never win. So the tree compares
 * x - low inside, which is 0 or more, with 0 outside: the difference of two
 * sides gains -low where only its first side is inside, and low where only its
 * second is. At the end the tap that stays is inside everywhere, and low is
 * taken off with it. */
#include "passes/max_tree/form.h"

#include <stdlib.h>
#include <string.h>

/* Is some tap of the form inside, for window `o` of the present axis? */
static bool is_inside(const sf_max_work *t, const sf_max_form *f, int64_t o) {
  int64_t extent = sf_op_operand(t->op, 0)->type.dim[1 + t->axis];
  for (int64_t n = f->first; n < f->first + f->taps; n++) {
    int64_t at = o * t->stride[t->axis] - t->begin[t->axis] +
                 sf_max_tap(t, n) * t->dilation[t->axis];
    if (at >= 0 && at < extent) return true;
  }
  return false;
}

sf_result sf_max_outside(const sf_max_work *t, const sf_max_form *a,
                         const sf_max_form *b, sf_max_offset *out) {
  *out = (sf_max_offset){.axis = 1u + (uint32_t)t->axis};
  bool windows = t->op->kind == SF_OP_POOL && t->maker->low < 0;
  if (!windows || (!t->begin[t->axis] && !t->end[t->axis])) return SF_OK;
  int32_t count = t->op->results[0]->type.dim[1 + t->axis];
  int32_t *values = calloc((size_t)count, sizeof *values);
  if (!values) return SF_OOM;
  bool any = false;
  for (int32_t o = 0; o < count; o++) {
    int64_t lead = is_inside(t, a, o) - is_inside(t, b, o);
    values[o] = (int32_t)(-t->maker->low * lead);
    any = any || lead != 0;
  }
  if (any) {
    out->count = count;
    out->values = values;
  } else {
    free(values);
  }
  return SF_OK;
}

void sf_max_offset_free(sf_max_offset *offset) {
  free(offset->values);
  *offset = (sf_max_offset){0};
}

sf_result sf_max_set_offset(sf_op *op, const char *param,
                            const sf_max_offset *offset) {
  sf_slice name = {param, strlen(param)};
  if (!offset->values) return SF_OK;
  sf_type type = sf_op_operand(op, 0)->type;
  for (uint32_t i = 0; i < type.rank; i++)
    type.dim[i] = i == offset->axis ? offset->count : 1;
  type.scalar = sf_neuron_find_param(op->neuron, name)->value->type;
  sf_blob *blob =
      sf_blob_create_i32(op->network->module, param, &type, offset->values);
  if (!blob) return SF_OOM;
  sf_argument_set_blob(sf_op_argument(op, name), blob);
  return SF_OK;
}
