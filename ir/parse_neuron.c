/* parse_neuron.c - neuron functions: signature, params, states, next, emit. */
#include "ir/parser.h"

#include "ir/names.h"

static const char *const starts[] = {"param", "state", "next", "emit", NULL};

/* An input, param or state: `%name: type`. */
typedef struct declared {
  const char *name;
  sf_loc loc;
  sf_scalar type;
} declared;

/* Takes one whose name is new in this neuron. */
static sf_result parse_declared(sf_parser *parser, const sf_neuron *neuron,
                                declared *out) {
  sf_token token = parser->token;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_VALUE, "%name", &out->name));
  out->loc = sf_token_loc(parser, &token);
  const sf_nvalue *first = sf_names_find(neuron->names, sf_slice_of(out->name));
  if (first) return sf_parser_twice(parser, &token, '%', first->loc);
  if (neuron->value_count >= SF_NEURON_VALUES_MAX)
    return sf_parser_error(parser, SF_DIAG_IR_LIMIT, &token,
                           "a neuron function has more than %d values",
                           SF_NEURON_VALUES_MAX);
  SF_TRY(sf_parser_expect(parser, ':', "':'"));
  return sf_parser_scalar(parser, &out->type);
}

static sf_result parse_input(sf_parser *parser, void *owner) {
  sf_neuron *neuron = owner;
  declared d;
  SF_TRY(parse_declared(parser, neuron, &d));
  sf_nvalue *value = sf_neuron_add_input(neuron, d.name, d.type);
  if (!value) return SF_OOM;
  value->loc = d.loc;
  return SF_OK;
}

static sf_result parse_range(sf_parser *parser, sf_param *param) {
  sf_scalar type = param->value->type;
  param->has_range = true;
  SF_TRY(sf_parser_expect(parser, '[', "'['"));
  SF_TRY(sf_parser_number_of(parser, type, &param->low));
  SF_TRY(sf_parser_expect(parser, ',', "','"));
  SF_TRY(sf_parser_number_of(parser, type, &param->high));
  return sf_parser_expect(parser, ']', "']'");
}

static sf_result parse_param(sf_parser *parser, sf_neuron *neuron) {
  sf_parser_advance(parser);
  declared d;
  SF_TRY(parse_declared(parser, neuron, &d));
  sf_param *param = sf_neuron_add_param(neuron, d.name, d.type);
  if (!param) return SF_OOM;
  param->value->loc = d.loc;
  if (sf_parser_accept_word(parser, "in")) SF_TRY(parse_range(parser, param));
  if (!sf_parser_accept(parser, '=')) return SF_OK;
  param->has_default = true;
  return sf_parser_number_of(parser, d.type, &param->initial);
}

static sf_result parse_state(sf_parser *parser, sf_neuron *neuron) {
  sf_parser_advance(parser);
  declared d;
  SF_TRY(parse_declared(parser, neuron, &d));
  sf_state *state = sf_neuron_add_state(neuron, d.name, d.type);
  if (!state) return SF_OOM;
  state->value->loc = d.loc;
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  if (parser->token.kind != SF_TOKEN_VALUE)
    return sf_parser_number_of(parser, d.type, &state->initial);
  sf_noperand initial;
  sf_token token = parser->token;
  SF_TRY(sf_parse_noperand(parser, neuron, &initial));
  if (initial.value->kind != SF_NVALUE_PARAM)
    return sf_parser_error(parser, SF_DIAG_OPERANDS, &token,
                           "a state starts from a number or a param; '%%%s' is "
                           "neither",
                           initial.value->name);
  state->initial_param = initial.value;
  return SF_OK;
}

static sf_result parse_next(sf_parser *parser, sf_neuron *neuron) {
  sf_parser_advance(parser);
  sf_token token = parser->token;
  if (token.kind != SF_TOKEN_VALUE)
    return sf_parser_expected(parser, "the %state to set");
  sf_noperand target;
  SF_TRY(sf_parse_noperand(parser, neuron, &target));
  if (target.value->kind != SF_NVALUE_STATE)
    return sf_parser_error(parser, SF_DIAG_OPERANDS, &token,
                           "'next' sets a state; '%%%s' is none",
                           target.value->name);
  sf_state *state = &neuron->states[target.value->index];
  if (state->has_next)
    return sf_parser_error(parser, SF_DIAG_NAME, &token,
                           "'next' of '%%%s' is given twice",
                           target.value->name);
  SF_TRY(sf_parser_expect(parser, '=', "'='"));
  SF_TRY(sf_parse_noperand(parser, neuron, &state->next));
  state->has_next = true;
  return SF_OK;
}

