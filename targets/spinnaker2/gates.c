/* gates.c - PEs that are switched off, from the mapping block to cores.json. */
#include "targets/spinnaker2/routing.h"

#include <string.h>

static json_t *gate_json(const sf_machine *machine, const sf_mop *row) {
  const sf_mop_argument *at = sf_mop_find(row, SF_MOP_TUPLE);
  const sf_dict *a = &row->attrs;
  bool some = sf_dict_find(a, "p") != NULL, located = at && at->count >= 2;
  int64_t count =
      sf_dict_int(a, "count", some ? 1 : (int64_t)machine->cores_per_chip);
  return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "x",
                   (json_int_t)(located ? at->numbers[0].i : 0), "y",
                   (json_int_t)(located ? at->numbers[1].i : 0), "columns",
                   (json_int_t)sf_dict_int(a, "columns", 1), "rows",
                   (json_int_t)sf_dict_int(a, "rows", 1), "p",
                   (json_int_t)sf_dict_int(a, "p", 0), "count",
                   (json_int_t)count);
}

json_t *sf_s2_gates_json(const sf_mapping *mapping, const sf_machine *machine) {
  json_t *gates = json_array();
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    const char *kind = sf_dict_text(&m->attrs, "kind");
    if (strcmp(m->keyword, "gate") == 0 && kind && strcmp(kind, "core") == 0)
      json_array_append_new(gates, gate_json(machine, m));
  }
  return gates;
}
