/* expect.c - diagnostics that the text itself announces:
 *
 *   // expected-error {{part of the message}}        on this line
 *   // expected-warning@+1 {{..}}  @-2 {{..}}        that many lines away
 *   // expected-note@ {{..}}  expected-help@ {{..}}  anywhere (no place)
 *
 * Each must come once, and no error or warning may come without one. Notes and
 * helps that nobody expects are fine. */
#include "support/buffer.h"
#include "support/number.h"
#include "tools/sf-opt/sf_opt.h"

#include <stdlib.h>
#include <string.h>

typedef struct expectation {
  sf_severity severity;
  long line;     /* where it must be; 0: anywhere */
  long own_line; /* of the comment */
  sf_slice text;
  bool met;
} expectation;

typedef struct expectations {
  expectation *rows;
  size_t count, capacity;
  sf_buffer report;
  size_t problems;
  bool out_of_memory;
} expectations;

static const char *const severity_words[] = {
    [SF_SEVERITY_NOTE] = "note",
    [SF_SEVERITY_HELP] = "help",
    [SF_SEVERITY_WARNING] = "warning",
    [SF_SEVERITY_ERROR] = "error",
};

static expectation *append(expectations *e) {
  if (e->count == e->capacity) {
    size_t capacity = e->capacity ? 2 * e->capacity : 16;
    expectation *grown = realloc(e->rows, capacity * sizeof *grown);
    if (!grown) return NULL;
    e->rows = grown;
    e->capacity = capacity;
  }
  e->rows[e->count] = (expectation){0};
  return &e->rows[e->count++];
}

static bool starts_with(const char *at, const char *end, const char *word) {
  size_t size = strlen(word);
  return (size_t)(end - at) >= size && memcmp(at, word, size) == 0;
}

static void complain(expectations *e, long line, const char *what) {
  sf_buffer_printf(&e->report, "line %ld: %s\n", line, what);
  e->problems++;
}

/* `@+1`, `@-2` or `@` (anywhere); *at moves past it. */
static long read_place(const char **at, const char *end, long line) {
  if (*at == end || **at != '@') return line;
  ++*at;
  bool minus = *at < end && **at == '-';
  if (*at == end || (**at != '-' && **at != '+')) return 0;
  ++*at;
  const char *digits = *at;
  while (*at < end && **at >= '0' && **at <= '9')
    ++*at;
  int64_t distance;
  if (!sf_read_i64((sf_slice){digits, (size_t)(*at - digits)}, &distance) ||
      distance > INT32_MAX) {
    return 0;
  }
  return minus ? line - (long)distance : line + (long)distance;
}

/* Reads what follows `expected-`. */
static sf_result read_one(expectations *e, const char *at, const char *end,
                          long line) {
  size_t severity = 0;
  while (severity < SF_COUNT_OF(severity_words) &&
         !starts_with(at, end, severity_words[severity])) {
    severity++;
  }
  if (severity == SF_COUNT_OF(severity_words)) {
    complain(e, line, "after 'expected-' comes error, warning, note or help");
    return SF_OK;
  }
  at += strlen(severity_words[severity]);
  long place = read_place(&at, end, line);
  while (at < end && *at == ' ')
    at++;
  const char *close = NULL;
  for (const char *c = at; c + 1 < end && !close; c++)
    if (c[0] == '}' && c[1] == '}') close = c;
  if (!starts_with(at, end, "{{") || !close) {
    complain(e, line, "the expected message must stand in {{ }}");
    return SF_OK;
  }
  expectation *row = append(e);
  if (!row) return SF_OOM;
  row->severity = (sf_severity)severity;
  row->line = place;
  row->own_line = line;
  row->text = (sf_slice){at + 2, (size_t)(close - at - 2)};
  return SF_OK;
}

static sf_result read_all(expectations *e, sf_slice text) {
  static const char word[] = "expected-";
  const char *end = text.data + text.size;
  long line = 1;
  for (const char *at = text.data; at < end; line++) {
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    if (!line_end) line_end = end;
    const char *comment = memmem(at, (size_t)(line_end - at), "//", 2);
    while (comment) {
      const char *found =
          memmem(comment, (size_t)(line_end - comment), word, sizeof word - 1);
      if (found) SF_TRY(read_one(e, found + sizeof word - 1, line_end, line));
      comment = found ? found + sizeof word - 1 : NULL;
    }
    at = line_end < end ? line_end + 1 : end;
  }
  return SF_OK;
}

static bool contains(const char *message, sf_slice part) {
  return part.size == 0 ||
         memmem(message, strlen(message), part.data, part.size) != NULL;
}

static void listen(void *data, const sf_diag_record *record) {
  expectations *e = data;
  for (size_t i = 0; i < e->count; i++) {
    expectation *row = &e->rows[i];
    if (row->met || row->severity != record->severity) continue;
    if (row->line && row->line != (long)record->loc.line) continue;
    if (!contains(record->message, row->text)) continue;
    row->met = true;
    return;
  }
  if (record->severity != SF_SEVERITY_ERROR &&
      record->severity != SF_SEVERITY_WARNING) {
    return;
  }
  sf_buffer_printf(&e->report, "line %u: unexpected %s: %s\n", record->loc.line,
                   severity_words[record->severity], record->message);
  e->problems++;
}

static void report_missing(expectations *e) {
  for (size_t i = 0; i < e->count; i++) {
    const expectation *row = &e->rows[i];
    if (row->met) continue;
    sf_buffer_printf(&e->report, "line %ld: expected %s did not come: %.*s\n",
                     row->own_line, severity_words[row->severity],
                     (int)row->text.size, row->text.data);
    e->problems++;
  }
}

sf_result sf_opt_verify_chunk(const sf_opt_job *job, sf_slice text,
                              FILE *errors, bool *met) {
  expectations e = {0};
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_result result = diag ? read_all(&e, text) : SF_OOM;
  if (result == SF_OK) {
    sf_diag_listen(diag, listen, &e);
    result = sf_opt_run_chunk(job, text, diag, NULL);
    if (result == SF_FAIL) result = SF_OK; /* it is expected, or reported */
    report_missing(&e);
  }
  *met = e.problems == 0;
  if (e.report.failed) result = SF_OOM;
  if (e.report.size) fputs(e.report.data, errors);
  sf_buffer_destroy(&e.report);
  free(e.rows);
  sf_diag_destroy(diag);
  return result;
}
