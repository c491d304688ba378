/* relay.c - relay functions, identity projections, relay populations. */
#include "passes/rewrite/relay.h"

#include "passes/rewrite/normal_form.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_relay(const sf_neuron *n, sf_scalar read, sf_scalar emit) {
  bool plain = sf_scalar_equal(read, emit);
  if (n->input_count != 1 || n->param_count || n->state_count ||
      n->emit_count != 1 || n->stmt_count != (plain ? 0u : 1u) ||
      !sf_scalar_equal(n->inputs[0]->type, read) ||
      !sf_scalar_equal(n->emit_types[0], emit)) {
    return false;
  }
  if (plain) return n->emits[0].value == n->inputs[0];
  const sf_stmt *s = &n->stmts[0];
  return s->kind == SF_NOP_GT && s->operand[0].value == n->inputs[0] &&
         !s->operand[1].value && s->operand[1].literal.i == 0 &&
         n->emits[0].value == s->result;
}

static sf_neuron *create_relay(sf_module *module, sf_scalar read,
                               sf_scalar emit) {
  char name[32], type[16];
  sf_scalar_text(emit, type, sizeof type);
  snprintf(name, sizeof name, "relay_%s", type);
  sf_neuron *n = sf_neuron_create(module, name, SF_NO_LOC);
  sf_nvalue *x = n ? sf_neuron_add_input(n, "x", read) : NULL;
  if (!x) return NULL;
  sf_nvalue *y = x;
  if (!sf_scalar_equal(read, emit)) {
    sf_stmt *s = sf_neuron_add_stmt(n, SF_NOP_GT, "s", emit);
    if (!s) return NULL;
    s->operand[0] = sf_noperand_value(x);
    s->operand[1] = sf_noperand_number(sf_number_int(0));
    y = s->result;
  }
  if (sf_neuron_add_emit(n, sf_noperand_value(y), emit) != SF_OK) return NULL;
  return n;
}

sf_neuron *sf_relay_function(sf_module *module, sf_scalar read, sf_scalar emit,
                             sf_diag *diag) {
  for (sf_neuron *n = module->first_neuron; n; n = n->next)
    if (is_relay(n, read, emit)) return n;
  sf_scalar graded = sf_int(24); /* the library's */
  if (sf_scalar_equal(read, graded) && sf_scalar_equal(emit, graded))
    return sf_library_use(module, (sf_slice){"relay", 5}, diag);
  return create_relay(module, read, emit);
}

/* ---- Ops. -------------------------------------------------------------------
 */

static sf_loc loc_of(const sf_value *value) {
  return value->op ? value->op->loc : value->loc;
}

static sf_value *reshape(sf_value *value, const sf_type *shape, sf_op *before) {
  sf_op *op =
      sf_op_create(value->network, before, SF_OP_RESHAPE, 1, loc_of(value));
  if (!op) return NULL;
  sf_op_set_operand(op, 0, value);
  sf_type type = *shape;
  type.scalar = value->type.scalar;
  return sf_op_add_result(op, value->name, &type);
}

static bool is_diagonal(const sf_blob *blob, const sf_type *type) {
  if (!blob->data || !sf_type_equal(&blob->type, type)) return false;
  for (int32_t i = 0; i < 2 * type->dim[0]; i++)
    if (sf_blob_i32(blob, (size_t)i) != i / 2) return false;
  return true;
}

/* Index rows (i, i); one of the module's if it is there. */
static sf_blob *diagonal(sf_module *module, int32_t n) {
  const int32_t dim[] = {n, 2};
  sf_type type = sf_type_make(sf_int(32), 2, dim);
  for (sf_blob *b = module->first_blob; b; b = b->next)
    if (is_diagonal(b, &type)) return b;
  int32_t *rows = malloc(2 * (size_t)n * sizeof *rows);
  if (!rows) return NULL;
  for (int32_t i = 0; i < n; i++)
    rows[2 * i] = rows[2 * i + 1] = i;
  sf_blob *blob = sf_blob_create_i32(module, "diagonal", &type, rows);
  free(rows);
  return blob;
}

