/* operators.c - the tables of operators, together. */
#include "frontend/onnx/operators.h"

#include <stdlib.h>
#include <string.h>

static const onnx_operator *const tables[] = {
    sf_onnx_conv_rows,        sf_onnx_move_rows,      sf_onnx_linear_rows,
    sf_onnx_elementwise_rows, sf_onnx_pool_rows,      sf_onnx_shape_rows,
    sf_onnx_normalize_rows,   sf_onnx_control_rows,   sf_onnx_constant_rows,
    sf_onnx_activation_rows,  sf_onnx_cast_rows,      sf_onnx_clip_rows,
    sf_onnx_compare_rows,     sf_onnx_power_rows,     sf_onnx_reduce_rows,
    sf_onnx_round_rows,       sf_onnx_softmax_rows,   sf_onnx_copy_rows,
    sf_onnx_pad_rows,         sf_onnx_resize_rows,    sf_onnx_split_rows,
    sf_onnx_layernorm_rows,   sf_onnx_qlinear_rows,   sf_onnx_qonnx_rows,
    sf_onnx_quantize_rows,    sf_onnx_attention_rows, sf_onnx_convt_rows,
    sf_onnx_einsum_rows,      sf_onnx_recurrent_rows, sf_onnx_rotary_rows,
    sf_onnx_refused_rows,     sf_onnx_triangle_rows,
};

static const onnx_evaluator *const evaluators[] = {
    sf_onnx_constant_arithmetic, sf_onnx_constant_unary,
    sf_onnx_constant_pad,        sf_onnx_constant_shape,
    sf_onnx_constant_move,       sf_onnx_constant_reduce,
    sf_onnx_move_evaluators,     sf_onnx_shape_evaluators};

const onnx_operator *sf_onnx_operator(const char *domain, const char *name) {
  for (size_t t = 0; t < SF_COUNT_OF(tables); t++)
    for (const onnx_operator *row = tables[t]; row->name; row++)
      if (strcmp(row->name, name) == 0 && strcmp(row->domain, domain) == 0)
        return row;
  return NULL;
}

const onnx_evaluator *sf_onnx_evaluator(const char *domain, const char *name) {
  if (*domain) return NULL;
  for (size_t t = 0; t < SF_COUNT_OF(evaluators); t++)
    for (const onnx_evaluator *row = evaluators[t]; row->name; row++)
      if (strcmp(row->name, name) == 0) return row;
  return NULL;
}

static const char *const mapping_words[] = {
    [ONNX_FOLD] = "fold",    [ONNX_LINEAR] = "linear",
    [ONNX_POOL] = "pool",    [ONNX_NEURON] = "neuron",
    [ONNX_SHAPE] = "shape",  [ONNX_CONST] = "const",
    [ONNX_WALK] = "walk",    [ONNX_HOST] = "host",
    [ONNX_NEVER] = "refused"};

const char *sf_onnx_mapping_text(onnx_mapping mapping) {
  return mapping_words[mapping];
}

/* Standard operators first, each domain by name. */
static int by_name(const void *a, const void *b) {
  const onnx_operator *const *x = a, *const *y = b;
  int domains = strcmp((*x)->domain, (*y)->domain);
  return domains ? domains : strcmp((*x)->name, (*y)->name);
}

bool sf_onnx_operator_at(size_t index, sf_operator_info *out) {
  const onnx_operator *sorted[512];
  size_t count = 0;
  for (size_t t = 0; t < SF_COUNT_OF(tables); t++)
    for (const onnx_operator *row = tables[t]; row->name; row++)
      if (count < SF_COUNT_OF(sorted)) sorted[count++] = row;
  if (index >= count) return false;
  qsort(sorted, count, sizeof sorted[0], by_name);
  const onnx_operator *row = sorted[index];
  *out = (sf_operator_info){
      .domain = row->domain,
      .name = row->name,
      .first = row->first,
      .newest = row->newest > ONNX_OPSET_KNOWN ? ONNX_OPSET_KNOWN : row->newest,
      .mapping = sf_onnx_mapping_text(row->mapping),
      .constants = sf_onnx_evaluator(row->domain, row->name) != NULL,
      .note = row->note ? row->note : ""};
  return true;
}
