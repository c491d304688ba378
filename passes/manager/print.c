/* print.c - what the manager shows: IR, differences,
 * reproducers. */
#include "passes/manager/line_diff.h"
#include "passes/manager/manager.h"
#include "support/file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Takes the first name off a comma-separated list; *at NULL: that was the last.
 */
static sf_slice take_name(const char **at) {
  const char *comma = strchr(*at, ',');
  sf_slice name = {*at, comma ? (size_t)(comma - *at) : strlen(*at)};
  *at = comma ? comma + 1 : NULL;
  return name;
}

bool sf_pass_is_listed(const sf_registry *registry, const char *list,
                       const sf_pass *pass) {
  if (!list) return false;
  if (strcmp(list, "*") == 0) return true;
  for (const char *at = list; at;)
    if (sf_registry_find(registry, take_name(&at)) == pass) return true;
  return false;
}

sf_result sf_pass_check_listed(const sf_registry *registry, const char *list,
                               sf_diag *diag) {
  if (!list || strcmp(list, "*") == 0) return SF_OK;
  for (const char *at = list; at;) {
    sf_slice name = take_name(&at);
    if (!sf_registry_find(registry, name))
      return sf_pass_unknown(registry, name, diag);
  }
  return SF_OK;
}

void sf_pass_print_ir(FILE *out, const char *when, const char *name,
                      const char *text) {
  fprintf(out, "// ---- %s %s ----\n%s", when, name, text);
}

sf_result sf_pass_print_diff(FILE *out, const char *name, const char *before,
                             const char *after) {
  sf_buffer lines = {0};
  sf_result result = sf_line_diff(before, after, &lines);
  if (result == SF_OK) {
    fprintf(out, "// ---- %s changed %s ----\n%s", name,
            lines.size ? "these lines" : "nothing",
            lines.size ? lines.data : "");
  }
  sf_buffer_destroy(&lines);
  return result;
}

/* Text of the steps from `first` on, as given. */
static void remaining_text(const sf_pipeline *pipeline, size_t first,
                           sf_buffer *out) {
  for (size_t i = first; i < pipeline->count; i++) {
    sf_buffer_printf(out, "%s%s", i > first ? "," : "",
                     pipeline->steps[i].text);
  }
}

static sf_result add_run_line(const char *path, const sf_pass_manager *manager,
                              size_t first) {
  char *text = NULL;
  size_t size = 0;
  SF_TRY(sf_file_read(path, 0, manager->diag, &text, &size));
  sf_buffer all = {0};
  sf_buffer_text(&all, "// RUN: sf-opt %s --passes='");
  remaining_text(manager->pipeline, first, &all);
  sf_buffer_char(&all, '\'');
  for (uint32_t i = 0; i < manager->options->plugin_count; i++) {
    sf_buffer_printf(&all, " --load-pass-plugin %s",
                     manager->options->plugins[i]);
  }
  const sf_machine *machine = manager->options->machine;
  if (machine) sf_buffer_printf(&all, " --machine %s", machine->name);
  if (manager->options->check_exact) {
    sf_buffer_printf(&all, " --check-exact=%" PRIu32 " --seed %" PRIu64,
                     manager->options->check_exact, manager->options->seed);
  }
  if (manager->options->verify_each) sf_buffer_text(&all, " --verify-each");
  if (manager->options->more_arguments)
    sf_buffer_text(&all, manager->options->more_arguments);
  sf_buffer_char(&all, '\n');
  sf_buffer_add(&all, text, size);
  free(text);
  sf_result result = SF_OOM;
  if (!all.failed)
    result = sf_file_write(path, all.data, all.size, manager->diag);
  sf_buffer_destroy(&all);
  return result;
}

sf_result sf_pass_write_reproducer(const sf_pass_manager *manager,
                                   const sf_module *before, size_t first) {
  const char *path = manager->options->reproducer;
  SF_TRY(sf_write_module(before, path, NULL, manager->diag));
  SF_TRY(add_run_line(path, manager, first));
  sf_note(manager->diag, SF_NO_LOC,
          "the module before pass '%s' stands in '%s'",
          manager->pipeline->steps[first].pass->name, path);
  return SF_OK;
}
