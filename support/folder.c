/* folder.c - folders that appear as a whole, and removing and listing them. */
#include "support/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_NAMES_MAX = 1000 };

static sf_result cannot_write(const char *path, int error, sf_diag *diag) {
  if (error == ENOMEM) return SF_OOM;
  return sf_error(diag, SF_DIAG_FILE_WRITE, SF_NO_LOC,
                  "cannot write the folder '%s': %s", path,
                  sf_system_reason(error));
}

/* Only a folder that is empty or that we wrote may be replaced: a user's home
 * given by mistake is not removed. */
static sf_result check_replaceable(const char *path, sf_diag *diag) {
  struct stat info;
  if (lstat(path, &info) != 0) return SF_OK;
  if (!S_ISDIR(info.st_mode)) return cannot_write(path, ENOTDIR, diag);
  char **names;
  size_t count;
  SF_TRY(sf_list_directory(path, diag, &names, &count));
  bool ours = count == 0;
  for (size_t i = 0; i < count; i++) {
    ours |= strcmp(names[i], "manifest.json") == 0;
    free(names[i]);
  }
  free(names);
  if (ours) return SF_OK;
  sf_error(
      diag, SF_DIAG_FILE_WRITE, SF_NO_LOC,
      "the folder '%s' is not empty and has no manifest.json, so it is not "
      "replaced",
      path);
  sf_help(diag, "remove it, or choose another name");
  return SF_FAIL;
}

static int make_temporary(sf_folder *folder) {
  for (unsigned i = 0; i < TEMPORARY_NAMES_MAX; i++) {
    char *name = sf_path_temporary(folder->final_path, i);
    if (!name) return ENOMEM;
    if (mkdir(name, 0777) == 0) {
      folder->path = name;
      return 0;
    }
    int error = errno;
    free(name);
    if (error != EEXIST) return error;
  }
  return EEXIST;
}

static char *without_end_slashes(const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/')
    length--;
  return strndup(path, length);
}

sf_result sf_folder_begin(const char *final_path, sf_diag *diag,
                          sf_folder *out) {
  *out = (sf_folder){0};
  if (!*final_path) return cannot_write(final_path, ENOENT, diag);
  out->final_path = without_end_slashes(final_path);
  if (!out->final_path) return SF_OOM;
  sf_result result = check_replaceable(out->final_path, diag);
  if (result == SF_OK) {
    int error = make_temporary(out);
    if (error) result = cannot_write(final_path, error, diag);
  }
  if (result != SF_OK) sf_folder_discard(out);
  return result;
}

static int sync_path(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno;
  int error = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
  close(fd);
  return error;
}

/* Syncs the files and folders below `path`: after the rename all of it lasts.
 * One call for the whole file system where it can, for an artefact may have
 * 10^4 files. fts walks without recursion, so that depth costs no stack. */
static int sync_tree(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  bool all = fd >= 0 && syncfs(fd) == 0;
  if (fd >= 0) close(fd);
  if (all) return 0;
  char *roots[] = {(char *)(uintptr_t)path, NULL};
  FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  if (!walk) return errno;
  int error = 0;
  FTSENT *entry;
  while (!error && (entry = fts_read(walk)))
    if (entry->fts_info == FTS_F || entry->fts_info == FTS_DP)
      error = sync_path(entry->fts_accpath);
    else if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
      error = entry->fts_errno;
  fts_close(walk);
  return error;
}

/* Puts the new folder in the place of the old one. The exchange leaves no
 * moment without either; where the file system has none, the old one moves
 * away. */
static int swap_in(sf_folder *folder) {
  if (rename(folder->path, folder->final_path) == 0) return 0;
  if (errno != ENOTEMPTY && errno != EEXIST) return errno;
  if (renameat2(AT_FDCWD, folder->path, AT_FDCWD, folder->final_path,
                RENAME_EXCHANGE) == 0) {
    sf_remove_tree(folder->path);
    return 0;
  }
  sf_folder old = {.final_path = folder->final_path};
  int error = make_temporary(&old);
  if (!error && rename(folder->final_path, old.path) != 0) error = errno;
  if (!error && rename(folder->path, folder->final_path) != 0) {
    error = errno;
    if (rename(old.path, folder->final_path) == 0) old.path[0] = 0;
  }
  if (old.path && old.path[0]) sf_remove_tree(old.path);
  free(old.path);
  return error;
}

