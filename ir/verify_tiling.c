/* verify_tiling.c - hosted boxes: inside their value's shape, each element
 * once. */
#include "ir/verify_mapping.h"

#include <stdlib.h>
#include <string.h>

typedef struct hosted {
  const sf_value *value;
  unsigned sweep; /* axis along which boxes are sorted */
  const sf_box *box;
  const sf_mop *mop;
} hosted;

typedef struct host_list {
  hosted *items;
  size_t count;
} host_list;

static bool check_box(sf_verifier *v, const sf_value *value,
                      const sf_mop_argument *argument) {
  const sf_box *box = &argument->box;
  bool inside = box->rank == value->type.rank;
  for (unsigned i = 0; inside && i < box->rank; i++)
    inside = box->begin[i] >= 0 && box->begin[i] < box->end[i] &&
             box->end[i] <= value->type.dim[i];
  if (inside) return true;
  char type[160];
  sf_type_text(&value->type, type, sizeof type);
  return sf_wrong(v, SF_DIAG_MAPPING, argument->loc,
                  "a box of '%%%s' is empty or leaves its shape, which is %s",
                  value->name, type);
}

static bool can_be_hosted(const sf_value *value) {
  const sf_op *op = value->op;
  return op && (op->kind == SF_OP_NEURONS || op->kind == SF_OP_POOL ||
                sf_op_is(op, SF_TRAIT_PROJECTION));
}

static bool read_host(sf_verifier *v, const sf_network *network,
                      const sf_mop *mop, hosted *out) {
  const sf_mop_argument *name = sf_mop_find(mop, SF_MOP_VALUE);
  const sf_mop_argument *box = sf_mop_find(mop, SF_MOP_BOX);
  sf_slice text = sf_slice_of(name->text);
  const sf_value *value = sf_network_find_value(network, text);
  if (!value) {
    sf_wrong(v, SF_DIAG_MAPPING, name->loc, "'@%s' has no value '%%%s'",
             network->name, name->text);
    const char *nearest = sf_names_nearest(network->names, text);
    if (nearest) sf_help(v->diag, "did you mean '%%%s'?", nearest);
    return false;
  }
  if (!can_be_hosted(value))
    return sf_wrong(v, SF_DIAG_MAPPING, name->loc,
                    "'%%%s' is neither a population nor the result of a "
                    "projection",
                    name->text);
  if (!check_box(v, value, box)) return false;
  *out = (hosted){.value = value, .box = &box->box, .mop = mop};
  return true;
}

static size_t count_hosts(const sf_mapping *mapping) {
  size_t count = 0;
  for (const sf_mop *core = mapping->first; core; core = core->next)
    for (const sf_mop *host = core->first_child; host; host = host->next)
      count += strcmp(host->keyword, "host") == 0;
  return count;
}

static bool collect(sf_verifier *v, const sf_mapping *mapping,
                    const sf_network *network, host_list *list) {
  size_t capacity = count_hosts(mapping);
  list->items = SF_NEW_ARRAY(v->scratch, hosted, capacity ? capacity : 1);
  v->out_of_memory |= !list->items;
  bool fine = list->items != NULL;
  for (const sf_mop *core = mapping->first; core && list->items;
       core = core->next)
    for (const sf_mop *host = core->first_child; host; host = host->next) {
      if (strcmp(host->keyword, "host") != 0) continue;
      if (read_host(v, network, host, &list->items[list->count]))
        list->count++;
      else
        fine = false;
    }
  return fine;
}

/* Arguments have no op; populations and projections come in text order. */
static int by_value(const void *a_item, const void *b_item) {
  const hosted *a = a_item, *b = b_item;
  uint32_t order_a = a->value->op->order, order_b = b->value->op->order;
  if (order_a != order_b) return order_a < order_b ? -1 : 1;
  if (a->value->index != b->value->index)
    return a->value->index < b->value->index ? -1 : 1;
  int32_t begin_a = a->box->begin[a->sweep], begin_b = b->box->begin[b->sweep];
  if (begin_a != begin_b) return begin_a < begin_b ? -1 : 1;
  for (unsigned i = 0; i < a->box->rank; i++)
    if (a->box->begin[i] != b->box->begin[i])
      return a->box->begin[i] < b->box->begin[i] ? -1 : 1;
  return 0;
}

/* The axis that the boxes cut most often keeps the sweep short. */
static unsigned choose_sweep(const hosted *items, size_t count) {
  unsigned best = 0;
  size_t most = 0;
  for (unsigned axis = 0; axis < items->box->rank; axis++) {
    size_t cuts = 0;
    for (size_t i = 0; i < count; i++)
      cuts += items[i].box->begin[axis] != 0;
    if (cuts > most) {
      most = cuts;
      best = axis;
    }
  }
  return best;
}

static bool check_overlaps(sf_verifier *v, const hosted *items, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++) {
      unsigned axis = items[i].sweep;
      sf_box common;
      if (items[j].box->begin[axis] >= items[i].box->end[axis]) break;
      if (!sf_box_intersect(items[i].box, items[j].box, &common)) continue;
      (void)sf_wrong(v, SF_DIAG_MAPPING, items[j].mop->loc,
                     "elements of '%%%s' are hosted twice",
                     items[j].value->name);
      sf_note(v->diag, items[i].mop->loc, "they are hosted here too");
      return false;
    }
  return true;
}

/* All boxes of one value. */
static void check_value(sf_verifier *v, hosted *items, size_t count) {
  size_t elements = 0;
  unsigned sweep = items->box->rank ? choose_sweep(items, count) : 0;
  for (size_t i = 0; i < count; i++) {
    items[i].sweep = sweep;
    elements += sf_box_elements(items[i].box);
  }
  qsort(items, count, sizeof *items, by_value);
  if (!check_overlaps(v, items, count)) return;
  size_t total = sf_type_elements(&items->value->type);
  if (elements == total) return;
  sf_wrong(v, SF_DIAG_MAPPING, items->mop->loc,
           "%zu of %zu elements of '%%%s' are hosted by no core",
           total - elements, total, items->value->name);
}

void sf_verify_tiling(sf_verifier *v, const sf_mapping *mapping,
                      const sf_network *network) {
  host_list list = {0};
  if (!collect(v, mapping, network, &list) || list.count == 0) return;
  qsort(list.items, list.count, sizeof *list.items, by_value);
  for (size_t first = 0; first < list.count;) {
    size_t end = first + 1;
    while (end < list.count && list.items[end].value == list.items[first].value)
      end++;
    check_value(v, &list.items[first], end - first);
    first = end;
  }
}
