/* program_find.c - where a helper program is. */
#include "support/file.h"
#include "support/process.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_program(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
         access(path, X_OK) == 0;
}

/* `directory/name` when that can be run; else NULL. */
static char *program_in(const char *directory, const char *name) {
  char *path = sf_path_join(directory, name);
  if (path && is_program(path)) return path;
  free(path);
  return NULL;
}

static char *beside_executable(const char *name) {
  char self[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) return NULL;
  self[length] = 0;
  char *slash = strrchr(self, '/');
  if (!slash) return NULL;
  *slash = 0;
  return program_in(self, name);
}

char *sf_program_find(const char *name) {
  if (strchr(name, '/')) return is_program(name) ? strdup(name) : NULL;
  char *found = beside_executable(name);
  const char *path = getenv("PATH");
  while (!found && path && *path) {
    size_t length = strcspn(path, ":");
    /* An empty entry means the working directory; no helper comes from there.
     */
    char *directory = length ? strndup(path, length) : NULL;
    if (directory) found = program_in(directory, name);
    free(directory);
    path += length + (path[length] == ':');
  }
  return found;
}
