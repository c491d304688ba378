/* network.h - networks, ops, values and their uses. docs/ir.md 1, 4, 7. */
#ifndef SF_NETWORK_H
#define SF_NETWORK_H

#include "sf/neuron.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sf_op_kind {
#define SF_OP(NUMBER, ID, mnemonic, min_operands, max_operands, results,       \
              traits, summary)                                                 \
  SF_OP_##ID = NUMBER,
#include "sf/ops.def"
} sf_op_kind;

typedef enum sf_attr_id {
#define SF_ATTR_NAME(NUMBER, name) SF_ATTR_##name = NUMBER,
#include "sf/ops.def"
  SF_ATTR_ID_COUNT
} sf_attr_id;

typedef enum sf_attr_kind {
  SF_KIND_INT,    /* i */
  SF_KIND_NUMBER, /* f */
  SF_KIND_BOOL,   /* i: 0, 1 */
  SF_KIND_ROUND,  /* i: sf_round */
  SF_KIND_POOL,   /* i: sf_pool_kind */
  SF_KIND_ON,     /* i: sf_place_on */
  SF_KIND_INTS,   /* ints, count */
  SF_KIND_BLOB,   /* blob */
  SF_KIND_TEXT    /* text: a bare word */
} sf_attr_kind;

enum {
  SF_TRAIT_NONE = 0,
  SF_TRAIT_MODE = 1,
  SF_TRAIT_PROJECTION = 2,
  SF_TRAIT_ELEMENTWISE = 4,
  SF_TRAIT_MOVES = 8,
  SF_TRAIT_STATE = 16,
  SF_TRAIT_ANALOG = 32,
  SF_TRAIT_FLOAT = 64
};

typedef struct sf_attr_info {
  sf_attr_id id;
  const char *name;
  sf_attr_kind kind;
  const char *default_text; /* NULL: required; "none": absent */
  const char *doc;
} sf_attr_info;

typedef struct sf_op_info {
  sf_op_kind kind;
  const char *mnemonic;
  uint32_t min_operands, max_operands, results;
  uint32_t traits;
  const char *summary;
  const sf_attr_info *attrs; /* in printing order */
  uint32_t attr_count;
} sf_op_info;

const sf_op_info *sf_op_info_get(sf_op_kind kind);    /* NULL: unknown */
const sf_op_info *sf_op_info_find(sf_slice mnemonic); /* NULL: unknown */
size_t sf_op_info_count(void);                        /* ops of the table */
const sf_op_info *sf_op_info_at(size_t index);        /* in table order */

typedef struct sf_op sf_op;
typedef struct sf_network sf_network;

/* One place that names a value or a blob: operand `index` of `op`, or return
 * `index` of `network` (op NULL). Uses of a value form a list. */
typedef struct sf_use {
  struct sf_value *value; /* or */
  sf_blob *blob;
  sf_op *op;
  uint32_t index;
  sf_loc loc;
  struct sf_use *prev, *next;
} sf_use;

typedef struct sf_value {
  const char *name; /* without % */
  sf_type type;
  sf_op *op;      /* NULL: argument of the network */
  uint32_t index; /* result or argument number */
  sf_network *network;
  sf_use *first_use;
  sf_loc loc;
} sf_value;

typedef struct sf_attr {
  sf_attr_id id;
  sf_attr_kind kind;
  uint32_t count;
  int64_t i;
  float f;
  const int64_t *ints;
  sf_blob *blob;
  const char *text;
  sf_loc loc;
} sf_attr;

/* Argument for one param of a neuron function. */
typedef enum sf_argument_kind {
  SF_ARGUMENT_DEFAULT,
  SF_ARGUMENT_NUMBER,
  SF_ARGUMENT_BLOB
} sf_argument_kind;

typedef struct sf_argument {
  sf_argument_kind kind;
  sf_number number;
  sf_blob *blob; /* the stream's rank, 1 on broadcast axes */
  sf_loc loc;
} sf_argument;

struct sf_op {
  sf_op_kind kind;
  sf_mode mode;
  sf_network *network;
  uint32_t operand_count, result_count, attr_count;
  sf_use *operands; /* as written: streams and blobs */
  sf_value **results;
  sf_attr *attrs;         /* in table order, written ones only */
  sf_neuron *neuron;      /* neurons: the function */
  sf_argument *arguments; /* neurons: one per param, declaration order */
  uint32_t order;         /* see sf_network_number */
  sf_loc loc;
  sf_op *prev, *next;
};

struct sf_network {
  const char *name; /* without @ */
  sf_module *module;
  uint32_t argument_count, return_count;
  sf_value **arguments;
  sf_use *returns;
  sf_type *return_types; /* as written */
  /* -1 (NAN for dt): not written. */
  int64_t steps;  /* default run length, bound of range proofs */
  double dt;      /* seconds, information */
  int64_t lag;    /* outputs are this many steps late; 0 if not written */
  int64_t period; /* docs/ir.md 7 */
  sf_op *first, *last;
  uint32_t op_count;
  struct sf_names *names; /* private: of values */
  sf_loc loc;
  struct sf_network *prev, *next;
};

/* In text order; the body may erase `op` with the SAFE form. */
#define SF_FOREACH_OP(op, network)                                             \
  for (sf_op *op = (network)->first; op; op = op->next)
