/* module.h - a module: blobs, neuron functions, networks, mappings, log. */
#ifndef SF_MODULE_H
#define SF_MODULE_H

#include "sf/network.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A free attribute: `name = value`. */
typedef enum sf_item_kind {
  SF_ITEM_NUMBER,
  SF_ITEM_STRING,
  SF_ITEM_SYMBOL, /* text, without @ */
  SF_ITEM_WORD,   /* text: bare identifier */
  SF_ITEM_TYPE,
  SF_ITEM_LIST
} sf_item_kind;

typedef struct sf_item {
  sf_item_kind kind;
  sf_number number;
  const char *text;
  sf_type type;
  uint32_t count; /* LIST */
  struct sf_item *items;
} sf_item;

typedef struct sf_entry {
  const char *name;
  sf_item item;
  sf_loc loc;
} sf_entry;

/* Attributes in the order written. */
typedef struct sf_dict {
  uint32_t count, capacity;
  sf_entry *entries;
} sf_dict;

/* The value of `name`, borrowed until the next set; NULL: absent. */
const sf_item *sf_dict_find(const sf_dict *dict, const char *name);
/* Number of `name`, or `fallback` if absent or not an integer. */
int64_t sf_dict_int(const sf_dict *dict, const char *name, int64_t fallback);
/* Text of a string, symbol or word; NULL otherwise. */
const char *sf_dict_text(const sf_dict *dict, const char *name);
/* Adds or replaces. `item` is copied deeply into the arena, lists up to eight
 * levels. SF_OOM is the only failure, here and of the four below. */
sf_result sf_dict_set(sf_arena *arena, sf_dict *dict, const char *name,
                      const sf_item *item) SF_MUST_USE;
/* The typed faces: name = 7, word, "text", @symbol. Text is copied. */
sf_result sf_dict_set_int(sf_arena *arena, sf_dict *dict, const char *name,
                          int64_t value) SF_MUST_USE;
sf_result sf_dict_set_word(sf_arena *arena, sf_dict *dict, const char *name,
                           const char *word) SF_MUST_USE;
sf_result sf_dict_set_string(sf_arena *arena, sf_dict *dict, const char *name,
                             const char *text) SF_MUST_USE;
sf_result sf_dict_set_symbol(sf_arena *arena, sf_dict *dict, const char *name,
                             const char *symbol) SF_MUST_USE;

/* ---- Mapping. docs/ir.md 8; words in mapping.def. ---- */

/* A half-open box over a value's shape. */
typedef struct sf_box {
  uint8_t rank;
  int32_t begin[SF_RANK_MAX], end[SF_RANK_MAX];
} sf_box;

/* Product of the extents; 0 when one is empty, 1 at rank 0. */
size_t sf_box_elements(const sf_box *box);
/* All elements of a value of that type. */
sf_box sf_box_whole(const sf_type *type);
/* *out = the common part. false, *out left alone: none, or other ranks. */
bool sf_box_intersect(const sf_box *a, const sf_box *b, sf_box *out);

typedef enum sf_mop_argument_kind {
  SF_MOP_SYMBOL, /* text */
  SF_MOP_VALUE,  /* text, name of a network value */
  SF_MOP_BOX,
  SF_MOP_TUPLE, /* numbers */
  SF_MOP_NUMBER
} sf_mop_argument_kind;

typedef struct sf_mop_argument {
  sf_mop_argument_kind kind;
  const char *text;
  sf_box box;
  uint32_t count;
  const sf_number *numbers; /* TUPLE: count; NUMBER: one */
  sf_loc loc;
} sf_mop_argument;

typedef struct sf_mop {
  const char *keyword;
  uint32_t argument_count;
  sf_mop_argument *arguments;
  sf_dict attrs;
  struct sf_mop *first_child, *last_child;
  struct sf_mop *next;
  sf_loc loc;
} sf_mop;

typedef struct sf_mapping {
  const char *network; /* without @ */
  const char *machine;
  sf_dict attrs;
  sf_mop *first, *last;
  uint32_t count;
  sf_module *module;
  sf_loc loc;
  struct sf_mapping *prev, *next;
} sf_mapping;

/* An empty mapping of `network` (name without @) on a machine, at the end of
 * the module; names are copied. NULL: out of memory. */
sf_mapping *sf_mapping_create(sf_module *module, const char *network,
                              const char *machine, sf_loc loc);
/* Appends a statement to the mapping, or to `parent`; `keyword` is copied.
 * NULL: out of memory. */
