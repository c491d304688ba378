/* options.c - verbs and options from their tables; the command line. */
#include "support/number.h"
#include "support/process.h"
#include "tools/sfc/sfc.h"

#include <string.h>

typedef enum option_sort { FLAG, TEXT, COUNT, LIST } option_sort;

typedef struct option_row {
  const char *name;
  char letter;
  option_sort sort;
  size_t offset;
  uint32_t verbs;
  const char *argument, *doc;
} option_row;

enum {
#define SFC_VERB(BIT, ID, function, name, arguments, positional, summary)      \
  ID = 1 << BIT,
#include "tools/sfc/verbs.def"
  ALL = SFC_ALL,
  IMPORTS = IMPORT | CHECK | COMPILE | RUN | COMPARE | EXPORT
};

static const option_row options[] = {
#define SFC_OPTION(name, letter, SORT, field, verbs, argument, doc)            \
  {name, letter, SORT, offsetof(sfc_arguments, field), verbs, argument, doc},
#include "tools/sfc/options.def"
};

static const sfc_verb verbs[] = {
#define SFC_VERB(BIT, ID, function, name, arguments, positional, summary)      \
  {SFC_##ID, name, arguments, summary, positional, sfc_verb_##function},
#include "tools/sfc/verbs.def"
};

const sfc_verb *sfc_verb_find(const char *name) {
  for (size_t i = 0; i < SF_COUNT_OF(verbs); i++)
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  return NULL;
}

unsigned sfc_threads(const sfc_session *session) {
  int64_t given = session->arguments.threads;
  return given > 0 ? (unsigned)given : sf_processor_count();
}

/* ---- Help. ---- */

static void print_option(const char *name, char letter, const char *argument,
                         const char *doc) {
  char left[64];
  snprintf(left, sizeof left, "  --%s%s%s", name, argument ? " " : "",
           argument ? argument : "");
  if (letter) {
    size_t used = strlen(left);
    snprintf(left + used, sizeof left - used, ", -%c", letter);
  }
  printf("%-26s %s\n", left, doc);
}

static void print_reader_options(void) {
  for (size_t i = 0; i < sf_frontend_count(); i++) {
    const sf_frontend *frontend = sf_frontend_at(i);
    if (!frontend->options || !frontend->options->name) continue;
    printf("\nwhen the model is %s (%s):\n", frontend->name, frontend->summary);
    for (const sf_reader_option *o = frontend->options; o->name; o++)
      print_option(o->name, 0, "V", o->doc);
  }
}

static void print_verb_help(const sfc_verb *verb) {
  printf("usage: sfc %s%s%s [options]\n%s\n\n", verb->name,
         verb->arguments[0] ? " " : "", verb->arguments, verb->summary);
  for (size_t i = 0; i < SF_COUNT_OF(options); i++) {
    const option_row *o = &options[i];
    if (o->verbs & verb->bit)
      print_option(o->name, o->letter, o->argument, o->doc);
  }
  if (verb->bit & IMPORTS) print_reader_options();
}

void sfc_print_help(const sfc_verb *verb) {
  if (verb) {
    print_verb_help(verb);
    return;
  }
  puts("sfc compiles trained spiking networks ahead of time.\n\n"
       "usage: sfc VERB [arguments]     sfc VERB --help explains one\n"
       "       sfc MODEL                checks a model for every target\n");
  for (size_t i = 0; i < SF_COUNT_OF(verbs); i++)
    printf("  %-9s %s\n", verbs[i].name, verbs[i].summary);
  puts("\n  --list-ops, --list-passes, --list-machines, --list-targets,\n"
       "  --list-formats   what there is (--json for programs)\n\n"
       "exit codes: 0 fine, 1 input or model, 2 usage, 3 does not fit the "
       "machine,\n4 a difference was found, 5 the system, 70 a bug of ours");
}

/* ---- Parsing. ---- */

typedef struct parse_state {
  const sfc_verb *verb;
  int argc, index;
  char **argv;
  sf_diag *diag;
  sfc_arguments *out;
} parse_state;

static sf_result set_option(parse_state *p, const option_row *row,
                            const char *value) {
  char *field = (char *)p->out + row->offset;
  switch (row->sort) {
  case FLAG:
    *(bool *)field = true;
    return SF_OK;
  case TEXT:
    *(const char **)field = value;
    return SF_OK;
  case COUNT: {
    int64_t number = 0;
    if (!sf_read_i64((sf_slice){value, strlen(value)}, &number) || number < 0) {
      return sf_error(p->diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "--%s takes a whole number from 0 on, got '%s'",
                      row->name, value);
    }
    *(int64_t *)field = number;
    return SF_OK;
  }
  case LIST: {
    sfc_list *list = (sfc_list *)field;
    if (list->count == SFC_LIST_MAX) {
      return sf_error(p->diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "--%s may be given %d times at most", row->name,
                      SFC_LIST_MAX);
    }
    list->items[list->count++] = value;
    return SF_OK;
  }
  }
  return SF_OK;
}

static sf_result take_value(parse_state *p, const char *name,
                            const char *inline_value, const char **out) {
  if (inline_value) {
    *out = inline_value;
    return SF_OK;
  }
  if (p->index + 1 >= p->argc) {
    return sf_error(p->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--%s needs a value after it", name);
  }
  *out = p->argv[++p->index];
  return SF_OK;
}

static bool is_reader_option(const char *name, size_t length) {
  for (size_t i = 0; i < sf_frontend_count(); i++) {
    const sf_reader_option *o = sf_frontend_at(i)->options;
    for (; o && o->name; o++)
      if (strlen(o->name) == length && strncmp(o->name, name, length) == 0)
        return true;
  }
  return false;
}

static sf_result take_reader_option(parse_state *p, char *name,
                                    const char *inline_value) {
  sfc_arguments *out = p->out;
  if (out->import_count == SFC_LIST_MAX) {
    return sf_error(p->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "more than %d import options", SFC_LIST_MAX);
  }
  sf_import_option *option = &out->imports[out->import_count];
  SF_TRY(take_value(p, name, inline_value, &option->value));
  option->name = name;
  out->import_count++;
  return SF_OK;
}

static const option_row *find_option(const parse_state *p, const char *name,
                                     size_t length) {
  for (size_t i = 0; i < SF_COUNT_OF(options); i++) {
    const option_row *o = &options[i];
    bool same = name[0] == '-' ? strlen(o->name) == length - 2 &&
                                     strncmp(o->name, name + 2, length - 2) == 0
                               : length == 1 && o->letter == name[0];
    if (same && (o->verbs & p->verb->bit)) return o;
  }
  return NULL;
}

static sf_result parse_option(parse_state *p) {
  char *word = p->argv[p->index];
  bool is_long = word[1] == '-';
  char *equals = is_long ? strchr(word, '=') : NULL;
  size_t length = equals ? (size_t)(equals - word) : strlen(word);
  const char *inline_value = equals ? equals + 1 : NULL;
  const option_row *row = is_long ? find_option(p, word, length)
                                  : find_option(p, word + 1, length - 1);
  if (row) {
    const char *value = NULL;
    if (row->sort != FLAG) {
      SF_TRY(take_value(p, row->name, inline_value, &value));
    } else if (inline_value) {
      return sf_error(p->diag, SF_DIAG_USAGE, SF_NO_LOC, "--%s takes no value",
                      row->name);
    }
    return set_option(p, row, value);
  }
  if (is_long && (p->verb->bit & IMPORTS) &&
      is_reader_option(word + 2, length - 2)) {
    if (equals) *equals = '\0';
    return take_reader_option(p, word + 2, inline_value);
  }
  sf_error(p->diag, SF_DIAG_USAGE, SF_NO_LOC, "'sfc %s' has no option '%.*s'",
           p->verb->name, (int)length, word);
  sf_help(p->diag, "sfc %s --help lists them", p->verb->name);
  return SF_FAIL;
}

sf_result sfc_arguments_parse(const sfc_verb *verb, int argc, char **argv,
                              sf_diag *diag, sfc_arguments *out) {
  *out = (sfc_arguments){.steps = -1,
                         .samples = -1,
                         .seed = -1,
                         .threads = -1,
                         .calib_samples = -1};
  parse_state p = {verb, argc, 0, argv, diag, out};
  for (; p.index < argc; p.index++) {
    const char *word = argv[p.index];
    if (word[0] == '-' && word[1] != '\0') {
      SF_TRY(parse_option(&p));
    } else if (verb->positional > 0 && !out->positional) {
      out->positional = word;
    } else if (verb->positional > 1 && !out->second) {
      out->second = word;
    } else {
      return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "unexpected argument '%s'; usage: sfc %s %s", word,
                      verb->name, verb->arguments);
    }
  }
  bool optional =
      verb->positional == 0 || verb->arguments[0] == '[' || out->list_ops;
  if (!out->positional && !optional && !out->help) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "'sfc %s' needs an argument; usage: sfc %s %s", verb->name,
                    verb->name, verb->arguments);
  }
  if (verb->positional > 1 && !out->second && !out->help) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "'sfc %s' needs two arguments; usage: sfc %s %s",
                    verb->name, verb->name, verb->arguments);
  }
  return SF_OK;
}
