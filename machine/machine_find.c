/* machine_find.c - the folders in which machines are looked for. */
#include "machine/machine_find.h"

#include "sf/machine.h"
#include "support/buffer.h"
#include "support/file.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDERS_MAX = 2, SCHEMA_BYTES_MAX = 1 << 20, NAMES_MAX = 4096 };

typedef struct folders {
  uint32_t count;
  char *path[FOLDERS_MAX];
} folders;

/* LIBDIR/../share/spikeformer/machines; for a program that links this code
 * statically, BINDIR/../share/... NULL: unknown or no memory. */
static char *beside_the_library(void) {
  Dl_info info;
  /* A function pointer as an object pointer: POSIX allows it for dladdr. */
  sf_result (*self)(const char *, sf_diag *, char **) = sf_machine_find;
  void *address;
  memcpy(&address, &self, sizeof address);
  if (dladdr(address, &info) == 0 || !info.dli_fname) return NULL;
  /* The program itself goes by argv[0], which PATH may have found. */
  bool named = strchr(info.dli_fname, '/') != NULL;
  char *real = named ? realpath(info.dli_fname, NULL) : NULL;
  if (!real) real = realpath("/proc/self/exe", NULL);
  if (!real) return NULL;
  char *folder = sf_path_directory(real);
  char *joined =
      folder ? sf_path_join(folder, "../share/spikeformer/machines") : NULL;
  free(folder);
  free(real);
  return joined;
}

static folders search_folders(void) {
  folders f = {0};
  const char *environment = getenv("SF_MACHINES");
  if (environment && environment[0] != '\0') {
    f.path[f.count] = strdup(environment);
    f.count += f.path[f.count] != NULL;
  }
  f.path[f.count] = beside_the_library();
  f.count += f.path[f.count] != NULL;
  return f;
}

static void folders_free(folders *f) {
  for (uint32_t i = 0; i < f->count; i++)
    free(f->path[i]);
}

/* The first FOLDER/file that exists; NULL: none. */
static char *find_file(const char *file) {
  folders f = search_folders();
  char *found = NULL;
  for (uint32_t i = 0; i < f.count && !found; i++) {
    char *path = sf_path_join(f.path[i], file);
    if (path && sf_path_exists(path))
      found = path;
    else
      free(path);
  }
  folders_free(&f);
  return found;
}

static bool ends_with(const char *text, const char *end) {
  size_t n = strlen(text), m = strlen(end);
  return n >= m && strcmp(text + n - m, end) == 0;
}

/* A name that could leave the folder is no name. */
static bool is_path(const char *text) {
  return strchr(text, '/') || ends_with(text, ".xml");
}

static sf_result unknown_machine(const char *name, sf_diag *diag) {
  sf_error(diag, SF_DIAG_MACHINE, SF_NO_LOC, "no machine is called '%s'", name);
  char **names = NULL;
  uint32_t count = 0;
  SF_TRY(sf_machine_names(diag, &names, &count));
  sf_buffer list = {0};
  for (uint32_t i = 0; i < count; i++)
    sf_buffer_printf(&list, "%s%s", i ? ", " : "", names[i]);
  if (list.size) {
    sf_help(diag, "known machines: %s; or the path of an .xml", list.data);
  } else {
    sf_help(diag, "no machine descriptions are installed; set SF_MACHINES to "
                  "the folder that has them");
  }
  sf_buffer_destroy(&list);
  sf_machine_names_free(names, count);
  return SF_FAIL;
}

sf_result sf_machine_find(const char *name_or_path, sf_diag *diag, char **out) {
  *out = NULL;
  if (is_path(name_or_path)) {
    *out = strdup(name_or_path);
    return *out ? SF_OK : SF_OOM;
  }
  sf_buffer file = {0};
  sf_buffer_printf(&file, "%s.xml", name_or_path);
  if (file.failed) return SF_OOM;
  *out = find_file(file.data);
  sf_buffer_destroy(&file);
  return *out ? SF_OK : unknown_machine(name_or_path, diag);
}

sf_result sf_machine_schema(sf_diag *diag, char **out, size_t *out_size) {
  *out = NULL;
  char *path = find_file("machine.rng");
  if (!path) {
    sf_error(diag, SF_DIAG_MACHINE, SF_NO_LOC,
             "the schema of machines, machine.rng, is not installed");
    sf_help(diag, "set SF_MACHINES to the folder that has it");
    return SF_FAIL;
  }
  sf_result result = sf_file_read(path, SCHEMA_BYTES_MAX, diag, out, out_size);
  free(path);
  return result;
}

/* ---- Names. -----------------------------------------------------------------
 */

typedef struct name_list {
  char **items;
  uint32_t count;
} name_list;

static bool contains(const name_list *list, const char *name, size_t length) {
  for (uint32_t i = 0; i < list->count; i++) {
    const char *item = list->items[i];
    if (strlen(item) == length && memcmp(item, name, length) == 0) return true;
  }
  return false;
}

/* NAME of NAME.xml, once. */
static sf_result add_name(name_list *list, const char *file) {
  size_t length = strlen(file);
  if (!ends_with(file, ".xml") || length == 4) return SF_OK;
  length -= 4;
  if (list->count == NAMES_MAX || contains(list, file, length)) return SF_OK;
  list->items[list->count] = strndup(file, length);
  if (!list->items[list->count]) return SF_OOM;
  list->count++;
  return SF_OK;
}

static sf_result add_folder(name_list *list, const char *folder,
                            sf_diag *diag) {
  if (!sf_path_is_directory(folder)) return SF_OK;
  char **files = NULL;
  size_t count = 0;
  SF_TRY(sf_list_directory(folder, diag, &files, &count));
  sf_result result = SF_OK;
  for (size_t i = 0; i < count; i++) {
    if (result == SF_OK) result = add_name(list, files[i]);
    free(files[i]);
  }
  free(files);
  return result;
}

static int by_text(const void *a, const void *b) {
  const char *const *p = a;
  const char *const *q = b;
  return strcmp(*p, *q);
}

sf_result sf_machine_names(sf_diag *diag, char ***out_names,
                           uint32_t *out_count) {
  name_list list = {calloc(NAMES_MAX, sizeof *list.items), 0};
  *out_names = NULL;
  *out_count = 0;
  if (!list.items) return SF_OOM;
  folders f = search_folders();
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < f.count && result == SF_OK; i++)
    result = add_folder(&list, f.path[i], diag);
  folders_free(&f);
  if (result != SF_OK) {
    sf_machine_names_free(list.items, list.count);
    return result;
  }
  qsort(list.items, list.count, sizeof *list.items, by_text);
  *out_names = list.items;
  *out_count = list.count;
  return SF_OK;
}

void sf_machine_names_free(char **names, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    free(names[i]);
  free(names);
}