static sf_blob *ones(sf_module *module, sf_scalar scalar, unsigned rank,
                     const int32_t *dim) {
  bool is_float = scalar.kind == SF_SCALAR_F32;
  sf_type type = sf_type_make(is_float ? scalar : sf_int(2), rank, dim);
  sf_number one = is_float ? sf_number_float(1.0f) : sf_number_int(1);
  for (sf_blob *b = module->first_blob; b; b = b->next) {
    if (b->source == SF_SOURCE_SPLAT && sf_type_equal(&b->type, &type) &&
        sf_number_equal(b->splat, one)) {
      return b;
    }
  }
  return sf_blob_create_splat(module, "one", &type, one);
}

static sf_op *sparse_identity(sf_value *source, sf_op *before) {
  int32_t n = source->type.dim[0];
  sf_module *module = source->network->module;
  sf_blob *index = diagonal(module, n);
  sf_blob *weights = ones(module, source->type.scalar, 1, &n);
  sf_op *op =
      sf_op_create(source->network, before, SF_OP_SPARSE, 3, loc_of(source));
  if (!index || !weights || !op || sf_op_set_int(op, SF_ATTR_rows, n) != SF_OK)
    return NULL;
  sf_op_set_operand_blob(op, 1, index);
  sf_op_set_operand_blob(op, 2, weights);
  return op;
}

static sf_op *conv_identity(sf_value *source, sf_op *before) {
  const int32_t dim[] = {source->type.dim[0], 1, 1};
  sf_blob *weights = ones(source->network->module, source->type.scalar, 3, dim);
  sf_op *op =
      sf_op_create(source->network, before, SF_OP_CONV, 2, loc_of(source));
  if (!weights || !op || sf_op_set_int(op, SF_ATTR_groups, dim[0]) != SF_OK)
    return NULL;
  sf_op_set_operand_blob(op, 1, weights);
  return op;
}

static sf_op *pool_identity(sf_value *source, sf_op *before) {
  const int64_t one = 1;
  sf_op *op =
      sf_op_create(source->network, before, SF_OP_POOL, 1, loc_of(source));
  if (!op || sf_op_set_int(op, SF_ATTR_kind, SF_POOL_SUM) != SF_OK ||
      sf_op_set_ints(op, SF_ATTR_kernel, 1, &one) != SF_OK) {
    return NULL;
  }
  return op;
}

bool sf_has_identity_projection(const sf_type *type) {
  return type->rank >= 1 && type->rank <= 3;
}

sf_value *sf_identity_projection(sf_value *source, sf_op *before) {
  sf_type type = source->type;
  sf_op *op = type.rank == 1   ? sparse_identity(source, before)
              : type.rank == 2 ? conv_identity(source, before)
                               : pool_identity(source, before);
  if (!op) return NULL;
  sf_op_set_operand(op, 0, source);
  if (type.scalar.kind == SF_SCALAR_SPIKE) type.scalar = sf_int(2);
  return sf_op_add_result(op, source->name, &type);
}

/* A population of `relay` over `value`. */
static sf_value *populate(sf_value *value, const char *name, sf_scalar emit,
                          sf_op *before, sf_diag *diag) {
  sf_neuron *relay =
      sf_relay_function(value->network->module, value->type.scalar, emit, diag);
  if (!relay) return NULL;
  sf_op *op =
      sf_op_create(value->network, before, SF_OP_NEURONS, 1, loc_of(value));
  if (!op || sf_op_set_neuron(op, relay) != SF_OK) return NULL;
  sf_op_set_operand(op, 0, value);
  sf_type type = value->type;
  type.scalar = emit;
  return sf_op_add_result(op, name, &type);
}

sf_value *sf_relay_population(sf_value *value, sf_op *before, sf_diag *diag) {
  const sf_type type = value->type;
  const char *name = value->name;
  bool projects =
      value->op && (sf_is_synapses(value->op) || value->op->kind == SF_OP_ADD);
  if (projects) return populate(value, name, type.scalar, before, diag);
  bool flat = !sf_has_identity_projection(&type);
  if (flat) { /* other ranks: a row of neurons, reshaped around */
    const int32_t n = (int32_t)sf_type_elements(&type);
    sf_type row = sf_type_make(type.scalar, 1, &n);
    value = reshape(value, &row, before);
    if (!value) return NULL;
  }
  value = sf_identity_projection(value, before);
  if (value) value = populate(value, name, type.scalar, before, diag);
  return value && flat ? reshape(value, &type, before) : value;
}