sf_result sf_folder_publish(sf_folder *folder, sf_diag *diag) {
  sf_result result = check_replaceable(folder->final_path, diag);
  if (result == SF_OK) {
    int error = sync_tree(folder->path);
    if (!error) error = swap_in(folder);
    if (error) result = cannot_write(folder->final_path, error, diag);
  }
  if (result != SF_OK) {
    sf_folder_discard(folder);
    return result;
  }
  char *parent = sf_path_directory(folder->final_path);
  if (parent) (void)sync_path(parent); /* best effort: the folder is there */
  free(parent);
  free(folder->path);
  free(folder->final_path);
  *folder = (sf_folder){0};
  return SF_OK;
}

void sf_folder_discard(sf_folder *folder) {
  if (folder->path) sf_remove_tree(folder->path);
  free(folder->path);
  free(folder->final_path);
  *folder = (sf_folder){0};
}

/* Makes each missing part of the path; `part` is changed and restored. */
static int make_parents(char *part) {
  for (char *slash = strchr(part + 1, '/'); slash;
       slash = strchr(slash + 1, '/')) {
    *slash = 0;
    int error = mkdir(part, 0777) != 0 && errno != EEXIST ? errno : 0;
    *slash = '/';
    if (error) return error;
  }
  return mkdir(part, 0777) != 0 ? errno : 0;
}

sf_result sf_make_directory(const char *path, sf_diag *diag) {
  if (!*path) return cannot_write(path, ENOENT, diag);
  char *copy = without_end_slashes(path);
  if (!copy) return SF_OOM;
  int error = make_parents(copy);
  if (error == EEXIST) error = sf_path_is_directory(copy) ? 0 : ENOTDIR;
  free(copy);
  return error ? cannot_write(path, error, diag) : SF_OK;
}

sf_result sf_temporary_folder(sf_diag *diag, char **out) {
  const char *base = getenv("TMPDIR");
  char *path = sf_path_join(base && *base ? base : "/tmp", "sf-XXXXXX");
  *out = NULL;
  if (!path) return SF_OOM;
  if (!mkdtemp(path)) {
    sf_result result = cannot_write(path, errno, diag);
    free(path);
    return result;
  }
  *out = path;
  return SF_OK;
}

void sf_remove_tree(const char *path) {
  char *roots[] = {(char *)(uintptr_t)path, NULL};
  FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
  if (!walk) return;
  FTSENT *entry;
  while ((entry = fts_read(walk))) {
    if (entry->fts_info == FTS_D) continue; /* again after what is in it */
    if (entry->fts_info == FTS_DP)
      (void)rmdir(entry->fts_accpath);
    else
      (void)unlink(entry->fts_accpath);
  }
  fts_close(walk);
}

static int by_bytes(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int keep_entry(const struct dirent *entry) {
  return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void free_entries(struct dirent **entries, size_t count) {
  for (size_t i = 0; i < count; i++)
    free(entries[i]);
  free(entries);
}

sf_result sf_list_directory(const char *path, sf_diag *diag, char ***out,
                            size_t *out_count) {
  *out = NULL;
  *out_count = 0;
  struct dirent **entries;
  int found = scandir(path, &entries, keep_entry, NULL);
  if (found < 0 && errno == ENOMEM) return SF_OOM;
  if (found < 0)
    return sf_error(diag, SF_DIAG_FILE_OPEN, SF_NO_LOC,
                    "cannot read the folder '%s': %s", path,
                    sf_system_reason(errno));
  size_t count = (size_t)found, copied = 0;
  char **names = calloc(count + 1, sizeof *names);
  while (names && copied < count &&
         (names[copied] = strdup(entries[copied]->d_name)))
    copied++;
  free_entries(entries, count);
  if (!names || copied < count) {
    for (size_t i = 0; i < copied; i++)
      free(names[i]);
    free(names);
    return SF_OOM;
  }
  qsort(names, count, sizeof *names, by_bytes);
  *out = names;
  *out_count = count;
  return SF_OK;
}
