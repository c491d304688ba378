/* verify_stmt.c - one statement of a neuron function, by the rows of ops.def.
 */
#include "ir/verify_neuron.h"

#include <math.h>

static unsigned class_of(sf_scalar type) {
  switch (type.kind) {
  case SF_SCALAR_INT:
    return SF_NOP_CLASS_INT;
  case SF_SCALAR_F32:
    return SF_NOP_CLASS_F32;
  default:
    return SF_NOP_CLASS_SPIKE;
  }
}

static const char *class_text(unsigned classes) {
  if (classes == (SF_NOP_CLASS_INT | SF_NOP_CLASS_F32))
    return "integers or f32";
  if (classes == (SF_NOP_CLASS_INT | SF_NOP_CLASS_SPIKE))
    return "an integer or a spike";
  if (classes == SF_NOP_CLASS_INT) return "integers";
  return classes == SF_NOP_CLASS_F32 ? "f32" : "spikes";
}

/* Defined in this function, above this statement. */
static bool check_scope(sf_verifier *v, const sf_neuron *neuron,
                        const sf_stmt *stmt, const sf_nvalue *value) {
  if (!sf_nvalue_belongs(neuron, value))
    return sf_wrong(v, SF_DIAG_SCOPE, stmt->loc,
                    "'%%%s' is a value of another neuron function",
                    value->name);
  if (value->kind == SF_NVALUE_STATEMENT && value->index >= stmt->result->index)
    return sf_wrong(v, SF_DIAG_SCOPE, stmt->loc,
                    "'%%%s' is used before it is defined", value->name);
  return true;
}

/* A literal where operands of `class` stand. */
static bool literal_fits(sf_number literal, unsigned class) {
  switch (class) {
  case SF_NOP_CLASS_F32:
    return literal.is_float && !isnan(literal.f);
  case SF_NOP_CLASS_SPIKE:
    return !literal.is_float && (literal.i == 0 || literal.i == 1);
  default:
    return !literal.is_float && literal.i >= INT32_MIN &&
           literal.i <= INT32_MAX;
  }
}

/* The class of the first operand that is no literal; else of the literals. */
static unsigned find_class(const sf_nop_info *info, const sf_stmt *stmt) {
  for (uint32_t i = 0; i < stmt->operand_count; i++)
    if (stmt->operand[i].value) return class_of(stmt->operand[i].value->type);
  if (stmt->operand_count && stmt->operand[0].literal.is_float)
    return SF_NOP_CLASS_F32;
  return info->classes == SF_NOP_CLASS_SPIKE ? SF_NOP_CLASS_SPIKE
                                             : SF_NOP_CLASS_INT;
}

static bool check_operands(sf_verifier *v, const sf_neuron *neuron,
                           const sf_nop_info *info, const sf_stmt *stmt,
                           unsigned class) {
  if (info->operands && !(info->classes & class))
    return sf_wrong(v, SF_DIAG_TYPE, stmt->loc, "'%s' takes %s", info->mnemonic,
                    class_text(info->classes));
  for (uint32_t i = 0; i < stmt->operand_count; i++) {
    const sf_nvalue *value = stmt->operand[i].value;
    if (value && !check_scope(v, neuron, stmt, value)) return false;
    bool fits = value ? class_of(value->type) == class
                      : literal_fits(stmt->operand[i].literal, class);
    if (fits) continue;
    if (!value && class == SF_NOP_CLASS_F32 &&
        !stmt->operand[i].literal.is_float)
      return sf_wrong(v, SF_DIAG_TYPE, stmt->loc,
                      "an f32 number needs '.' or 'e': operand %u of '%s' is "
                      "%lld",
                      i + 1, info->mnemonic,
                      (long long)stmt->operand[i].literal.i);
    if (!value && !stmt->operand[i].literal.is_float &&
        class == SF_NOP_CLASS_INT)
      return sf_wrong(v, SF_DIAG_TYPE, stmt->loc,
                      "operand %u of '%s' is outside 32 bits", i + 1,
                      info->mnemonic);
    return sf_wrong(v, SF_DIAG_TYPE, stmt->loc,
                    "the operands of '%s' are of different kinds",
                    info->mnemonic);
  }
  return true;
}

/* Both sides have the result's type exactly. */
static bool check_select(sf_verifier *v, const sf_neuron *neuron,
                         const sf_stmt *stmt) {
  for (uint32_t i = 0; i < 3; i++) {
    const sf_noperand *operand = &stmt->operand[i];
    sf_scalar want = i == 0 ? sf_spike() : stmt->result->type;
    if (operand->value) {
      if (!check_scope(v, neuron, stmt, operand->value)) return false;
      if (sf_scalar_equal(operand->value->type, want)) continue;
      sf_type_mismatch(v, stmt->loc,
                       i == 0 ? "the condition of 'select'"
                              : "both sides of 'select'",
                       want, operand->value->type);
      return false;
    }
    if (sf_number_fits(operand->literal, want)) continue;
    char text[8];
    sf_scalar_text(want, text, sizeof text);
    return sf_wrong(v, SF_DIAG_TYPE, stmt->loc,
                    "operand %u of 'select' does not fit %s", i + 1, text);
  }
  return true;
}

