/* file.c - groups and datasets of a file that is made in memory. The same
 * stream gives the same bytes: objects carry no times. */
#include "tools/sf-h5pack/h5pack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROWTH = 1 << 20 };

static hid_t checked(hid_t id, const char *path) {
  if (id < 0) stop(SF_H5_EXIT_SYSTEM, "libhdf5 cannot make '%s'", path);
  return id;
}

/* An object of the file: what stands in the way is the stream's doing. */
static hid_t added(hid_t id, const char *path) {
  if (id < 0)
    stop(SF_H5_EXIT_REFUSED,
         "'%s' cannot be made: its group is missing, or it is there already",
         path);
  return id;
}

hid_t file_create(void) {
  hid_t access = checked(H5Pcreate(H5P_FILE_ACCESS), "/");
  hid_t create = checked(H5Pcreate(H5P_FILE_CREATE), "/");
  if (H5Pset_fapl_core(access, GROWTH, 0) < 0 ||
      H5Pset_obj_track_times(create, 0) < 0)
    stop(SF_H5_EXIT_SYSTEM, "libhdf5 has no files in memory");
  hid_t file =
      checked(H5Fcreate("sf-h5pack", H5F_ACC_TRUNC, create, access), "/");
  H5Pclose(access);
  H5Pclose(create);
  return file;
}

void file_add_group(hid_t file, const char *path) {
  hid_t create = checked(H5Pcreate(H5P_GROUP_CREATE), path);
  if (H5Pset_obj_track_times(create, 0) < 0) (void)checked(-1, path);
  H5Gclose(
      added(H5Gcreate2(file, path, H5P_DEFAULT, create, H5P_DEFAULT), path));
  H5Pclose(create);
}

static hid_t number_type(const dataset *set) {
  static const struct {
    uint32_t kind, bytes;
  } known[] = {{SF_H5_INT, 1},  {SF_H5_INT, 2},  {SF_H5_INT, 4},
               {SF_H5_INT, 8},  {SF_H5_UINT, 1}, {SF_H5_UINT, 2},
               {SF_H5_UINT, 4}, {SF_H5_UINT, 8}, {SF_H5_FLOAT, 4},
               {SF_H5_FLOAT, 8}};
  const hid_t types[] = {H5T_STD_I8LE,  H5T_STD_I16LE, H5T_STD_I32LE,
                         H5T_STD_I64LE, H5T_STD_U8LE,  H5T_STD_U16LE,
                         H5T_STD_U32LE, H5T_STD_U64LE, H5T_IEEE_F32LE,
                         H5T_IEEE_F64LE};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (known[i].kind == set->kind && known[i].bytes == set->element_bytes)
      return checked(H5Tcopy(types[i]), set->path);
  stop(SF_H5_EXIT_REFUSED, "'%s' is of a kind that is not written", set->path);
}

/* UTF-8 of variable length, as h5py writes text. */
static hid_t text_type(const char *path) {
  hid_t type = checked(H5Tcopy(H5T_C_S1), path);
  if (H5Tset_size(type, H5T_VARIABLE) < 0 ||
      H5Tset_cset(type, H5T_CSET_UTF8) < 0)
    (void)checked(-1, path);
  return type;
}

/* Terminated copies of the strings; *out_bytes is freed with the array. */
static char **strings_of(const dataset *set, char **out_bytes) {
  if (set->elements > set->bytes / 4)
    stop(SF_H5_EXIT_REFUSED, "'%s' has fewer strings than elements", set->path);
  size_t count = (size_t)set->elements;
  char **strings = calloc(count ? count : 1, sizeof *strings);
  char *bytes = malloc((size_t)set->bytes + count + 1), *next = bytes;
  if (!strings || !bytes) stop(SF_H5_EXIT_SYSTEM, "out of memory");
  uint64_t at = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t length = 0;
    if (set->bytes - at < 4)
      stop(SF_H5_EXIT_REFUSED, "a string of '%s' is cut off", set->path);
    for (unsigned b = 0; b < 4; b++)
      length |= (uint32_t)set->data[at + b] << (8 * b);
    at += 4;
    if (length > SF_H5_STRING_MAX || length > set->bytes - at)
      stop(SF_H5_EXIT_REFUSED, "a string of '%s' is cut off", set->path);
    strings[i] = next;
    memcpy(next, set->data + at, length);
    if (memchr(next, '\0', length))
      stop(SF_H5_EXIT_REFUSED, "a string of '%s' has a byte 0", set->path);
    next[length] = '\0';
    next += length + 1;
    at += length;
  }
  if (at != set->bytes)
    stop(SF_H5_EXIT_REFUSED, "the strings of '%s' do not fill their data",
         set->path);
  *out_bytes = bytes;
  return strings;
}

void file_add_dataset(hid_t file, const dataset *set) {
  bool text = set->kind == SF_H5_STRING;
  hid_t type = text ? text_type(set->path) : number_type(set);
  hid_t space =
      checked(set->rank ? H5Screate_simple((int)set->rank, set->dims, NULL)
                        : H5Screate(H5S_SCALAR),
              set->path);
  hid_t create = checked(H5Pcreate(H5P_DATASET_CREATE), set->path);
  if (H5Pset_obj_track_times(create, 0) < 0) (void)checked(-1, set->path);
  hid_t id = added(H5Dcreate2(file, set->path, type, space, H5P_DEFAULT, create,
                              H5P_DEFAULT),
                   set->path);
  char *bytes = NULL, **strings = text ? strings_of(set, &bytes) : NULL;
  const void *data = text ? (const void *)strings : set->data;
  if (set->elements &&
      H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    (void)checked(-1, set->path);
  free(strings);
  free(bytes);
  H5Dclose(id);
  H5Pclose(create);
  H5Sclose(space);
  H5Tclose(type);
}

void file_finish(hid_t file) {
  ssize_t size = -1;
  if (H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0)
    size = H5Fget_file_image(file, NULL, 0);
  void *bytes = size > 0 ? malloc((size_t)size) : NULL;
  if (!bytes || H5Fget_file_image(file, bytes, (size_t)size) != size)
    stop(SF_H5_EXIT_SYSTEM, "libhdf5 cannot give the file, or out of memory");
  H5Fclose(file);
  if (fwrite(bytes, 1, (size_t)size, stdout) != (size_t)size ||
      fflush(stdout) != 0)
    stop(SF_H5_EXIT_SYSTEM, "the file could not be written: %s",
         strerror(errno));
  free(bytes);
}
