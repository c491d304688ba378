/* nir_write_delay.c - Delay nodes: a delay op, or the delays of runs of
 * neighbours as the reader joins them (nir_build_delay.c):
 *
 *   concat(delay(slice(flat(x)) {..}) {steps = n}, slice(flat(x)) {..}, ..)
 */
#include "frontend/nir/nir_write.h"

/* ---- Runs of neighbours. ---- */

typedef struct part {
  const sf_value *line;  /* what is sliced, along its one axis */
  const sf_value *whole; /* the same before it was flattened and converted */
  int64_t begin, end, steps;
} part;

/* Flattening and what an edge does anyway. */
static const sf_value *unflattened(const nir_export *export,
                                   const sf_value *value) {
  while (value->op && (value->op->kind == SF_OP_RESHAPE ||
                       value->op->kind == SF_OP_CONVERT)) {
    const sf_value *x = sf_op_operand(value->op, 0);
    if (!x ||
        (value->op->kind == SF_OP_CONVERT && !sf_nir_passes(export, value->op)))
      break;
    value = x;
    if (value->type.rank != 1) break; /* one reshape makes a line */
  }
  return value;
}

static bool read_part(const nir_export *export, const sf_value *value,
                      part *out) {
  const sf_op *op = value ? value->op : NULL;
  *out = (part){0};
  if (op && op->kind == SF_OP_DELAY) {
    out->steps = sf_op_int(op, SF_ATTR_steps);
    value = sf_op_operand(op, 0);
    op = value ? value->op : NULL;
  }
  if (!op || op->kind != SF_OP_SLICE || value->type.rank != 1) return false;
  int64_t step;
  sf_op_ints(op, SF_ATTR_step, 1, &step);
  sf_op_ints(op, SF_ATTR_begin, 1, &out->begin);
  sf_op_ints(op, SF_ATTR_end, 1, &out->end);
  out->line = sf_op_operand(op, 0);
  if (step != 1 || !out->line) return false;
  out->whole = unflattened(export, out->line);
  return true;
}

static bool covers(const nir_export *export, const sf_op *concat, part *first) {
  int64_t at = 0;
  if (concat->results[0]->type.rank != 1 ||
      concat->operand_count > NIR_RUNS_MAX ||
      !read_part(export, sf_op_operand(concat, 0), first))
    return false;
  for (uint32_t i = 0; i < concat->operand_count; i++) {
    part p;
    if (!read_part(export, sf_op_operand(concat, i), &p) || p.begin != at ||
        p.steps > NIR_STEPS_MAX || p.whole != first->whole)
      return false;
    at = p.end;
  }
  return at == first->line->type.dim[0];
}

static sf_result keep_runs(nir_export *export, const sf_op *op,
                           const sf_op *concat, const sf_value *source) {
  nir_out_runs *runs = SF_NEW(export->arena, nir_out_runs);
  double *values =
      SF_NEW_ARRAY(export->arena, double, sf_type_elements(&source->type) + 1);
  if (!runs || !values) return SF_OOM;
  *runs = (nir_out_runs){concat->results[0]->name, source, values};
  for (uint32_t i = 0; i < concat->operand_count; i++) {
    part p;
    if (!read_part(export, sf_op_operand(concat, i), &p)) continue;
    for (int64_t e = p.begin; e < p.end; e++)
      values[e] = (double)p.steps * export->dt;
  }
  export->runs[op->order] = runs;
  return SF_OK;
}

/* A reshape behind the concat gives the stream its shape back. */
static sf_result find_at(nir_export *export, const sf_op *op) {
  bool shaped = op->kind == SF_OP_RESHAPE;
  const sf_value *joined = shaped ? sf_op_operand(op, 0) : op->results[0];
  const sf_op *concat = joined ? joined->op : NULL;
  part first;
  if (!concat || concat->kind != SF_OP_CONCAT ||
      !covers(export, concat, &first))
    return SF_OK;
  if (!shaped) return keep_runs(export, op, concat, first.line);
  if (!sf_type_same_shape(&op->results[0]->type, &first.whole->type))
    return SF_OK; /* the concat is a node, and the reshape another */
  return keep_runs(export, op, concat, first.whole);
}

sf_result sf_nir_find_runs(nir_export *export) {
  size_t count = sf_network_number(export->network) + 1u;
  export->runs = SF_NEW_ARRAY(export->arena, const nir_out_runs *, count);
  if (!export->runs) return SF_OOM;
  SF_FOREACH_OP(op, export->network) {
    if (op->kind == SF_OP_RESHAPE || op->kind == SF_OP_CONCAT)
      SF_TRY(find_at(export, op));
  }
  return SF_OK;
}

/* ---- Nodes. ---- */

static sf_result add_delays(nir_export *export, const sf_op *op,
                            nir_out_node *node, const double *values) {
  const sf_type *type = &op->results[0]->type;
  node->type = "Delay";
  sf_nir_add_field(node, "delay", SF_H5_FLOAT, 8, type->rank, type->dim,
                   values);
  export->has_time = true;
  return SF_OK;
}

sf_result sf_nir_write_runs(nir_export *export, const sf_op *op,
                            nir_out_node *node) {
  return add_delays(export, op, node, export->runs[op->order]->values);
}

sf_result sf_nir_write_delay(nir_export *export, const sf_op *op,
                             nir_out_node *node) {
  int64_t steps = sf_op_int(op, SF_ATTR_steps);
  size_t count = sf_type_elements(&op->results[0]->type);
  double *values = SF_NEW_ARRAY(export->arena, double, count + 1);
  if (!values) return SF_OOM;
  if (steps > NIR_STEPS_MAX)
    return sf_nir_cannot(export, op, NULL,
                         "a Delay of more than %d steps is not read back",
                         (int)NIR_STEPS_MAX);
  for (size_t i = 0; i < count; i++)
    values[i] = (double)steps * export->dt;
  return add_delays(export, op, node, values);
}