static bool check_lookup(sf_verifier *v, const sf_stmt *stmt) {
  if (!stmt->blob)
    return sf_wrong(v, SF_DIAG_OPERANDS, stmt->loc, "'lookup' needs a @blob");
  const sf_type *type = &stmt->blob->type;
  if (type->rank != 1 || type->scalar.kind == SF_SCALAR_SPIKE) {
    char have[160];
    sf_type_text(type, have, sizeof have);
    return sf_wrong(v, SF_DIAG_TYPE, stmt->loc,
                    "'lookup' takes a blob of one axis, integer or f32; '@%s' "
                    "is %s",
                    stmt->blob->name, have);
  }
  return true;
}

/* The result type that the op and its operands allow. */
static bool check_result(sf_verifier *v, const sf_nop_info *info,
                         const sf_stmt *stmt, unsigned class) {
  sf_scalar found = stmt->result->type, want = found;
  bool integer = false;
  switch (info->kind) {
  case SF_NOP_SELECT:
    return true;
  case SF_NOP_LOOKUP:
    want = stmt->blob->type.scalar;
    break;
  case SF_NOP_RAND:
    want = sf_int(32);
    break;
  case SF_NOP_TO_FLOAT:
    want = sf_f32();
    break;
  case SF_NOP_TO_INT:
  case SF_NOP_WIDEN:
    integer = true;
    break;
  default:
    if (info->traits & SF_NOP_TRAIT_COMPARE || class == SF_NOP_CLASS_SPIKE)
      want = sf_spike();
    else if (class == SF_NOP_CLASS_F32)
      want = sf_f32();
    else
      integer = true;
  }
  if (integer ? found.kind == SF_SCALAR_INT : sf_scalar_equal(found, want))
    return true;
  char have[8], wanted[8];
  sf_scalar_text(found, have, sizeof have);
  sf_scalar_text(want, wanted, sizeof wanted);
  return sf_wrong(v, SF_DIAG_TYPE, stmt->loc,
                  "the result of '%s' must be %s here, found %s",
                  info->mnemonic, integer ? "an integer" : wanted, have);
}

static void check_attrs(sf_verifier *v, const sf_nop_info *info,
                        const sf_stmt *stmt) {
  bool integer = stmt->result->type.kind == SF_SCALAR_INT;
  if (stmt->mode != SF_MODE_NONE &&
      (!(info->traits & SF_NOP_TRAIT_MODE) || !integer))
    sf_wrong(v, SF_DIAG_ATTR, stmt->loc, "'%s' takes %s", info->mnemonic,
             info->traits & SF_NOP_TRAIT_MODE
                 ? "an overflow mode for integer results only"
                 : "no overflow mode");
  unsigned most = info->kind == SF_NOP_MULSHR ? 62 : 31;
  if (!(info->traits & SF_NOP_TRAIT_SHIFT)) most = 0;
  if (stmt->shift > most)
    sf_wrong(v, SF_DIAG_ATTR, stmt->loc, "'shift' of '%s' must be 0 .. %u",
             info->mnemonic, most);
  bool rounds = info->traits & SF_NOP_TRAIT_ROUND && integer;
  if (stmt->round != SF_ROUND_FLOOR && !rounds)
    sf_wrong(v, SF_DIAG_ATTR, stmt->loc,
             "'round' of '%s' is for integer results", info->mnemonic);
}

void sf_verify_stmt(sf_verifier *v, const sf_neuron *neuron, uint32_t index) {
  const sf_stmt *stmt = &neuron->stmts[index];
  const sf_nop_info *info = sf_nop_info_get(stmt->kind);
  if (!info || stmt->operand_count != info->operands) {
    sf_wrong(v, SF_DIAG_OPERANDS, stmt->loc,
             "a statement of '@%s' has the wrong number of operands",
             neuron->name);
    return;
  }
  check_attrs(v, info, stmt);
  if (info->kind == SF_NOP_SELECT) {
    check_select(v, neuron, stmt);
    return;
  }
  if (info->kind == SF_NOP_LOOKUP && !check_lookup(v, stmt)) return;
  unsigned class = find_class(info, stmt);
  if (check_operands(v, neuron, info, stmt, class))
    check_result(v, info, stmt, class);
}
