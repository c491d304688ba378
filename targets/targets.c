/* targets.c - which targets there are: those in this library, and those that
 * libspikeformer-llvm adds when it can be loaded.
 *
 * The second library is looked for beside this one, so that tools without need
 * of LLVM start without it. Loading it again is cheap and keeps no state here;
 * it is never unloaded, because its targets are handed out. */
#include "sf/target.h"
#include "targets/loihi2/loihi2.h"
#include "targets/null/null.h"

#include "support/file.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const sf_target *const built_in[] = {&sf_target_loihi2, &sf_target_null};

/* Names that only the other library has: what to say when it is missing. */
static const char *const elsewhere[] = {"cpu", "spinnaker2"};

static const char library_name[] = "libspikeformer-llvm.so.1";

static void *open_library(void) {
  Dl_info info;
  const void *here = (const void *)built_in;
  char *folder = dladdr(here, &info) && info.dli_fname
                     ? sf_path_directory(info.dli_fname)
                     : NULL;
  char *path = folder ? sf_path_join(folder, library_name) : NULL;
  void *library = path && sf_path_exists(path)
                      ? dlopen(path, RTLD_NOW | RTLD_LOCAL)
                      : dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
  free(path);
  free(folder);
  return library;
}

/* Ends with NULL; NULL: the library cannot be loaded, dlerror says why. */
static const sf_target *const *llvm_targets(void) {
  void *library = open_library();
  if (!library) return NULL;
  const sf_target *const *(*list)(void) = NULL;
  void *symbol = dlsym(library, "sf_llvm_targets");
  /* POSIX lets the two kinds of pointer have one representation. */
  memcpy(&list, &symbol, sizeof list);
  return symbol ? list() : NULL;
}

static size_t llvm_count(const sf_target *const *targets) {
  size_t count = 0;
  while (targets && targets[count])
    count++;
  return count;
}

size_t sf_target_count(void) {
  return SF_COUNT_OF(built_in) + llvm_count(llvm_targets());
}

static const sf_target *missing_library(const char *name, sf_diag *diag) {
  const char *reason = dlerror();
  sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
           "target '%s' is in %s, which cannot be loaded: %s", name,
           library_name, reason ? reason : "it holds no targets");
  sf_help(diag, "install it beside libspikeformer; the targets loihi2 and null "
                "work without it");
  return NULL;
}

const sf_target *sf_target_at(size_t index, sf_diag *diag) {
  if (index < SF_COUNT_OF(built_in)) return built_in[index];
  const sf_target *const *targets = llvm_targets();
  index -= SF_COUNT_OF(built_in);
  if (!targets)
    return index < SF_COUNT_OF(elsewhere)
               ? missing_library(elsewhere[index], diag)
               : NULL;
  return index < llvm_count(targets) ? targets[index] : NULL;
}

static bool is_elsewhere(const char *name) {
  for (size_t i = 0; i < SF_COUNT_OF(elsewhere); i++)
    if (strcmp(elsewhere[i], name) == 0) return true;
  return false;
}

const sf_target *sf_target_find(const char *name, sf_diag *diag) {
  for (size_t i = 0; i < SF_COUNT_OF(built_in); i++)
    if (strcmp(built_in[i]->name, name) == 0) return built_in[i];
  const sf_target *const *targets = llvm_targets();
  for (size_t i = 0; i < llvm_count(targets); i++)
    if (strcmp(targets[i]->name, name) == 0) return targets[i];
  if (!targets && is_elsewhere(name)) return missing_library(name, diag);
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
           "unknown target '%s'; there are cpu, loihi2, null, spinnaker2",
           name);
  return NULL;
}

void sf_run_result_destroy(sf_run_result *result) {
  for (uint32_t i = 0; result->traces && i < result->samples; i++)
    sf_trace_destroy(result->traces[i]);
  free(result->traces);
  sf_arena_destroy(result->arena);
  *result = (sf_run_result){0};
}
