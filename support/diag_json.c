/* diag_json.c - a diagnostic for programs: one JSON object a line. */
#include "support/diag_render.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* File and node names may hold any byte; JSON holds UTF-8 only. */
static json_t *safe_string(const char *text) {
  sf_buffer safe = {0};
  sf_diag_render_safe(&safe, (sf_slice){text, strlen(text)});
  json_t *string =
      safe.failed ? NULL : json_stringn(safe.size ? safe.data : "", safe.size);
  sf_buffer_destroy(&safe);
  return string;
}

/* Values that are unknown are left out, not null. */
static int set_location(json_t *object, const sf_loc *loc) {
  int status = 0;
  if (loc->file)
    status |= json_object_set_new(object, "file", safe_string(loc->file));
  if (loc->node)
    status |= json_object_set_new(object, "node", safe_string(loc->node));
  if (loc->line)
    status |= json_object_set_new(object, "line", json_integer(loc->line));
  if (loc->column)
    status |= json_object_set_new(object, "column", json_integer(loc->column));
  if (loc->length)
    status |= json_object_set_new(object, "length", json_integer(loc->length));
  return status;
}

void sf_diag_render_json(sf_buffer *out, const sf_diag_record *record) {
  json_t *object = json_object();
  const char *severity = sf_severity_text(record->severity);
  int status = object ? 0 : -1;
  status |= json_object_set_new(object, "severity", json_string(severity));
  status |= json_object_set_new(object, "id",
                                json_string(sf_diag_id_text(record->id)));
  status |= set_location(object, &record->loc);
  status |=
      json_object_set_new(object, "message", safe_string(record->message));
  if (record->severity == SF_SEVERITY_ERROR)
    status |= json_object_set_new(
        object, "exit_code",
        json_integer((json_int_t)sf_diag_id_class(record->id)));
  char *text =
      status ? NULL : json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
  json_decref(object);
  if (!text) {
    out->failed = true;
    return;
  }
  sf_buffer_text(out, text);
  sf_buffer_char(out, '\n');
  free(text);
}