sf_mop *sf_mop_create(sf_mapping *mapping, sf_mop *parent, const char *keyword);
/* Append one argument to a statement of `m`: @symbol, %value, a box, (numbers)
 * or a number; copied. SF_OOM is the only failure. */
sf_result sf_mop_add_symbol(sf_mapping *m, sf_mop *mop,
                            const char *symbol) SF_MUST_USE;
sf_result sf_mop_add_value(sf_mapping *m, sf_mop *mop,
                           const char *value) SF_MUST_USE;
sf_result sf_mop_add_box(sf_mapping *m, sf_mop *mop,
                         const sf_box *box) SF_MUST_USE;
sf_result sf_mop_add_tuple(sf_mapping *m, sf_mop *mop, uint32_t count,
                           const int64_t *numbers) SF_MUST_USE;
sf_result sf_mop_add_number(sf_mapping *m, sf_mop *mop,
                            int64_t number) SF_MUST_USE;
/* First argument of that kind, or NULL. */
const sf_mop_argument *sf_mop_find(const sf_mop *mop,
                                   sf_mop_argument_kind kind);

/* ---- Log: what was done to the module, and how exact it was. ---- */

typedef enum sf_exactness {
  SF_EXACT,      /* same values in every step */
  SF_EXACT_LAG,  /* same values, `lag` steps later */
  SF_APPROXIMATE /* the text and attributes state the measured effect */
} sf_exactness;

typedef struct sf_log_entry {
  sf_exactness exactness;
  int64_t lag;
  const char *text;
  sf_dict attrs;
  sf_loc loc;
  struct sf_log_entry *next;
} sf_log_entry;

/* ---- The module. ---- */

struct sf_module {
  const char *name; /* without @ */
  sf_arena *arena;  /* everything below lives here */
  sf_dict attrs;
  sf_blob *first_blob, *last_blob;
  sf_neuron *first_neuron, *last_neuron;
  sf_network *first_network, *last_network;
  sf_mapping *first_mapping, *last_mapping;
  sf_log_entry *first_log, *last_log;
  const char *directory; /* base of relative blob paths; NULL: none allowed */
  struct sf_symbols *symbols; /* private: names of blobs, neurons, networks */
  struct sf_owned *owned;     /* private: mapped files, buffers */
  sf_loc loc;
};

sf_module *sf_module_create(const char *name); /* NULL: out of memory */
void sf_module_destroy(sf_module *module);     /* NULL is fine */
/* Deep copy; file-backed blobs share the mapping's path, not its memory. */
sf_result sf_module_clone(const sf_module *module, sf_module **out) SF_MUST_USE;
/* `free_memory(memory)` is called when the module dies. */
sf_result sf_module_own(sf_module *module, void *memory,
                        void (*free_memory)(void *)) SF_MUST_USE;

/* By name without the mark; borrowed, NULL: no such. */
sf_blob *sf_module_find_blob(const sf_module *module, sf_slice name);
sf_neuron *sf_module_find_neuron(const sf_module *module, sf_slice name);
sf_network *sf_module_find_network(const sf_module *module, sf_slice name);
/* Network that the mapping is about; NULL when missing. */
sf_network *sf_mapping_network(const sf_mapping *mapping);
/* First mapping of that network; NULL: none. */
sf_mapping *sf_module_find_mapping(const sf_module *module,
                                   const sf_network *network);
/* Take out of the module and free the name; the memory stays in the arena. Only
 * without users: no op may name the blob or the neuron any more. */
void sf_blob_erase(sf_blob *blob);
void sf_neuron_erase(sf_neuron *neuron); /* its tables lose a user */
void sf_mapping_erase(sf_mapping *mapping);
/* Appends what was done; `lag` in steps, 0 unless SF_EXACT_LAG; `text` is
 * copied. NULL: out of memory. */
sf_log_entry *sf_module_add_log(sf_module *module, sf_exactness exactness,
                                int64_t lag, const char *text);

/* A copy of library neuron `name` (ir/library/) in the module, or the one
 * that is there already with the same structure. NULL with a diagnostic (NAME).
 */
sf_neuron *sf_library_use(sf_module *module, sf_slice name, sf_diag *diag);
/* The same with another emitted type: every param and statement of the old
 * emitted type gets it too, and the name ends in it (`quant_i5`). Only for
 * functions whose first result says it all: quant, quant_gain, quant_input,
 * stbif, stbif_gain, larger. */
sf_neuron *sf_library_use_as(sf_module *module, sf_slice name, sf_scalar emit,
                             sf_diag *diag);
/* The library as a module of its own; the caller destroys it. */
sf_result sf_library_load(sf_diag *diag, sf_module **out) SF_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
