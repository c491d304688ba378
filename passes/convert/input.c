/* input.c - the input of the network, rounded to its steps by a population on
 * the host.
 *
 * The function repeats the chain in f32, op by op, so that its values are the
 * same bit for bit. Ternary spikes add up, so there the value is sent once. */
#include "passes/convert/convert.h"

#include <stdio.h>
#include <string.h>

typedef struct builder {
  sf_converter *c;
  sf_site *site;
  sf_neuron *neuron;
  sf_noperand at; /* the value so far */
  uint32_t params;
  sf_blob *blobs[SF_CHAIN_MAX * 2];
} builder;

static bool nop_of(const sf_op *op, sf_nop_kind *out) {
  switch (op->kind) {
  case SF_OP_ADD:
    *out = SF_NOP_ADD;
    return true;
  case SF_OP_SUB:
    *out = SF_NOP_SUB;
    return true;
  case SF_OP_MUL:
    *out = SF_NOP_MUL;
    return true;
  case SF_OP_DIV:
  case SF_OP_QUANTIZE:
    *out = SF_NOP_DIV;
    return true;
  case SF_OP_MIN:
    *out = SF_NOP_MIN;
    return true;
  case SF_OP_MAX:
  case SF_OP_RELU:
    *out = SF_NOP_MAX;
    return true;
  case SF_OP_ABS:
    *out = SF_NOP_ABS;
    return true;
  case SF_OP_SQRT:
    *out = SF_NOP_SQRT;
    return true;
  case SF_OP_FLOOR:
    *out = SF_NOP_FLOOR;
    return true;
  default:
    return false;
  }
}

/* A param for constants, with the rank of the stream. */
static sf_result add_param(builder *b, const sf_op *op, uint32_t index,
                           sf_scalar scalar, sf_noperand *out) {
  sf_blob *blob = sf_op_operand_blob(op, index);
  const sf_type *stream = &b->site->source->type;
  SF_TRY(sf_blob_load(blob, b->c->run->diag));
  size_t count = sf_blob_elements(blob);
  sf_type type = sf_type_make(scalar, stream->rank, stream->dim);
  for (uint32_t i = 0; i < type.rank; i++)
    type.dim[i] = 1;
  if (count > 1 && sf_op_has_attr(op, SF_ATTR_axis)) {
    int64_t axis = sf_op_int(op, SF_ATTR_axis);
    type.dim[axis < 0 ? axis + type.rank : axis] = (int32_t)count;
  } else if (count > 1) {
    for (uint32_t i = 0; i < blob->type.rank; i++)
      type.dim[i + type.rank - blob->type.rank] = blob->type.dim[i];
  }
  sf_word *words = SF_NEW_ARRAY(b->c->arena, sf_word, count);
  if (!words) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    words[i] = sf_blob_word(blob, i);
  char name[16];
  snprintf(name, sizeof name, "c%u", b->params);
  sf_param *param = sf_neuron_add_param(b->neuron, name, scalar);
  if (!param) return SF_OOM;
  bool is_float = scalar.kind == SF_SCALAR_F32;
  sf_module *module = b->c->run->module;
  b->blobs[b->params++] =
      is_float ? sf_blob_create_f32(module, blob->name, &type, &words[0].f)
               : sf_blob_create_i32(module, blob->name, &type, &words[0].i);
  *out = sf_noperand_value(param->value);
  return b->blobs[b->params - 1] ? SF_OK : SF_OOM;
}

static sf_stmt *add_stmt(builder *b, sf_nop_kind kind, sf_scalar type,
                         sf_noperand second) {
  sf_stmt *stmt = sf_neuron_add_stmt(b->neuron, kind, "t", type);
  if (!stmt) return NULL;
  stmt->operand[0] = b->at;
  if (sf_nop_info_get(kind)->operands > 1) stmt->operand[1] = second;
  b->at = sf_noperand_value(stmt->result);
  return stmt;
}

static sf_result add_clip(builder *b, const sf_op *op) {
  float bounds[] = {sf_op_number(op, SF_ATTR_min),
                    sf_op_number(op, SF_ATTR_max)};
  for (int i = 0; i < 2; i++)
    if (!add_stmt(b, i ? SF_NOP_MIN : SF_NOP_MAX, sf_f32(),
                  sf_noperand_number(sf_number_float(bounds[i]))))
      return SF_OOM;
  return SF_OK;
}

static sf_result add_op(builder *b, const sf_op *op, const sf_noperand *given) {
  if (op->kind == SF_OP_CLIP) return add_clip(b, op);
  sf_nop_kind kind;
  if (!nop_of(op, &kind)) return SF_FAIL; /* found by is_known before */
  sf_noperand second = sf_noperand_number(sf_number_float(0.0f));
  if (op->operand_count > 1) second = *given;
  return add_stmt(b, kind, sf_f32(), second) ? SF_OK : SF_OOM;
}

static int64_t bound(const sf_op *op, sf_attr_id id, int64_t otherwise) {
  return sf_op_has_attr(op, id) ? sf_op_int(op, id) : otherwise;
}

