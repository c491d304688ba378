/* options.c - the command line of sf-opt, from the table options.def. */
#include "support/number.h"
#include "tools/sf-opt/sf_opt.h"

#include <stddef.h>
#include <string.h>

typedef enum flag_kind {
  KIND_FLAG,
  KIND_TEXT,
  KIND_COUNT,
  KIND_LIST
} flag_kind;

typedef struct flag_row {
  const char *word;
  flag_kind kind;
  size_t offset;
  const char *value, *doc;
} flag_row;

static const flag_row rows[] = {
#define SF_OPT(word, KIND, field, value, doc)                                  \
  {word, KIND_##KIND, offsetof(sf_opt_options, field), value, doc},
#include "tools/sf-opt/options.def"
};

void sf_opt_print_help(FILE *out) {
  fprintf(out, "usage: sf-opt [FILE.sf | -] [options]\n\n"
               "Reads a module, runs passes over it, prints it.\n\n");
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    char left[48];
    snprintf(left, sizeof left, "%s %s", rows[i].word, rows[i].value);
    fprintf(out, "  %-28s %s\n", left, rows[i].doc);
  }
  fprintf(out, "\nexit codes: 0 fine; 1 the input is at fault; 2 usage; 3 does "
               "not fit the\nmachine; 5 the system; 70 a bug of ours\n");
}

static const flag_row *find_row(sf_slice word) {
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    if (strlen(rows[i].word) == word.size &&
        memcmp(rows[i].word, word.data, word.size) == 0) {
      return &rows[i];
    }
  }
  return NULL;
}

static sf_result usage_error(sf_diag *diag, const char *format,
                             const char *word) SF_PRINTF(2, 0);
static sf_result usage_error(sf_diag *diag, const char *format,
                             const char *word) {
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, format, word);
  sf_help(diag, "sf-opt --help");
  return SF_FAIL;
}

static sf_result store(const flag_row *row, const char *value, sf_diag *diag,
                       sf_opt_options *out) {
  void *field = (char *)out + row->offset;
  switch (row->kind) {
  case KIND_FLAG:
    *(bool *)field = true;
    return SF_OK;
  case KIND_TEXT:
    *(const char **)field = value;
    return SF_OK;
  case KIND_LIST: {
    sf_opt_list *list = field;
    list->items[list->count++] = value;
    return SF_OK;
  }
  case KIND_COUNT: {
    int64_t number;
    sf_slice text = {value, strlen(value)};
    if (!sf_read_i64(text, &number) || number < 0 || number > UINT32_MAX) {
      return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "'%s' takes a number from 0 to 4294967295, got '%s'",
                      row->word, value);
    }
    *(uint64_t *)field = (uint64_t)number;
    return SF_OK;
  }
  }
  return SF_OK;
}

/* `--word`, `--word=value` or `--word value`; *at moves past the value. */
static sf_result read_flag(int argc, char **argv, int *at, sf_diag *diag,
                           sf_opt_options *out) {
  const char *word = argv[*at], *equal = strchr(word, '=');
  sf_slice name = {word, equal ? (size_t)(equal - word) : strlen(word)};
  const flag_row *row = find_row(name);
  if (!row) return usage_error(diag, "unknown option '%s'", word);
  const char *value = equal ? equal + 1 : NULL;
  if (row->kind == KIND_FLAG) {
    if (value) return usage_error(diag, "'%s' takes no value", row->word);
  } else if (!value) {
    if (*at + 1 == argc) return usage_error(diag, "'%s' needs a value", word);
    value = argv[++*at];
  }
  return store(row, value, diag, out);
}

sf_result sf_opt_options_read(int argc, char **argv, const char **texts,
                              sf_diag *diag, sf_opt_options *out) {
  *out = (sf_opt_options){.seed = 1,
                          .threads = 1,
                          .calib_samples = SF_OPT_NOT_GIVEN,
                          .plugins.items = texts,
                          .calib.items = texts + argc};
  for (int at = 1; at < argc; at++) {
    const char *word = argv[at];
    if (word[0] == '-' && word[1])
      SF_TRY(read_flag(argc, argv, &at, diag, out));
    else if (out->input)
      return usage_error(diag, "one input file, got another, '%s'", word);
    else
      out->input = word;
  }
  if (!out->input) out->input = "-";
  if (out->print_before_all) out->print_before = "*";
  if (out->print_after_all) out->print_after = "*";
  if (out->output && out->split_input) {
    return usage_error(diag,
                       "'%s' writes one module, not those of "
                       "'--split-input'",
                       "-o");
  }
  return SF_OK;
}
