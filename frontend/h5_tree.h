/* h5_tree.h - an HDF5 file as the helper sf-h5dump gave it, for the readers.
 *
 * The bytes come from another process that read an untrusted file, so they are
 * checked as if they were the file. Paths are absolute: "/layer/0/weight". */
#ifndef SF_FRONTEND_H5_TREE_H
#define SF_FRONTEND_H5_TREE_H

#include "sf/diag.h"
#include "support/h5_stream.h"

typedef struct sf_h5_item {
  const char *path;
  bool is_group;
  sf_h5_kind kind;        /* datasets */
  uint32_t element_bytes; /* numbers */
  uint8_t rank;
  uint64_t dim[SF_H5_RANK_MAX];
  uint64_t elements;
  const unsigned char *data; /* into the stream; numbers little-endian */
  uint64_t bytes;
  const char *const *strings; /* STRING: one each element */
  const char *other;          /* OTHER: the class of its type */
} sf_h5_item;

typedef struct sf_h5_tree {
  const char *name;  /* base name of the file, for messages */
  sf_h5_item *items; /* sorted by path */
  uint64_t count;
  sf_arena *arena; /* items, paths, strings */
  char *stream;    /* malloc'ed, or NULL when borrowed */
} sf_h5_tree;

/* Runs the helper on `path` and parses its answer. Destroy in either case.
 * Errors: HELPER (missing, crashed, out of time), FILE_OPEN, FILE_FORMAT (the
 * helper's own reason). */
sf_result sf_h5_tree_read(const char *path, sf_diag *diag,
                          sf_h5_tree *out) SF_MUST_USE;
/* Parses a stream that stays the caller's and must outlive the tree. Errors:
 * FILE_FORMAT. */
sf_result sf_h5_tree_parse(const void *stream, size_t size, const char *name,
                           sf_diag *diag, sf_h5_tree *out) SF_MUST_USE;
void sf_h5_tree_destroy(sf_h5_tree *tree);

/* NULL: there is none. */
const sf_h5_item *sf_h5_find(const sf_h5_tree *tree, const char *path);
/* `DIRECTORY/NAME`, as sf_h5_find. */
const sf_h5_item *sf_h5_member(const sf_h5_tree *tree, const char *directory,
                               const char *name);
bool sf_h5_is_number(const sf_h5_item *item);
/* Element `index` of a number dataset, converted. */
double sf_h5_f64(const sf_h5_item *item, uint64_t index);
/* The same towards zero; false: NaN, or outside int64. */
bool sf_h5_i64(const sf_h5_item *item, uint64_t index, int64_t *out);
/* The first eight bytes of the file are HDF5's signature. */
bool sf_h5_recognizes(const char *path);

#endif
