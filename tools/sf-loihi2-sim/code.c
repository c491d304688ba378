/* code.c - listings: read once, run for each neuron. The arithmetic is written
 * from README.md beside the schema, apart from the compiler's. */
#include "tools/sf-loihi2-sim/code.h"

#include <string.h>

enum { INSTRUCTIONS_MAX = 4096, LITERAL = 'n' };

typedef enum operation {
  ADD,
  SUB,
  MUL,
  MULSHR,
  SHR,
  SHL,
  DIV,
  NEG,
  ABS,
  MIN,
  MAX,
  EQ,
  NE,
  LT,
  LE,
  GT,
  GE,
  AND,
  OR,
  XOR,
  NOT,
  SELECT,
  WIDEN,
  OPERATION_COUNT
} operation;

static const struct {
  const char *name;
  uint32_t operands;
} operations[OPERATION_COUNT] = {
    [ADD] = {"add", 2},     [SUB] = {"sub", 2},       [MUL] = {"mul", 2},
    [SHR] = {"shr", 1},     [MULSHR] = {"mulshr", 2}, [SHL] = {"shl", 1},
    [DIV] = {"div", 2},     [NEG] = {"neg", 1},       [ABS] = {"abs", 1},
    [MIN] = {"min", 2},     [MAX] = {"max", 2},       [EQ] = {"eq", 2},
    [NE] = {"ne", 2},       [LT] = {"lt", 2},         [LE] = {"le", 2},
    [GT] = {"gt", 2},       [GE] = {"ge", 2},         [AND] = {"and", 2},
    [OR] = {"or", 2},       [XOR] = {"xor", 2},       [NOT] = {"not", 1},
    [WIDEN] = {"widen", 1}, [SELECT] = {"select", 3},
};

typedef enum rounding {
  FLOOR,
  CEIL,
  ZERO,
  HALF_UP,
  HALF_AWAY,
  HALF_EVEN,
  ROUNDING_COUNT
} rounding;

static const char *const roundings[ROUNDING_COUNT] = {
    "floor", "ceil", "zero", "half-up", "half-away", "half-even"};

typedef struct source {
  char kind; /* x, p, s, t, or LITERAL */
  uint32_t index;
  int32_t number;
} source;

typedef struct instruction {
  operation op;
  uint32_t bits, shift;
  bool saturates;
  rounding round;
  source from[3];
} instruction;

typedef struct sf_sim_code {
  uint32_t count, parameters;
  instruction *list;
  source initial[SF_SIM_STATES], next[SF_SIM_STATES], sent;
} sf_sim_code;

/* ---- Arithmetic. ---- */

/* a / b; both at most 2^62 in size; b = 0 gives 0. */
static int64_t divide(int64_t a, int64_t b, rounding round) {
  if (b == 0) return 0;
  if (b < 0) {
    a = -a;
    b = -b;
  }
  int64_t rest = a % b, floor = a / b;
  if (rest < 0) {
    floor--;
    rest += b;
  }
  bool up = false;
  switch (round) {
  case FLOOR:
    break;
  case CEIL:
    up = rest > 0;
    break;
  case ZERO:
    up = a < 0 && rest > 0;
    break;
  case HALF_UP:
    up = 2 * rest >= b;
    break;
  case HALF_AWAY:
    up = a < 0 ? 2 * rest > b : 2 * rest >= b;
    break;
  default:
    up = 2 * rest > b || (2 * rest == b && floor % 2 != 0);
    break;
  }
  return floor + up;
}

/* value / 2^shift; |value| is at most 2^62, and so is 2^shift. */
static int64_t shift_down(int64_t value, uint32_t shift, rounding round) {
  return divide(value, (int64_t)1 << shift, round);
}

static int64_t arithmetic(const instruction *i, int64_t a, int64_t b,
                          int64_t c) {
  switch (i->op) {
  case ADD:
    return a + b;
  case SUB:
    return a - b;
  case MUL:
    return a * b;
  case MULSHR:
    return shift_down(a * b, i->shift, i->round);
  case SHR:
    return shift_down(a, i->shift, i->round);
  case SHL:
    return a * ((int64_t)1 << i->shift);
  case DIV:
    return divide(a, b, i->round);
  case NEG:
    return -a;
  case ABS:
    return a < 0 ? -a : a;
  case MIN:
    return a < b ? a : b;
  case MAX:
    return a > b ? a : b;
  case SELECT:
    return a ? b : c;
  default:
    return a;
  }
}

static int64_t truth(operation op, int64_t a, int64_t b) {
  switch (op) {
  case EQ:
    return a == b;
  case NE:
    return a != b;
  case LT:
    return a < b;
  case LE:
    return a <= b;
  case GT:
    return a > b;
  case GE:
    return a >= b;
  case AND:
    return a && b;
  case OR:
    return a || b;
  case XOR:
    return !a != !b;
  default:
    return !a;
  }
}

