/* emit.c - object, archive, shared library, header, metadata. */
#include "targets/cpu/cpu.h"

#include "support/file.h"
#include "support/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every level of this machine's family, or the one asked for. */
static const sf_code_target *choose_levels(cpu_module *m, const char *isa) {
#if defined(__aarch64__)
  bool aarch64 = !isa || strcmp(isa, "aarch64") == 0;
#else
  bool aarch64 = isa && strcmp(isa, "aarch64") == 0;
#endif
  if (aarch64) {
    m->levels[m->level_count++] = NULL;
    return &sf_code_aarch64;
  }
  for (unsigned i = 0; i < SF_CODE_X86_LEVELS; i++) {
    const sf_code_level *level = &sf_code_x86_levels[i];
    if (!isa || strcmp(isa, level->name) == 0 || strcmp(isa, level->cpu) == 0)
      m->levels[m->level_count++] = level;
  }
  return &sf_code_x86_64;
}

static sf_result module_create(const sf_emit_job *job, const char *prefix,
                               cpu_module *m) {
  *m = (cpu_module){
      .diag = job->diag, .network = job->network, .prefix = prefix};
  m->arena = sf_arena_create();
  if (!m->arena) return SF_OOM;
  const sf_code_target *target = choose_levels(m, job->isa);
  SF_TRY(cpu_plan_create(job->network, job->diag, m->arena, &m->plan));
  return sf_codegen_create(target, prefix, job->diag, &m->cg);
}

typedef struct output {
  char *directory; /* DIRECTORY/cpu */
  const char *prefix;
  sf_diag *diag;
} output;

static sf_result write_file(const output *o, const char *before,
                            const char *after, const void *bytes, size_t size) {
  char name[SF_NAME_MAX + 16];
  snprintf(name, sizeof name, "%s%s%s", before, o->prefix, after);
  char *path = sf_path_join(o->directory, name);
  if (!path) return SF_OOM;
  sf_result result = sf_file_write(path, bytes, size, o->diag);
  free(path);
  return result;
}

static sf_result write_text(const output *o, const char *after, char *text) {
  sf_result result = write_file(o, "", after, text, strlen(text));
  free(text);
  return result;
}

/* A linker or archiver that ran in the folder. */
static sf_result run_tool(const output *o, const char *const *names,
                          const char **arguments) {
  char *program = NULL;
  for (unsigned i = 0; names[i] && !program; i++)
    program = sf_program_find(names[i]);
  if (!program) {
    sf_error(o->diag, SF_DIAG_HELPER, SF_NO_LOC,
             "'%s' is not installed: the cpu target links with it", names[0]);
    sf_help(o->diag, "apt-get install lld-19 llvm-19");
    return SF_FAIL;
  }
  arguments[0] = program;
  sf_process_options options = {.arguments = arguments,
                                .directory = o->directory,
                                .output_limit = 1u << 16};
  sf_process_result result = {0};
  sf_result status = sf_process_run(&options, o->diag, &result);
  if (status == SF_OK && result.exit_code != 0)
    status = sf_error(o->diag, SF_DIAG_HELPER, SF_NO_LOC, "'%s' failed: %s",
                      names[0], result.errors ? result.errors : "no message");
  sf_process_result_destroy(&result);
  free(program);
  return status;
}

static sf_result link_files(const output *o) {
  static const char *const archivers[] = {"llvm-ar-19", "llvm-ar", NULL};
  static const char *const linkers[] = {"ld.lld-19", "ld.lld", NULL};
  char object[SF_NAME_MAX + 16], archive[SF_NAME_MAX + 16];
  char library[SF_NAME_MAX + 16];
  snprintf(object, sizeof object, "%s.o", o->prefix);
  snprintf(archive, sizeof archive, "lib%s.a", o->prefix);
  snprintf(library, sizeof library, "lib%s.so", o->prefix);
  const char *archive_arguments[] = {NULL, "crD", archive, object, NULL};
  const char *link_arguments[] = {
      NULL,    "-shared", "--build-id=none", "-z",   "noexecstack", "-soname",
      library, "-o",      library,           object, NULL};
  SF_TRY(run_tool(o, archivers, archive_arguments));
  return run_tool(o, linkers, link_arguments);
}

static sf_result write_all(cpu_module *m, const output *o) {
  char *bytes, *text;
  size_t size;
  SF_TRY(sf_codegen_emit(m->cg, &bytes, &size));
  sf_result result = write_file(o, "", ".o", bytes, size);
  free(bytes);
  SF_TRY(result);
  SF_TRY(cpu_header_text(m, &text));
  SF_TRY(write_text(o, ".h", text));
  SF_TRY(cpu_metadata_text(m, &text));
  char *path = sf_path_join(o->directory, "metadata.json");
  result = path ? sf_file_write(path, text, strlen(text), o->diag) : SF_OOM;
  free(path);
  free(text);
  SF_TRY(result);
  return link_files(o);
}

sf_result cpu_emit(const sf_emit_job *job) {
  SF_TRY(cpu_check(job));
  char *prefix = cpu_prefix(job->network->name);
  output o = {sf_path_join(job->directory, "cpu"), prefix, job->diag};
  cpu_module m = {0};
  sf_result result = prefix && o.directory ? SF_OK : SF_OOM;
  if (result == SF_OK) result = sf_make_directory(o.directory, job->diag);
  if (result == SF_OK) result = module_create(job, prefix, &m);
  if (result == SF_OK) result = cpu_module_build(&m);
  if (result == SF_OK) result = write_all(&m, &o);
  cpu_module_destroy(&m);
  free(o.directory);
  free(prefix);
  return result;
}
