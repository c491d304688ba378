/* function.c - one function from raw sums to results: bias, shift, rounding and
 * mode of every projection, the add-tree, then the neuron itself. So the code
 * generator sees a neuron function and nothing else.
 *
 *   %i = linear %x, @w, @b {shift = 7} : i24      @lif(%a: i24)
 *     =>  @lif(%sum0: i32, param %bias0: i32)
 *           %q = shr %sum0 {shift = 7} : i32
 *           %a = add %q, %bias0 : i24
 *           ... */
#include "targets/spinnaker2/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct fusion {
  const sf_op *op;
  const sf_neuron *from;
  sf_neuron *to;
  const s2_leaves *leaves;
  uint32_t next_leaf;
  sf_nvalue **map;  /* old slot -> new value */
  sf_nvalue **sums; /* one a leaf */
  sf_nvalue **biases;
  unsigned fresh;
  sf_diag *diag;
} fusion;

static sf_stmt *statement(fusion *f, sf_nop_kind kind, sf_scalar type,
                          uint32_t operands) {
  char name[32];
  snprintf(name, sizeof name, "sum.%u", f->fresh++);
  sf_stmt *stmt = sf_neuron_add_stmt(f->to, kind, name, type);
  if (stmt) stmt->operand_count = (uint8_t)operands;
  return stmt;
}

/* ---- Bounds. ---- */

static int64_t shift_of(const s2_leaf *leaf) {
  const sf_op *op = leaf->op;
  return op && op->kind != SF_OP_POOL ? sf_op_int(op, SF_ATTR_shift) : 0;
}

/* Whether the sum may be kept modulo 2^32: the result keeps no more than its
 * low bits, and nothing is rounded between. */
static bool is_modular(const s2_leaf *leaf) {
  return leaf->op && leaf->op->mode == SF_MODE_WRAP &&
         (shift_of(leaf) <= 0 || sf_op_int(leaf->op, SF_ATTR_each));
}

/* Other sums on the PE are 32 bits wide without a check, so they must be
 * proved: the sum of |w| times the largest |x|, per target. A negative shift
 * multiplies it. */
static sf_result check_target(const fusion *f, const s2_leaf *leaf,
                              const s2_synapses *synapses, double largest) {
  double sum = 0;
  for (size_t i = 0; i < synapses->count; i++)
    sum += fabs((double)synapses->items[i].weight) * largest;
  int64_t shift = shift_of(leaf);
  if (shift < 0) sum = ldexp(sum, (int)-shift);
  if (sum <= 2147483647.0) return SF_OK;
  sf_error(f->diag, SF_DIAG_TARGET_CANNOT, leaf->value->loc,
           "the sum '%%%s' may reach %.0f, a PE adds in 32 bits",
           leaf->value->name, sum);
  sf_help(f->diag, "narrow the type of the graded spikes or the weights, or "
                   "let the sum wrap");
  return SF_FAIL;
}

static sf_result check_sum(const fusion *f, const s2_leaf *leaf) {
  if (is_modular(leaf)) return SF_OK;
  sf_range range;
  SF_TRY(sf_value_range(f->op->network, leaf->stream, f->diag, &range));
  double low = (double)range.low, high = (double)range.high;
  double largest = -low > high ? -low : high;
  size_t targets = sf_type_elements(&leaf->value->type);
  for (uint32_t e = 0; e < targets; e++) {
    s2_synapses synapses;
    SF_TRY(sf_s2_synapses_collect(leaf, &e, 1, &synapses));
    sf_result result = check_target(f, leaf, &synapses, largest);
    sf_s2_synapses_destroy(&synapses);
    SF_TRY(result);
  }
  return SF_OK;
}

/* ---- Sums to operands. ---- */

static sf_result leaf_value(fusion *f, const s2_leaf *leaf, uint32_t index,
                            sf_nvalue **out) {
  sf_scalar type = leaf->value->type.scalar;
  sf_noperand sum = sf_noperand_value(f->sums[index]);
  if (type.kind == SF_SCALAR_F32) {
    return sf_error(f->diag, SF_DIAG_TARGET_CANNOT, leaf->value->loc,
                    "'%%%s' is f32; spinnaker2 sums integers",
                    leaf->value->name);
  }
  if (type.kind == SF_SCALAR_SPIKE) { /* a spike stream as it is */
    sf_stmt *s = statement(f, SF_NOP_NE, type, 2);
    if (!s) return SF_OOM;
    s->operand[0] = sum;
    s->operand[1] = sf_noperand_number(sf_number_int(0));
    *out = s->result;
    return SF_OK;
  }
  int64_t shift = shift_of(leaf);
  bool each = shift != 0 && sf_op_int(leaf->op, SF_ATTR_each) != 0;
  if (shift != 0 && !each) { /* proved to fit, or modulo 2^32 */
    sf_stmt *s =
        statement(f, shift > 0 ? SF_NOP_SHR : SF_NOP_SHL, sf_int(32), 1);
    if (!s) return SF_OOM;
    s->mode = SF_MODE_WRAP;
    s->shift = (uint8_t)(shift > 0 ? shift : -shift);
    if (shift > 0) s->round = (sf_round)sf_op_int(leaf->op, SF_ATTR_round);
    s->operand[0] = sum;
    sum = sf_noperand_value(s->result);
  }
  sf_stmt *s = statement(f, SF_NOP_ADD, type, 2);
  if (!s) return SF_OOM;
  s->mode = leaf->op ? leaf->op->mode : SF_MODE_NONE;
  s->operand[0] = sum;
  s->operand[1] = sf_noperand_value(f->biases[index]);
  *out = s->result;
  return SF_OK;
}

