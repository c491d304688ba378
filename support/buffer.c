/* buffer.c - growing text and bytes. */
#include "support/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sf_buffer_destroy(sf_buffer *buffer) {
  free(buffer->data);
  *buffer = (sf_buffer){0};
}

void sf_buffer_clear(sf_buffer *buffer) {
  buffer->size = 0;
  buffer->failed = false;
  if (buffer->data) buffer->data[0] = 0;
}

/* Room for `more` bytes and a terminator. */
static bool reserve(sf_buffer *buffer, size_t more) {
  if (buffer->failed) return false;
  size_t needed;
  if (__builtin_add_overflow(buffer->size, more, &needed) ||
      needed > SIZE_MAX / 2 - 1) {
    buffer->failed = true;
    return false;
  }
  if (needed < buffer->capacity) return true;
  size_t capacity = buffer->capacity ? buffer->capacity * 2 : 64;
  if (capacity <= needed) capacity = needed + 1;
  char *data = realloc(buffer->data, capacity);
  if (!data) {
    buffer->failed = true;
    return false;
  }
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

void sf_buffer_add(sf_buffer *buffer, const void *bytes, size_t size) {
  if (!reserve(buffer, size)) return;
  if (size) memcpy(buffer->data + buffer->size, bytes, size);
  buffer->size += size;
  buffer->data[buffer->size] = 0;
}

void sf_buffer_text(sf_buffer *buffer, const char *text) {
  sf_buffer_add(buffer, text, strlen(text));
}

void sf_buffer_char(sf_buffer *buffer, char c) { sf_buffer_add(buffer, &c, 1); }

void sf_buffer_printf(sf_buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sf_buffer_vprintf(buffer, format, arguments);
  va_end(arguments);
}

void sf_buffer_vprintf(sf_buffer *buffer, const char *format,
                       va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length < 0) buffer->failed = true;
  if (length >= 0 && reserve(buffer, (size_t)length)) {
    vsnprintf(buffer->data + buffer->size, (size_t)length + 1, format, again);
    buffer->size += (size_t)length;
  }
  va_end(again);
}

char *sf_buffer_take(sf_buffer *buffer) {
  reserve(buffer, 0); /* nothing added: an empty text, not NULL */
  char *data = NULL;
  if (!buffer->failed) {
    data = buffer->data;
    data[buffer->size] = 0;
    buffer->data = NULL;
  }
  sf_buffer_destroy(buffer);
  return data;
}