/* To the width of the result. One bit has no sign. */
static int32_t fit(int64_t value, uint32_t bits, bool saturates) {
  if (bits == 1) return (int32_t)(value & 1);
  int64_t half = (int64_t)1 << (bits - 1);
  if (saturates) {
    if (value < -half) return (int32_t)-half;
    return (int32_t)(value >= half ? half - 1 : value);
  }
  uint64_t low = (uint64_t)value & (2 * (uint64_t)half - 1);
  return (int32_t)((int64_t)(low ^ (uint64_t)half) - half);
}

/* ---- One step. ---- */

static int32_t get(const sf_sim_group *group, uint32_t n, const source *from,
                   const int32_t *const in[SF_SIM_PORTS],
                   const int32_t *results) {
  switch (from->kind) {
  case 'x':
    return in[from->index] ? in[from->index][n] : 0;
  case 'p': {
    const sf_sim_param *p = &group->params[SF_SIM_P0 + from->index];
    return p->each ? p->each[n] : p->value;
  }
  case 's':
    return group->state[from->index][n];
  case 't':
    return results[from->index];
  default:
    return from->number;
  }
}

static void run(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                int32_t *sent) {
  const sf_sim_code *code = group->code;
  int32_t results[INSTRUCTIONS_MAX], next[SF_SIM_STATES];
  for (uint32_t n = 0; n < group->count; n++) {
    for (uint32_t k = 0; k < code->count; k++) {
      const instruction *i = &code->list[k];
      int64_t value[3] = {0};
      for (uint32_t o = 0; o < operations[i->op].operands; o++)
        value[o] = get(group, n, &i->from[o], in, results);
      int64_t result = i->op >= EQ && i->op <= NOT
                           ? truth(i->op, value[0], value[1])
                           : arithmetic(i, value[0], value[1], value[2]);
      results[k] = fit(result, i->bits, i->saturates);
    }
    for (uint32_t s = 0; s < group->program->states; s++)
      next[s] = get(group, n, &code->next[s], in, results);
    sent[n] = get(group, n, &code->sent, in, results);
    for (uint32_t s = 0; s < group->program->states; s++)
      group->state[s][n] = next[s];
  }
}

void sf_sim_code_begin(sf_sim_group *group) {
  static const int32_t *const nothing[SF_SIM_PORTS];
  static const int32_t none[1];
  for (uint32_t s = 0; s < group->program->states; s++)
    for (uint32_t n = 0; n < group->count; n++)
      group->state[s][n] =
          get(group, n, &group->code->initial[s], nothing, none);
}

/* ---- Reading. ---- */

/* What an operand may name. */
typedef struct reader {
  const sf_sim_document *document;
  const sf_sim_program *program;
  const sf_sim_code *code;
  uint32_t done; /* instructions that come before */
} reader;

static bool read_digits(const char *text, int64_t *out) {
  bool negative = *text == '-';
  *out = 0;
  for (text += negative; *text; text++) /* ten digits, as the schema says */
    *out = *out * 10 + (*text - '0');
  if (negative) *out = -*out;
  return *out >= INT32_MIN && *out <= INT32_MAX;
}

static uint32_t limit_of(const reader *r, char kind) {
  switch (kind) {
  case 'x':
    return r->program->ports;
  case 'p':
    return r->code->parameters;
  case 's':
    return r->program->states;
  default:
    return r->done;
  }
}

static sf_result read_source(const reader *r, const xmlNode *node,
                             const char *name, source *out) {
  const char *text;
  int64_t number;
  SF_TRY(sf_sim_text(r->document, node, name, &text));
  bool literal = *text == '-' || (*text >= '0' && *text <= '9');
  bool fits = read_digits(literal ? text : text + 1, &number);
  *out = (source){.kind = literal ? LITERAL : *text,
                  .index = literal ? 0 : (uint32_t)number,
                  .number = (int32_t)number};
  if (fits && (literal || out->index < limit_of(r, out->kind))) return SF_OK;
  return sf_sim_bad(r->document, node, "there is no operand '%s'", text);
}

/* Index of a word; the schema allows no other. */
static sf_result read_rounding(const reader *r, const xmlNode *node,
                               rounding *out) {
  const char *text;
  *out = FLOOR;
  if (!sf_sim_has(node, "round")) return SF_OK;
  SF_TRY(sf_sim_text(r->document, node, "round", &text));
  for (int i = 0; i < ROUNDING_COUNT; i++)
    if (strcmp(roundings[i], text) == 0) *out = (rounding)i;
  return SF_OK;
}

