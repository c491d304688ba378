/* path.c - names of files; untrusted ones are held inside their folder. */
#include "support/buffer.h"
#include "support/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *sf_path_base(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

char *sf_path_directory(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return strdup(".");
  if (slash == path) return strdup("/");
  return strndup(path, (size_t)(slash - path));
}

char *sf_path_join(const char *a, const char *b) {
  sf_buffer joined = {0};
  size_t length = strlen(a);
  sf_buffer_add(&joined, a, length);
  if (length && a[length - 1] != '/') sf_buffer_char(&joined, '/');
  sf_buffer_text(&joined, b);
  return sf_buffer_take(&joined);
}

bool sf_path_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

bool sf_path_is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool sf_path_is_special(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && !S_ISREG(info.st_mode) &&
         !S_ISDIR(info.st_mode);
}

static bool has_parent_part(const char *path) {
  while (*path) {
    size_t length = strcspn(path, "/");
    if (length == 2 && path[0] == '.' && path[1] == '.') return true;
    path += length;
    path += strspn(path, "/");
  }
  return false;
}

static bool starts_inside(const char *real_directory, const char *real_path) {
  size_t length = strlen(real_directory);
  if (strncmp(real_directory, real_path, length) != 0) return false;
  return real_path[length] == '/' || strcmp(real_directory, "/") == 0;
}

/* Follows all links of both names and compares where they end. */
static sf_result check_links(const char *directory, const char *path,
                             const char *relative, sf_loc loc, sf_diag *diag) {
  char *real_directory = realpath(directory, NULL);
  char *real_path = real_directory ? realpath(path, NULL) : NULL;
  int error = errno;
  sf_result result = SF_OK;
  if (!real_path && error == ENOMEM)
    result = SF_OOM;
  else if (!real_path)
    result = sf_error(diag, SF_DIAG_FILE_OPEN, loc, "cannot read '%s': %s",
                      path, sf_system_reason(error));
  else if (!starts_inside(real_directory, real_path))
    result = sf_error(diag, SF_DIAG_FILE_PATH, loc,
                      "path '%s' is a link that leaves the folder '%s'",
                      relative, directory);
  free(real_directory);
  free(real_path);
  return result;
}

sf_result sf_path_inside(const char *directory, const char *relative,
                         sf_loc loc, sf_diag *diag, char **out) {
  *out = NULL;
  if (!*relative)
    return sf_error(diag, SF_DIAG_FILE_PATH, loc, "the path is empty");
  if (*relative == '/') {
    sf_error(diag, SF_DIAG_FILE_PATH, loc, "path '%s' is absolute", relative);
    sf_help(diag, "name the file relative to '%s'", directory);
    return SF_FAIL;
  }
  if (has_parent_part(relative)) {
    sf_error(diag, SF_DIAG_FILE_PATH, loc,
             "path '%s' leaves the folder '%s' with '..'", relative, directory);
    sf_help(diag, "put the file into the folder and name it without '..'");
    return SF_FAIL;
  }
  char *path = sf_path_join(directory, relative);
  if (!path) return SF_OOM;
  sf_result result = check_links(directory, path, relative, loc, diag);
  if (result == SF_OK)
    *out = path;
  else
    free(path);
  return result;
}
