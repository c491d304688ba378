/* verb_neurons.c - `sfc neurons [NAME]` and `sfc version`. */
#include "sf/base.h"
#include "tools/sfc/sfc.h"

#include <stdlib.h>
#include <string.h>

static json_t *neuron_json(const sf_neuron *neuron) {
  json_t *params = json_array(), *states = json_array();
  for (uint32_t i = 0; i < neuron->param_count; i++)
    json_array_append_new(params, json_string(neuron->params[i].value->name));
  for (uint32_t i = 0; i < neuron->state_count; i++)
    json_array_append_new(states, json_string(neuron->states[i].value->name));
  return json_pack("{s:s,s:i,s:i,s:o,s:o}", "name", neuron->name, "inputs",
                   (int)neuron->input_count, "outputs", (int)neuron->emit_count,
                   "params", params, "states", states);
}

/* A module of that function alone, with the tables that it looks up. */
static sf_result load_one(const char *name, sf_diag *diag, sf_module **out) {
  *out = sf_module_create("library");
  if (!*out) return SF_OOM;
  sf_slice slice = {name, strlen(name)};
  return sf_library_use(*out, slice, diag) ? SF_OK : SF_FAIL;
}

static sf_result print_library(const sf_module *library, bool json,
                               bool whole) {
  if (json) {
    json_t *rows = json_array();
    for (sf_neuron *n = library->first_neuron; n; n = n->next)
      json_array_append_new(rows, neuron_json(n));
    sfc_print_json(rows);
    return SF_OK;
  }
  if (!whole) {
    for (sf_neuron *n = library->first_neuron; n; n = n->next)
      puts(n->name);
    return SF_OK;
  }
  char *text = NULL;
  SF_TRY(sf_print(library, NULL, &text));
  fputs(text, stdout);
  free(text);
  return SF_OK;
}

sf_result sfc_verb_neurons(sfc_session *session) {
  const char *name = session->arguments.positional;
  sf_module *library = NULL;
  sf_result result = name ? load_one(name, session->diag, &library)
                          : sf_library_load(session->diag, &library);
  if (result == SF_OK)
    result = print_library(library, session->arguments.json, name != NULL);
  sf_module_destroy(library);
  if (result == SF_OK && !name) sfc_print_next(session, "sfc neurons lif");
  return result;
}

sf_result sfc_verb_version(sfc_session *session) {
  if (session->arguments.json) {
    sfc_print_json(json_pack("{s:s,s:i,s:i}", "version", sf_version(),
                             "abi_major", (int)SF_ABI_MAJOR, "abi_minor",
                             (int)SF_ABI_MINOR));
  } else {
    printf("sfc %s, plug-in ABI %u.%u\n", sf_version(), SF_ABI_MAJOR,
           SF_ABI_MINOR);
  }
  return SF_OK;
}
