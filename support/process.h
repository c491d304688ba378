/* process.h - helper programs, threads, progress, the terminal. */
#ifndef SF_SUPPORT_PROCESS_H
#define SF_SUPPORT_PROCESS_H

#include "sf/diag.h"

/* Finds a program: beside the running executable, then in PATH. malloc'ed;
 * NULL: not found. */
char *sf_program_find(const char *name);

typedef struct sf_process_options {
  const char *const *arguments; /* argv, ends with NULL; [0] is the program */
  const char *directory;        /* working directory, NULL: ours */
  const void *input;            /* bytes for its standard input */
  size_t input_size;
  size_t output_limit;      /* bytes of standard output kept, then killed;
                               0: no limit */
  unsigned timeout_seconds; /* 0: none */
  uint64_t memory_limit;    /* bytes of address space, 0: none */
} sf_process_options;

typedef struct sf_process_result {
  int exit_code; /* -signal when killed */
  bool timed_out, too_long;
  char *output; /* malloc'ed, terminated */
  size_t output_size;
  char *errors; /* standard error, at most 64 KiB */
} sf_process_result;

/* Runs to the end. SF_FAIL (HELPER) only when it could not be started. */
sf_result sf_process_run(const sf_process_options *options, sf_diag *diag,
                         sf_process_result *out) SF_MUST_USE;
void sf_process_result_destroy(sf_process_result *result);

/* Runs task(data, i) for i < count on up to `threads` threads; the first
 * failure in index order is returned after all ended. Tasks must not share a
 * diag. */
typedef sf_result (*sf_task)(void *data, size_t index);
sf_result sf_parallel(unsigned threads, size_t count, sf_task task,
                      void *data) SF_MUST_USE;
unsigned sf_processor_count(void);

/* A bar on standard error when that is a terminal, else nothing. */
typedef struct sf_progress {
  const char *label;
  uint64_t total, done;
  bool shown;
  int64_t started_ns, last_ns;
} sf_progress;
sf_progress sf_progress_start(const char *label, uint64_t total);
void sf_progress_add(sf_progress *progress, uint64_t amount);
void sf_progress_end(sf_progress *progress);

#endif
