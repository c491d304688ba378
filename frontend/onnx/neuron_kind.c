/* neuron_kind.c - neuron functions from the rows of the operators' tables. */
#include "frontend/onnx/neuron_kind.h"

#include "frontend/onnx/elementwise.h"
#include "frontend/onnx/model.h"
#include "ir/copy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024, COPIES_MAX = 64 };

onnx_neuron_operand sf_onnx_operand_stream(sf_value *stream) {
  return (onnx_neuron_operand){.stream = stream};
}

onnx_neuron_operand sf_onnx_operand_f32(double number) {
  return (onnx_neuron_operand){.number = sf_number_float((float)number)};
}

/* ---- The function. ---- */

/* A text that grows in a fixed buffer; the rows of the tables fit. */
typedef struct text {
  char bytes[TEXT_MAX];
  size_t size;
} text;

static void put(text *out, const char *format, ...) SF_PRINTF(2, 3);
static void put(text *out, const char *format, ...) {
  va_list list;
  va_start(list, format);
  int length = vsnprintf(out->bytes + out->size, sizeof out->bytes - out->size,
                         format, list);
  va_end(list);
  if (length > 0) out->size += (size_t)length;
}

static sf_scalar scalar_of(char letter, sf_scalar type) {
  return letter == 's' ? sf_spike() : letter == 'f' ? sf_f32() : type;
}

static const char *body_of(const onnx_neuron_kind *kind, sf_scalar type) {
  return type.kind == SF_SCALAR_F32   ? kind->f32
         : type.kind == SF_SCALAR_INT ? kind->i32
                                      : kind->spike;
}

/* greater, greater_i32, greater_b (operand b is a param). */
static void put_name(text *out, const onnx_neuron_kind *kind, sf_scalar type,
                     const onnx_neuron_operand *operands) {
  char scalar[16];
  sf_scalar_text(type, scalar, sizeof scalar);
  put(out, "%s", kind->name);
  if (type.kind != SF_SCALAR_F32 && strchr(kind->operands, 't'))
    put(out, "_%s", scalar);
  bool any = false;
  for (unsigned i = 0; kind->operands[i]; i++)
    if (!operands[i].stream) {
      put(out, "%s%c", any ? "" : "_", "abc"[i]);
      any = true;
    }
}

static void put_function(text *out, const onnx_neuron_kind *kind,
                         sf_scalar type, const onnx_neuron_operand *operands) {
  char scalar[16];
  const char *separator = "";
  put(out, "module @kind {\nneuron @");
  put_name(out, kind, type, operands);
  put(out, "(");
  for (unsigned i = 0; kind->operands[i]; i++) {
    if (!operands[i].stream) continue;
    sf_scalar_text(scalar_of(kind->operands[i], type), scalar, sizeof scalar);
    put(out, "%s%%%c: %s", separator, "abc"[i], scalar);
    separator = ", ";
  }
  sf_scalar_text(scalar_of(kind->result, type), scalar, sizeof scalar);
  put(out, ") -> %s {\n", scalar);
  for (unsigned i = 0; kind->operands[i]; i++) {
    if (operands[i].stream) continue;
    sf_scalar_text(scalar_of(kind->operands[i], type), scalar, sizeof scalar);
    put(out, "param %%%c: %s\n", "abc"[i], scalar);
  }
  put(out, "%s\nemit %%r\n}\n}\n", body_of(kind, type));
}

static sf_neuron *find_or_make(onnx_node *node, const onnx_neuron_kind *kind,
                               sf_scalar type,
                               const onnx_neuron_operand *operands) {
  sf_module *module = node->import->module;
  text name = {.size = 0}, function = {.size = 0};
  put_name(&name, kind, type, operands);
  sf_neuron *neuron = sf_module_find_neuron(module, sf_slice_of(name.bytes));
  if (neuron) return neuron;
  put_function(&function, kind, type, operands);
  sf_module *parsed = NULL;
  sf_slice slice = {function.bytes, function.size};
  if (sf_parse(slice, kind->name, node->import->diag, &parsed) != SF_OK)
    return NULL;
  neuron = sf_neuron_copy(module, parsed->first_neuron);
  sf_module_destroy(parsed);
  if (neuron) neuron->loc = SF_NO_LOC;
  return neuron;
}

/* ---- The population. ---- */

