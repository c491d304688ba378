/* The walk over the wire format of a model: what it keeps, where elements lie,
 * and what it refuses. */
#include "frontend/onnx/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A message that is being written. */
typedef struct message {
  unsigned char *bytes;
  size_t size;
} message;

static void put(message *m, const void *bytes, size_t size) {
  m->bytes = realloc(m->bytes, m->size + size + 1);
  assert_non_null(m->bytes);
  memcpy(m->bytes + m->size, bytes, size);
  m->size += size;
}

static void put_varint(message *m, uint64_t value) {
  for (; value > 127; value >>= 7)
    put(m, &(unsigned char){(unsigned char)(128 | (value & 127))}, 1);
  put(m, &(unsigned char){(unsigned char)value}, 1);
}

static void put_number(message *m, uint32_t field, uint64_t value) {
  put_varint(m, (uint64_t)field << 3);
  put_varint(m, value);
}

static void put_bytes(message *m, uint32_t field, const void *bytes,
                      size_t size) {
  put_varint(m, (uint64_t)field << 3 | 2);
  put_varint(m, size);
  put(m, bytes, size);
}

/* Takes `inner`. */
static void put_message(message *m, uint32_t field, message *inner) {
  put_bytes(m, field, inner->bytes ? inner->bytes : (unsigned char *)"",
            inner->size);
  free(inner->bytes);
  *inner = (message){0};
}

static sf_result reduce(const message *m, onnx_wire *out) {
  sf_diag *diag = sf_diag_create(NULL, SF_DIAG_TEXT);
  assert_non_null(diag);
  sf_result result =
      sf_onnx_wire_reduce(m->bytes, m->size, "model.onnx", diag, out);
  assert_int_equal(sf_diag_errors(diag), result == SF_FAIL);
  sf_diag_destroy(diag);
  return result;
}

static void expect_refused(const message *m) {
  onnx_wire wire;
  assert_int_equal(reduce(m, &wire), SF_FAIL);
  sf_onnx_wire_destroy(&wire);
}

/* ---- What is kept. ---- */

/* A tensor's elements: raw, packed, and two runs behind tags. */
static void pieces_lie_where_they_are(void **state) {
  (void)state;
  static const float packed[] = {1.0F, 2.0F};
  message tensor = {0}, graph = {0}, model = {0};
  put_number(&tensor, 1, 2);
  put_bytes(&tensor, ONNX_RAW_DATA, "0123456789abcdef", 16);
  put_bytes(&tensor, ONNX_FLOAT_DATA, packed, sizeof packed);
  put_number(&tensor, ONNX_INT64_DATA, 300);
  put_number(&tensor, ONNX_INT64_DATA, 7);
  put_number(&tensor, 2, 7); /* between them: a second run */
  put_number(&tensor, ONNX_INT64_DATA, 9);
  put_message(&graph, 5, &tensor);
  put_number(&model, 1, 8);
  put_message(&model, 7, &graph);
  onnx_wire wire;
  assert_int_equal(reduce(&model, &wire), SF_OK);
  assert_int_equal(wire.piece_count, 4);
  const onnx_piece *p = wire.pieces;
  assert_int_equal(p[0].field, ONNX_RAW_DATA);
  assert_true(p[0].packed);
  assert_int_equal(p[0].bytes, 16);
  assert_memory_equal(model.bytes + p[0].offset, "0123456789abcdef", 16);
  assert_memory_equal(model.bytes + p[1].offset, packed, sizeof packed);
  assert_false(p[2].packed);
  assert_int_equal(p[2].bytes, 3 + 2); /* two tags, 300 and 7 */
  assert_int_equal(p[3].bytes, 2);
  assert_true(wire.reduced.size < model.size);
  assert_null(memmem(wire.reduced.data, wire.reduced.size, "0123456789", 10));
  sf_onnx_wire_destroy(&wire);
  free(model.bytes);
}

/* Fields that nobody reads are dropped, those of our own numbers too. */
static void unknown_fields_are_dropped(void **state) {
  (void)state;
  message tensor = {0}, graph = {0}, model = {0};
  put_number(&tensor, 1001, 77);
  put_bytes(&tensor, 12, "a doc string", 12);
  put_message(&graph, 5, &tensor);
  put_bytes(&graph, 10, "another one", 11);
  put_message(&model, 7, &graph);
  put_bytes(&model, 99, "of the future", 13);
  onnx_wire wire;
  assert_int_equal(reduce(&model, &wire), SF_OK);
  assert_null(memmem(wire.reduced.data, wire.reduced.size, "doc", 3));
  assert_null(memmem(wire.reduced.data, wire.reduced.size, "one", 3));
  assert_null(memmem(wire.reduced.data, wire.reduced.size, "future", 6));
  assert_null(memmem(wire.reduced.data, wire.reduced.size, "\x4d", 1));
  sf_onnx_wire_destroy(&wire);
  free(model.bytes);
}

