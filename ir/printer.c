/* printer.c - a module as its canonical text. docs/ir.md 9. */
#include "ir/printer.h"

static void print_log(sf_buffer *out, const sf_module *module) {
  sf_buffer_text(out, "  log {\n");
  for (const sf_log_entry *e = module->first_log; e; e = e->next) {
    sf_buffer_text(out, "    ");
    if (e->exactness == SF_EXACT)
      sf_buffer_text(out, "exact ");
    else if (e->exactness == SF_EXACT_LAG)
      sf_buffer_printf(out, "lag %lld ", (long long)e->lag);
    else
      sf_buffer_text(out, "approx ");
    sf_print_string(out, e->text);
    sf_print_dict(out, &e->attrs);
    sf_buffer_char(out, '\n');
  }
  sf_buffer_text(out, "  }\n");
}

/* An empty line before every item but the first; blobs stand together. */
static void separate(sf_buffer *out, bool *first) {
  if (!*first) sf_buffer_char(out, '\n');
  *first = false;
}

void sf_print_module(const sf_printer *printer) {
  const sf_module *module = printer->module;
  sf_buffer *out = printer->out;
  bool first = true;
  sf_buffer_text(out, "module ");
  sf_print_name(out, '@', module->name);
  sf_print_dict(out, &module->attrs);
  sf_buffer_text(out, " {\n");
  for (const sf_blob *b = module->first_blob; b; b = b->next)
    sf_print_blob(printer, b);
  first = module->first_blob == NULL;
  for (const sf_neuron *n = module->first_neuron; n; n = n->next) {
    separate(out, &first);
    sf_print_neuron(out, n);
  }
  for (const sf_network *n = module->first_network; n; n = n->next) {
    separate(out, &first);
    sf_print_network(printer, n);
  }
  for (const sf_mapping *m = module->first_mapping; m; m = m->next) {
    separate(out, &first);
    sf_print_mapping(out, m);
  }
  if (module->first_log) {
    separate(out, &first);
    print_log(out, module);
  }
  sf_buffer_text(out, "}\n");
}

sf_result sf_print(const sf_module *module, const sf_print_options *options,
                   char **out) {
  sf_buffer buffer = {0};
  sf_printer printer = {.out = &buffer, .module = module};
  if (options) {
    printer.locations = options->locations;
    printer.companion = options->companion;
  }
  sf_print_module(&printer);
  *out = sf_buffer_take(&buffer);
  sf_buffer_destroy(&buffer);
  return *out ? SF_OK : SF_OOM;
}
