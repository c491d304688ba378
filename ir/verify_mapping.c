/* verify_mapping.c - the mapping block against mapping.def and its network:
 * words and attributes, symbols, boxes. Resources are the machine layer's
 * business. */
#include "ir/verify_mapping.h"

#include "ir/names.h"
#include "ir/nearest.h"

#include <string.h>

typedef struct mop_row {
  const char *keyword, *arguments;
  bool children;
} mop_row;

enum mop_id {
#define SF_MOP(ID, keyword, arguments, children, doc) MOP_##ID,
#include "sf/mapping.def"
  MOP_COUNT
};

static const mop_row mop_rows[] = {
#define SF_MOP(ID, keyword, arguments, children, doc)                          \
  {keyword, arguments, children},
#include "sf/mapping.def"
};

typedef enum value_kind { INT, WORD, LIST, SYMBOL, SYMBOLS, NUMBER } value_kind;

typedef struct attr_row {
  enum mop_id mop;
  const char *name;
  value_kind kind;
} attr_row;

static const attr_row attr_rows[] = {
#define SF_MATTR(MOP, FAMILY, name, KIND, doc) {MOP_##MOP, #name, KIND},
#include "sf/mapping.def"
};

static bool all_of(const sf_item *list, sf_item_kind a, sf_item_kind b) {
  if (list->kind != SF_ITEM_LIST) return false;
  for (uint32_t i = 0; i < list->count; i++)
    if (list->items[i].kind != a && list->items[i].kind != b) return false;
  return true;
}

static bool has_kind(const sf_item *item, value_kind kind) {
  switch (kind) {
  case INT:
    return item->kind == SF_ITEM_NUMBER && !item->number.is_float;
  case NUMBER:
    return item->kind == SF_ITEM_NUMBER;
  case WORD:
    return item->kind == SF_ITEM_WORD || item->kind == SF_ITEM_STRING;
  case SYMBOL:
    return item->kind == SF_ITEM_SYMBOL;
  case SYMBOLS:
    return all_of(item, SF_ITEM_SYMBOL, SF_ITEM_SYMBOL);
  default: /* a long list may be a blob */
    return all_of(item, SF_ITEM_WORD, SF_ITEM_NUMBER) ||
           item->kind == SF_ITEM_SYMBOL;
  }
}

static const char *kind_text(value_kind kind) {
  static const char *const texts[] = {[INT] = "an integer",
                                      [WORD] = "a word",
                                      [LIST] = "a list",
                                      [SYMBOL] = "a @core",
                                      [SYMBOLS] = "a list of @cores",
                                      [NUMBER] = "a number"};
  return texts[kind];
}

static void check_attr(sf_verifier *v, const sf_mop *mop, enum mop_id id,
                       const sf_entry *entry) {
  sf_loc loc = entry->loc.line ? entry->loc : mop->loc;
  sf_nearest nearest = sf_nearest_start(sf_slice_of(entry->name));
  for (size_t i = 0; i < SF_COUNT_OF(attr_rows); i++) {
    if (attr_rows[i].mop != id) continue;
    sf_nearest_try(&nearest, attr_rows[i].name);
    if (strcmp(attr_rows[i].name, entry->name) != 0) continue;
    if (!has_kind(&entry->item, attr_rows[i].kind))
      sf_wrong(v, SF_DIAG_MAPPING, loc, "'%s' of '%s' must be %s", entry->name,
               mop->keyword, kind_text(attr_rows[i].kind));
    return;
  }
  sf_wrong(v, SF_DIAG_MAPPING, loc, "'%s' has no attribute '%s'", mop->keyword,
           entry->name);
  if (nearest.best) sf_help(v->diag, "did you mean '%s'?", nearest.best);
}

