/* buffer.h - growing text and bytes. One owner, malloc'ed. */
#ifndef SF_SUPPORT_BUFFER_H
#define SF_SUPPORT_BUFFER_H

#include "sf/base.h"
#include <stdarg.h>

/* Zero-initialized is empty. After a failed append `failed` stays set and later
 * appends do nothing, so that a printer checks once, at the end. `data` is
 * always terminated when not NULL. */
typedef struct sf_buffer {
  char *data;
  size_t size, capacity;
  bool failed;
} sf_buffer;

void sf_buffer_destroy(sf_buffer *buffer);
void sf_buffer_clear(sf_buffer *buffer);
void sf_buffer_add(sf_buffer *buffer, const void *bytes, size_t size);
void sf_buffer_text(sf_buffer *buffer, const char *text);
void sf_buffer_char(sf_buffer *buffer, char c);
void sf_buffer_printf(sf_buffer *buffer, const char *format, ...)
    SF_PRINTF(2, 3);
void sf_buffer_vprintf(sf_buffer *buffer, const char *format, va_list arguments)
    SF_PRINTF(2, 0);
/* Moves the bytes out and leaves the buffer empty; NULL when failed, "" when
 * nothing was added. The caller frees. */
char *sf_buffer_take(sf_buffer *buffer);

#endif