static sf_result read_width(const reader *r, const xmlNode *node,
                            instruction *out) {
  const char *overflow = "wrap";
  uint32_t most = out->op == MULSHR ? 62 : 31;
  SF_TRY(sf_sim_number(r->document, node, "bits", 32, &out->bits));
  if (out->bits == 0)
    return sf_sim_bad(r->document, node, "a result has 1 to 32 bits");
  if (sf_sim_has(node, "shift"))
    SF_TRY(sf_sim_number(r->document, node, "shift", most, &out->shift));
  if (sf_sim_has(node, "overflow"))
    SF_TRY(sf_sim_text(r->document, node, "overflow", &overflow));
  out->saturates = strcmp(overflow, "saturate") == 0;
  return read_rounding(r, node, &out->round);
}

static sf_result read_instruction(const reader *r, const xmlNode *node,
                                  instruction *out) {
  static const char *const names[] = {"a", "b", "c"};
  const char *op;
  SF_TRY(sf_sim_text(r->document, node, "op", &op));
  *out = (instruction){0};
  for (int i = 0; i < OPERATION_COUNT; i++)
    if (strcmp(operations[i].name, op) == 0) out->op = (operation)i;
  SF_TRY(read_width(r, node, out));
  for (uint32_t i = 0; i < operations[out->op].operands; i++) {
    if (!sf_sim_has(node, names[i]))
      return sf_sim_bad(r->document, node, "'%s' has %u operands", op,
                        operations[out->op].operands);
    SF_TRY(read_source(r, node, names[i], &out->from[i]));
  }
  return SF_OK;
}

static sf_result read_instructions(reader *r, const xmlNode *node,
                                   sf_sim_code *code) {
  code->count = sf_sim_child_count(node, "instruction");
  if (code->count > INSTRUCTIONS_MAX)
    return sf_sim_bad(r->document, node,
                      "a listing has at most %d instructions",
                      INSTRUCTIONS_MAX);
  code->list = SF_NEW_ARRAY(r->document->arena, instruction, code->count + 1);
  if (!code->list) return SF_OOM;
  for (const xmlNode *n = sf_sim_child(node, "instruction"); n;
       n = sf_sim_next(n, "instruction"), r->done++)
    SF_TRY(read_instruction(r, n, &code->list[r->done]));
  return SF_OK;
}

/* Registers start with numbers or parameters, and take any result. */
static sf_result read_registers(reader *r, const xmlNode *node,
                                sf_sim_code *code) {
  uint32_t s = 0;
  for (const xmlNode *n = sf_sim_child(node, "register"); n;
       n = sf_sim_next(n, "register"), s++) {
    SF_TRY(read_source(r, n, "initial", &code->initial[s]));
    SF_TRY(read_source(r, n, "next", &code->next[s]));
    if (code->initial[s].kind != 'p' && code->initial[s].kind != LITERAL)
      return sf_sim_bad(r->document, n,
                        "a register starts with a number or a parameter");
  }
  return read_source(r, sf_sim_child(node, "send"), "value", &code->sent);
}

static sf_result read_code(const sf_sim_document *document, const xmlNode *node,
                           sf_sim_listing *listing) {
  sf_sim_code *code = SF_NEW(document->arena, sf_sim_code);
  sf_sim_program *out = &listing->program;
  if (!code) return SF_OOM;
  out->update = run;
  listing->code = code;
  SF_TRY(sf_sim_text(document, node, "name", &out->name));
  if (strncmp(out->name, "code-", 5) != 0)
    return sf_sim_bad(document, node, "'%s' is no listing", out->name);
  if (!sf_sim_child(node, "send") || !sf_sim_has(node, "ports"))
    return sf_sim_bad(document, node, "'%s' has no listing", out->name);
  SF_TRY(sf_sim_number(document, node, "ports", SF_SIM_PORTS, &out->ports));
  SF_TRY(sf_sim_number(document, node, "parameters", SF_SIM_OWN,
                       &code->parameters));
  out->states = sf_sim_child_count(node, "register");
  if (out->states > SF_SIM_STATES)
    return sf_sim_bad(document, node, "a listing has at most %d registers",
                      SF_SIM_STATES);
  for (uint32_t i = 0; i < code->parameters; i++)
    out->needs |= (uint32_t)1 << (SF_SIM_P0 + i);
  reader r = {.document = document, .program = out, .code = code};
  SF_TRY(read_instructions(&r, node, code));
  return read_registers(&r, node, code);
}

sf_result sf_sim_read_codes(const sf_sim_document *document,
                            sf_sim_board *board) {
  uint32_t programs = sf_sim_child_count(document->root, "program");
  board->listings = SF_NEW_ARRAY(board->arena, sf_sim_listing, programs + 1);
  if (!board->listings) return SF_OOM;
  for (const xmlNode *n = sf_sim_child(document->root, "program"); n;
       n = sf_sim_next(n, "program")) {
    const char *name;
    SF_TRY(sf_sim_text(document, n, "name", &name));
    if (sf_sim_program_find(name)) continue;
    SF_TRY(read_code(document, n, &board->listings[board->listing_count]));
    board->listing_count++;
  }
  return SF_OK;
}
