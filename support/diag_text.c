/* diag_text.c - a diagnostic as a person reads it: where, what, and the source
 * line with the place underlined. */
#include "support/diag_render.h"

#include <string.h>

enum {
  TAB_COLUMNS = 8,
  WINDOW_COLUMNS = 100, /* of a source line that are shown */
  BEFORE_CARET = 60     /* of them at most, left of the caret */
};

static const char reset[] = "\033[0m", bold[] = "\033[1m",
                  caret_color[] = "\033[1;32m";

static const struct {
  const char *text, *color;
} severities[] = {
    [SF_SEVERITY_NOTE] = {"note", "\033[1;36m"},
    [SF_SEVERITY_HELP] = {"help", "\033[1;32m"},
    [SF_SEVERITY_WARNING] = {"warning", "\033[1;35m"},
    [SF_SEVERITY_ERROR] = {"error", "\033[1;31m"},
};

const char *sf_severity_text(sf_severity severity) {
  return severities[severity].text;
}

/* Bytes of the UTF-8 character at the start (RFC 3629), 0 when there is none or
 * it is a control character. */
static size_t printable_bytes(sf_slice text) {
  const unsigned char *s = (const unsigned char *)text.data;
  unsigned c = s[0];
  if (c < 0x80) return c >= 0x20 && c != 0x7F;
  size_t bytes = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
  if (c < 0xC2 || c > 0xF4 || text.size < bytes) return 0;
  for (size_t i = 1; i < bytes; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  bool control = c == 0xC2 && s[1] < 0xA0; /* U+0080 .. U+009F */
  bool overlong = (c == 0xE0 && s[1] < 0xA0) || (c == 0xF0 && s[1] < 0x90);
  bool surrogate = c == 0xED && s[1] >= 0xA0;
  bool too_large = c == 0xF4 && s[1] >= 0x90;
  return control || overlong || surrogate || too_large ? 0 : bytes;
}

void sf_diag_render_safe(sf_buffer *out, sf_slice text) {
  while (text.size) {
    size_t bytes = printable_bytes(text);
    if (bytes)
      sf_buffer_add(out, text.data, bytes);
    else if (text.data[0] == '\n')
      sf_buffer_text(out, "\\n");
    else
      sf_buffer_printf(out, "\\x%02x", (unsigned char)text.data[0]);
    bytes += bytes == 0;
    text.data += bytes;
    text.size -= bytes;
  }
}

static void paint(sf_buffer *out, const char *color, bool enabled) {
  if (enabled) sf_buffer_text(out, color);
}

static void render_location(sf_buffer *out, const sf_loc *loc) {
  if (loc->file) {
    sf_diag_render_safe(out, (sf_slice){loc->file, strlen(loc->file)});
    sf_buffer_char(out, ':');
  }
  if (loc->file && loc->line) {
    sf_buffer_printf(out, "%u:", loc->line);
    if (loc->column) sf_buffer_printf(out, "%u:", loc->column);
  }
  if (loc->file) sf_buffer_char(out, ' ');
  if (loc->node) {
    sf_buffer_text(out, "node '");
    sf_diag_render_safe(out, (sf_slice){loc->node, strlen(loc->node)});
    sf_buffer_text(out, "': ");
  }
}

/* Line `number` from 1, without its end; no data: there is no such line. */
static sf_slice find_line(sf_slice text, uint32_t number) {
  const char *at = text.data, *end = text.data + text.size;
  for (uint32_t line = 1; at && line < number; line++) {
    const char *next = memchr(at, '\n', (size_t)(end - at));
    at = next ? next + 1 : NULL;
  }
  if (!at) return (sf_slice){0};
  const char *stop = memchr(at, '\n', (size_t)(end - at));
  if (!stop) stop = end;
  if (stop > at && stop[-1] == '\r') stop--;
  return (sf_slice){at, (size_t)(stop - at)};
}

/* The part of a source line that is shown, one column a character. */
typedef struct window {
  sf_buffer text;
  size_t columns;
  size_t mark_start, mark_end; /* columns to underline */
  bool cut;                    /* something on the right is left out */
} window;

static void add_columns(window *w, const char *bytes, size_t size,
                        size_t columns) {
  sf_buffer_add(&w->text, bytes, size);
  w->columns += columns;
}

static void add_character(window *w, sf_slice rest, size_t *out_bytes) {
  static const char spaces[TAB_COLUMNS + 1] = "        ";
  size_t bytes = printable_bytes(rest);
  *out_bytes = bytes ? bytes : 1;
  if (rest.data[0] == '\t') {
    size_t columns = TAB_COLUMNS - w->columns % TAB_COLUMNS;
    add_columns(w, spaces, columns, columns);
  } else if (bytes) {
    add_columns(w, rest.data, bytes, 1);
  } else {
    add_columns(w, "?", 1, 1);
  }
}

/* The first byte such that at most BEFORE_CARET columns precede `caret`. */
static size_t window_start(sf_slice line, size_t caret) {
  size_t at = caret, columns = 0;
  while (at > 0) {
    unsigned char c = (unsigned char)line.data[at - 1];
    columns += c == '\t' ? TAB_COLUMNS : (c & 0xC0) != 0x80;
    if (columns > BEFORE_CARET) break;
    at--;
  }
  return at;
}

/* Lays out the bytes around `loc`: a megabyte of one line is not printed. */
static void window_fill(window *w, sf_slice line, const sf_loc *loc) {
  size_t caret = loc->column - 1;
  size_t mark_end = caret + (loc->length ? loc->length : 1);
  size_t at = window_start(line, caret);
  if (at > 0) add_columns(w, "...", 3, 3);
  while (at < line.size && w->columns < WINDOW_COLUMNS) {
    if (at <= caret) w->mark_start = w->columns;
    size_t bytes;
    add_character(w, (sf_slice){line.data + at, line.size - at}, &bytes);
    at += bytes;
    if (at <= mark_end || w->mark_end <= w->mark_start)
      w->mark_end = w->columns;
  }
  if (caret >= at) { /* one past the end of the line */
    w->mark_start = w->columns;
    w->mark_end = w->columns + 1;
  }
  w->cut = at < line.size;
}

static void render_source(sf_buffer *out, const sf_loc *loc, sf_slice source,
                          bool color) {
  if (!source.data || !loc->line || !loc->column) return;
  sf_slice line = find_line(source, loc->line);
  if (!line.data || loc->column - 1 > line.size) return;
  window w = {0};
  window_fill(&w, line, loc);
  sf_buffer_printf(out, "%5u | ", loc->line);
  if (w.text.size) sf_buffer_add(out, w.text.data, w.text.size);
  sf_buffer_text(out, w.cut ? "...\n" : "\n");
  sf_buffer_text(out, "      | ");
  for (size_t i = 0; i < w.mark_start; i++)
    sf_buffer_char(out, ' ');
  paint(out, caret_color, color);
  sf_buffer_char(out, '^');
  for (size_t i = w.mark_start + 1; i < w.mark_end; i++)
    sf_buffer_char(out, '~');
  paint(out, reset, color);
  sf_buffer_char(out, '\n');
  out->failed |= w.text.failed;
  sf_buffer_destroy(&w.text);
}

void sf_diag_render_text(sf_buffer *out, const sf_diag_record *record,
                         sf_slice source, bool color) {
  bool main_line = record->severity >= SF_SEVERITY_WARNING;
  paint(out, bold, color);
  render_location(out, &record->loc);
  paint(out, reset, color);
  paint(out, severities[record->severity].color, color);
  sf_buffer_printf(out, "%s:", severities[record->severity].text);
  paint(out, reset, color);
  sf_buffer_printf(out, " %s", record->message);
  if (main_line) sf_buffer_printf(out, " [%s]", sf_diag_id_text(record->id));
  sf_buffer_char(out, '\n');
  render_source(out, &record->loc, source, color);
}
