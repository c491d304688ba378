/* diag_render.h - how one diagnostic becomes text. Private to support. */
#ifndef SF_SUPPORT_DIAG_RENDER_H
#define SF_SUPPORT_DIAG_RENDER_H

#include "sf/diag.h"
#include "support/buffer.h"

const char *sf_severity_text(sf_severity severity); /* "error" */

/* Adds the bytes with everything that could fake or break a line made visible:
 * control characters and bytes that are not UTF-8 become \xNN. */
void sf_diag_render_safe(sf_buffer *out, sf_slice text);

/* The message line, and the source line with a caret when `source` (the text of
 * record->loc.file; no data: unknown) has that line. */
void sf_diag_render_text(sf_buffer *out, const sf_diag_record *record,
                         sf_slice source, bool color);
/* One JSON object and a line end. */
void sf_diag_render_json(sf_buffer *out, const sf_diag_record *record);

#endif
