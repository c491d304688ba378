/* generate_value.c - random numbers, names, streams and blobs. */
#include "test/support/generate_private.h"

#include "ir/blob_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint32_t sf_draw(sf_generator *g, uint32_t bound) {
  return sf_random_below(&g->random, bound);
}

int32_t sf_draw_between(sf_generator *g, int32_t low, int32_t high) {
  uint32_t span = (uint32_t)high - (uint32_t)low;
  uint32_t offset =
      span == UINT32_MAX ? sf_random_u32(&g->random) : sf_draw(g, span + 1);
  return (int32_t)((uint32_t)low + offset);
}

bool sf_chance(sf_generator *g, uint32_t percent) {
  return sf_draw(g, 100) < percent;
}

/* Ordinary numbers and the edges of the format; never NaN or infinite. */
float sf_draw_f32(sf_generator *g) {
  static const float edges[] = {0.0F,          -0.0F, 1.0F,  0.1F, 1e-45F,
                                3.4028235e38F, 1e10F, -0.5F, 0.04F};
  if (sf_chance(g, 30)) return edges[sf_draw(g, SF_COUNT_OF(edges))];
  if (sf_chance(g, 50)) return (float)sf_draw_between(g, -64, 64) / 8.0F;
  for (;;) {
    uint32_t bits = sf_random_u32(&g->random);
    float value;
    memcpy(&value, &bits, sizeof value);
    if (isfinite(value)) return value;
  }
}

sf_number sf_draw_number(sf_generator *g, sf_scalar scalar) {
  if (scalar.kind == SF_SCALAR_F32) return sf_number_float(sf_draw_f32(g));
  int32_t low = (int32_t)sf_scalar_min(scalar);
  int32_t high = (int32_t)sf_scalar_max(scalar);
  if (sf_chance(g, 20)) return sf_number_int(sf_chance(g, 50) ? low : high);
  return sf_number_int(sf_draw_between(g, low, high));
}

sf_scalar sf_draw_int(sf_generator *g) {
  static const unsigned usual[] = {2, 8, 16, 24, 32};
  if (sf_chance(g, 60)) return sf_int(usual[sf_draw(g, SF_COUNT_OF(usual))]);
  return sf_int(2 + sf_draw(g, 31));
}

/* Plain names, names that only differ by suffix, and names that need quotes. */
const char *sf_draw_name(sf_generator *g) {
  static const char *const names[] = {
      NULL,     "v",         "h",        "h.1",      "spike",
      "return", "a-b",       "x$y",      "0",        "9-",
      "i8",     "next",      "inf",      "",         "ein Name",
      "\"q\"",  "tab\tname", "\xc3\xa9", "\x01\xff", "layer/0.w"};
  return names[sf_draw(g, SF_COUNT_OF(names))];
}

static sf_scalar draw_scalar(sf_generator *g, sf_want want) {
  if (want == SF_WANT_ANY)
    want = sf_chance(g, 40) ? SF_WANT_FLOAT : SF_WANT_DIGITAL;
  if (want == SF_WANT_FLOAT) return sf_f32();
  return want == SF_WANT_SPIKE || sf_chance(g, 50) ? sf_spike()
                                                   : sf_draw_int(g);
}

static bool matches(const sf_value *value, sf_want want, int rank) {
  uint8_t kind = value->type.scalar.kind;
  if (rank >= 0 && value->type.rank != rank) return false;
  if (sf_type_elements(&value->type) > 600) return false;
  switch (want) {
  case SF_WANT_ANY:
    return true;
  case SF_WANT_FLOAT:
    return kind == SF_SCALAR_F32;
  case SF_WANT_SPIKE:
    return kind == SF_SCALAR_SPIKE;
  default:
    return kind != SF_SCALAR_F32;
  }
}

/* A random value of the network for which `matches`; NULL: none. */
static sf_value *find_value(sf_generator *g, sf_want want, int rank) {
  sf_value *found = NULL;
  uint32_t seen = 0;
  for (uint32_t i = 0; i < g->network->argument_count; i++) {
    sf_value *value = g->network->arguments[i];
    if (matches(value, want, rank) && sf_draw(g, ++seen) == 0) found = value;
  }
  SF_FOREACH_OP(op, g->network) {
    for (uint32_t i = 0; i < op->result_count; i++)
      if (matches(op->results[i], want, rank) && sf_draw(g, ++seen) == 0)
        found = op->results[i];
  }
  return found;
}

static sf_value *add_argument(sf_generator *g, const sf_type *type) {
  sf_value *value = sf_network_add_argument(g->network, sf_draw_name(g), type);
  if (!value) g->out_of_memory = true;
  return value;
}

sf_value *sf_draw_value(sf_generator *g, sf_want want, int rank) {
  sf_value *found = sf_chance(g, 80) ? find_value(g, want, rank) : NULL;
  if (found) return found;
  sf_type type = {.scalar = draw_scalar(g, want)};
  type.rank = (uint8_t)(rank >= 0 ? (uint32_t)rank : 1 + sf_draw(g, 3));
  for (unsigned i = 0; i < type.rank; i++)
    type.dim[i] = sf_draw_between(g, 1, 5);
  return add_argument(g, &type);
}

