/* registry.c - the passes that there are: the table of passes.def and plug-ins.
 */
#include "passes/manager/manager.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SF_PASS(symbol) extern const sf_pass sf_pass_##symbol;
#include "passes/passes.def"

static const sf_pass *const builtin_passes[] = {
#define SF_PASS(symbol) &sf_pass_##symbol,
#include "passes/passes.def"
};

typedef struct named_text {
  const char *name, *text;
} named_text;

static const named_text aliases[] = {
#define SF_PASS_ALIAS(alias, name) {alias, name},
#include "passes/passes.def"
};

static const named_text pipelines[] = {
#define SF_NAMED_PIPELINE(name, text) {name, text},
#include "passes/passes.def"
};

static char plain(char c) { return c == '_' ? '-' : c; }

bool sf_pass_name_equal(sf_slice a, const char *b) {
  if (a.size != strlen(b)) return false;
  for (size_t i = 0; i < a.size; i++)
    if (plain(a.data[i]) != plain(b[i])) return false;
  return true;
}

const char *sf_named_pipeline(sf_slice name) {
  for (size_t i = 0; i < SF_COUNT_OF(pipelines); i++)
    if (sf_pass_name_equal(name, pipelines[i].name)) return pipelines[i].text;
  return NULL;
}

bool sf_named_pipeline_at(size_t index, const char **out_name,
                          const char **out_text) {
  if (index >= SF_COUNT_OF(pipelines)) return false;
  *out_name = pipelines[index].name;
  *out_text = pipelines[index].text;
  return true;
}

static sf_result append(sf_registry *registry, const sf_pass *pass) {
  if (registry->count == registry->capacity) {
    size_t capacity = registry->capacity ? 2 * registry->capacity : 16;
    const sf_pass **grown = realloc(registry->passes, capacity * sizeof *grown);
    if (!grown) return SF_OOM;
    registry->passes = grown;
    registry->capacity = capacity;
  }
  registry->passes[registry->count++] = pass;
  return SF_OK;
}

sf_registry *sf_registry_create(void) {
  sf_registry *registry = calloc(1, sizeof *registry);
  if (!registry) return NULL;
  for (size_t i = 0; i < SF_COUNT_OF(builtin_passes); i++) {
    if (append(registry, builtin_passes[i]) != SF_OK) {
      sf_registry_destroy(registry);
      return NULL;
    }
  }
  return registry;
}

void sf_registry_destroy(sf_registry *registry) {
  if (!registry) return;
  for (size_t i = registry->library_count; i > 0; i--)
    dlclose(registry->libraries[i - 1]);
  free(registry->libraries);
  free(registry->passes);
  free(registry);
}

size_t sf_registry_pass_count(const sf_registry *registry) {
  return registry->count;
}

const sf_pass *sf_registry_pass_at(const sf_registry *registry, size_t index) {
  return registry->passes[index];
}

const sf_pass *sf_registry_find(const sf_registry *registry, sf_slice name) {
  for (size_t i = 0; i < SF_COUNT_OF(aliases); i++) {
    if (!sf_pass_name_equal(name, aliases[i].name)) continue;
    name = (sf_slice){aliases[i].text, strlen(aliases[i].text)};
    break;
  }
  for (size_t i = 0; i < registry->count; i++)
    if (sf_pass_name_equal(name, registry->passes[i]->name))
      return registry->passes[i];
  return NULL;
}

const sf_pass *sf_registry_giver(const sf_registry *registry, sf_fact fact) {
  for (size_t i = 0; i < registry->count; i++)
    if (registry->passes[i]->gives & (uint32_t)fact) return registry->passes[i];
  return NULL;
}

enum { NAME_MAX_COMPARED = 64 };

/* Levenshtein distance; names longer than the limit are far from everything. */
static size_t edit_distance(sf_slice a, const char *b) {
  size_t length = strlen(b);
  if (a.size > NAME_MAX_COMPARED || length > NAME_MAX_COMPARED) return SIZE_MAX;
  size_t row[NAME_MAX_COMPARED + 1];
  for (size_t j = 0; j <= length; j++)
    row[j] = j;
  for (size_t i = 1; i <= a.size; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= length; j++) {
      size_t change = diagonal + (plain(a.data[i - 1]) != plain(b[j - 1]));
      size_t best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
      diagonal = row[j];
      row[j] = change < best ? change : best;
    }
  }
  return row[length];
}