#define SF_FOREACH_OP_SAFE(op, following, network)                             \
  for (sf_op *op = (network)->first, *following = op ? op->next : NULL; op;    \
       op = following, following = op ? op->next : NULL)
#define SF_FOREACH_USE(use, value)                                             \
  for (sf_use *use = (value)->first_use; use; use = use->next)

/* Building. Names are copied and made unique by `base.N`; NULL name: "v". All
 * return NULL (or SF_OOM) when memory is out; the verifier checks the rest. */
sf_network *sf_network_create(sf_module *module, const char *name, sf_loc loc);
/* Appends an argument; the type is copied. */
sf_value *sf_network_add_argument(sf_network *network, const char *name,
                                  const sf_type *type);
/* Replaces what the network returns, and its return types by those of the
 * values. */
sf_result sf_network_set_returns(sf_network *network, uint32_t count,
                                 sf_value *const *values) SF_MUST_USE;
/* An op before `before` (NULL: at the end) with room for its operands; set each
 * with sf_op_set_operand or sf_op_set_operand_blob. */
sf_op *sf_op_create(sf_network *network, sf_op *before, sf_op_kind kind,
                    uint32_t operand_count, sf_loc loc);
/* Appends a result; the type is copied. */
sf_value *sf_op_add_result(sf_op *op, const char *name, const sf_type *type);
/* Set operand `index` (below the count given at creation, asserted) to a stream
 * or to a blob; what it was loses a use. NULL: unset. */
void sf_op_set_operand(sf_op *op, uint32_t index, sf_value *value);
void sf_op_set_operand_blob(sf_op *op, uint32_t index, sf_blob *blob);
/* neurons: sets the function and makes all arguments default. */
sf_result sf_op_set_neuron(sf_op *op, sf_neuron *neuron) SF_MUST_USE;
sf_argument *sf_op_argument(sf_op *op, sf_slice param); /* NULL: no such */
/* One number for all neurons. */
void sf_argument_set_number(sf_argument *argument, sf_number number);
/* A number for each neuron: a blob of the stream's rank, 1 on broadcast axes.
 */
void sf_argument_set_blob(sf_argument *argument, sf_blob *blob);

/* Removes an op whose results have no uses; frees its names for reuse. */
void sf_op_erase(sf_op *op);
/* Moves within the network; `before` NULL: to the end. The caller sees to it
 * that operands still come first. */
void sf_op_move_before(sf_op *op, sf_op *before);
/* Operands and returns that named the old value name the new one, which must be
 * of a type that fits them. */
void sf_value_replace_all_uses(sf_value *old_value, sf_value *new_value);
/* Gives the value that name, or base.N when it is taken. */
sf_result sf_value_rename(sf_value *value, const char *name) SF_MUST_USE;
/* Exactly one operand or return names it. */
bool sf_value_has_one_use(const sf_value *value);
/* By name without %; NULL: no such. */
sf_value *sf_network_find_value(const sf_network *network, sf_slice name);
/* Writes op->order 0.. in text order; returns the number of ops. */
uint32_t sf_network_number(sf_network *network);

/* Attributes: as written, else the default of the table. The kinds must match
 * the table (asserted). */
/* Whether it is written. */
bool sf_op_has_attr(const sf_op *op, sf_attr_id id);
int64_t sf_op_int(const sf_op *op, sf_attr_id id);  /* INT BOOL ROUND POOL ON */
float sf_op_number(const sf_op *op, sf_attr_id id); /* NUMBER */
sf_blob *sf_op_blob(const sf_op *op, sf_attr_id id);    /* NULL: absent */
const char *sf_op_text(const sf_op *op, sf_attr_id id); /* NULL: absent */
/* INTS expanded to `count` entries: one written number stands for all. */
void sf_op_ints(const sf_op *op, sf_attr_id id, uint32_t count, int64_t *out);
/* Write an attribute; the default's value takes it out. Text and numbers are
 * copied, a blob gains a user (NULL: takes it out). SF_OOM is the only failure;
 * ranges are the verifier's business. */
sf_result sf_op_set_int(sf_op *op, sf_attr_id id, int64_t value) SF_MUST_USE;
sf_result sf_op_set_number(sf_op *op, sf_attr_id id, float value) SF_MUST_USE;
sf_result sf_op_set_ints(sf_op *op, sf_attr_id id, uint32_t count,
                         const int64_t *values) SF_MUST_USE;
sf_result sf_op_set_blob(sf_op *op, sf_attr_id id, sf_blob *blob) SF_MUST_USE;
sf_result sf_op_set_text(sf_op *op, sf_attr_id id, const char *w) SF_MUST_USE;

/* Operand `index` as a stream or a blob; NULL when it is the other sort or
 * absent. Bias of a projection is operand 2 (if any). */
sf_value *sf_op_operand(const sf_op *op, uint32_t index);
sf_blob *sf_op_operand_blob(const sf_op *op, uint32_t index);
sf_value *sf_op_result(const sf_op *op, uint32_t index); /* NULL: no such */
bool sf_op_is(const sf_op *op, uint32_t traits);         /* has all of them */

#ifdef __cplusplus
}
#endif
#endif
