/* file.h - reading, mapping and publishing files; untrusted paths. */
#ifndef SF_SUPPORT_FILE_H
#define SF_SUPPORT_FILE_H

#include "sf/diag.h"

/* A file mapped read-only. Zero-initialized is none. */
typedef struct sf_mapped_file {
  const void *data;
  size_t size;
} sf_mapped_file;

/* What an errno value means, in English in every locale; static text. */
const char *sf_system_reason(int error);
/* Regular files only. The bytes must not shrink while they are mapped. */
sf_result sf_file_map(const char *path, sf_diag *diag,
                      sf_mapped_file *out) SF_MUST_USE;
void sf_file_unmap(sf_mapped_file *file);
/* The whole file, malloc'ed and terminated; "-" is standard input. `limit` in
 * bytes, 0: none. */
sf_result sf_file_read(const char *path, size_t limit, sf_diag *diag,
                       char **out, size_t *out_size) SF_MUST_USE;
/* The same of a regular file only: a pipe or device in a folder that others
 * wrote would never end. Errors: FILE_OPEN, FILE_LIMIT. */
sf_result sf_file_read_regular(const char *path, size_t limit, sf_diag *diag,
                               char **out, size_t *out_size) SF_MUST_USE;

/* Joins a folder and an untrusted relative path: refuses absolute paths, `..`
 * and symbolic links that leave the folder (FILE_PATH). *out is malloc'ed. */
sf_result sf_path_inside(const char *directory, const char *relative,
                         sf_loc loc, sf_diag *diag, char **out) SF_MUST_USE;
const char *sf_path_base(const char *path);       /* part after the last / */
char *sf_path_directory(const char *path);        /* malloc'ed; "." if none */
char *sf_path_join(const char *a, const char *b); /* malloc'ed */
char *sf_path_temporary(const char *path, unsigned number); /* beside path */
bool sf_path_exists(const char *path);
bool sf_path_is_directory(const char *path);
bool sf_path_is_special(const char *path); /* a pipe, device or socket */

/* Writes beside `path`, syncs, renames: either the old file or the whole new
 * one is there. Errors: FILE_WRITE with the system's reason. */
sf_result sf_file_write(const char *path, const void *bytes, size_t size,
                        sf_diag *diag) SF_MUST_USE;

/* For the files of a folder that sf_folder_publish makes last: neither synced
 * nor renamed, one by one that costs more than writing them. Errors:
 * FILE_WRITE.
 */
sf_result sf_file_write_staged(const char *path, const void *bytes, size_t size,
                               sf_diag *diag) SF_MUST_USE;

/* The same in parts, for files too large to hold: begin, add, then publish or
 * discard. A device or pipe (/dev/stdout) is written to directly. Publish ends
 * the writer whether it works or not; after a failed add call discard. */
typedef struct sf_writer {
  int fd;
  char *temporary; /* NULL: written to directly */
  char *final_path;
  char *name; /* as the user gave it */
} sf_writer;
sf_result sf_writer_begin(const char *path, sf_diag *diag,
                          sf_writer *out) SF_MUST_USE;
sf_result sf_writer_add(sf_writer *writer, const void *bytes, size_t size,
                        sf_diag *diag) SF_MUST_USE;
sf_result sf_writer_publish(sf_writer *writer, sf_diag *diag) SF_MUST_USE;
void sf_writer_discard(sf_writer *writer);

/* A folder that appears as a whole: write into ->path, then publish to the
 * final name, or discard. A folder that is there already is replaced when it is
 * empty or has a manifest.json, else it is an error (FILE_WRITE). Publish ends
 * the folder whether it works or not. */
typedef struct sf_folder {
  char *path; /* temporary folder beside the final name */
  char *final_path;
} sf_folder;
sf_result sf_folder_begin(const char *final_path, sf_diag *diag,
                          sf_folder *out) SF_MUST_USE;
sf_result sf_folder_publish(sf_folder *folder, sf_diag *diag) SF_MUST_USE;
void sf_folder_discard(sf_folder *folder);
/* With its parents; one that is there is fine. */
sf_result sf_make_directory(const char *path, sf_diag *diag) SF_MUST_USE;
/* A new empty folder below TMPDIR, or /tmp; *out is malloc'ed. The caller
 * removes it with sf_remove_tree. */
sf_result sf_temporary_folder(sf_diag *diag, char **out) SF_MUST_USE;
/* Removes a folder and everything in it; follows no links. */
void sf_remove_tree(const char *path);
/* Names in a folder, sorted by bytes; the caller frees each and the array. */
sf_result sf_list_directory(const char *path, sf_diag *diag, char ***out,
                            size_t *out_count) SF_MUST_USE;

#endif