/* ---- What is refused. ---- */

/* Graph in attribute in node in graph, `depth` graphs in all. */
static message nested_graphs(unsigned depth) {
  message graph = {0};
  for (unsigned i = 1; i < depth; i++) {
    message attribute = {0}, node = {0}, outer = {0};
    put_message(&attribute, 6, &graph);
    put_message(&node, 5, &attribute);
    put_message(&outer, 1, &node);
    graph = outer;
  }
  message model = {0};
  put_number(&model, 1, 8);
  put_message(&model, 7, &graph);
  return model;
}

static void nesting_is_bounded(void **state) {
  (void)state;
  onnx_wire wire;
  message model = nested_graphs(ONNX_GRAPHS_DEEP);
  assert_int_equal(reduce(&model, &wire), SF_OK);
  sf_onnx_wire_destroy(&wire);
  free(model.bytes);
  model = nested_graphs(ONNX_GRAPHS_DEEP + 1);
  expect_refused(&model);
  free(model.bytes);
  model = nested_graphs(5000);
  expect_refused(&model);
  free(model.bytes);
}

static void counts_are_bounded(void **state) {
  (void)state;
  message graph = {0}, model = {0};
  size_t count = ONNX_MESSAGES_MAX + 1;
  graph.bytes = malloc(2 * count);
  assert_non_null(graph.bytes);
  for (; graph.size < 2 * count; graph.size += 2)
    memcpy(graph.bytes + graph.size, "\x0a\x00", 2); /* an empty node */
  put_message(&model, 7, &graph);
  expect_refused(&model);
  free(model.bytes);
}

static void a_name_is_utf8_without_nul(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t size;
    bool fine;
  } names[] = {{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, true},
               {"a\0b", 3, false},
               {"\xc0\xaf", 2, false},         /* overlong */
               {"\xed\xa0\x80", 3, false},     /* surrogate */
               {"\xf4\x90\x80\x80", 4, false}, /* beyond U+10FFFF */
               {"\xe2\x82", 2, false},         /* cut short */
               {"\x80", 1, false}};
  for (size_t i = 0; i < SF_COUNT_OF(names); i++) {
    message node = {0}, graph = {0}, model = {0};
    put_bytes(&node, 3, names[i].text, names[i].size);
    put_message(&graph, 1, &node);
    put_message(&model, 7, &graph);
    onnx_wire wire;
    assert_int_equal(reduce(&model, &wire), names[i].fine ? SF_OK : SF_FAIL);
    sf_onnx_wire_destroy(&wire);
    free(model.bytes);
  }
}

static void a_name_is_not_long(void **state) {
  (void)state;
  message node = {0}, graph = {0}, model = {0};
  char *name = malloc(5000);
  assert_non_null(name);
  memset(name, 'n', 5000);
  put_bytes(&node, 3, name, 5000);
  free(name);
  put_message(&graph, 1, &node);
  put_message(&model, 7, &graph);
  expect_refused(&model);
  free(model.bytes);
}

static void malformed_fields_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *bytes;
    size_t size;
  } models[] = {
      {"\x3a\x05\x0a", 3},     /* longer than the file */
      {"\x3a\x02\x0a\x05", 4}, /* longer than its message */
      {"\x38\x01", 2},         /* a graph that is a number */
      {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12}, /* 11 bytes */
      {"\x3b\x3c", 2},                                          /* a group */
      {"\x00\x01", 2},                                          /* field 0 */
      {"\x3a\x07\x0a\x05\x2a\x03\x3a\x01\x00", 9}, /* floats of one byte */
  };
  for (size_t i = 0; i < SF_COUNT_OF(models); i++) {
    message model = {0};
    put(&model, models[i].bytes, models[i].size);
    expect_refused(&model);
    free(model.bytes);
  }
}

static void models_are_recognized(void **state) {
  (void)state;
  message model = nested_graphs(2);
  assert_true(sf_onnx_wire_recognizes(model.bytes, model.size));
  assert_true(sf_onnx_wire_recognizes(model.bytes, model.size - 1));
  free(model.bytes);
  static const char text[] = "module @m {\n}\n";
  assert_false(sf_onnx_wire_recognizes(text, sizeof text - 1));
  assert_false(sf_onnx_wire_recognizes("\x89HDF\r\n\x1a\n", 8));
  assert_false(sf_onnx_wire_recognizes("", 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(pieces_lie_where_they_are),
      cmocka_unit_test(unknown_fields_are_dropped),
      cmocka_unit_test(nesting_is_bounded),
      cmocka_unit_test(counts_are_bounded),
      cmocka_unit_test(a_name_is_utf8_without_nul),
      cmocka_unit_test(a_name_is_not_long),
      cmocka_unit_test(malformed_fields_are_refused),
      cmocka_unit_test(models_are_recognized),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