sf_value *sf_value_of_type(sf_generator *g, const sf_type *type) {
  for (uint32_t i = 0; i < g->network->argument_count; i++)
    if (sf_type_equal(&g->network->arguments[i]->type, type))
      return g->network->arguments[i];
  return add_argument(g, type);
}

static sf_blob *keep(sf_generator *g, sf_blob *blob) {
  if (!blob) g->out_of_memory = true;
  return blob;
}

sf_blob *sf_draw_blob_between(sf_generator *g, const sf_type *type, int32_t low,
                              int32_t high) {
  size_t count = sf_type_elements(type);
  int32_t *values = malloc(count * sizeof *values);
  if (!values) return keep(g, NULL);
  for (size_t i = 0; i < count; i++)
    values[i] = sf_draw_between(g, low, high);
  sf_blob *blob = sf_blob_create_i32(g->module, sf_draw_name(g), type, values);
  free(values);
  return keep(g, blob);
}

static sf_blob *draw_floats(sf_generator *g, const sf_type *type) {
  size_t count = sf_type_elements(type);
  float *values = malloc(count * sizeof *values);
  if (!values) return keep(g, NULL);
  for (size_t i = 0; i < count; i++)
    values[i] = sf_draw_f32(g);
  sf_blob *blob = sf_blob_create_f32(g->module, sf_draw_name(g), type, values);
  free(values);
  return keep(g, blob);
}

/* Blobs that are text only: their data are nowhere. */
static sf_blob *draw_outside(sf_generator *g, const sf_type *type) {
  static const char hash[] = "0123456789abcdef0123456789abcdef"
                             "0123456789abcdef0123456789abcdef";
  static const sf_source_kind sources[] = {SF_SOURCE_FILE, SF_SOURCE_RAW,
                                           SF_SOURCE_ELIDED};
  sf_source_kind source = sources[sf_draw(g, SF_COUNT_OF(sources))];
  sf_blob *blob = sf_blob_create(g->module, sf_draw_name(g), type, source);
  if (!blob) return keep(g, NULL);
  blob->path = "weights/a \"b\".safetensors";
  blob->tensor = "layer.0/weight";
  blob->offset = sf_draw(g, 100000);
  blob->bytes = 1 + sf_draw(g, 100000);
  if (source == SF_SOURCE_RAW) {
    static const sf_dtype ints[] = {SF_DTYPE_I8, SF_DTYPE_U8, SF_DTYPE_I16,
                                    SF_DTYPE_U16, SF_DTYPE_I32};
    blob->dtype = type->scalar.kind == SF_SCALAR_F32
                      ? (sf_chance(g, 50) ? SF_DTYPE_F16 : SF_DTYPE_F32)
                      : ints[sf_draw(g, SF_COUNT_OF(ints))];
  }
  if (source == SF_SOURCE_ELIDED || sf_chance(g, 50)) blob->sha256 = hash;
  return blob;
}

/* A box of a blob that is larger along some axes. */
static sf_blob *draw_slice(sf_generator *g, const sf_type *type) {
  sf_type whole = *type;
  int32_t begin[SF_RANK_MAX] = {0};
  for (unsigned i = 0; i < type->rank; i++) {
    int32_t more = (int32_t)sf_draw(g, 3);
    whole.dim[i] += more;
    begin[i] = (int32_t)sf_draw(g, (uint32_t)more + 1);
  }
  sf_blob *base = type->scalar.kind == SF_SCALAR_F32
                      ? draw_floats(g, &whole)
                      : sf_draw_blob_between(
                            g, &whole, (int32_t)sf_scalar_min(type->scalar),
                            (int32_t)sf_scalar_max(type->scalar));
  if (!base) return keep(g, NULL);
  return keep(
      g, sf_blob_create_slice(g->module, sf_draw_name(g), type, base, begin));
}

sf_blob *sf_draw_blob(sf_generator *g, const sf_type *type) {
  if (!g->runnable && sf_chance(g, 15)) return draw_outside(g, type);
  if (sf_chance(g, 30))
    return keep(g, sf_blob_create_splat(g->module, sf_draw_name(g), type,
                                        sf_draw_number(g, type->scalar)));
  if (type->rank && sf_chance(g, 10)) return draw_slice(g, type);
  if (type->scalar.kind == SF_SCALAR_F32) return draw_floats(g, type);
  return sf_draw_blob_between(g, type, (int32_t)sf_scalar_min(type->scalar),
                              (int32_t)sf_scalar_max(type->scalar));
}

sf_blob *sf_draw_edges(sf_generator *g, int32_t edges, int32_t rows,
                       int32_t columns) {
  int32_t pairs[16];
  int64_t place = 0, places = (int64_t)rows * columns;
  if (edges > 8) edges = 8;
  for (int32_t e = 0; e < edges; e++) {
    int64_t left = places - 1 - place;
    place += sf_draw(g, (uint32_t)(left / 2 + 1));
    pairs[2 * e] = (int32_t)(place / columns);
    pairs[2 * e + 1] = (int32_t)(place % columns);
  }
  sf_type type = sf_type_make(sf_int(32), 2, (const int32_t[]){edges, 2});
  return keep(g, sf_blob_create_i32(g->module, sf_draw_name(g), &type, pairs));
}
