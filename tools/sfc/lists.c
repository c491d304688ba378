/* lists.c - the lists come from the registries; nothing is named here twice. */
#include "tools/sfc/lists.h"
#include "tools/sfc/sfc.h"

#include <string.h>

/* One row: printed as two columns, or collected as a JSON object. */
static void add_row(json_t *rows, const char *name, const char *summary) {
  if (rows) {
    json_array_append_new(rows, json_pack("{s:s,s:s}", "name", name, "summary",
                                          summary ? summary : ""));
  } else {
    printf("%-24s %s\n", name, summary ? summary : "");
  }
}

static sf_result list_ops(json_t *rows, sf_diag *diag) {
  (void)diag;
  for (size_t i = 0; i < sf_op_info_count(); i++) {
    const sf_op_info *info = sf_op_info_at(i);
    add_row(rows, info->mnemonic, info->summary);
  }
  if (!rows) puts("\nin neuron functions:");
  for (size_t i = 0; i < sf_nop_info_count(); i++) {
    const sf_nop_info *info = sf_nop_info_at(i);
    add_row(rows, info->mnemonic, info->summary);
  }
  return SF_OK;
}

static sf_result list_passes(json_t *rows, sf_diag *diag) {
  (void)diag;
  sf_registry *registry = sf_registry_create();
  if (!registry) return SF_OOM;
  for (size_t i = 0; i < sf_registry_pass_count(registry); i++) {
    const sf_pass *pass = sf_registry_pass_at(registry, i);
    add_row(rows, pass->name, pass->summary);
  }
  sf_registry_destroy(registry);
  return SF_OK;
}

static sf_result list_machines(json_t *rows, sf_diag *diag) {
  char **names = NULL;
  uint32_t count = 0;
  SF_TRY(sf_machine_names(diag, &names, &count));
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < count && result == SF_OK; i++) {
    sf_machine *machine = NULL;
    result = sf_machine_load(names[i], diag, &machine);
    if (result == SF_OK) add_row(rows, names[i], machine->summary);
    sf_machine_destroy(machine);
  }
  sf_machine_names_free(names, count);
  return result;
}

static sf_result list_targets(json_t *rows, sf_diag *diag) {
  for (size_t i = 0; i < sf_target_count(); i++) {
    const sf_target *target = sf_target_at(i, diag);
    if (!target) return SF_FAIL;
    add_row(rows, target->name, target->summary);
  }
  return SF_OK;
}

static sf_result list_formats(json_t *rows, sf_diag *diag) {
  (void)diag;
  add_row(rows, "sf", "the text IR");
  for (size_t i = 0; i < sf_frontend_count(); i++) {
    const sf_frontend *frontend = sf_frontend_at(i);
    if (strcmp(frontend->name, "sf") == 0) continue;
    add_row(rows, frontend->name, frontend->summary);
  }
  return SF_OK;
}

/* ---- Operators of readers. ---- */

static void print_operator(const sf_operator_info *row) {
  char name[128], versions[32];
  snprintf(name, sizeof name, "%s%s%s", row->domain, row->domain[0] ? "." : "",
           row->name);
  snprintf(versions, sizeof versions, "%d-%d", row->first, row->newest);
  printf("%-28s %-7s %-7s %-9s %s\n", name, versions, row->mapping,
         row->constants ? "constants" : "", row->note);
}

static json_t *operator_json(const sf_operator_info *row) {
  return json_pack("{s:s,s:s,s:i,s:i,s:s,s:b,s:s}", "domain", row->domain,
                   "name", row->name, "first", row->first, "newest",
                   row->newest, "mapping", row->mapping, "constants",
                   (int)row->constants, "note", row->note);
}

void sfc_list_operators(bool json) {
  json_t *tables = json ? json_object() : NULL;
  for (size_t i = 0; i < sf_frontend_count(); i++) {
    const sf_frontend *frontend = sf_frontend_at(i);
    if (!frontend->list_operators) continue;
    json_t *rows = json ? json_array() : NULL;
    if (!json) {
      printf("%s: operator, versions, what becomes of it, whether it is "
             "computed from constants\n",
             frontend->name);
    }
    sf_operator_info row;
    for (size_t k = 0; frontend->list_operators(k, &row); k++)
      if (json)
        json_array_append_new(rows, operator_json(&row));
      else
        print_operator(&row);
    if (json) json_object_set_new(tables, frontend->name, rows);
  }
  if (json) sfc_print_json(tables);
}

static const struct {
  const char *word;
  sf_result (*print)(json_t *rows, sf_diag *diag);
} lists[] = {
    {"--list-ops", list_ops},           {"--list-passes", list_passes},
    {"--list-machines", list_machines}, {"--list-targets", list_targets},
    {"--list-formats", list_formats},
};

bool sfc_list_print(const char *word, bool json, int *out_code) {
  for (size_t i = 0; i < SF_COUNT_OF(lists); i++) {
    if (strcmp(lists[i].word, word) != 0) continue;
    sf_diag *diag = sf_diag_create(stderr, json ? SF_DIAG_JSON : SF_DIAG_TEXT);
    json_t *rows = json ? json_array() : NULL;
    *out_code = 5;
    if (diag && (rows || !json)) {
      sf_result result = lists[i].print(rows, diag);
      *out_code = result == SF_OK ? 0 : sf_diag_exit_code(diag);
      if (result == SF_OOM) *out_code = 5;
    }
    if (rows) sfc_print_json(rows);
    sf_diag_destroy(diag);
    return true;
  }
  return false;
}
