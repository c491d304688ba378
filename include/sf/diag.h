/* diag.h - diagnostics: an error, where it is, what else to know, what to do.
 *
 *   mnist.sf:6:20: error: attribute 'shift' of 'linear' must be ... [attr]
 *       6 |   %i = linear %s, @w {shift = 99} : i24[10]
 *         |                       ^~~~~~~~~~
 *   note: imported from 'model.net', node 'layer/0'
 *   help: ...
 *
 * One engine a compilation. It counts, keeps the worst exit code, and sends
 * each record to its sink (text, JSON, a list for tests). Not thread-safe. */
#ifndef SF_DIAG_H
#define SF_DIAG_H

#include "sf/base.h"
#include <stdarg.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sf_severity {
  SF_SEVERITY_NOTE,
  SF_SEVERITY_HELP,
  SF_SEVERITY_WARNING,
  SF_SEVERITY_ERROR
} sf_severity;

/* The value is the exit code of a tool that ends on such an error. */
typedef enum sf_diag_class {
  SF_CLASS_INPUT = 1,
  SF_CLASS_USAGE = 2,
  SF_CLASS_FIT = 3,
  SF_CLASS_DIFFER = 4,
  SF_CLASS_SYSTEM = 5,
  SF_CLASS_BUG = 70
} sf_diag_class;

typedef enum sf_diag_id {
#define SF_DIAG(ID, text, CLASS, meaning) SF_DIAG_##ID,
#include "sf/diag.def"
  SF_DIAG_COUNT
} sf_diag_id;

/* Where something comes from. `file` is a base name or a path as the user gave
 * it; line and column count from 1, 0 = unknown; `node` is set for imported ops
 * instead of a line. Borrowed strings: they live in the module's arena or in
 * the caller's arguments. */
typedef struct sf_loc {
  const char *file;
  const char *node;
  uint32_t line, column;
  uint32_t length; /* columns to underline, 0 = one */
} sf_loc;

#ifdef __cplusplus
#define SF_NO_LOC (sf_loc{})
#else
#define SF_NO_LOC ((sf_loc){0})
#endif

typedef struct sf_diag sf_diag;

typedef enum sf_diag_format { SF_DIAG_TEXT, SF_DIAG_JSON } sf_diag_format;

/* One finished record, as a listener sees it. Valid during the call only. */
typedef struct sf_diag_record {
  sf_severity severity;
  sf_diag_id id; /* of the error or warning that a note or help belongs to */
  sf_loc loc;
  const char *message;
} sf_diag_record;

typedef void (*sf_diag_listener)(void *listener_data,
                                 const sf_diag_record *record);

/* An engine that prints to `out` (not owned; NULL: prints nothing). Colour only
 * when `out` is a terminal and NO_COLOR is unset. NULL: out of memory. */
sf_diag *sf_diag_create(FILE *out, sf_diag_format format);
void sf_diag_destroy(sf_diag *diag); /* NULL is fine */

/* Calls `listener` for each record as well; used by --verify-diagnostics. */
void sf_diag_listen(sf_diag *diag, sf_diag_listener listener, void *data);

/* Gives the text of `file`, so that carets can be printed. Copied. */
void sf_diag_add_source(sf_diag *diag, const char *file, sf_slice text);

/* Reports one error: what is wrong at `loc`, in the words of the format.
 * Returns SF_FAIL, so that `return sf_error(..)` reads well. */
sf_result sf_error(sf_diag *diag, sf_diag_id id, sf_loc loc, const char *format,
                   ...) SF_PRINTF(4, 5);
/* The same with the arguments of a caller that takes `...` itself. */
sf_result sf_error_v(sf_diag *diag, sf_diag_id id, sf_loc loc,
                     const char *format, va_list arguments) SF_PRINTF(4, 0);
#ifdef __clang_analyzer__
/* It sees one file at a time, and must know that an error is not SF_OK. */
#define sf_error(...)   ((void)sf_error(__VA_ARGS__), SF_FAIL)
#define sf_error_v(...) ((void)sf_error_v(__VA_ARGS__), SF_FAIL)
#endif
/* Reports something that does not stop the work and leaves the exit code. */
void sf_warning(sf_diag *diag, sf_diag_id id, sf_loc loc, const char *format,
                ...) SF_PRINTF(4, 5);
/* One more thing to know about the last error or warning. */
void sf_note(sf_diag *diag, sf_loc loc, const char *format, ...)
    SF_PRINTF(3, 4);
/* What to do about the last error or warning. */
void sf_help(sf_diag *diag, const char *format, ...) SF_PRINTF(2, 3);

/* Errors so far; warnings and notes do not count. */
uint32_t sf_diag_errors(const sf_diag *diag);
/* 0 without errors; else the class of the first error, 70 if any is a bug. */
int sf_diag_exit_code(const sf_diag *diag);

const char *sf_diag_id_text(sf_diag_id id);    /* "attr-range" */
sf_diag_class sf_diag_id_class(sf_diag_id id); /* its exit code */

#ifdef __cplusplus
}
#endif
#endif
