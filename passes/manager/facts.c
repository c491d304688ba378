/* facts.c - facts that a module states (`module @m {facts = [balanced]}`), and
 * whether they hold. */
#include "passes/calibrate/calibrate.h"
#include "passes/manager/manager.h"
#include "passes/rewrite/normal_form.h"

#include <string.h>

static const struct {
  sf_fact fact;
  const char *text;
} fact_names[] = {
#define SF_FACT(BIT, ID, text, doc) {SF_FACT_##ID, text},
#include "sf/facts.def"
};

const char *sf_fact_text(sf_fact fact) {
  for (size_t i = 0; i < SF_COUNT_OF(fact_names); i++)
    if (fact_names[i].fact == fact) return fact_names[i].text;
  return "none";
}

uint32_t sf_module_facts(const sf_module *module) {
  const sf_item *list = sf_dict_find(&module->attrs, "facts");
  uint32_t facts = 0;
  if (!list || list->kind != SF_ITEM_LIST) return 0;
  for (uint32_t i = 0; i < list->count; i++) {
    const char *word = list->items[i].text;
    for (size_t j = 0; word && j < SF_COUNT_OF(fact_names); j++)
      if (strcmp(word, fact_names[j].text) == 0) facts |= fact_names[j].fact;
  }
  return facts;
}

static void remove_entry(sf_dict *dict, const char *name) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < dict->count; i++) {
    if (strcmp(dict->entries[i].name, name) == 0) continue;
    dict->entries[kept++] = dict->entries[i];
  }
  dict->count = kept;
}

sf_result sf_module_set_facts(sf_module *module, uint32_t facts) {
  sf_item words[SF_COUNT_OF(fact_names)];
  uint32_t count = 0;
  for (size_t i = 0; i < SF_COUNT_OF(fact_names); i++) {
    if (!(facts & (uint32_t)fact_names[i].fact)) continue;
    words[count++] =
        (sf_item){.kind = SF_ITEM_WORD, .text = fact_names[i].text};
  }
  if (count == 0) {
    remove_entry(&module->attrs, "facts");
    return SF_OK;
  }
  sf_item list = {.kind = SF_ITEM_LIST, .count = count, .items = words};
  return sf_dict_set(module->arena, &module->attrs, "facts", &list);
}

/* ---- Checks. ----------------------------------------------------------------
 */

static void violate(sf_fact_violation *out, bool *found, sf_loc loc,
                    const char *format, const char *a, const char *b)
    __attribute__((format(printf, 4, 0)));
static void violate(sf_fact_violation *out, bool *found, sf_loc loc,
                    const char *format, const char *a, const char *b) {
  *found = true;
  out->loc = loc;
  snprintf(out->text, sizeof out->text, format, a, b);
}

static const char *result_name(const sf_op *op) {
  return op->result_count ? op->results[0]->name : "";
}

static void find_analog(const sf_op *op, bool *found, sf_fact_violation *out) {
  if (!sf_op_is(op, SF_TRAIT_ANALOG)) return;
  violate(out, found, op->loc, "'%%%.200s' is an analog op, '%.40s'",
          result_name(op), sf_op_info_get(op->kind)->mnemonic);
}

static void find_float(const sf_op *op, bool *found, sf_fact_violation *out) {
  if (!sf_is_chip_population(op)) return;
  for (uint32_t i = 0; i < op->operand_count && !*found; i++) {
    const sf_value *value = sf_op_operand(op, i);
    if (!value || value->type.scalar.kind != SF_SCALAR_F32) continue;
    violate(out, found, op->loc,
            "population '%%%.200s' on chip reads '%%%.200s', which is f32",
            result_name(op), value->name);
  }
  for (uint32_t i = 0; i < op->result_count && !*found; i++) {
    if (op->results[i]->type.scalar.kind != SF_SCALAR_F32) continue;
    violate(out, found, op->loc, "population '%%%.200s' on chip emits f32%s",
            result_name(op), "");
  }
}

