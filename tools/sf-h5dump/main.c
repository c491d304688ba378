/* main.c - sf-h5dump FILE: an untrusted HDF5 file as a flat stream.
 *
 * libhdf5 has a long record of memory errors on crafted files, so it runs here,
 * in a process of its own, under limits; the compiler parses only the answer.
 * Groups are walked through hard links alone: a soft or external link could
 * name another file. */
#include "tools/sf-h5dump/h5dump.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct walk {
  stream *out;
  char path[SF_H5_PATH_MAX + 1];
  unsigned depth;
} walk;

static void walk_group(walk *state, hid_t group);

static void visit_object(walk *state, hid_t parent, const char *name) {
  hid_t object = H5Oopen(parent, name, H5P_DEFAULT);
  if (object < 0) refuse(state->path, "cannot be opened: damaged or cut off");
  switch (H5Iget_type(object)) {
  case H5I_GROUP:
    stream_group(state->out, state->path);
    if (state->depth == SF_H5_DEPTH_MAX) {
      refuse(state->path, "is nested more than %d deep, or a loop of links",
             SF_H5_DEPTH_MAX);
    }
    state->depth++;
    walk_group(state, object);
    state->depth--;
    break;
  case H5I_DATASET:
    dump_dataset(state->out, object, state->path);
    break;
  default:
    break; /* a named type: nothing to read */
  }
  H5Oclose(object);
}

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info,
                         void *data) {
  walk *state = data;
  size_t length = strlen(state->path);
  size_t added = strnlen(name, SF_H5_PATH_MAX + 1);
  if (length + 1 + added > SF_H5_PATH_MAX)
    refuse(NULL, "a path in the file is longer than %d bytes", SF_H5_PATH_MAX);
  snprintf(state->path + length, sizeof state->path - length, "/%s", name);
  if (info->type != H5L_TYPE_HARD) {
    refuse(state->path, "is a %s link; only hard links are followed",
           info->type == H5L_TYPE_SOFT ? "soft" : "external or custom");
  }
  visit_object(state, group, name);
  state->path[length] = '\0';
  return 0;
}

/* Recursion is bounded by SF_H5_DEPTH_MAX. */
static void walk_group(walk *state, hid_t group) {
  hsize_t index = 0;
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &index, visit_link, state) <
      0) {
    refuse(*state->path ? state->path : "/",
           "cannot be listed: damaged or cut off");
  }
}

static void check_file(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) refuse(NULL, "the file cannot be opened");
  if (!S_ISREG(status.st_mode)) refuse(NULL, "not a regular file");
  if ((uint64_t)status.st_size > SF_H5_FILE_MAX) {
    refuse(NULL, "the file has %lld bytes; at most %llu are read",
           (long long)status.st_size, (unsigned long long)SF_H5_FILE_MAX);
  }
}

int main(int count, char **arguments) {
  if (count != 2 || strcmp(arguments[1], "--help") == 0) {
    fprintf(
        count == 2 ? stdout : stderr,
        "usage: sf-h5dump FILE\n\nWrites the groups and datasets of an HDF5 "
        "file to standard output, in the\nform of support/h5_stream.h. A "
        "helper of sfc and sf-opt.\n");
    return count == 2 ? SF_H5_EXIT_OK : SF_H5_EXIT_USAGE;
  }
  limit_process();
  check_file(arguments[1]);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  H5PLset_loading_state(0);
  hid_t file = H5Fopen(arguments[1], H5F_ACC_RDONLY, H5P_DEFAULT);
  if (file < 0) refuse(NULL, "not an HDF5 file, or damaged or cut off");
  stream out;
  stream_begin(&out);
  walk state = {.out = &out};
  hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
  if (root < 0) refuse("/", "cannot be opened: damaged or cut off");
  walk_group(&state, root);
  H5Gclose(root);
  H5Fclose(file);
  stream_end(&out);
  return SF_H5_EXIT_OK;
}
