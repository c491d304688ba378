/* list.c - what passes there are. */
#include "tools/sf-opt/sf_opt.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void list_text(const sf_registry *registry, FILE *out) {
  for (size_t i = 0; i < sf_registry_pass_count(registry); i++) {
    const sf_pass *pass = sf_registry_pass_at(registry, i);
    fprintf(out, "%-24s %s\n", pass->name, pass->summary);
    for (const sf_option *o = pass->options; o && o->name; o++) {
      fprintf(out, "    %-20s %s (%s)\n", o->name, o->doc,
              o->default_text ? o->default_text : "none");
    }
  }
  const char *name, *text;
  fprintf(out, "\npipelines:\n");
  for (size_t i = 0; sf_named_pipeline_at(i, &name, &text); i++)
    fprintf(out, "@%-23s %s\n", name, text);
}

static json_t *options_json(const sf_pass *pass) {
  json_t *list = json_array();
  for (const sf_option *o = pass->options; o && o->name; o++) {
    json_array_append_new(
        list, json_pack("{s:s,s:s,s:s?,s:s?}", "name", o->name, "doc", o->doc,
                        "default", o->default_text, "choices", o->choices));
  }
  return list;
}

static json_t *facts_json(uint32_t facts) {
  json_t *list = json_array();
  for (unsigned bit = 0; bit < 32; bit++) {
    if (!(facts >> bit & 1u)) continue;
    json_array_append_new(list,
                          json_string(sf_fact_text((sf_fact)(1u << bit))));
  }
  return list;
}

static sf_result list_json(const sf_registry *registry, FILE *out) {
  json_t *passes = json_array(), *pipelines = json_array();
  for (size_t i = 0; i < sf_registry_pass_count(registry); i++) {
    const sf_pass *pass = sf_registry_pass_at(registry, i);
    json_array_append_new(
        passes,
        json_pack("{s:s,s:s,s:o,s:o,s:o,s:o}", "name", pass->name, "summary",
                  pass->summary, "options", options_json(pass), "needs",
                  facts_json(pass->needs), "gives", facts_json(pass->gives),
                  "keeps", facts_json(pass->keeps)));
  }
  const char *name, *text;
  for (size_t i = 0; sf_named_pipeline_at(i, &name, &text); i++) {
    json_array_append_new(pipelines,
                          json_pack("{s:s,s:s}", "name", name, "passes", text));
  }
  json_t *all =
      json_pack("{s:o,s:o}", "passes", passes, "pipelines", pipelines);
  char *printed = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
  if (printed) fprintf(out, "%s\n", printed);
  free(printed);
  json_decref(all);
  return printed ? SF_OK : SF_OOM;
}

sf_result sf_opt_list_passes(const sf_registry *registry, bool json,
                             FILE *out) {
  if (json) return list_json(registry, out);
  list_text(registry, out);
  return SF_OK;
}