const char *sf_registry_nearest(const sf_registry *registry, sf_slice name) {
  const char *nearest = NULL;
  size_t least = 1 + name.size / 3; /* more wrong letters are another word */
  for (size_t i = 0; i < registry->count; i++) {
    size_t distance = edit_distance(name, registry->passes[i]->name);
    if (distance > least) continue;
    if (nearest && distance == least) continue;
    least = distance;
    nearest = registry->passes[i]->name;
  }
  return nearest;
}

/* ---- Plug-ins. --------------------------------------------------------------
 */

static bool abi_fits(uint32_t abi) {
  return abi >> 16 == SF_ABI_MAJOR && (abi & 0xffffu) <= SF_ABI_MINOR;
}

static sf_result abi_error(sf_diag *diag, const char *what, const char *name,
                           uint32_t abi) {
  sf_error(diag, SF_DIAG_PLUGIN, SF_NO_LOC,
           "%s '%s' was built for ABI %u.%u, this is %u.%u", what, name,
           abi >> 16, abi & 0xffffu, SF_ABI_MAJOR, SF_ABI_MINOR);
  sf_help(diag, "build it again with the headers of version " SF_VERSION);
  return SF_FAIL;
}

sf_result sf_registry_add_pass(sf_registry *registry, const sf_pass *pass,
                               sf_diag *diag) {
  /* `abi` and `size` come first in every version of the struct. */
  if (!abi_fits(pass->abi))
    return abi_error(diag, "a pass of plug-in", pass->name, pass->abi);
  if (pass->size != sizeof *pass || !pass->name || !pass->run) {
    return sf_error(diag, SF_DIAG_PLUGIN, SF_NO_LOC,
                    "pass '%s' has no name, no run function or another size",
                    pass->name ? pass->name : "");
  }
  if (sf_registry_find(registry, (sf_slice){pass->name, strlen(pass->name)})) {
    return sf_error(diag, SF_DIAG_PLUGIN, SF_NO_LOC,
                    "there is already a pass named '%s'", pass->name);
  }
  return append(registry, pass);
}

static sf_result init_plugin(sf_registry *registry, const char *path,
                             void *library, sf_diag *diag) {
  const uint32_t *abi = (const uint32_t *)dlsym(library, "sf_plugin_abi");
  if (!abi) {
    sf_error(diag, SF_DIAG_PLUGIN, SF_NO_LOC,
             "'%s' is not a plug-in: it has no 'sf_plugin_abi'", path);
    sf_help(diag, "write 'SF_PLUGIN_ABI;' in one of its files");
    return SF_FAIL;
  }
  if (!abi_fits(*abi)) return abi_error(diag, "plug-in", path, *abi);
  sf_result (*init)(uint32_t, sf_registry *, sf_diag *) = NULL;
  /* ISO C has no cast from object to function pointers; POSIX promises it. */
  *(void **)&init = dlsym(library, "sf_plugin_init");
  if (!init) {
    return sf_error(diag, SF_DIAG_PLUGIN, SF_NO_LOC,
                    "plug-in '%s' has no function 'sf_plugin_init'", path);
  }
  return init(SF_ABI, registry, diag);
}

sf_result sf_registry_load_plugin(sf_registry *registry, const char *path,
                                  sf_diag *diag) {
  /* Room first: once passes are registered the library must stay open. */
  void **grown = realloc(registry->libraries,
                         (registry->library_count + 1) * sizeof *grown);
  if (!grown) return SF_OOM;
  registry->libraries = grown;
  /* dlopen searches the system's folders for a name without a slash. */
  char *local = NULL;
  if (!strchr(path, '/') && asprintf(&local, "./%s", path) < 0) return SF_OOM;
  void *library = dlopen(local ? local : path, RTLD_NOW | RTLD_LOCAL);
  free(local);
  if (!library) {
    return sf_error(diag, SF_DIAG_PLUGIN, SF_NO_LOC, "cannot load '%s': %s",
                    path, dlerror());
  }
  registry->libraries[registry->library_count++] = library;
  return init_plugin(registry, path, library, diag);
}
