/* file_write.c - whole files or none: written beside the final name, synced,
 * renamed. */
#include "support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_NAMES_MAX = 1000 };

static sf_result cannot_write(const char *path, int error, sf_diag *diag) {
  return sf_error(diag, SF_DIAG_FILE_WRITE, SF_NO_LOC, "cannot write '%s': %s",
                  path, sf_system_reason(error));
}

/* `DIR/.sf-PID-N.tmp`, beside `path`: a rename does not cross file systems. */
char *sf_path_temporary(const char *path, unsigned number) {
  char name[64];
  snprintf(name, sizeof name, ".sf-%ld-%u.tmp", (long)getpid(), number);
  char *directory = sf_path_directory(path);
  char *temporary = directory ? sf_path_join(directory, name) : NULL;
  free(directory);
  return temporary;
}

/* Where the bytes go in the end: behind a link is the file that it names. */
static char *final_name(const char *path) {
  struct stat info;
  if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
    char *target = realpath(path, NULL);
    if (target) return target;
  }
  return strdup(path);
}

/* A device or pipe cannot be replaced; it is written to. */
static bool is_special(const char *path, mode_t *out_mode) {
  struct stat info;
  *out_mode = 0;
  if (stat(path, &info) != 0) return false;
  *out_mode = info.st_mode & 0777;
  return !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static int open_temporary(sf_writer *writer) {
  for (unsigned i = 0; i < TEMPORARY_NAMES_MAX; i++) {
    char *name = sf_path_temporary(writer->final_path, i);
    if (!name) return ENOMEM;
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) {
      writer->fd = fd;
      writer->temporary = name;
      return 0;
    }
    int error = errno;
    free(name);
    if (error != EEXIST) return error;
  }
  return EEXIST;
}

static void writer_reset(sf_writer *writer) {
  free(writer->temporary);
  free(writer->final_path);
  free(writer->name);
  *writer = (sf_writer){.fd = -1};
}

static int writer_open(sf_writer *writer, const char *path) {
  mode_t mode;
  bool special = is_special(path, &mode);
  writer->name = strdup(path);
  writer->final_path = final_name(path);
  if (!writer->name || !writer->final_path) return ENOMEM;
  if (special) {
    writer->fd = open(writer->final_path, O_WRONLY | O_CLOEXEC);
    return writer->fd < 0 ? errno : 0;
  }
  if (sf_path_is_directory(writer->final_path)) return EISDIR;
  int error = open_temporary(writer);
  /* A file that is replaced keeps its permissions. */
  if (!error && mode && fchmod(writer->fd, mode) != 0) error = errno;
  return error;
}

sf_result sf_writer_begin(const char *path, sf_diag *diag, sf_writer *out) {
  *out = (sf_writer){.fd = -1};
  int error = writer_open(out, path);
  if (!error) return SF_OK;
  sf_writer_discard(out);
  return error == ENOMEM ? SF_OOM : cannot_write(path, error, diag);
}

sf_result sf_writer_add(sf_writer *writer, const void *bytes, size_t size,
                        sf_diag *diag) {
  const char *at = bytes;
  while (size) {
    ssize_t written = write(writer->fd, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(writer->name, errno, diag);
    at += written;
    size -= (size_t)written;
  }
  return SF_OK;
}

/* Makes a rename last. A file system that cannot sync folders is no error. */
static void sync_directory_of(const char *path) {
  char *directory = sf_path_directory(path);
  int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  if (fd >= 0) {
    (void)fsync(fd);
    close(fd);
  }
  free(directory);
}

sf_result sf_writer_publish(sf_writer *writer, sf_diag *diag) {
  bool special = !writer->temporary;
  int error = 0;
  if (!special && fsync(writer->fd) != 0) error = errno;
  if (close(writer->fd) != 0 && !error) error = errno;
  writer->fd = -1;
  if (!error && !special && rename(writer->temporary, writer->final_path) != 0)
    error = errno;
  if (error) {
    sf_result result = cannot_write(writer->name, error, diag);
    sf_writer_discard(writer);
    return result;
  }
  if (!special) sync_directory_of(writer->final_path);
  writer_reset(writer);
  return SF_OK;
}

void sf_writer_discard(sf_writer *writer) {
  if (writer->fd >= 0) close(writer->fd);
  if (writer->temporary) unlink(writer->temporary);
  writer_reset(writer);
}

sf_result sf_file_write_staged(const char *path, const void *bytes, size_t size,
                               sf_diag *diag) {
  sf_writer writer = {.name = strdup(path)};
  if (!writer.name) return SF_OOM;
  writer.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  sf_result result = writer.fd < 0 ? cannot_write(path, errno, diag)
                                   : sf_writer_add(&writer, bytes, size, diag);
  if (writer.fd >= 0 && close(writer.fd) != 0 && result == SF_OK)
    result = cannot_write(path, errno, diag);
  writer_reset(&writer);
  return result;
}

sf_result sf_file_write(const char *path, const void *bytes, size_t size,
                        sf_diag *diag) {
  sf_writer writer;
  SF_TRY(sf_writer_begin(path, diag, &writer));
  sf_result result = sf_writer_add(&writer, bytes, size, diag);
  if (result == SF_OK) return sf_writer_publish(&writer, diag);
  sf_writer_discard(&writer);
  return result;
}