static void set_argument(sf_argument *argument,
                         const onnx_neuron_operand *operand) {
  if (operand->blob)
    sf_argument_set_blob(argument, operand->blob);
  else
    sf_argument_set_number(argument, operand->number);
}

sf_value *sf_onnx_neurons(onnx_node *node, const onnx_neuron_kind *kind,
                          sf_scalar type, const onnx_neuron_operand *operands) {
  sf_neuron *neuron = find_or_make(node, kind, type, operands);
  sf_value *streams[ONNX_KIND_OPERANDS];
  uint32_t count = 0;
  for (unsigned i = 0; kind->operands[i]; i++)
    if (operands[i].stream) streams[count++] = operands[i].stream;
  if (!neuron || !count) return NULL;
  sf_type result = streams[0]->type;
  result.scalar = scalar_of(kind->result, type);
  sf_value *y =
      sf_onnx_build_list(node, SF_OP_NEURONS, &result, count, streams);
  if (!y || sf_op_set_neuron(y->op, neuron) != SF_OK) return NULL;
  uint32_t param = 0;
  for (unsigned i = 0; kind->operands[i]; i++)
    if (!operands[i].stream)
      set_argument(&y->op->arguments[param++], &operands[i]);
  return y;
}

/* ---- Streams of one shape and type. ---- */

sf_value *sf_onnx_converted(onnx_node *node, sf_value *value,
                            sf_scalar scalar) {
  if (!value || sf_scalar_equal(value->type.scalar, scalar)) return value;
  sf_type type = value->type;
  type.scalar = scalar;
  bool to_int = value->type.scalar.kind == SF_SCALAR_F32;
  sf_value *y = sf_onnx_build1(node, SF_OP_CONVERT, &type, value);
  if (!y || (to_int && sf_op_set_int(y->op, SF_ATTR_round, SF_ROUND_ZERO)))
    return NULL;
  /* What does not fit is undefined in ONNX: the nearest. */
  if (scalar.kind == SF_SCALAR_INT &&
      (to_int || scalar.bits < value->type.scalar.bits))
    y->op->mode = SF_MODE_SAT;
  return y;
}

sf_value *sf_onnx_widened(onnx_node *node, sf_value *value) {
  if (!value || value->type.scalar.kind != SF_SCALAR_INT) return value;
  return sf_onnx_converted(node, value, sf_int(32));
}

/* A product with ones is exact in every type. */
static sf_value *times_ones(onnx_node *node, sf_value *value,
                            const sf_type *type) {
  sf_type ones = *type, result = *type;
  ones.scalar = value->type.scalar;
  for (unsigned i = 0; i < type->rank; i++)
    if (value->type.dim[i] == type->dim[i]) ones.dim[i] = 1;
  result.scalar = value->type.scalar;
  bool is_float = ones.scalar.kind == SF_SCALAR_F32;
  const char *name =
      sf_arena_printf(node->import->arena, "%s.ones", node->label);
  sf_blob *blob = name ? sf_blob_create_splat(node->import->module, name, &ones,
                                              is_float ? sf_number_float(1.0F)
                                                       : sf_number_int(1))
                       : NULL;
  if (blob) blob->loc = node->loc;
  return sf_onnx_build_blob(node, SF_OP_MUL, &result, value, blob);
}

/* A few copies are joined, which only moves elements. */
sf_value *sf_onnx_spread(onnx_node *node, sf_value *value,
                         const sf_type *type) {
  for (unsigned i = 0; value && i < type->rank; i++) {
    int32_t count = type->dim[i];
    if (value->type.dim[i] == count) continue;
    if (count > COPIES_MAX) return times_ones(node, value, type);
    sf_value *copies[COPIES_MAX];
    for (int32_t n = 0; n < count; n++)
      copies[n] = value;
    value = sf_onnx_build_concat(node, (uint32_t)count, copies, i);
  }
  return value;
}

/* ---- Operands of a node. ---- */

static bool read_constant(onnx_node *node, uint32_t index, unsigned rank,
                          sf_scalar scalar, onnx_neuron_operand *out) {
  const onnx_tensor *t = sf_onnx_constant(node, index);
  if (sf_onnx_is_splat(t) || sf_onnx_elements(&t->shape) == 1) {
    out->number = scalar.kind == SF_SCALAR_F32
                      ? sf_number_float((float)sf_onnx_get_f64(t, 0))
                      : sf_number_int(sf_onnx_get_i64(t, 0));
    return true;
  }
  sf_type extent = sf_onnx_type(t->dtype, &t->shape, rank);
  out->blob = sf_onnx_blob(node, t, rank, extent.dim);
  return out->blob != NULL;
}

