/* file.c - mapping and reading files. */
#include "support/file.h"
#include "support/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The system's reason in English, whatever the locale; strerror may translate
 * and is not re-entrant. */
const char *sf_system_reason(int error) {
  const char *text = strerrordesc_np(error);
  return text ? text : "unknown error";
}

static sf_result cannot_open(const char *path, int error, sf_diag *diag) {
  return sf_error(diag, SF_DIAG_FILE_OPEN, SF_NO_LOC, "cannot read '%s': %s",
                  path, sf_system_reason(error));
}

/* Opens a regular file. Not blocking, so that a pipe of that name does not hang
 * the program before it is refused. */
static sf_result open_regular(const char *path, sf_diag *diag, int *out_fd,
                              size_t *out_size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return cannot_open(path, errno, diag);
  struct stat info;
  int error = fstat(fd, &info) != 0 ? errno : 0;
  if (!error && S_ISDIR(info.st_mode)) error = EISDIR;
  if (!error && S_ISREG(info.st_mode) && (uint64_t)info.st_size <= SIZE_MAX) {
    *out_fd = fd;
    *out_size = (size_t)info.st_size;
    return SF_OK;
  }
  close(fd);
  if (error) return cannot_open(path, error, diag);
  return sf_error(diag, SF_DIAG_FILE_OPEN, SF_NO_LOC,
                  "cannot read '%s': not a regular file", path);
}

sf_result sf_file_map(const char *path, sf_diag *diag, sf_mapped_file *out) {
  *out = (sf_mapped_file){0};
  int fd;
  size_t size;
  SF_TRY(open_regular(path, diag, &fd, &size));
  if (size == 0) { /* mmap refuses zero bytes */
    close(fd);
    out->data = "";
    return SF_OK;
  }
  void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
  int error = errno;
  close(fd);
  if (data == MAP_FAILED)
    return error == ENOMEM ? SF_OOM : cannot_open(path, error, diag);
  *out = (sf_mapped_file){data, size};
  return SF_OK;
}

void sf_file_unmap(sf_mapped_file *file) {
  if (file->size) munmap((void *)(uintptr_t)file->data, file->size);
  *file = (sf_mapped_file){0};
}

/* Appends the descriptor's bytes; one byte more than `limit` is enough to know
 * that it was exceeded. */
static int read_all(int fd, size_t limit, sf_buffer *buffer) {
  char chunk[16384];
  for (;;) {
    ssize_t got = read(fd, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    sf_buffer_add(buffer, chunk, (size_t)got);
    if (buffer->failed || (limit && buffer->size > limit)) return 0;
  }
}

/* All that `fd` gives; `name` is what messages call it. */
static sf_result read_open(int fd, const char *name, size_t limit,
                           sf_diag *diag, char **out, size_t *out_size) {
  sf_buffer buffer = {0};
  int error = read_all(fd, limit, &buffer);
  sf_result result = SF_OK;
  if (error)
    result = cannot_open(name, error, diag);
  else if (limit && buffer.size > limit)
    result = sf_error(diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                      "'%s' has more than the %zu bytes allowed", name, limit);
  if (result == SF_OK) {
    *out_size = buffer.size;
    *out = sf_buffer_take(&buffer);
    return *out ? SF_OK : SF_OOM;
  }
  sf_buffer_destroy(&buffer);
  return result;
}

sf_result sf_file_read(const char *path, size_t limit, sf_diag *diag,
                       char **out, size_t *out_size) {
  bool standard_input = strcmp(path, "-") == 0;
  const char *name = standard_input ? "standard input" : path;
  *out = NULL;
  *out_size = 0;
  int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return cannot_open(name, errno, diag);
  sf_result result = read_open(fd, name, limit, diag, out, out_size);
  if (!standard_input) close(fd);
  return result;
}

sf_result sf_file_read_regular(const char *path, size_t limit, sf_diag *diag,
                               char **out, size_t *out_size) {
  *out = NULL;
  *out_size = 0;
  int fd;
  size_t size;
  SF_TRY(open_regular(path, diag, &fd, &size));
  sf_result result = read_open(fd, path, limit, diag, out, out_size);
  close(fd);
  return result;
}
