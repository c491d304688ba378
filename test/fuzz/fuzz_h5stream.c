/* The answer of sf-h5dump: whatever is accepted must be readable to the last
 * element. The checksum is set right first, so that damage reaches the records.
 */
#include "frontend/h5_tree.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 8 };

static void fix_checksum(unsigned char *bytes, size_t size) {
  if (size < HASH_BYTES) return;
  uint64_t hash = SF_H5_FNV_START;
  for (size_t i = 0; i < size - HASH_BYTES; i++)
    hash = (hash ^ bytes[i]) * SF_H5_FNV_PRIME;
  for (unsigned i = 0; i < HASH_BYTES; i++)
    bytes[size - HASH_BYTES + i] = (unsigned char)(hash >> (8 * i));
}

/* Everything that a reader may ask of an item. Of other kinds than numbers and
 * strings there are no bytes, whatever the shape says. */
static double touch(const sf_h5_item *item) {
  double sum = (double)strlen(item->path);
  bool text = item->kind == SF_H5_STRING;
  if (item->is_group || (!text && !sf_h5_is_number(item))) return sum;
  for (uint64_t i = 0; i < item->elements; i++) {
    int64_t integer = 0;
    if (text) {
      sum += (double)strlen(item->strings[i]);
      continue;
    }
    sum += sf_h5_f64(item, i);
    if (sf_h5_i64(item, i, &integer)) sum += (double)integer;
  }
  return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  unsigned char *bytes = malloc(size + 1);
  if (!diag || !bytes) return 0;
  if (size) memcpy(bytes, data, size);
  fix_checksum(bytes, size);
  sf_h5_tree tree;
  sf_result result = sf_h5_tree_parse(bytes, size, "fuzz.net", diag, &tree);
  if (result == SF_OK) {
    volatile double sum = 0; /* so that the reads stay */
    for (uint64_t i = 0; i < tree.count; i++) {
      sum = sum + touch(&tree.items[i]);
      if (sf_h5_find(&tree, tree.items[i].path) != &tree.items[i]) abort();
    }
  }
  /* Refused without a word, or accepted with one. */
  if ((result == SF_FAIL) != (sf_diag_errors(diag) > 0)) abort();
  sf_h5_tree_destroy(&tree);
  sf_diag_destroy(diag);
  free(bytes);
  return 0;
}
