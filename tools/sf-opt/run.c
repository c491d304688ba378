/* run.c - reads the input, cuts it, treats the parts one by one. */
#include "support/file.h"
#include "tools/sf-opt/sf_opt.h"

#include <stdlib.h>
#include <string.h>

static const char separator[] = "// -----";

/* First separator at the start of a line at or after `at`; NULL: none. */
static const char *find_separator(const char *at, const char *end) {
  while (at < end) {
    const char *found =
        memmem(at, (size_t)(end - at), separator, sizeof separator - 1);
    if (!found) return NULL;
    if (found == at || found[-1] == '\n') return found;
    at = found + 1;
  }
  return NULL;
}

/* Line `lines` + 1 of the input is line 1 of the part: empty lines before it
 * keep the places in diagnostics right. */
static sf_result run_part(const sf_opt_job *job, sf_slice part, size_t lines,
                          bool *met, sf_diag *diag) {
  char *padded = malloc(lines + part.size + 1);
  if (!padded) return SF_OOM;
  memset(padded, '\n', lines);
  memcpy(padded + lines, part.data, part.size);
  padded[lines + part.size] = 0;
  sf_slice text = {padded, lines + part.size};
  sf_result result = job->options->verify_diagnostics
                         ? sf_opt_verify_chunk(job, text, stderr, met)
                         : sf_opt_run_chunk(job, text, diag, stdout);
  free(padded);
  return result;
}

static size_t count_lines(const char *at, const char *end) {
  size_t lines = 0;
  while (at < end)
    lines += *at++ == '\n';
  return lines;
}

/* Every part is treated, also after one failed. */
static sf_result run_parts(const sf_opt_job *job, sf_slice text, bool *met,
                           sf_diag *diag) {
  const char *at = text.data, *end = text.data + text.size;
  sf_result result = SF_OK;
  *met = true;
  for (bool first = true; at < end || first; first = false) {
    const char *stop =
        job->options->split_input ? find_separator(at, end) : NULL;
    sf_slice part = {at, (size_t)((stop ? stop : end) - at)};
    if (!first && !job->options->verify_diagnostics) printf("%s\n", separator);
    bool part_met = true;
    sf_result one =
        run_part(job, part, count_lines(text.data, at), &part_met, diag);
    if (!part_met) *met = false;
    if (one != SF_OK) result = one;
    if (one == SF_OOM || !stop) break;
    const char *line_end = memchr(stop, '\n', (size_t)(end - stop));
    at = line_end ? line_end + 1 : end;
  }
  return result;
}

static int exit_code(sf_result result, bool met, const sf_diag *diag) {
  if (result == SF_OOM) {
    fputs("sf-opt: error: out of memory [memory]\n", stderr);
    return SF_OPT_EXIT_SYSTEM;
  }
  if (result != SF_OK) return sf_diag_exit_code(diag);
  return met ? 0 : 1;
}

/* A wrong pipeline is told once, not for each part. */
static sf_result check_pipeline(const sf_opt_options *options,
                                const sf_registry *registry, sf_diag *diag) {
  if (!options->passes) return SF_OK;
  sf_pipeline *pipeline = NULL;
  SF_TRY(sf_pipeline_parse(registry, options->passes, diag, &pipeline));
  sf_pipeline_destroy(pipeline);
  return SF_OK;
}

static sf_result run_input(sf_opt_job *job, bool *met, sf_diag *diag) {
  const char *path = job->options->input;
  char *text = NULL;
  size_t size = 0;
  SF_TRY(sf_file_read(path, SF_TEXT_BYTES_MAX, diag, &text, &size));
  sf_diag_add_source(diag, job->file, (sf_slice){text, size});
  sf_result result = run_parts(job, (sf_slice){text, size}, met, diag);
  free(text);
  return result;
}

int sf_opt_run(const sf_opt_options *options, const sf_registry *registry,
               sf_diag *diag) {
  sf_machine *machine = NULL;
  bool met = true;
  sf_result result = check_pipeline(options, registry, diag);
  if (result == SF_OK && options->machine)
    result = sf_machine_load(options->machine, diag, &machine);
  sf_opt_job job = {.options = options,
                    .registry = registry,
                    .machine = machine,
                    .file = strcmp(options->input, "-") == 0 ? "<stdin>"
                                                             : options->input};
  if (result == SF_OK) result = run_input(&job, &met, diag);
  sf_machine_destroy(machine);
  return exit_code(result, met, diag);
}