/* The kind that a word of a row's `arguments` stands for; -1: past the end. */
static int expected_kind(const char *arguments, uint32_t index) {
  if (arguments[0] == '(') return index == 0 ? SF_MOP_TUPLE : -1;
  for (const char *word = arguments; *word; word += strcspn(word, " ")) {
    word += strspn(word, " ");
    if (!*word) break;
    if (index-- > 0) continue;
    if (*word == '@') return SF_MOP_SYMBOL;
    if (*word == '%') return SF_MOP_VALUE;
    return *word == 'b' ? SF_MOP_BOX : SF_MOP_NUMBER;
  }
  return -1;
}

/* Numbers of `(x, y)`. */
static uint32_t tuple_size(const char *arguments) {
  uint32_t size = 1;
  for (const char *c = arguments; *c; c++)
    size += *c == ',';
  return size;
}

static bool check_arguments(sf_verifier *v, const sf_mop *mop,
                            const mop_row *row) {
  uint32_t i = 0;
  for (; i < mop->argument_count; i++) {
    const sf_mop_argument *argument = &mop->arguments[i];
    if ((int)argument->kind != expected_kind(row->arguments, i)) break;
    bool tuple = argument->kind == SF_MOP_TUPLE;
    if (tuple && argument->count != tuple_size(row->arguments)) break;
  }
  if (i == mop->argument_count && expected_kind(row->arguments, i) < 0)
    return true;
  return sf_wrong(v, SF_DIAG_MAPPING, mop->loc, "'%s' is followed by %s",
                  mop->keyword, row->arguments);
}

static bool check_mop(sf_verifier *v, const sf_mop *mop, const sf_mop *parent) {
  sf_nearest nearest = sf_nearest_start(sf_slice_of(mop->keyword));
  for (size_t id = 0; id < SF_COUNT_OF(mop_rows); id++) {
    const mop_row *row = &mop_rows[id];
    sf_nearest_try(&nearest, row->keyword);
    if (strcmp(row->keyword, mop->keyword) != 0) continue;
    const char *inside = id == MOP_HOST    ? "core"
                         : id == MOP_ENTRY ? "table"
                                           : NULL;
    bool placed = inside ? parent && strcmp(parent->keyword, inside) == 0
                         : parent == NULL;
    if (!placed)
      return sf_wrong(v, SF_DIAG_MAPPING, mop->loc, "'%s' stands inside %s",
                      mop->keyword, inside ? inside : "the mapping itself");
    if (mop->first_child && !row->children)
      return sf_wrong(v, SF_DIAG_MAPPING, mop->loc,
                      "'%s' cannot hold statements", mop->keyword);
    for (uint32_t i = 0; i < mop->attrs.count; i++)
      check_attr(v, mop, (enum mop_id)id, &mop->attrs.entries[i]);
    return check_arguments(v, mop, row);
  }
  sf_wrong(v, SF_DIAG_MAPPING, mop->loc, "unknown word '%s' in a mapping",
           mop->keyword);
  if (nearest.best) sf_help(v->diag, "did you mean '%s'?", nearest.best);
  return false;
}

static bool check_words(sf_verifier *v, const sf_mapping *mapping) {
  bool fine = true;
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next) {
    fine &= check_mop(v, mop, NULL);
    for (const sf_mop *child = mop->first_child; child; child = child->next)
      fine &= check_mop(v, child, mop);
  }
  return fine;
}

void sf_verify_mapping(sf_verifier *v, const sf_mapping *mapping) {
  uint32_t before = v->errors;
  const sf_network *network = sf_mapping_network(mapping);
  if (!network) {
    sf_wrong(v, SF_DIAG_MAPPING, mapping->loc, "there is no network '@%s'",
             mapping->network);
    return;
  }
  if (sf_module_find_mapping(v->module, network) != mapping)
    sf_wrong(v, SF_DIAG_MAPPING, mapping->loc, "'@%s' is mapped twice",
             mapping->network);
  if (!check_words(v, mapping)) return;
  sf_names *cores = sf_names_create(v->scratch);
  if (!cores || !sf_verify_cores(v, mapping, cores)) {
    v->out_of_memory |= !cores;
    return;
  }
  sf_verify_tiling(v, mapping, network);
  if (v->errors == before) sf_verify_routes(v, mapping, network);
}
