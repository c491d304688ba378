/* nearest.c - edit distance with a small bound. */
#include "ir/nearest.h"

#include <string.h>

enum { WORD_MAX = 48 }; /* longer names are not compared */

sf_nearest sf_nearest_start(sf_slice wanted) {
  /* A third of the letters may be wrong, and never more than three. */
  size_t allowed = wanted.size / 3 < 3 ? wanted.size / 3 : 3;
  return (sf_nearest){wanted, NULL, allowed + 1};
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* Levenshtein's distance, one row at a time. */
static size_t distance(sf_slice a, const char *b, size_t b_size) {
  size_t row[WORD_MAX + 1];
  for (size_t j = 0; j <= b_size; j++)
    row[j] = j;
  for (size_t i = 1; i <= a.size; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_size; j++) {
      size_t replace = diagonal + (a.data[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = smaller(replace, smaller(row[j], row[j - 1]) + 1);
    }
  }
  return row[b_size];
}

void sf_nearest_try(sf_nearest *nearest, const char *candidate) {
  size_t size = strlen(candidate);
  if (size > WORD_MAX || nearest->wanted.size > WORD_MAX) return;
  size_t found = distance(nearest->wanted, candidate, size);
  if (found > nearest->distance) return;
  if (found == nearest->distance &&
      (!nearest->best || strcmp(candidate, nearest->best) >= 0))
    return;
  nearest->best = candidate;
  nearest->distance = found;
}
