/* parse_stmt.c - one statement of a neuron function. docs/ir.md 6.
 *
 * Types that the op implies are not written: f32 for float arithmetic, spike
 * for comparisons and logic, the operands' for select, the table's for lookup.
 */
#include "ir/parser.h"

#include "ir/names.h"
#include "ir/nearest.h"

#include <string.h>

sf_result sf_parse_noperand(sf_parser *parser, sf_neuron *neuron,
                            sf_noperand *out) {
  sf_token token = parser->token;
  *out = (sf_noperand){0};
  if (sf_parser_at_number(parser))
    return sf_parser_number(parser, &out->literal);
  if (token.kind != SF_TOKEN_VALUE)
    return sf_parser_expected(parser, "a %value or a number");
  const char *name;
  SF_TRY(sf_parser_text(parser, parser->scratch, &token, &name));
  out->value = sf_names_find(neuron->names, sf_slice_of(name));
  if (!out->value)
    return sf_parser_unknown_value(
        parser, &token, sf_names_nearest(neuron->names, sf_slice_of(name)));
  sf_parser_advance(parser);
  return SF_OK;
}

sf_result sf_parse_mode(sf_parser *parser, const char *mnemonic, bool allowed,
                        sf_mode *out) {
  *out = SF_MODE_NONE;
  sf_token dot = parser->token;
  if (!sf_parser_accept(parser, '.')) return SF_OK;
  if (sf_parser_is_word(parser, "wrap"))
    *out = SF_MODE_WRAP;
  else if (sf_parser_is_word(parser, "sat"))
    *out = SF_MODE_SAT;
  else
    return sf_parser_expected(parser, "a mode: wrap or sat");
  sf_parser_advance(parser);
  if (allowed) return SF_OK;
  return sf_parser_error(parser, SF_DIAG_ATTR, &dot,
                         "'%s' takes no overflow mode", mnemonic);
}

static sf_result find_nop(sf_parser *parser, const sf_nop_info **out) {
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_WORD) return sf_parser_expected(parser, "an op");
  *out = sf_nop_info_find(token.text);
  if (*out) {
    sf_parser_advance(parser);
    return SF_OK;
  }
  sf_nearest nearest = sf_nearest_start(token.text);
  for (size_t i = 0; i < sf_nop_info_count(); i++)
    sf_nearest_try(&nearest, sf_nop_info_at(i)->mnemonic);
  (void)sf_parser_error(
      parser, SF_DIAG_NAME, &token, "neuron functions have no op '%.*s'",
      token.text.size < 60 ? (int)token.text.size : 60, token.text.data);
  if (nearest.best) sf_help(parser->diag, "did you mean '%s'?", nearest.best);
  return SF_FAIL;
}

static sf_result parse_operands(sf_parser *parser, sf_neuron *neuron,
                                const sf_nop_info *info, sf_stmt *stmt) {
  sf_token start = parser->token;
  if (info->traits & SF_NOP_TRAIT_BLOB) {
    SF_TRY(sf_parse_blob_symbol(parser, &stmt->blob));
    SF_TRY(sf_parser_expect(parser, ',', "','"));
  }
  uint32_t found = 0;
  bool at_operand =
      sf_parser_at_number(parser) || parser->token.kind == SF_TOKEN_VALUE;
  bool none = info->operands == 0 || !at_operand;
  while (!none) {
    sf_noperand operand;
    SF_TRY(sf_parse_noperand(parser, neuron, &operand));
    if (found < info->operands) stmt->operand[found] = operand;
    found++;
    if (!sf_parser_accept(parser, ',')) break;
  }
  if (found != info->operands)
    return sf_parser_error(parser, SF_DIAG_OPERANDS, &start,
                           "'%s' takes %u operands, found %u", info->mnemonic,
                           info->operands, found);
  stmt->operand_count = info->operands;
  return SF_OK;
}

static sf_result parse_attrs(sf_parser *parser, const sf_nop_info *info,
                             sf_stmt *stmt) {
  if (!sf_parser_accept(parser, '{')) return SF_OK;
  bool shift_seen = false, round_seen = false;
  do {
    sf_token name = parser->token;
    bool shift = sf_parser_is_word(parser, "shift");
    bool round = sf_parser_is_word(parser, "round");
    if (name.kind != SF_TOKEN_WORD)
      return sf_parser_expected(parser, "an attribute's name");
    if (!(shift && (info->traits & SF_NOP_TRAIT_SHIFT)) &&
        !(round && (info->traits & SF_NOP_TRAIT_ROUND)))
      return sf_parser_error(parser, SF_DIAG_ATTR, &name,
                             "'%s' has no attribute '%.*s'", info->mnemonic,
                             name.text.size < 60 ? (int)name.text.size : 60,
                             name.text.data);
    if ((shift && shift_seen) || (round && round_seen))
      return sf_parser_error(parser, SF_DIAG_ATTR, &name,
                             "attribute '%s' is given twice",
                             shift ? "shift" : "round");
    shift_seen |= shift;
    round_seen |= round;
    sf_parser_advance(parser);
    SF_TRY(sf_parser_expect(parser, '=', "'='"));
    int64_t value;
    if (shift) {
      int64_t most = info->kind == SF_NOP_MULSHR ? 62 : 31;
      SF_TRY(sf_parser_int(parser, 0, most, "'shift'", &value));
      stmt->shift = (uint8_t)value;
    } else {
      SF_TRY(sf_parse_word_of(parser, SF_KIND_ROUND, "round", &value));
      stmt->round = (sf_round)value;
    }
  } while (sf_parser_accept(parser, ','));
  return sf_parser_expect(parser, '}', "',' or '}'");
}

