/* diag.c - the engine: counts, remembers the exit code, feeds the sinks. */
#include "sf/diag.h"
#include "support/diag_render.h"

#undef sf_error /* the functions themselves are here */
#undef sf_error_v

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text of a file, so that carets can be printed. Owned by the engine. */
typedef struct diag_source {
  char *file;
  char *text;
  size_t size;
  struct diag_source *next;
} diag_source;

struct sf_diag {
  FILE *out;
  sf_diag_format format;
  bool color;
  sf_diag_listener listener;
  void *listener_data;
  diag_source *sources;
  uint32_t errors;
  int exit_code;
  sf_diag_id last_id; /* what a note or help belongs to */
};

static const struct {
  const char *text;
  sf_diag_class exit_class;
} ids[SF_DIAG_COUNT] = {
#define SF_DIAG(ID, text, CLASS, meaning) {text, SF_CLASS_##CLASS},
#include "sf/diag.def"
};

const char *sf_diag_id_text(sf_diag_id id) { return ids[id].text; }

sf_diag_class sf_diag_id_class(sf_diag_id id) { return ids[id].exit_class; }

static bool wants_color(FILE *out) {
  const char *no_color =
      getenv("NO_COLOR"); /* set and not empty: no-color.org */
  const char *terminal = getenv("TERM");
  if (no_color && *no_color) return false;
  if (terminal && strcmp(terminal, "dumb") == 0) return false;
  return out && isatty(fileno(out));
}

sf_diag *sf_diag_create(FILE *out, sf_diag_format format) {
  sf_diag *diag = calloc(1, sizeof *diag);
  if (!diag) return NULL;
  diag->out = out;
  diag->format = format;
  diag->color = format == SF_DIAG_TEXT && wants_color(out);
  return diag;
}

static void source_destroy(diag_source *source) {
  free(source->file);
  free(source->text);
  free(source);
}

void sf_diag_destroy(sf_diag *diag) {
  if (!diag) return;
  while (diag->sources) {
    diag_source *next = diag->sources->next;
    source_destroy(diag->sources);
    diag->sources = next;
  }
  free(diag);
}

void sf_diag_listen(sf_diag *diag, sf_diag_listener listener, void *data) {
  diag->listener = listener;
  diag->listener_data = data;
}

/* Without memory there is no source line; the message itself still comes. The
 * newest text of a name wins, since it stands first. */
void sf_diag_add_source(sf_diag *diag, const char *file, sf_slice text) {
  if (!diag || !file) return;
  diag_source *source = calloc(1, sizeof *source);
  if (!source) return;
  source->file = strdup(file);
  source->text = malloc(text.size + 1);
  if (!source->file || !source->text) {
    source_destroy(source);
    return;
  }
  if (text.size) memcpy(source->text, text.data, text.size);
  source->size = text.size;
  source->next = diag->sources;
  diag->sources = source;
}

static sf_slice source_find(const sf_diag *diag, const char *file) {
  for (const diag_source *s = diag->sources; s && file; s = s->next)
    if (strcmp(s->file, file) == 0) return (sf_slice){s->text, s->size};
  return (sf_slice){0};
}

static void emit(sf_diag *diag, const sf_diag_record *record) {
  if (diag->out) {
    sf_buffer line = {0};
    if (diag->format == SF_DIAG_JSON)
      sf_diag_render_json(&line, record);
    else
      sf_diag_render_text(&line, record, source_find(diag, record->loc.file),
                          diag->color);
    if (line.failed)
      fputs("error: out of memory while reporting an error\n", diag->out);
    else if (line.size)
      fwrite(line.data, 1, line.size, diag->out);
    fflush(diag->out);
    sf_buffer_destroy(&line);
  }
  if (diag->listener) diag->listener(diag->listener_data, record);
}

static void count(sf_diag *diag, const sf_diag_record *record) {
  if (record->severity >= SF_SEVERITY_WARNING) diag->last_id = record->id;
  if (record->severity != SF_SEVERITY_ERROR) return;
  int code = (int)ids[record->id].exit_class;
  if (diag->errors++ == 0 || code == SF_CLASS_BUG) diag->exit_code = code;
}

/* Formats, makes the message one safe line, counts and emits. */
SF_PRINTF(3, 0)
static void report(sf_diag *diag, sf_diag_record record, const char *format,
                   va_list arguments) {
  if (!diag) return;
  sf_buffer raw = {0}, message = {0};
  sf_buffer_vprintf(&raw, format, arguments);
  sf_diag_render_safe(&message, (sf_slice){raw.data, raw.size});
  bool failed = raw.failed || message.failed;
  record.message = failed ? "(no memory for the message)" : message.data;
  if (!record.message) record.message = "";
  count(diag, &record);
  emit(diag, &record);
  sf_buffer_destroy(&raw);
  sf_buffer_destroy(&message);
}

sf_result sf_error_v(sf_diag *diag, sf_diag_id id, sf_loc loc,
                     const char *format, va_list arguments) {
  sf_diag_record record = {.severity = SF_SEVERITY_ERROR, .id = id, .loc = loc};
  report(diag, record, format, arguments);
  return SF_FAIL;
}

sf_result sf_error(sf_diag *diag, sf_diag_id id, sf_loc loc, const char *format,
                   ...) {
  va_list arguments;
  va_start(arguments, format);
  sf_result result = sf_error_v(diag, id, loc, format, arguments);
  va_end(arguments);
  return result;
}

void sf_warning(sf_diag *diag, sf_diag_id id, sf_loc loc, const char *format,
                ...) {
  sf_diag_record record = {
      .severity = SF_SEVERITY_WARNING, .id = id, .loc = loc};
  va_list arguments;
  va_start(arguments, format);
  report(diag, record, format, arguments);
  va_end(arguments);
}

void sf_note(sf_diag *diag, sf_loc loc, const char *format, ...) {
  if (!diag) return;
  sf_diag_record record = {
      .severity = SF_SEVERITY_NOTE, .id = diag->last_id, .loc = loc};
  va_list arguments;
  va_start(arguments, format);
  report(diag, record, format, arguments);
  va_end(arguments);
}

void sf_help(sf_diag *diag, const char *format, ...) {
  if (!diag) return;
  sf_diag_record record = {.severity = SF_SEVERITY_HELP, .id = diag->last_id};
  va_list arguments;
  va_start(arguments, format);
  report(diag, record, format, arguments);
  va_end(arguments);
}

uint32_t sf_diag_errors(const sf_diag *diag) { return diag->errors; }

int sf_diag_exit_code(const sf_diag *diag) { return diag->exit_code; }
