/* box.c - half-open index boxes. docs/ir.md 8. */
#include "sf/module.h"

size_t sf_box_elements(const sf_box *box) {
  size_t count = 1;
  for (unsigned i = 0; i < box->rank; i++) {
    if (box->end[i] <= box->begin[i]) return 0;
    size_t extent = (size_t)((int64_t)box->end[i] - box->begin[i]);
    if (count > SIZE_MAX / extent) return SIZE_MAX;
    count *= extent;
  }
  return count;
}

sf_box sf_box_whole(const sf_type *type) {
  sf_box box = {.rank = type->rank};
  for (unsigned i = 0; i < type->rank; i++)
    box.end[i] = type->dim[i];
  return box;
}

bool sf_box_intersect(const sf_box *a, const sf_box *b, sf_box *out) {
  if (a->rank != b->rank) return false;
  sf_box box = {.rank = a->rank};
  for (unsigned i = 0; i < a->rank; i++) {
    box.begin[i] = a->begin[i] > b->begin[i] ? a->begin[i] : b->begin[i];
    box.end[i] = a->end[i] < b->end[i] ? a->end[i] : b->end[i];
    if (box.begin[i] >= box.end[i]) return false;
  }
  *out = box;
  return true;
}
