/* op_einsum.c - Einsum of one and two operands: axes summed, permuted, and one
 * product of matrices. */
#include "frontend/onnx/axis.h"
#include "frontend/onnx/linear.h"

#include <string.h>

/* A term: a letter for each axis. */
typedef struct term {
  char label[ONNX_RANK_MAX];
  unsigned rank;
} term;

typedef struct equation {
  term in[2], out;
  unsigned inputs;
} equation;

static int find(const term *t, char label) {
  for (unsigned i = 0; i < t->rank; i++)
    if (t->label[i] == label) return (int)i;
  return -1;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- Reading. ---- */

/* Letters up to a comma, an arrow or the end; false: something else. */
static bool read_term(const char **text, term *out) {
  *out = (term){.rank = 0};
  for (; **text && **text != ',' && **text != '-'; (*text)++) {
    if (**text == ' ') continue;
    if (!is_letter(**text) || out->rank == ONNX_RANK_MAX ||
        find(out, **text) >= 0)
      return false;
    out->label[out->rank++] = **text;
  }
  return true;
}

/* Without an arrow: the letters that stand once, in alphabetical order. */
static void implicit_result(equation *e) {
  for (int c = 'A'; c <= 'z'; c++) {
    unsigned count = 0;
    for (unsigned i = 0; i < e->inputs; i++)
      count += find(&e->in[i], (char)c) >= 0;
    if (count == 1 && is_letter((char)c) && e->out.rank < ONNX_RANK_MAX)
      e->out.label[e->out.rank++] = (char)c;
  }
}

static sf_result read_equation(onnx_node *node, equation *e) {
  const char *whole = sf_onnx_text(node, "equation", ""), *text = whole;
  *e = (equation){.inputs = node->input_count};
  if (e->inputs < 1 || e->inputs > 2)
    return sf_onnx_refuse(node, "write it as products of two",
                          "%u operands; 1 and 2 are supported", e->inputs);
  for (unsigned i = 0; i < e->inputs; i++) {
    if (i && *text++ != ',')
      return sf_onnx_refuse(node, NULL, "the equation '%s'", whole);
    if (!read_term(&text, &e->in[i]) ||
        e->in[i].rank != sf_onnx_input(node, i)->shape.rank)
      return sf_onnx_refuse(node, "name every axis once",
                            "the equation '%s': diagonals and dots are not "
                            "supported",
                            whole);
  }
  if (!*text) {
    implicit_result(e);
    return SF_OK;
  }
  if (text[0] != '-' || text[1] != '>')
    return sf_onnx_refuse(node, NULL, "the equation '%s'", whole);
  text += 2;
  if (!read_term(&text, &e->out) || *text)
    return sf_onnx_refuse(node, NULL, "the equation '%s'", whole);
  for (unsigned i = 0; i < e->out.rank; i++)
    if (find(&e->in[0], e->out.label[i]) < 0 &&
        (e->inputs < 2 || find(&e->in[1], e->out.label[i]) < 0))
      return sf_onnx_refuse(node, NULL, "the equation '%s'", whole);
  return SF_OK;
}

static int64_t extent_of(onnx_node *node, const equation *e, char label) {
  for (unsigned i = 0; i < e->inputs; i++) {
    int at = find(&e->in[i], label);
    if (at >= 0) return sf_onnx_input(node, i)->shape.dim[at];
  }
  return 1;
}

static sf_result check_extents(onnx_node *node, const equation *e) {
  if (e->inputs < 2) return SF_OK;
  for (unsigned i = 0; i < e->in[0].rank; i++) {
    int at = find(&e->in[1], e->in[0].label[i]);
    if (at >= 0 && sf_onnx_input(node, 1)->shape.dim[at] !=
                       sf_onnx_input(node, 0)->shape.dim[i])
      return sf_onnx_refuse(node, NULL, "the extents of '%c' differ",
                            e->in[0].label[i]);
  }
  return SF_OK;
}

/* ---- Computing. ---- */

static onnx_shape shape_of(onnx_node *node, const equation *e, const term *t) {
  onnx_shape shape = {.rank = (uint8_t)t->rank};
  for (unsigned i = 0; i < t->rank; i++)
    shape.dim[i] = extent_of(node, e, t->label[i]);
  return shape;
}

/* A stream whose axes are `from`, with those of `to` (which it has, and no
 * others that are longer than 1). */
static sf_value *permuted(onnx_node *node, sf_value *x, const term *from,
                          const term *to) {
  unsigned perm[ONNX_RANK_MAX];
  for (unsigned i = 0; i < to->rank; i++)
    perm[i] = (unsigned)find(from, to->label[i]);
  return sf_onnx_transpose(node, x, perm);
}

/* Axes of operand `index` that nobody else has and the result has not are
 * summed; the others stay, in their order. */
static sf_value *summed(onnx_node *node, const equation *e, unsigned index,
                        term *left) {
  const term *t = &e->in[index];
  unsigned axes[ONNX_RANK_MAX], count = 0;
  *left = (term){.rank = 0};
  for (unsigned i = 0; i < t->rank; i++) {
    bool needed = find(&e->out, t->label[i]) >= 0 ||
                  (e->inputs == 2 && find(&e->in[1 - index], t->label[i]) >= 0);
    if (needed)
      left->label[left->rank++] = t->label[i];
    else
      axes[count++] = i;
  }
  sf_value *x = sf_onnx_stream(node, index, t->rank);
  if (count) x = sf_onnx_reduce(node, SF_POOL_SUM, x, count, axes);
  onnx_shape shape = shape_of(node, e, left);
  sf_type type = sf_onnx_type(ONNX_FLOAT, &shape, shape.rank);
  return sf_onnx_reshape(node, x, type.rank, type.dim);
}

/* Letters by where they stand: in both and the result, in one, summed. */
typedef struct groups {
  term batch, rows, sum, columns;
} groups;

static void append(term *t, char label) { t->label[t->rank++] = label; }

static groups sort(const equation *e, const term *a, const term *b) {
  groups g = {.batch = {.rank = 0}};
  for (unsigned i = 0; i < a->rank; i++) {
    bool both = find(b, a->label[i]) >= 0;
    bool out = find(&e->out, a->label[i]) >= 0;
    append(both ? out ? &g.batch : &g.sum : &g.rows, a->label[i]);
  }
  for (unsigned i = 0; i < b->rank; i++)
    if (find(a, b->label[i]) < 0) append(&g.columns, b->label[i]);
  return g;
}

static void extend(term *t, const term *more) {
  for (unsigned i = 0; i < more->rank && t->rank < ONNX_RANK_MAX; i++)
    append(t, more->label[i]);
}

static int64_t product_of(onnx_node *node, const equation *e, const term *t) {
  onnx_shape shape = shape_of(node, e, t);
  return (int64_t)sf_onnx_elements(&shape);
}

/* As a batch of matrices: [batch.., rows, columns]. */
static sf_value *as_matrices(onnx_node *node, const equation *e, sf_value *x,
                             const term *have, const groups *g,
                             const term *rows, const term *columns) {
  term order = g->batch;
  extend(&order, rows);
  extend(&order, columns);
  int32_t dim[3] = {(int32_t)product_of(node, e, &g->batch),
                    (int32_t)product_of(node, e, rows),
                    (int32_t)product_of(node, e, columns)};
  unsigned skip = g->batch.rank ? 0 : 1;
  return sf_onnx_reshape(node, permuted(node, x, have, &order), 3 - skip,
                         dim + skip);
}

static sf_value *product(onnx_node *node, const equation *e) {
  term a, b;
  sf_value *x = summed(node, e, 0, &a), *y = summed(node, e, 1, &b);
  groups g = sort(e, &a, &b);
  if (g.batch.rank + g.rows.rank + g.columns.rank > ONNX_RANK_MAX) return NULL;
  x = as_matrices(node, e, x, &a, &g, &g.rows, &g.sum);
  y = as_matrices(node, e, y, &b, &g, &g.sum, &g.columns);
  if (!x || !y) return NULL;
  sf_type type = x->type;
  type.dim[type.rank - 1] = y->type.dim[type.rank - 1];
  sf_value *z = sf_onnx_build2(node, SF_OP_MATMUL, &type, x, y);
  term order = g.batch;
  extend(&order, &g.rows);
  extend(&order, &g.columns);
  onnx_shape shape = shape_of(node, e, &order);
  sf_type full = sf_onnx_type(ONNX_FLOAT, &shape, shape.rank);
  return permuted(node, sf_onnx_reshape(node, z, full.rank, full.dim), &order,
                  &e->out);
}

/* Stream times constant matrix without a batch: weights of a projection. */
static bool is_linear(const onnx_node *node, const equation *e) {
  if (e->inputs != 2 || !sf_onnx_constant(node, 1) || e->in[1].rank != 2 ||
      e->in[0].rank < 1 || e->out.rank != e->in[0].rank)
    return false;
  char sum = e->in[0].label[e->in[0].rank - 1];
  if (find(&e->in[1], sum) < 0 || find(&e->out, sum) >= 0) return false;
  char column = e->in[1].label[find(&e->in[1], sum) == 0 ? 1 : 0];
  if (find(&e->in[0], column) >= 0) return false;
  for (unsigned i = 0; i + 1 < e->out.rank; i++)
    if (e->out.label[i] != e->in[0].label[i]) return false;
  return e->out.label[e->out.rank - 1] == column;
}

static sf_result emit_linear(onnx_node *node, const equation *e) {
  onnx_value *weights = SF_NEW(node->arena, onnx_value);
  if (!weights) return SF_OOM;
  *weights = *sf_onnx_input(node, 1);
  if (find(&e->in[1], e->in[0].label[e->in[0].rank - 1]) == 1) {
    weights->tensor =
        sf_onnx_tensor_transpose(node, weights->tensor, (unsigned[]){1, 0});
    if (!weights->tensor) return sf_onnx_failed(node);
    weights->shape = weights->tensor->shape;
  }
  node->inputs[1] = weights;
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  onnx_shape shape;
  sf_value *y;
  SF_TRY(sf_onnx_matmul(node, dtype, &shape, &y));
  return sf_onnx_emit(node, 0, y, dtype, &shape);
}

static sf_result translate_einsum(onnx_node *node) {
  equation e;
  SF_TRY(read_equation(node, &e));
  SF_TRY(check_extents(node, &e));
  onnx_dtype dtype = sf_onnx_input(node, 0)->dtype;
  if (!sf_onnx_is_float(dtype))
    return sf_onnx_refuse(node, NULL, "the operands are no floats");
  if (is_linear(node, &e)) return emit_linear(node, &e);
  onnx_shape shape = shape_of(node, &e, &e.out);
  sf_value *y;
  if (e.inputs == 1) {
    term left;
    y = summed(node, &e, 0, &left);
    y = permuted(node, y, &left, &e.out);
  } else {
    y = product(node, &e);
  }
  return sf_onnx_emit(node, 0, y, dtype, &shape);
}

const onnx_operator sf_onnx_einsum_rows[] = {
    {"", "Einsum", 12, ONNX_OPSET_NEWEST, ONNX_LINEAR, translate_einsum,
     "one or two operands, every axis named once"},
    {0}};
