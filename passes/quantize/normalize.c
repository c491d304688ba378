/* normalize.c - layernorm, rmsnorm, groupnorm and instancenorm of integers
 * (conversion.md 1.7), N of them in one step s; groups of channels are the rows
 * of a matrix:
 *
 *   c = N x - sum x             (rmsnorm: c = x)
 *   a = round(c m / 2^30)       at most A, where N A^2 <= 2^30
 *   v = sum a a                 r = 2^29.5 / sqrt(v + epsilon), by Newton
 *   p = a r                     (x - mean) / deviation, in units of
 *                               2^-29.5 sqrt(N)
 *
 * One square root and no division a row. |p| <= 2^30, since a a <= v. */
#include "passes/quantize/build.h"

#include <math.h>

static const double m_one = 0x1p30;

typedef struct norm {
  sf_build b;
  const sf_op *op;
  sf_value *x;
  double step;     /* of x */
  uint32_t axes;   /* bit mask */
  double count;    /* N */
  bool centred;    /* all but rmsnorm */
  bool grouped;    /* groupnorm, instancenorm: x is a matrix, a row a group */
  int32_t factor;  /* m */
  int64_t epsilon; /* in units of v */
} norm;

static void find_axes(norm *n) {
  const sf_type *type = &n->op->results[0]->type;
  int64_t first = sf_op_int(n->op, SF_ATTR_axis);
  if (first < 0) first += type->rank;
  n->count = 1;
  for (int64_t i = first; i < type->rank; i++) {
    n->axes |= 1u << i;
    n->count *= type->dim[i];
  }
}

/* Groups of channels as rows. */
static sf_type group_type(norm *n) {
  const sf_type *type = &n->op->results[0]->type;
  int32_t dim[2] = {type->dim[0], 0};
  if (n->op->kind == SF_OP_GROUPNORM)
    dim[0] = (int32_t)sf_op_int(n->op, SF_ATTR_groups);
  dim[1] = (int32_t)(sf_type_elements(type) / (size_t)dim[0]);
  n->axes = 1u << 1;
  n->count = dim[1];
  return sf_type_make(n->x->type.scalar, 2, dim);
}

/* Factor m and epsilon; false: some number has too many bits. */
static bool find_units(norm *n) {
  double bits = n->x->type.scalar.bits;
  double most = n->centred ? n->count * exp2(bits) : exp2(bits - 1);
  double reach = fmin(floor(sqrt(0x1p30 / n->count)), 32767);
  if (most > 0x1p31 - 1 || reach < 1) return false;
  n->factor = (int32_t)fmin(floor(reach * m_one / most), m_one);
  double unit = n->step * m_one / n->factor; /* of a */
  if (n->centred) unit /= n->count;
  double epsilon =
      (double)sf_op_number(n->op, SF_ATTR_epsilon) * n->count / (unit * unit);
  if (!(epsilon <= 0x1p30)) return false;
  n->epsilon = sf_round_constant(epsilon);
  return true;
}

static sf_value *centre(const norm *n) {
  const sf_build *b = &n->b;
  sf_type type = sf_int_type(&n->x->type, 32);
  sf_value *sum = sf_build_reduce(b, SF_POOL_SUM, n->x, n->axes, 32);
  sf_value *all = sf_build_times(b, n->x, (int32_t)n->count, &type);
  return sf_build_binary(b, SF_OP_SUB, SF_MODE_NONE, all, sum, &type);
}

static sf_value *widen(const norm *n) {
  sf_op *op = sf_op_create(n->b.q->network, n->b.before, SF_OP_CONVERT, 1,
                           n->b.before->loc);
  if (!op) return NULL;
  sf_type type = sf_int_type(&n->x->type, 32);
  sf_op_set_operand(op, 0, n->x);
  return sf_op_add_result(op, n->b.name, &type);
}

static sf_value *quotients(const norm *n) {
  const sf_build *b = &n->b;
  sf_value *c = n->centred ? centre(n) : widen(n);
  sf_op *deviation = sf_build_population(b, "deviation", NULL, c);
  if (!deviation) return NULL;
  sf_build_set(deviation, "m", n->factor);
  sf_value *a = sf_build_result(b, deviation, 16);
  sf_value *square = sf_build_result(b, deviation, 32);
  sf_value *v = sf_build_reduce(b, SF_POOL_SUM, square, n->axes, 32);
  sf_op *root = sf_build_population(b, "rsqrt", NULL, v);
  if (!root) return NULL;
  sf_build_set(root, "epsilon", n->epsilon);
  sf_value *r = sf_build_result(b, root, 32);
  sf_type type = sf_int_type(&n->x->type, 32);
  /* Never saturates: no interval shows that a a <= v. */
  return sf_build_binary(b, SF_OP_MUL, SF_MODE_SAT, a, r, &type);
}

sf_result sf_norm_rewrite(sf_quantizer *q, sf_op *site, const sf_scale *step,
                          sf_value **out) {
  const sf_op *op = sf_op_operand(site, 0)->op;
  const sf_type *type = &op->results[0]->type;
  norm n = {.b = {q, site, op->results[0]->name},
            .op = op,
            .centred = op->kind != SF_OP_RMSNORM,
            .grouped =
                op->kind == SF_OP_GROUPNORM || op->kind == SF_OP_INSTANCENORM};
  sf_scale scale;
  bool ok;
  SF_TRY(sf_backing_of(q, sf_op_operand(op, 0), site, &ok, &n.x, &scale));
  if (!ok || scale.axis >= 0) return SF_OK;
  n.step = sf_scale_at(&scale, 0);
  sf_type rows = {0};
  if (n.grouped)
    rows = group_type(&n);
  else
    find_axes(&n);
  if (!find_units(&n)) return SF_OK;
  sf_blob *gain = sf_op_operand_blob(op, 1);
  sf_blob *shift = op->operand_count > 2 ? sf_op_operand_blob(op, 2) : NULL;
  SF_TRY(sf_blob_load(gain, q->run->diag));
  if (shift) SF_TRY(sf_blob_load(shift, q->run->diag));
  if (n.grouped) n.x = sf_build_reshape(&n.b, n.x, &rows);
  sf_value *p = n.x ? quotients(&n) : NULL;
  if (n.grouped) p = sf_build_reshape(&n.b, p, type);
  if (!p) return SF_OOM;
  sf_levels_plan plan = {.site = site,
                         .step = step,
                         .unit = sqrt(n.count) * sqrt(2.0) * 0x1p-30,
                         .gain = gain,
                         .shift = shift,
                         .behind = n.grouped ? type->rank - 1u : 0};
  return sf_build_levels(&n.b, &plan, p, out);
}
