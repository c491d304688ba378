/* certificate.c - see certificate.h. */
#include "machine/certificate.h"

#include "support/file.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES_MAX = 256 << 20, PORT_MAX = 12, NAME_MAX_BYTES = 255 };

typedef struct row {
  sf_port_kind kind;
  int64_t x, y;
  char port[PORT_MAX];
  int64_t rank;
} row;

struct sf_certificate {
  char machine[NAME_MAX_BYTES + 1];
  bool wormhole;
  size_t count;
  row *rows; /* sorted */
};

typedef struct reader {
  const char *at, *end, *file;
  uint32_t line;
  sf_diag *diag;
} reader;

static sf_result bad(const reader *r, const char *what) {
  sf_loc loc = {r->file, NULL, r->line, 0, 0};
  return sf_error(r->diag, SF_DIAG_CERTIFICATE, loc, "%s", what);
}

/* The next line without its end; false: no more. */
static bool next_line(reader *r, sf_slice *out) {
  if (r->at == r->end) return false;
  const char *stop = memchr(r->at, '\n', (size_t)(r->end - r->at));
  if (!stop) return false; /* a cut line is no line */
  *out = (sf_slice){r->at, (size_t)(stop - r->at)};
  r->at = stop + 1;
  r->line++;
  return true;
}

/* The next word of a line, one space apart. Empty: none. */
static sf_slice word(sf_slice *line) {
  size_t n = 0;
  while (n < line->size && line->data[n] != ' ')
    n++;
  sf_slice w = {line->data, n};
  size_t skip = n < line->size ? n + 1 : n;
  line->data += skip;
  line->size -= skip;
  return w;
}

static bool is(sf_slice text, const char *other) {
  return text.size == strlen(other) && memcmp(text.data, other, text.size) == 0;
}

/* A number from 0 to 2^31 - 1. */
static bool number(sf_slice text, int64_t *out) {
  return sf_read_i64(text, out) && *out >= 0 && *out <= INT32_MAX;
}

/* ---- Lines. ---- */

static bool read_discipline(sf_slice line, sf_certificate *c) {
  if (!is(word(&line), "spikeformer-certificate") || !is(word(&line), "1"))
    return false;
  sf_slice switching = word(&line);
  c->wormhole = is(switching, "switching=wormhole");
  return (c->wormhole || is(switching, "switching=packet-per-branch")) &&
         is(line, "endpoints=drain virtual-channels=1");
}

static sf_result read_header(reader *r, sf_certificate *c) {
  sf_slice line;
  if (!next_line(r, &line) || !read_discipline(line, c)) {
    return bad(r, "the first line must name certificate 1, switching "
                  "packet-per-branch or wormhole, draining endpoints and one "
                  "virtual channel");
  }
  if (!next_line(r, &line) || !is(word(&line), "machine") || line.size == 0 ||
      line.size > NAME_MAX_BYTES) {
    return bad(r, "the second line must name the machine");
  }
  memcpy(c->machine, line.data, line.size);
  if (!next_line(r, &line) || !is(word(&line), "network"))
    return bad(r, "the third line must name the network");
  return SF_OK;
}

static bool read_kind(sf_slice text, sf_port_kind *out) {
  if (is(text, "inject"))
    *out = SF_PORT_INJECT;
  else if (is(text, "link"))
    *out = SF_PORT_LINK;
  else if (is(text, "eject"))
    *out = SF_PORT_EJECT;
  else
    return false;
  return true;
}

/* KIND X Y PORT RANK */
static sf_result read_row(reader *r, sf_slice line, row *out) {
  if (!read_kind(word(&line), &out->kind))
    return bad(r, "a channel starts with inject, link or eject");
  bool placed = number(word(&line), &out->x) && number(word(&line), &out->y);
  sf_slice port = word(&line);
  if (!placed || port.size == 0 || port.size >= PORT_MAX)
    return bad(r, "a channel needs x, y and a port");
  memset(out->port, 0, sizeof out->port);
  memcpy(out->port, port.data, port.size);
  if (!number(word(&line), &out->rank) || line.size != 0)
    return bad(r, "a channel ends with its rank");
  return SF_OK;
}

static int compare(const void *a, const void *b) {
  const row *p = a, *q = b;
  if (p->kind != q->kind) return p->kind < q->kind ? -1 : 1;
  if (p->x != q->x) return p->x < q->x ? -1 : 1;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  return strcmp(p->port, q->port);
}

static sf_result read_rows(reader *r, sf_certificate *c) {
  sf_slice line;
  int64_t count;
  if (!next_line(r, &line) || !is(word(&line), "channels") ||
      !number(line, &count)) {
    return bad(r, "the fourth line must give the number of channels");
  }
  /* A row takes at least 13 bytes: no more is allocated than the file pays. */
  if (count > (r->end - r->at) / 13 + 1)
    return bad(r, "there are fewer channels than the fourth line says");
  c->rows = calloc((size_t)count + 1, sizeof *c->rows);
  if (!c->rows) return SF_OOM;
  for (; c->count < (size_t)count; c->count++) {
    if (!next_line(r, &line))
      return bad(r, "there are fewer channels than the fourth line says");
    SF_TRY(read_row(r, line, &c->rows[c->count]));
  }
  if (!next_line(r, &line) || !is(line, "end") || r->at != r->end)
    return bad(r, "the last line must be 'end'");
  if (c->count) qsort(c->rows, c->count, sizeof *c->rows, compare);
  for (size_t i = 1; i < c->count; i++)
    if (compare(&c->rows[i - 1], &c->rows[i]) == 0)
      return bad(r, "a channel has two ranks");
  return SF_OK;
}

sf_result sf_certificate_read(const char *path, sf_diag *diag,
                              sf_certificate **out) {
  char *text = NULL;
  size_t size = 0;
  *out = NULL;
  SF_TRY(sf_file_read_regular(path, BYTES_MAX, diag, &text, &size));
  sf_certificate *c = calloc(1, sizeof *c);
  reader r = {text, text + size, sf_path_base(path), 0, diag};
  sf_result result = c ? read_header(&r, c) : SF_OOM;
  if (result == SF_OK) result = read_rows(&r, c);
  free(text);
  if (result != SF_OK) {
    sf_certificate_destroy(c);
    return result;
  }
  *out = c;
  return SF_OK;
}

void sf_certificate_destroy(sf_certificate *certificate) {
  if (!certificate) return;
  free(certificate->rows);
  free(certificate);
}

const char *sf_certificate_machine(const sf_certificate *certificate) {
  return certificate->machine;
}

size_t sf_certificate_channels(const sf_certificate *certificate) {
  return certificate->count;
}

bool sf_certificate_is_wormhole(const sf_certificate *certificate) {
  return certificate->wormhole;
}

int64_t sf_certificate_rank(const sf_certificate *certificate,
                            sf_port_kind kind, int64_t x, int64_t y,
                            const char *port) {
  row key = {.kind = kind, .x = x, .y = y};
  size_t length = strlen(port);
  if (length >= PORT_MAX || certificate->count == 0) return -1;
  memcpy(key.port, port, length);
  const row *found =
      bsearch(&key, certificate->rows, certificate->count, sizeof key, compare);
  return found ? found->rank : -1;
}