static sf_result parse_emit(sf_parser *parser, sf_neuron *neuron,
                            uint32_t wanted) {
  sf_token token = parser->token;
  sf_parser_advance(parser);
  uint32_t found = 0;
  do {
    sf_noperand operand;
    SF_TRY(sf_parse_noperand(parser, neuron, &operand));
    if (found < wanted) neuron->emits[found] = operand;
    found++;
  } while (sf_parser_accept(parser, ','));
  if (found == wanted) return SF_OK;
  return sf_parser_error(parser, SF_DIAG_OPERANDS, &token,
                         "'@%s' returns %u values, emits %u", neuron->name,
                         wanted, found);
}

/* One statement. `emit` must be the last; *emitted says that it was seen. */
static sf_result parse_line(sf_parser *parser, sf_neuron *neuron,
                            bool *emitted) {
  if (*emitted)
    return sf_parser_error(parser, SF_DIAG_SYNTAX, &parser->token,
                           "'emit' ends a neuron function; nothing follows it");
  if (sf_parser_is_word(parser, "param")) return parse_param(parser, neuron);
  if (sf_parser_is_word(parser, "state")) return parse_state(parser, neuron);
  if (sf_parser_is_word(parser, "next")) return parse_next(parser, neuron);
  if (sf_parser_is_word(parser, "emit")) {
    *emitted = true;
    return parse_emit(parser, neuron, neuron->emit_count);
  }
  if (parser->token.kind == SF_TOKEN_VALUE)
    return sf_parse_stmt(parser, neuron);
  return sf_parser_expected(parser,
                            "param, state, next, emit, '%name = ...' or '}'");
}

static bool at_body_end(const sf_parser *parser) {
  return parser->token.kind == '}' || parser->token.kind == SF_TOKEN_END ||
         sf_parser_at_item(parser);
}

static sf_result parse_body(sf_parser *parser, sf_neuron *neuron) {
  bool emitted = false, failed = false;
  SF_TRY(sf_parser_expect(parser, '{', "'{'"));
  while (!at_body_end(parser)) {
    sf_mark mark = sf_parser_mark(parser);
    sf_result result = parse_line(parser, neuron, &emitted);
    if (result == SF_OOM) return SF_OOM;
    if (result == SF_FAIL) sf_parser_skip_statement(parser, starts, mark);
    failed |= result != SF_OK;
    if (parser->errors >= SF_PARSE_ERRORS_MAX) return SF_FAIL;
  }
  if (!emitted && !failed)
    return sf_parser_error(parser, SF_DIAG_SYNTAX, &parser->token,
                           "neuron function '@%s' has no 'emit'", neuron->name);
  return sf_parser_expect(parser, '}', "'}'");
}

static sf_result parse_results(sf_parser *parser, sf_neuron *neuron) {
  SF_TRY(sf_parser_expect(parser, SF_TOKEN_ARROW, "'->'"));
  bool many = sf_parser_accept(parser, '(');
  do {
    sf_scalar type;
    SF_TRY(sf_parser_scalar(parser, &type));
    sf_noperand later = sf_noperand_number(sf_number_int(0));
    SF_TRY(sf_neuron_add_emit(neuron, later, type));
  } while (many && sf_parser_accept(parser, ','));
  return many ? sf_parser_expect(parser, ')', "',' or ')'") : SF_OK;
}

sf_result sf_parse_neuron(sf_parser *parser) {
  sf_parser_advance(parser);
  sf_token token = parser->token;
  const char *name;
  SF_TRY(sf_parser_take_text(parser, SF_TOKEN_SYMBOL, "@name", &name));
  const sf_neuron *first =
      sf_module_find_neuron(parser->module, sf_slice_of(name));
  if (first) return sf_parser_twice(parser, &token, '@', first->loc);
  sf_neuron *neuron =
      sf_neuron_create(parser->module, name, sf_token_loc(parser, &token));
  if (!neuron) return SF_OOM;
  SF_TRY(sf_parse_entries(parser, parse_input, neuron));
  SF_TRY(parse_results(parser, neuron));
  return parse_body(parser, neuron);
}
