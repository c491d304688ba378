/* neuron.h - neuron functions: what one neuron does in one step. docs/ir.md 6.
 *
 * Straight-line scalar code. Values are inputs, params, states or results of
 * statements; all reads of a state see the value before the step. */
#ifndef SF_NEURON_H
#define SF_NEURON_H

#include "sf/blob.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sf_nop_kind {
#define SF_NOP(NUMBER, ID, mnemonic, operands, classes, traits, summary)       \
  SF_NOP_##ID = NUMBER,
#include "sf/ops.def"
} sf_nop_kind;

enum { /* traits and operand classes of a row of ops.def */
       SF_NOP_TRAIT_NONE = 0,
       SF_NOP_TRAIT_MODE = 1,
       SF_NOP_TRAIT_SHIFT = 2,
       SF_NOP_TRAIT_ROUND = 4,
       SF_NOP_TRAIT_COMPARE = 8,
       SF_NOP_TRAIT_BLOB = 16,
       SF_NOP_CLASS_NO_OPERAND = 0,
       SF_NOP_CLASS_INT = 1,
       SF_NOP_CLASS_F32 = 2,
       SF_NOP_CLASS_SPIKE = 4,
};

typedef struct sf_nop_info {
  sf_nop_kind kind;
  const char *mnemonic;
  uint8_t operands, classes, traits;
  const char *summary;
} sf_nop_info;

const sf_nop_info *sf_nop_info_get(sf_nop_kind kind);   /* NULL: unknown */
const sf_nop_info *sf_nop_info_find(sf_slice mnemonic); /* NULL: unknown */
size_t sf_nop_info_count(void);                         /* ops of the table */
const sf_nop_info *sf_nop_info_at(size_t index);        /* in table order */

typedef enum sf_nvalue_kind {
  SF_NVALUE_INPUT,
  SF_NVALUE_PARAM,
  SF_NVALUE_STATE,
  SF_NVALUE_STATEMENT
} sf_nvalue_kind;

typedef struct sf_nvalue {
  const char *name; /* without % */
  sf_scalar type;
  sf_nvalue_kind kind;
  uint32_t index; /* among its kind, in order of the text */
  uint32_t slot;  /* among all values: inputs, params, states, statements */
  sf_loc loc;
} sf_nvalue;

/* A value or a literal. A literal's type follows from the op. */
typedef struct sf_noperand {
  sf_nvalue *value; /* NULL: literal */
  sf_number literal;
} sf_noperand;

typedef struct sf_param {
  sf_nvalue *value;
  bool has_range, has_default;
  sf_number low, high; /* inclusive */
  sf_number initial;   /* the default */
} sf_param;

typedef struct sf_state {
  sf_nvalue *value;
  sf_nvalue *initial_param; /* NULL: `initial` */
  sf_number initial;
  bool has_next; /* without one the state keeps its value */
  sf_noperand next;
} sf_state;

typedef struct sf_stmt {
  sf_nop_kind kind;
  sf_mode mode;
  sf_nvalue *result;
  uint8_t operand_count;
  sf_noperand operand[3];
  sf_blob *blob; /* lookup */
  uint8_t shift;
  sf_round round;
  uint32_t occurrence; /* rand: number of `rand` statements before it */
  sf_loc loc;
} sf_stmt;

typedef struct sf_neuron {
  const char *name; /* without @ */
  sf_module *module;
  uint32_t input_count, param_count, state_count, stmt_count, emit_count;
  sf_nvalue **inputs;
  sf_param *params;
  sf_state *states;
  sf_stmt *stmts;
  sf_noperand *emits;
  sf_scalar *emit_types;
  uint32_t value_count;   /* slots */
  struct sf_names *names; /* private: of values */
  sf_loc loc;
  struct sf_neuron *prev, *next;
} sf_neuron;

/* Building, in the order of the text. Each returns NULL when memory is out; the
 * verifier checks what was built. Names are copied. */
sf_neuron *sf_neuron_create(sf_module *module, const char *name, sf_loc loc);
/* Appends an input. */
sf_nvalue *sf_neuron_add_input(sf_neuron *neuron, const char *name,
                               sf_scalar type);
/* Append a param without range and default, and a state that starts at 0 and
 * keeps its value: the caller fills in the rest. The pointer is valid until the
 * next one is added. */
sf_param *sf_neuron_add_param(sf_neuron *neuron, const char *name,
                              sf_scalar type);
sf_state *sf_neuron_add_state(sf_neuron *neuron, const char *name,
                              sf_scalar type);
/* lookup: sets the table, and counts its user. */
void sf_stmt_set_blob(sf_stmt *stmt, sf_blob *blob);
/* Appends a statement with its result value. The pointer is valid until the
 * next one is added. */
sf_stmt *sf_neuron_add_stmt(sf_neuron *neuron, sf_nop_kind kind,
                            const char *result, sf_scalar type);
/* Appends a result of the function. SF_OOM is the only failure. */
sf_result sf_neuron_add_emit(sf_neuron *neuron, sf_noperand operand,
                             sf_scalar type) SF_MUST_USE;

sf_noperand sf_noperand_value(sf_nvalue *value);  /* names a value */
sf_noperand sf_noperand_number(sf_number number); /* a literal */
/* Type that an operand has where it stands: a literal takes the result's type
 * (arithmetic), the other operand's (comparison, select). */
sf_scalar sf_stmt_operand_type(const sf_stmt *stmt, uint32_t index);

/* By name without %; NULL: no such, or not a param. */
sf_param *sf_neuron_find_param(const sf_neuron *neuron, sf_slice name);
/* No reads of state, no next: the same function of its inputs in every step. */
bool sf_neuron_is_stateless(const sf_neuron *neuron);
/* Same structure, ignoring names and locations: how targets recognize the
 * models that their tools support. */
bool sf_neuron_same_structure(const sf_neuron *a, const sf_neuron *b);
/* The same, where the emitted type of one stands for that of the other, in
 * params and statements too: sf_library_use_as makes such functions. */
bool sf_neuron_same_but_emit(const sf_neuron *a, const sf_neuron *b);

#ifdef __cplusplus
}
#endif
#endif
