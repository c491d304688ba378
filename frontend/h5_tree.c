/* h5_tree.c - finding things in the tree, and what an element is. */
#include "frontend/h5_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sf_h5_tree_destroy(sf_h5_tree *tree) {
  sf_arena_destroy(tree->arena);
  free(tree->stream);
  *tree = (sf_h5_tree){0};
}

const sf_h5_item *sf_h5_find(const sf_h5_tree *tree, const char *path) {
  uint64_t low = 0, high = tree->count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    int order = strcmp(tree->items[middle].path, path);
    if (order == 0) return &tree->items[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

const sf_h5_item *sf_h5_member(const sf_h5_tree *tree, const char *directory,
                               const char *name) {
  char path[SF_H5_PATH_MAX + 1];
  int length = snprintf(path, sizeof path, "%s/%s", directory, name);
  if (length < 0 || (size_t)length >= sizeof path) return NULL;
  return sf_h5_find(tree, path);
}

bool sf_h5_is_number(const sf_h5_item *item) {
  return !item->is_group &&
         (item->kind == SF_H5_INT || item->kind == SF_H5_UINT ||
          item->kind == SF_H5_FLOAT);
}

/* The bytes of an element as an unsigned number. */
static uint64_t raw_bits(const sf_h5_item *item, uint64_t index) {
  const unsigned char *bytes = item->data + index * item->element_bytes;
  uint64_t bits = 0;
  for (uint32_t i = 0; i < item->element_bytes; i++)
    bits |= (uint64_t)bytes[i] << (8 * i);
  return bits;
}

static double float_value(const sf_h5_item *item, uint64_t index) {
  uint64_t bits = raw_bits(item, index);
  if (item->element_bytes == 4) {
    uint32_t narrow = (uint32_t)bits;
    float value;
    memcpy(&value, &narrow, sizeof value);
    return (double)value;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int64_t signed_value(const sf_h5_item *item, uint64_t index) {
  uint64_t bits = raw_bits(item, index);
  unsigned width = 8 * item->element_bytes;
  if (width > 0 && width < 64 && (bits >> (width - 1) & 1))
    bits |= ~(uint64_t)0 << width;
  int64_t value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double sf_h5_f64(const sf_h5_item *item, uint64_t index) {
  if (item->kind == SF_H5_FLOAT) return float_value(item, index);
  if (item->kind == SF_H5_INT) return (double)signed_value(item, index);
  return (double)raw_bits(item, index);
}

bool sf_h5_i64(const sf_h5_item *item, uint64_t index, int64_t *out) {
  if (item->kind == SF_H5_INT) {
    *out = signed_value(item, index);
    return true;
  }
  if (item->kind == SF_H5_UINT) {
    uint64_t bits = raw_bits(item, index);
    if (bits > INT64_MAX) return false;
    *out = (int64_t)bits;
    return true;
  }
  double value = float_value(item, index);
  if (!(value > -0x1p63 && value < 0x1p63)) return false; /* NaN too */
  *out = (int64_t)value;
  return true;
}

bool sf_h5_recognizes(const char *path) {
  static const unsigned char signature[8] = {0x89, 'H',  'D',  'F',
                                             '\r', '\n', 0x1a, '\n'};
  unsigned char start[8];
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  size_t got = fread(start, 1, sizeof start, file);
  fclose(file);
  return got == sizeof start && memcmp(start, signature, sizeof start) == 0;
}