/* All constants, or one that has more elements than the streams and cannot be
 * broadcast as a param: then it is a stream. */
static sf_result read_operand(onnx_node *node, uint32_t index, sf_scalar scalar,
                              const sf_type *type, bool as_stream,
                              onnx_neuron_operand *out) {
  *out = (onnx_neuron_operand){0};
  if (sf_onnx_constant(node, index) && !as_stream) {
    if (!read_constant(node, index, type->rank, scalar, out))
      return sf_onnx_failed(node);
    if (!out->blob && scalar.kind == SF_SCALAR_F32 && isnan(out->number.d))
      return sf_onnx_refuse(node, NULL,
                            "input %u is the constant NaN, and numbers of the "
                            "IR are none",
                            index);
    return SF_OK;
  }
  sf_value *value = sf_onnx_stream(node, index, type->rank);
  out->stream = sf_onnx_spread(node, sf_onnx_widened(node, value), type);
  return out->stream ? SF_OK : sf_onnx_failed(node);
}

static sf_result common_shape(onnx_node *node, unsigned count, onnx_shape *out,
                              bool *any_stream) {
  *out = (onnx_shape){.rank = 0};
  *any_stream = false;
  for (uint32_t i = 0; i < count; i++) {
    const onnx_value *value = sf_onnx_input(node, i);
    onnx_shape before = *out;
    if (value->kind == ONNX_ABSENT)
      return sf_onnx_refuse(node, NULL, "input %u is missing", i);
    if (!sf_onnx_broadcast(&before, &value->shape, out))
      return sf_onnx_refuse(node, NULL, "the shapes do not broadcast");
    *any_stream |= value->kind == ONNX_STREAM;
  }
  return SF_OK;
}

/* Type of the operands with letter 't', which must agree; that of the first
 * operand where there is none. */
static sf_result common_type(onnx_node *node, const onnx_neuron_kind *kind,
                             onnx_dtype *out) {
  const char *first = strchr(kind->operands, 't');
  uint32_t at = first ? (uint32_t)(first - kind->operands) : 0;
  *out = sf_onnx_input(node, at)->dtype;
  for (uint32_t i = 0; kind->operands[i]; i++) {
    onnx_dtype dtype = sf_onnx_input(node, i)->dtype;
    onnx_dtype wanted = kind->operands[i] == 's' ? ONNX_BOOL : *out;
    if (dtype != wanted)
      return sf_onnx_refuse(node, NULL, "input %u is %s, not %s", i,
                            sf_onnx_dtype_text(dtype),
                            sf_onnx_dtype_text(wanted));
  }
  return SF_OK;
}

sf_result sf_onnx_emit_kind(onnx_node *node, const onnx_neuron_kind *kind,
                            onnx_dtype result) {
  unsigned count = (unsigned)strlen(kind->operands);
  onnx_shape shape;
  bool any_stream;
  onnx_dtype dtype;
  SF_TRY(common_shape(node, count, &shape, &any_stream));
  SF_TRY(common_type(node, kind, &dtype));
  sf_scalar scalar = sf_onnx_scalar(dtype);
  if (scalar.kind == SF_SCALAR_INT) scalar = sf_int(32);
  if (!body_of(kind, scalar))
    return sf_onnx_refuse(node, NULL, "streams of %s are not supported here",
                          sf_onnx_dtype_text(dtype));
  unsigned rank = sf_onnx_working_rank(node, &shape);
  sf_type type = sf_onnx_type(dtype, &shape, rank);
  onnx_neuron_operand operands[ONNX_KIND_OPERANDS] = {{0}};
  for (uint32_t i = 0; i < count; i++)
    SF_TRY(read_operand(node, i, scalar_of(kind->operands[i], scalar), &type,
                        !any_stream, &operands[i]));
  sf_value *y = sf_onnx_neurons(node, kind, scalar, operands);
  if (result == ONNX_UNDEFINED) result = dtype;
  return sf_onnx_emit(node, 0,
                      sf_onnx_converted(node, y, sf_onnx_scalar(result)),
                      result, &shape);
}
