/* frontend.h - readers: a file of a trained network becomes a module. */
#ifndef SF_FRONTEND_H
#define SF_FRONTEND_H

#include "sf/ir.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A convention that a reader chose, printed once per import with the reason. */
typedef struct sf_choice {
  const char *name;   /* "layer-lag" */
  const char *value;  /* "0" */
  const char *reason; /* "the file does not say; layers see each other ..." */
} sf_choice;

typedef struct sf_import {
  sf_module *module; /* owned by the caller */
  uint32_t choice_count;
  sf_choice *choices; /* in the module's arena */
} sf_import;

/* Options as `name=value` words, from the command line: each reader has a table
 * and refuses what it does not know. */
typedef struct sf_import_option {
  const char *name, *value;
} sf_import_option;

typedef struct sf_reader_option {
  const char *name;         /* "layer-lag" */
  const char *default_text; /* NULL: none */
  const char *doc;
} sf_reader_option;

/* A row of the support table of a reader whose files name operators. */
typedef struct sf_operator_info {
  const char *domain; /* "": the standard operator set */
  const char *name;
  int first, newest;   /* versions of the operator set that are read */
  const char *mapping; /* one word: what becomes of it (docs/onnx.md) */
  bool constants;      /* computed at import when all inputs are constants */
  const char *note;    /* limits; what would help; "" */
} sf_operator_info;

/* What was written: the options that a reader must be given to read the file as
 * the network computes, each with its reason. */
typedef struct sf_export {
  sf_arena *arena;
  uint32_t choice_count;
  sf_choice *choices;
} sf_export;

typedef struct sf_frontend {
  uint32_t size, abi;
  const char *name; /* "netx" */
  const char *summary;
  const sf_reader_option *options; /* ends with a NULL name */
  /* Whether the file is of this format: looks at the bytes, not the name. */
  bool (*recognizes)(const char *path);
  sf_result (*read)(const char *path, const sf_import_option *options,
                    uint32_t option_count, sf_diag *diag, sf_import *out);
  /* Row `index`, sorted by domain and name; false: there are no more. NULL: the
   * format names no operators. */
  bool (*list_operators)(size_t index, sf_operator_info *out);
  /* Writes the network, the whole file or none; all that the format cannot hold
   * is reported (EXPORT). NULL: the format is only read. */
  sf_result (*write)(sf_network *network, const char *path, sf_diag *diag,
                     sf_export *out);
} sf_frontend;

/* Readers of this library, in the order in which they look at a file. */
size_t sf_frontend_count(void);
const sf_frontend *sf_frontend_at(size_t index); /* NULL: no more */
/* Reads any known format, `.sf` included; `path` "-" is text on standard input.
 * *out is empty on SF_FAIL; else the caller destroys out->module. Errors: as
 * sf_parse_file and the reader; FILE_FORMAT: no reader knows the file; USAGE:
 * an option that its reader does not have. */
sf_result sf_import_file(const char *path, const sf_import_option *options,
                         uint32_t option_count, sf_diag *diag,
                         sf_import *out) SF_MUST_USE;

/* Writes a network in a format, by its name. Destroy *out in either case.
 * Errors: USAGE for a format that is not written, EXPORT for what it cannot
 * hold, HELPER, FILE_WRITE. */
sf_result sf_export_file(sf_network *network, const char *format,
                         const char *path, sf_diag *diag,
                         sf_export *out) SF_MUST_USE;
void sf_export_destroy(sf_export *out);

#ifdef __cplusplus
}
#endif
#endif