static sf_result tree_value(fusion *f, const sf_value *value, sf_nvalue **out) {
  const sf_op *op = value->op;
  if (op && op->kind == SF_OP_ADD && sf_op_operand(op, 0) &&
      sf_op_operand(op, 1)) {
    sf_nvalue *left = NULL, *right = NULL;
    SF_TRY(tree_value(f, sf_op_operand(op, 0), &left));
    SF_TRY(tree_value(f, sf_op_operand(op, 1), &right));
    if (left->type.kind == SF_SCALAR_SPIKE ||
        right->type.kind == SF_SCALAR_SPIKE) {
      return sf_error(f->diag, SF_DIAG_TARGET_CANNOT, value->loc,
                      "'%%%s' adds spikes that no projection weighs",
                      value->name);
    }
    sf_stmt *s = statement(f, SF_NOP_ADD, value->type.scalar, 2);
    if (!s) return SF_OOM;
    s->mode = op->mode;
    s->operand[0] = sf_noperand_value(left);
    s->operand[1] = sf_noperand_value(right);
    *out = s->result;
    return SF_OK;
  }
  uint32_t index = f->next_leaf++;
  return leaf_value(f, &f->leaves->leaf[index], index, out);
}

/* ---- The neuron itself. ---- */

static sf_noperand mapped(const fusion *f, sf_noperand operand) {
  if (operand.value) operand.value = f->map[operand.value->slot];
  return operand;
}

static sf_result copy_params(fusion *f) {
  const sf_neuron *n = f->from;
  for (uint32_t i = 0; i < n->param_count; i++) {
    const sf_param *p = &n->params[i];
    sf_param *copy = sf_neuron_add_param(f->to, p->value->name, p->value->type);
    if (!copy) return SF_OOM;
    copy->has_range = p->has_range;
    copy->low = p->low;
    copy->high = p->high;
    copy->has_default = p->has_default;
    copy->initial = p->initial;
    f->map[p->value->slot] = copy->value;
  }
  for (uint32_t i = 0; i < f->leaves->count; i++) {
    char name[32];
    snprintf(name, sizeof name, "sum.bias%u", i);
    sf_param *bias = sf_neuron_add_param(f->to, name, sf_int(32));
    if (!bias) return SF_OOM;
    f->biases[i] = bias->value;
  }
  return SF_OK;
}

static sf_result copy_states(fusion *f) {
  const sf_neuron *n = f->from;
  for (uint32_t i = 0; i < n->state_count; i++) {
    const sf_state *s = &n->states[i];
    sf_state *copy = sf_neuron_add_state(f->to, s->value->name, s->value->type);
    if (!copy) return SF_OOM;
    copy->initial = s->initial;
    copy->initial_param =
        s->initial_param ? f->map[s->initial_param->slot] : NULL;
    f->map[s->value->slot] = copy->value;
  }
  return SF_OK;
}

static sf_result copy_statements(fusion *f) {
  const sf_neuron *n = f->from;
  for (uint32_t i = 0; i < n->stmt_count; i++) {
    const sf_stmt *s = &n->stmts[i];
    sf_stmt *copy =
        sf_neuron_add_stmt(f->to, s->kind, s->result->name, s->result->type);
    if (!copy) return SF_OOM;
    copy->mode = s->mode;
    copy->operand_count = s->operand_count;
    for (uint32_t k = 0; k < s->operand_count; k++)
      copy->operand[k] = mapped(f, s->operand[k]);
    copy->blob = s->blob;
    copy->shift = s->shift;
    copy->round = s->round;
    copy->occurrence = s->occurrence;
    copy->loc = s->loc;
    f->map[s->result->slot] = copy->result;
  }
  for (uint32_t i = 0; i < n->state_count; i++) {
    f->to->states[i].has_next = n->states[i].has_next;
    f->to->states[i].next = mapped(f, n->states[i].next);
  }
  for (uint32_t i = 0; i < n->emit_count; i++)
    SF_TRY(sf_neuron_add_emit(f->to, mapped(f, n->emits[i]), n->emit_types[i]));
  return SF_OK;
}

static sf_result fuse(fusion *f) {
  for (uint32_t i = 0; i < f->leaves->count; i++) {
    char name[32];
    snprintf(name, sizeof name, "sum%u.raw", i);
    f->sums[i] = sf_neuron_add_input(f->to, name, sf_int(32));
    if (!f->sums[i]) return SF_OOM;
    SF_TRY(check_sum(f, &f->leaves->leaf[i]));
  }
  SF_TRY(copy_params(f));
  SF_TRY(copy_states(f));
  for (uint32_t i = 0; i < f->op->operand_count; i++) {
    sf_nvalue *value = NULL;
    SF_TRY(tree_value(f, f->op->operands[i].value, &value));
    f->map[f->from->inputs[i]->slot] = value;
  }
  return copy_statements(f);
}

sf_result sf_s2_function_fuse(const sf_op *neurons, const s2_leaves *leaves,
                              sf_module *scratch, sf_diag *diag,
                              sf_neuron **out) {
  const sf_neuron *from = neurons->neuron;
  sf_neuron *to =
      sf_neuron_create(scratch, neurons->results[0]->name, neurons->loc);
  sf_nvalue **values =
      calloc(from->value_count + 2u * S2_LEAVES_MAX, sizeof *values);
  sf_result result = SF_OOM;
  if (to && values) {
    fusion f = {.op = neurons,
                .from = from,
                .to = to,
                .leaves = leaves,
                .map = values,
                .sums = values + from->value_count,
                .biases = values + from->value_count + S2_LEAVES_MAX,
                .diag = diag};
    result = fuse(&f);
  }
  free(values);
  *out = to;
  return result;
}
