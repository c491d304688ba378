/* line_diff.c - Myers, "An O(ND) difference algorithm and its variations",
 * 1986: the greedy search for the furthest point on each diagonal, kept for
 * each number of edits, then walked back. */
#include "passes/manager/line_diff.h"

#include <stdlib.h>
#include <string.h>

enum { EDITS_MAX = 2000, CONTEXT = 3 };

typedef struct text_lines {
  sf_slice *lines;
  int count;
} text_lines;

typedef struct edit {
  char sign; /* ' ', '-' or '+' */
  sf_slice line;
} edit;

typedef struct script {
  edit *edits;
  int count;
} script;

static sf_result split(const char *text, text_lines *out) {
  size_t count = 0;
  for (const char *c = text; *c; c++)
    count += *c == '\n';
  out->lines = calloc(count + 1, sizeof *out->lines);
  if (!out->lines || count > INT32_MAX / 4) return SF_OOM;
  for (const char *at = text; *at;) {
    const char *end = strchr(at, '\n');
    size_t size = end ? (size_t)(end - at) : strlen(at);
    out->lines[out->count++] = (sf_slice){at, size};
    if (!end) break;
    at = end + 1;
  }
  return SF_OK;
}

static bool same_line(sf_slice a, sf_slice b) {
  return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static void put(script *s, char sign, sf_slice line) {
  s->edits[s->count++] = (edit){sign, line};
}

/* Without a short script: all old lines, then all new ones. */
static void replace_all(const text_lines *a, const text_lines *b, script *s) {
  for (int i = 0; i < a->count; i++)
    put(s, '-', a->lines[i]);
  for (int i = 0; i < b->count; i++)
    put(s, '+', b->lines[i]);
}

/* Furthest x on diagonal k = x - y after d edits; `v` holds those of d - 1. */
static int advance(const text_lines *a, const text_lines *b, const int *v,
                   int d, int k) {
  int x = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
  int y = x - k;
  while (x < a->count && y < b->count && same_line(a->lines[x], b->lines[y])) {
    x++;
    y++;
  }
  return x;
}

/* Row d of `rows` holds diagonals -d-1 .. d+1; v points at diagonal 0. Returns
 * the number of edits, or -1: more than the limit. */
static int search(const text_lines *a, const text_lines *b, int **rows,
                  int limit) {
  int previous[3] = {0, 0, 0}; /* d = 0 starts from x = 0 on diagonal 1 */
  const int *v = previous + 1;
  for (int d = 0; d <= limit; d++) {
    rows[d] = calloc((size_t)d * 2 + 5, sizeof **rows);
    if (!rows[d]) return -2;
    int *row = rows[d] + d + 2;
    for (int k = -d; k <= d; k += 2) {
      /* Diagonals out of both texts are never better than the border. */
      row[k] = advance(a, b, v, d, k);
      if (row[k] >= a->count && row[k] - k >= b->count) return d;
    }
    v = row;
  }
  return -1;
}

/* Walks back from the end; edits come out last first. */
static void walk_back(const text_lines *a, const text_lines *b, int **rows,
                      int edits, script *s) {
  int x = a->count, y = b->count;
  for (int d = edits; d > 0; d--) {
    const int *v = rows[d - 1] + d + 1;
    int k = x - y;
    bool down = k == -d || (k != d && v[k - 1] < v[k + 1]);
    int from_k = down ? k + 1 : k - 1, from_x = v[from_k];
    int from_y = from_x - from_k;
    while (x > from_x + !down && y > from_y + down) {
      x--;
      y--;
      put(s, ' ', a->lines[x]);
    }
    if (down)
      put(s, '+', b->lines[from_y]);
    else
      put(s, '-', a->lines[from_x]);
    x = from_x;
    y = from_y;
  }
  while (x > 0)
    put(s, ' ', a->lines[--x]);
}

static void reverse(script *s) {
  for (int i = 0, j = s->count - 1; i < j; i++, j--) {
    edit swap = s->edits[i];
    s->edits[i] = s->edits[j];
    s->edits[j] = swap;
  }
}

static bool near_change(const script *s, int at) {
  for (int i = at - CONTEXT; i <= at + CONTEXT; i++)
    if (i >= 0 && i < s->count && s->edits[i].sign != ' ') return true;
  return false;
}

static void write_script(const script *s, sf_buffer *out) {
  int last = -1;
  for (int i = 0; i < s->count; i++) {
    if (!near_change(s, i)) continue;
    if (i != last + 1) sf_buffer_text(out, "  ...\n");
    last = i;
    sf_buffer_char(out, s->edits[i].sign);
    sf_buffer_add(out, s->edits[i].line.data, s->edits[i].line.size);
    sf_buffer_char(out, '\n');
  }
  if (last >= 0 && last + 1 < s->count) sf_buffer_text(out, "  ...\n");
}

static sf_result make_script(const text_lines *a, const text_lines *b,
                             script *s) {
  int all = a->count + b->count, limit = all < EDITS_MAX ? all : EDITS_MAX;
  s->edits = calloc((size_t)all + 1, sizeof *s->edits);
  int **rows = calloc((size_t)limit + 1, sizeof *rows);
  int edits = s->edits && rows ? search(a, b, rows, limit) : -2;
  if (edits >= 0) {
    walk_back(a, b, rows, edits, s);
    reverse(s);
  } else if (edits == -1) {
    replace_all(a, b, s);
  }
  for (int d = 0; rows && d <= limit; d++)
    free(rows[d]);
  free(rows);
  return edits == -2 ? SF_OOM : SF_OK;
}

sf_result sf_line_diff(const char *before, const char *after, sf_buffer *out) {
  text_lines a = {0}, b = {0};
  script s = {0};
  sf_result result = split(before, &a);
  if (result == SF_OK) result = split(after, &b);
  if (result == SF_OK) result = make_script(&a, &b, &s);
  if (result == SF_OK) write_script(&s, out);
  if (out->failed) result = SF_OOM;
  free(s.edits);
  free(a.lines);
  free(b.lines);
  return result;
}