/* The type that stands for itself; false: it must be written. */
static bool implied_type(const sf_nop_info *info, const sf_stmt *stmt,
                         sf_scalar *out) {
  *out = sf_spike();
  if (info->traits & SF_NOP_TRAIT_COMPARE) return true;
  if (info->kind == SF_NOP_SELECT) {
    const sf_nvalue *typed = stmt->operand[1].value ? stmt->operand[1].value
                                                    : stmt->operand[2].value;
    if (typed) *out = typed->type;
    return typed != NULL;
  }
  if (info->kind == SF_NOP_LOOKUP && stmt->blob) {
    *out = stmt->blob->type.scalar;
    return true;
  }
  if (info->kind == SF_NOP_RAND) *out = sf_int(32);
  if (info->kind == SF_NOP_RAND) return true;
  if (info->kind == SF_NOP_TO_INT || info->kind == SF_NOP_WIDEN) return false;
  if (info->classes == SF_NOP_CLASS_SPIKE) return true;
  *out = sf_f32();
  if (info->kind == SF_NOP_TO_FLOAT || info->classes == SF_NOP_CLASS_F32)
    return true;
  if (!(info->classes & SF_NOP_CLASS_F32)) return false;
  for (uint32_t i = 0; i < stmt->operand_count; i++) {
    const sf_noperand *operand = &stmt->operand[i];
    if (operand->value ? operand->value->type.kind == SF_SCALAR_F32
                       : operand->literal.is_float)
      return true;
  }
  return false;
}

static sf_result parse_type(sf_parser *parser, const sf_nop_info *info,
                            const sf_stmt *stmt, sf_scalar *out) {
  sf_token token = parser->token;
  sf_scalar implied;
  bool known = implied_type(info, stmt, &implied);
  if (!sf_parser_accept(parser, ':')) {
    *out = implied;
    if (known) return SF_OK;
    (void)sf_parser_error(parser, SF_DIAG_TYPE, &token,
                          "the result of '%s' needs a type", info->mnemonic);
    sf_help(parser->diag, "end the statement with ': i24', for example");
    return SF_FAIL;
  }
  token = parser->token;
  SF_TRY(sf_parser_scalar(parser, out));
  if (!known || sf_scalar_equal(*out, implied)) return SF_OK;
  char found[8], wanted[8];
  sf_scalar_text(*out, found, sizeof found);
  sf_scalar_text(implied, wanted, sizeof wanted);
  return sf_parser_error(parser, SF_DIAG_TYPE, &token,
                         "the result of '%s' is %s here, not %s",
                         info->mnemonic, wanted, found);
}

/* Everything after the '='. */
static sf_result parse_right_side(sf_parser *parser, sf_neuron *neuron,
                                  sf_stmt *stmt, sf_scalar *type) {
  const sf_nop_info *info;
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  SF_TRY(find_nop(parser, &info));
  stmt->kind = info->kind;
  SF_TRY(sf_parse_mode(parser, info->mnemonic,
                       (info->traits & SF_NOP_TRAIT_MODE) != 0, &stmt->mode));
  SF_TRY(parse_operands(parser, neuron, info, stmt));
  SF_TRY(parse_attrs(parser, info, stmt));
  return parse_type(parser, info, stmt, type);
}

sf_result sf_parse_stmt(sf_parser *parser, sf_neuron *neuron) {
  sf_token token = parser->token;
  const char *name;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_VALUE, "%name", &name));
  const sf_nvalue *first = sf_names_find(neuron->names, sf_slice_of(name));
  if (first) return sf_parser_twice(parser, &token, '%', first->loc);
  if (neuron->value_count >= SF_NEURON_VALUES_MAX)
    return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &token,
                           "a neuron function has more than %d values",
                           SF_NEURON_VALUES_MAX);
  sf_stmt read = {.kind = SF_NOP_WIDEN};
  sf_scalar type = sf_int(SF_INT_BITS_MAX);
  sf_result result = parse_right_side(parser, neuron, &read, &type);
  /* The name exists even when the rest is wrong: one mistake, one error. */
  sf_stmt *stmt = sf_neuron_add_stmt(neuron, read.kind, name, type);
  if (!stmt) return SF_OOM;
  stmt->mode = read.mode;
  stmt->shift = read.shift;
  stmt->round = read.round;
  memcpy(stmt->operand, read.operand, sizeof read.operand);
  sf_stmt_set_blob(stmt, read.blob);
  stmt->loc = stmt->result->loc = sf_token_loc(parser, &token);
  return result;
}
