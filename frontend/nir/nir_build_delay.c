/* nir_build_delay.c - Delay nodes: one op where all elements wait equally long,
 * else one for each run of neighbours that do. */
#include "frontend/nir/nir.h"

#include <math.h>
#include <stdio.h>

sf_scalar sf_nir_spike_scalar(const nir_import *import) {
  return import->options.use.many ? sf_int(17) : sf_spike();
}

sf_scalar sf_nir_scalar_ahead(const nir_import *import, const nir_node *node) {
  for (uint32_t i = 0; i < import->node_count; i++) {
    if (node->value) return node->value->type.scalar;
    switch (node->type->kind) {
    case NIR_INTEGRATOR:
    case NIR_LEAKY:
    case NIR_CUBA:
      return node->type->spikes ? sf_nir_spike_scalar(import) : sf_f32();
    case NIR_THRESHOLD:
      return sf_spike();
    case NIR_INPUT:
    case NIR_OUTPUT:
    case NIR_FLATTEN:
    case NIR_DELAY:
      if (node->pred_count != 1) return sf_f32();
      node = &import->nodes[import->edges[node->preds[0]].from];
      break;
    default:
      return sf_f32();
    }
  }
  return sf_f32(); /* a ring of delays */
}

static int64_t steps_of(const nir_import *import, const nir_node *node,
                        uint64_t index) {
  double steps = sf_nir_each(node->field[NIR_DELAYS], index, 0) / import->dt;
  return steps <= (double)NIR_STEPS_MAX ? llround(steps) : NIR_STEPS_MAX + 1;
}

/* Elements of the whole; a field that spreads over axes is not read here. */
static sf_result find_runs(nir_import *import, nir_node *node) {
  const sf_h5_item *item = node->field[NIR_DELAYS];
  int64_t elements = sf_nir_elements(&node->out);
  if (item->elements != 1 && (int64_t)item->elements != elements)
    return sf_nir_refuse(import, node, NULL,
                         "'delay' must have one number for each of the %lld "
                         "elements, or one for all",
                         (long long)elements);
  node->runs = SF_NEW_ARRAY(import->arena, nir_run, NIR_RUNS_MAX);
  if (!node->runs) return SF_OOM;
  for (int64_t i = 0; i < elements; i++) {
    int64_t steps = steps_of(import, node, (uint64_t)i);
    if (steps > NIR_STEPS_MAX)
      return sf_nir_refuse(import, node, "--dt says how long a step is",
                           "'delay' element %lld is more than %d steps of %g",
                           (long long)i, (int)NIR_STEPS_MAX, import->dt);
    nir_run *last = node->run_count ? &node->runs[node->run_count - 1] : NULL;
    if (last && last->steps == steps) {
      last->end = i + 1;
      if (item->elements == 1) last->end = i = elements;
      continue;
    }
    if (node->run_count == NIR_RUNS_MAX)
      return sf_nir_refuse(import, node, NULL,
                           "'delay' changes more than %d times from element to "
                           "element",
                           (int)NIR_RUNS_MAX);
    node->runs[node->run_count++] = (nir_run){i, i + 1, steps, NULL};
  }
  return SF_OK;
}

static sf_value *add_delay(nir_import *import, const nir_node *node,
                           const sf_type *type, const char *suffix,
                           nir_run *run) {
  sf_value *late =
      sf_nir_op(import, node, SF_OP_DELAY, NULL, NULL, NULL, suffix, type);
  if (!late) return NULL;
  run->op = late->op;
  if (run->steps > 1 &&
      sf_op_set_int(late->op, SF_ATTR_steps, run->steps) != SF_OK)
    return NULL;
  return late;
}

static sf_value *flat(nir_import *import, const nir_node *node, sf_value *x) {
  nir_shape shape = {.known = true, .rank = 1};
  shape.dim[0] = sf_nir_elements(&node->out);
  return sf_nir_reshape(import, node, x, &shape);
}

static sf_value *slice(nir_import *import, const nir_node *node, sf_value *x,
                       const nir_run *run) {
  if (!x) return NULL; /* a run of no steps; takes_time says there is none */
  sf_type type = x->type;
  type.dim[0] = (int32_t)(run->end - run->begin);
  sf_value *part =
      sf_nir_op(import, node, SF_OP_SLICE, x, NULL, NULL, "part", &type);
  if (!part || sf_op_set_ints(part->op, SF_ATTR_begin, 1, &run->begin) ||
      sf_op_set_ints(part->op, SF_ATTR_end, 1, &run->end))
    return NULL;
  return part;
}

/* All runs, joined: those that do not wait are slices of x. */
static sf_value *join(nir_import *import, nir_node *node, sf_scalar scalar,
                      sf_value *x) {
  sf_value *line = x ? flat(import, node, x) : NULL;
  sf_value **parts = SF_NEW_ARRAY(import->arena, sf_value *, node->run_count);
  if ((x && !line) || !parts) return NULL;
  for (uint32_t i = 0; i < node->run_count; i++) {
    nir_run *run = &node->runs[i];
    int32_t extent = (int32_t)(run->end - run->begin);
    sf_type type = sf_type_make(scalar, 1, &extent);
    parts[i] = run->steps ? add_delay(import, node, &type, "late", run)
                          : slice(import, node, line, run);
    if (!parts[i]) return NULL;
  }
  int32_t elements = (int32_t)sf_nir_elements(&node->out);
  sf_type type = sf_type_make(scalar, 1, &elements);
  sf_op *op = sf_op_create(import->network, NULL, SF_OP_CONCAT, node->run_count,
                           node->loc);
  if (!op) return NULL;
  for (uint32_t i = 0; i < node->run_count; i++)
    sf_op_set_operand(op, i, parts[i]);
  sf_value *whole = sf_op_add_result(op, node->name, &type);
  if (!whole || sf_op_set_int(op, SF_ATTR_axis, 0)) return NULL;
  return sf_nir_reshape(import, node, whole, &node->out);
}

sf_result sf_nir_open_delay(nir_import *import, nir_node *node,
                            sf_scalar scalar, sf_value *x) {
  SF_TRY(find_runs(import, node));
  sf_type type = sf_nir_type_of(scalar, &node->out);
  if (node->run_count > 1)
    node->value = join(import, node, scalar, x);
  else if (node->runs[0].steps)
    node->value = add_delay(import, node, &type, NULL, &node->runs[0]);
  else
    node->value = x;
  return node->value ? SF_OK : SF_OOM;
}

sf_result sf_nir_close_delay(nir_import *import, nir_node *node, sf_value *x) {
  for (uint32_t i = 0; i < node->run_count; i++) {
    const nir_run *run = &node->runs[i];
    if (!run->op) continue;
    sf_scalar wanted = run->op->results[0]->type.scalar;
    sf_value *source = x;
    if (!sf_scalar_equal(wanted, x->type.scalar))
      source = sf_nir_float(import, node, x);
    if (source && node->run_count > 1) {
      source = flat(import, node, source);
      if (source) source = slice(import, node, source, run);
    }
    if (!source) return SF_OOM;
    sf_op_set_operand(run->op, 0, source);
  }
  return SF_OK;
}
