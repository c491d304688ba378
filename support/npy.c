/* npy.c - the .npy format, versions 1 to 3 (NumPy: numpy.lib.format).
 *
 * Magic, two version bytes, header length (2 bytes in version 1, else 4), and a
 * Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}.
 * Nothing of it is evaluated: objects, records and text are refused. */
#include "support/array_format.h"

#include <string.h>

enum { PREFIX_BYTES = 8, HEADER_MAX = 1 << 20, DESCR_MAX = 16 };

/* Position in the header's text. */
typedef struct cursor {
  const char *at, *end;
} cursor;

/* What the dictionary says; a key given twice is refused. */
typedef struct header {
  char descr[DESCR_MAX + 1];
  bool has_descr, has_order, has_shape, fortran;
} header;

bool sf_npy_is(const array_input *input) {
  return input->size >= 6 && memcmp(input->bytes, "\x93NUMPY", 6) == 0;
}

static void skip_spaces(cursor *c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t'))
    c->at++;
}

static bool take(cursor *c, char wanted) {
  skip_spaces(c);
  if (c->at == c->end || *c->at != wanted) return false;
  c->at++;
  return true;
}

static bool take_word(cursor *c, const char *word) {
  size_t length = strlen(word);
  skip_spaces(c);
  if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0)
    return false;
  c->at += length;
  return true;
}

/* A quoted string without escapes, cut to `size - 1` bytes. */
static bool take_string(cursor *c, char *out, size_t size) {
  skip_spaces(c);
  if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
  char quote = *c->at++;
  size_t length = 0;
  while (c->at < c->end && *c->at != quote) {
    if (length + 1 < size) out[length++] = *c->at;
    c->at++;
  }
  out[length] = 0;
  return take(c, quote);
}

static bool take_dimension(cursor *c, uint64_t *out) {
  skip_spaces(c);
  const char *first = c->at;
  uint64_t value = 0;
  for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, (uint64_t)(*c->at - '0'), &value))
      return false;
  bool found = c->at > first;
  if (found && c->at < c->end && *c->at == 'L') c->at++; /* Python 2 wrote 3L */
  *out = value;
  return found;
}

/* `()`, `(3,)`, `(2, 3)`. */
static bool take_shape(cursor *c, sf_array *out) {
  if (!take(c, '(')) return false;
  while (!take(c, ')')) {
    if (out->rank == SF_ARRAY_RANK_MAX ||
        !take_dimension(c, &out->dim[out->rank]))
      return false;
    out->rank++;
    if (!take(c, ',')) return out->rank > 1 && take(c, ')');
  }
  return true;
}

static bool take_entry(cursor *c, header *h, sf_array *out) {
  char key[DESCR_MAX + 1];
  if (!take_string(c, key, sizeof key) || !take(c, ':')) return false;
  if (strcmp(key, "descr") == 0 && !h->has_descr)
    return h->has_descr = take_string(c, h->descr, sizeof h->descr);
  if (strcmp(key, "shape") == 0 && !h->has_shape)
    return h->has_shape = take_shape(c, out);
  if (strcmp(key, "fortran_order") == 0 && !h->has_order) {
    h->fortran = take_word(c, "True");
    return h->has_order = h->fortran || take_word(c, "False");
  }
  return false;
}

static bool take_dictionary(cursor *c, header *h, sf_array *out) {
  if (!take(c, '{')) return false;
  while (!take(c, '}')) {
    if (!take_entry(c, h, out)) return false;
    if (!take(c, ',')) {
      if (!take(c, '}')) return false;
      break;
    }
  }
  skip_spaces(c);
  return c->at == c->end && h->has_descr && h->has_order && h->has_shape;
}

static bool find_type(const char *text, sf_array_type *out) {
  static const char codes[][3] = {
      [SF_ARRAY_BOOL] = "b1", [SF_ARRAY_I8] = "i1",  [SF_ARRAY_U8] = "u1",
      [SF_ARRAY_I16] = "i2",  [SF_ARRAY_U16] = "u2", [SF_ARRAY_I32] = "i4",
      [SF_ARRAY_U32] = "u4",  [SF_ARRAY_I64] = "i8", [SF_ARRAY_U64] = "u8",
      [SF_ARRAY_F16] = "f2",  [SF_ARRAY_F32] = "f4", [SF_ARRAY_F64] = "f8",
  };
  for (size_t i = 0; i < SF_COUNT_OF(codes); i++)
    if (strcmp(text, codes[i]) == 0) {
      *out = (sf_array_type)i;
      return true;
    }
  return false;
}

/* Splits the preamble off; *out_text is the dictionary. */
static sf_result find_header(const array_input *input, cursor *out_text,
                             size_t *out_data_offset) {
  const uint8_t *b = input->bytes;
  if (input->size < PREFIX_BYTES + 4)
    return sf_array_malformed(input, "a .npy file that ends in its header");
  if (b[6] < 1 || b[6] > 3 || b[7] != 0)
    return sf_array_malformed(input, ".npy version %u.%u is not 1.0 to 3.0",
                              b[6], b[7]);
  size_t length = b[8] | (size_t)b[9] << 8, prefix = PREFIX_BYTES + 2;
  if (b[6] > 1) {
    length |= (size_t)b[10] << 16 | (size_t)b[11] << 24;
    prefix += 2;
  }
  if (length > HEADER_MAX)
    return sf_error(input->diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                    "'%s': its header of %zu bytes is above the limit of %d",
                    input->name, length, HEADER_MAX);
  if (length > input->size - prefix)
    return sf_array_malformed(input, "a .npy file that ends in its header");
  const char *text = (const char *)b + prefix;
  *out_text = (cursor){text, text + length};
  *out_data_offset = prefix + length;
  return SF_OK;
}

sf_result sf_npy_parse(const array_input *input, sf_array *out) {
  cursor text = {NULL, NULL};
  header h = {.has_descr = false};
  array_layout layout = {.big_endian = false};
  SF_TRY(find_header(input, &text, &layout.data_offset));
  if (!take_dictionary(&text, &h, out))
    return sf_array_malformed(
        input,
        "its .npy header is not a dictionary of 'descr', "
        "'fortran_order' and 'shape' with at most %d dimensions",
        SF_ARRAY_RANK_MAX);
  bool known = strchr("<>|=", h.descr[0]) && h.descr[0] &&
               find_type(h.descr + 1, &out->type);
  if (!known) {
    sf_array_malformed(input, "its element type '%s' is not supported",
                       h.descr);
    sf_help(input->diag,
            "convert it with numpy.ndarray.astype to bool, int8 to "
            "int64, uint8 to uint64 or float16 to float64");
    return SF_FAIL;
  }
  layout.big_endian = h.descr[0] == '>';
  layout.fortran = h.fortran;
  return sf_array_place(input, &layout, out);
}