static sf_result find_obstacle(const sf_op *op, sf_arena *arena, bool *found,
                               sf_fact_violation *out) {
  if (!sf_is_chip_population(op)) return SF_OK;
  for (uint32_t i = 0; i < op->operand_count && !*found; i++) {
    const sf_value *value = sf_op_operand(op, i), *obstacle = NULL;
    if (!value) continue;
    SF_TRY(sf_normal_form_obstacle(value, arena, &obstacle));
    if (!obstacle) continue;
    violate(out, found, obstacle->op ? obstacle->op->loc : obstacle->loc,
            "'%%%.200s', which population '%%%.200s' reads, is no add-tree of "
            "projections",
            obstacle->name, result_name(op));
  }
  return SF_OK;
}

/* Least delay from any population or input to each value, as the network
 * stands. One sweep: a delay counts at least one step, so its operand need not
 * be known.
 */
static sf_result find_short_path(const sf_network *network, sf_arena *arena,
                                 bool *found, sf_fact_violation *out) {
  uint32_t count = sf_network_number((sf_network *)network);
  bool *instant = SF_NEW_ARRAY(arena, bool, count + 1u);
  if (!instant) return SF_OOM;
  SF_FOREACH_OP(op, network) {
    for (uint32_t i = 0; i < op->operand_count; i++) {
      const sf_value *x = sf_op_operand(op, i);
      bool now = x && (sf_is_source(x) || instant[x->op->order]);
      if (!now || op->kind == SF_OP_DELAY) continue;
      instant[op->order] = true;
      if (!sf_is_chip_population(op)) continue;
      violate(out, found, op->loc,
              "population '%%%.200s' reads '%%%.200s' in the step in which it "
              "is sent",
              result_name(op), x->name);
      return SF_OK;
    }
  }
  return SF_OK;
}

/* A value that calibrate would give a site. */
static sf_result find_unrounded(const sf_network *network, sf_arena *arena,
                                sf_diag *diag, bool *found,
                                sf_fact_violation *out) {
  sf_calibrate_options options = {.per_channel = true};
  sf_site_list list;
  SF_TRY(sf_find_sites(network, &options, arena, diag, &list));
  if (list.count == 0) return SF_OK;
  const sf_value *value = list.sites[0].value;
  violate(out, found, value->loc,
          "'%%%.200s' is read as it is, where a rounded value must stand%s",
          value->name, "");
  return SF_OK;
}

static sf_result find_in_network(const sf_network *network, sf_fact fact,
                                 sf_arena *arena, bool *found,
                                 sf_fact_violation *out) {
  if (fact == SF_FACT_BALANCED)
    return find_short_path(network, arena, found, out);
  SF_FOREACH_OP(op, network) {
    if (fact == SF_FACT_ANALOG_FREE) find_analog(op, found, out);
    if (fact == SF_FACT_QUANTIZED) find_float(op, found, out);
    if (fact == SF_FACT_SPIKING_NORMAL_FORM)
      SF_TRY(find_obstacle(op, arena, found, out));
    if (*found) break;
  }
  return SF_OK;
}

sf_result sf_fact_violation_find(const sf_module *module, sf_fact fact,
                                 sf_diag *diag, bool *found,
                                 sf_fact_violation *out) {
  *found = false;
  if (fact == SF_FACT_PARTITIONED || fact == SF_FACT_PLACED ||
      fact == SF_FACT_ROUTED) {
    return sf_fact_mapping_find(module, fact, found, out);
  }
  sf_arena *arena = sf_arena_create();
  sf_result result = arena ? SF_OK : SF_OOM;
  for (const sf_network *n = module->first_network;
       n && !*found && result == SF_OK; n = n->next) {
    result = find_in_network(n, fact, arena, found, out);
  }
  if (fact == SF_FACT_CALIBRATED && module->first_network && result == SF_OK)
    result = find_unrounded(module->first_network, arena, diag, found, out);
  sf_arena_destroy(arena);
  return result;
}

sf_result sf_fact_check(const sf_module *module, sf_fact fact, sf_diag *diag) {
  bool found;
  sf_fact_violation violation;
  SF_TRY(sf_fact_violation_find(module, fact, diag, &found, &violation));
  if (!found) return SF_OK;
  sf_error(diag, SF_DIAG_ATTR, violation.loc,
           "module '@%s' states the fact '%s', which does not hold: %s",
           module->name, sf_fact_text(fact), violation.text);
  sf_help(diag, "take '%s' out of the attribute 'facts'", sf_fact_text(fact));
  return SF_FAIL;
}