static sf_result add_rounding(builder *b, const sf_noperand *zero) {
  const sf_op *op = b->site->quantize;
  sf_scalar emit = op->results[0]->type.scalar, wide = sf_int(32);
  sf_noperand none = sf_noperand_number(sf_number_int(0));
  sf_stmt *stmt = add_stmt(b, SF_NOP_TO_INT, wide, none);
  if (!stmt) return SF_OOM;
  stmt->mode = SF_MODE_SAT;
  stmt->round = (sf_round)sf_op_int(op, SF_ATTR_round);
  if (zero) {
    stmt = add_stmt(b, SF_NOP_ADD, wide, *zero);
    if (!stmt) return SF_OOM;
    stmt->mode = SF_MODE_SAT;
  }
  int64_t low = bound(op, SF_ATTR_low, sf_scalar_min(emit));
  int64_t high = bound(op, SF_ATTR_high, sf_scalar_max(emit));
  if (!add_stmt(b, SF_NOP_MAX, wide, sf_noperand_number(sf_number_int(low))) ||
      !add_stmt(b, SF_NOP_MIN, emit, sf_noperand_number(sf_number_int(high)))) {
    return SF_OOM;
  }
  return SF_OK;
}

/* %o = sent before ? 0 : value. */
static sf_result add_once(builder *b, sf_nvalue *sent) {
  sf_scalar emit = b->site->quantize->results[0]->type.scalar;
  sf_stmt *first =
      sf_neuron_add_stmt(b->neuron, SF_NOP_EQ, "first", sf_spike());
  if (!first) return SF_OOM;
  first->operand[0] = sf_noperand_value(sent);
  first->operand[1] = sf_noperand_number(sf_number_int(0));
  sf_nvalue *condition = first->result;
  sf_stmt *once = sf_neuron_add_stmt(b->neuron, SF_NOP_SELECT, "once", emit);
  if (!once) return SF_OOM;
  once->operand[0] = sf_noperand_value(condition);
  once->operand[1] = b->at;
  once->operand[2] = sf_noperand_number(sf_number_int(0));
  b->at = sf_noperand_value(once->result);
  return SF_OK;
}

static sf_result add_params(builder *b, sf_noperand *operands,
                            sf_noperand *zero, bool *has_zero) {
  *has_zero = false;
  for (uint32_t i = 0; i < b->site->chain_count; i++) {
    const sf_op *op = b->site->chain[i];
    if (op->operand_count < 2) continue;
    SF_TRY(add_param(b, op, 1, sf_f32(), &operands[i]));
    *has_zero = op == b->site->quantize && op->operand_count > 2;
    if (*has_zero) SF_TRY(add_param(b, op, 2, sf_int(32), zero));
  }
  return SF_OK;
}

static sf_result build(builder *b) {
  sf_noperand operands[SF_CHAIN_MAX], zero;
  bool has_zero, once = b->c->form == SF_FORM_STBIF;
  b->neuron =
      sf_neuron_create(b->c->run->module, "input", b->site->quantize->loc);
  sf_nvalue *x =
      b->neuron ? sf_neuron_add_input(b->neuron, "x", sf_f32()) : NULL;
  if (!x) return SF_OOM;
  b->at = sf_noperand_value(x);
  SF_TRY(add_params(b, operands, &zero, &has_zero));
  sf_state *sent =
      once ? sf_neuron_add_state(b->neuron, "sent", sf_int(2)) : NULL;
  if (once && !sent) return SF_OOM;
  sf_nvalue *sent_value = sent ? sent->value : NULL;
  if (sent) {
    sent->has_next = true;
    sent->next = sf_noperand_number(sf_number_int(1));
  }
  for (uint32_t i = 0; i < b->site->chain_count; i++)
    SF_TRY(add_op(b, b->site->chain[i], &operands[i]));
  SF_TRY(add_rounding(b, has_zero ? &zero : NULL));
  if (once) SF_TRY(add_once(b, sent_value));
  return sf_neuron_add_emit(b->neuron, b->at,
                            b->site->quantize->results[0]->type.scalar);
}

/* Equal functions are one. */
static void share(builder *b) {
  for (sf_neuron *n = b->c->run->module->first_neuron; n != b->neuron;
       n = n->next) {
    if (!sf_neuron_same_structure(n, b->neuron)) continue;
    sf_neuron_erase(b->neuron);
    b->neuron = n;
    return;
  }
}

bool sf_convert_input_is_known(const sf_op *op) {
  sf_nop_kind kind;
  return op->kind == SF_OP_CLIP || nop_of(op, &kind);
}

sf_result sf_convert_input(sf_converter *c, sf_site *site) {
  builder b = {.c = c, .site = site};
  SF_TRY(build(&b));
  share(&b);
  sf_op *op = sf_op_create(c->network, site->quantize, SF_OP_NEURONS, 1,
                           site->quantize->loc);
  if (!op || sf_op_set_neuron(op, b.neuron) != SF_OK) return SF_OOM;
  sf_op_set_operand(op, 0, site->source);
  SF_TRY(sf_op_set_int(op, SF_ATTR_on, SF_ON_HOST));
  for (uint32_t i = 0; i < b.params; i++) {
    sf_word word;
    if (!sf_blob_is_uniform(b.blobs[i], &word))
      sf_argument_set_blob(&op->arguments[i], b.blobs[i]);
    else if (b.blobs[i]->type.scalar.kind == SF_SCALAR_F32)
      sf_argument_set_number(&op->arguments[i], sf_number_float(word.f));
    else
      sf_argument_set_number(&op->arguments[i], sf_number_int(word.i));
  }
  site->result = sf_op_add_result(op, site->quantize->results[0]->name,
                                  &site->quantize->results[0]->type);
  c->populations++;
  return site->result ? SF_OK : SF_OOM;
}
