/* report.c - how findings are said; small things that every check needs. */
#include "support/file.h"
#include "tools/sf-check/check.h"

#include <stdarg.h>
#include <string.h>

void sf_check_fail(sf_check *check, const char *file, uint32_t line,
                   const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sf_loc loc = {file, NULL, line, 0, 0};
  (void)sf_error_v(check->diag, SF_DIAG_CERTIFICATE, loc, format, arguments);
  va_end(arguments);
}

char *sf_check_path(const sf_check *check, const char *relative) {
  return sf_path_join(check->directory, relative);
}

bool sf_check_rises(sf_check *check, const char *what, int64_t *rank,
                    sf_port_kind kind, int64_t x, int64_t y, const char *port) {
  static const char *const kinds[] = {"inject", "link", "eject"};
  int64_t next = sf_certificate_rank(check->certificate, kind, x, y, port);
  if (next < 0) {
    sf_check_fail(check, "certificate.txt", 0,
                  "%s: channel '%s %lld %lld %s' has no rank", what,
                  kinds[kind], (long long)x, (long long)y, port);
    return false;
  }
  if (next <= *rank) {
    sf_check_fail(check, "certificate.txt", 0,
                  "%s: rank %lld of channel '%s %lld %lld %s' does not rise "
                  "above %lld",
                  what, (long long)next, kinds[kind], (long long)x,
                  (long long)y, port, (long long)*rank);
    return false;
  }
  *rank = next;
  return true;
}

void *sf_check_grow(sf_arena *arena, void *items, uint32_t count, size_t size) {
  if (count != 0 && (count & (count - 1)) != 0) return items;
  void *larger = sf_arena_array(arena, count ? 2 * (size_t)count : 1, size);
  if (larger && count) memcpy(larger, items, count * size);
  return larger;
}
