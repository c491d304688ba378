/* options.c - options of a pass, from its table: text to struct, checked.
 */
#include "passes/manager/manager.h"
#include "support/number.h"

#include <string.h>

static void *field(void *options, const sf_option *option) {
  return (char *)options + option->offset;
}

static bool is_limited(const sf_option *option) {
  return option->low != 0 || option->high != 0;
}

static bool in_range(const sf_option *option, double value) {
  return !is_limited(option) || (value >= option->low && value <= option->high);
}

/* `word` is one of `a|b|c`; the table's own text of it, or NULL. */
static const char *find_choice(const char *choices, sf_slice word,
                               size_t *out_size) {
  for (const char *at = choices; at;) {
    const char *bar = strchr(at, '|');
    size_t size = bar ? (size_t)(bar - at) : strlen(at);
    if (size == word.size && memcmp(at, word.data, size) == 0) {
      *out_size = size;
      return at;
    }
    at = bar ? bar + 1 : NULL;
  }
  return NULL;
}

/* Writes the value; false: it is not of the option's kind. */
static bool read_value(const sf_option *option, sf_slice value, void *options,
                       const char *text) {
  switch (option->kind) {
  case SF_OPTION_INT: {
    int64_t number;
    if (!sf_read_i64(value, &number) || !in_range(option, (double)number))
      return false;
    *(int64_t *)field(options, option) = number;
    return true;
  }
  case SF_OPTION_NUMBER: {
    double number;
    if (!sf_read_f64(value, &number) || !in_range(option, number)) return false;
    *(double *)field(options, option) = number;
    return true;
  }
  case SF_OPTION_BOOL: {
    bool yes = value.size == 4 && memcmp(value.data, "true", 4) == 0;
    bool no = value.size == 5 && memcmp(value.data, "false", 5) == 0;
    if (yes || no) *(bool *)field(options, option) = yes;
    return yes || no;
  }
  case SF_OPTION_CHOICE: {
    size_t size;
    if (!find_choice(option->choices, value, &size)) return false;
    *(const char **)field(options, option) = text;
    return true;
  }
  case SF_OPTION_TEXT:
    *(const char **)field(options, option) = text;
    return true;
  }
  return false;
}

static const char *kind_text(const sf_option *option) {
  switch (option->kind) {
  case SF_OPTION_INT:
    return "an integer";
  case SF_OPTION_NUMBER:
    return "a number";
  case SF_OPTION_BOOL:
    return "true or false";
  case SF_OPTION_CHOICE:
    return option->choices;
  case SF_OPTION_TEXT:
    return "text";
  }
  return "";
}

static sf_result value_error(const sf_pass *pass, const sf_option *option,
                             sf_slice value, sf_diag *diag) {
  if (is_limited(option)) {
    return sf_error(diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
                    "option '%s' of pass '%s' must be %s from %g to %g, got "
                    "'%.*s'",
                    option->name, pass->name, kind_text(option), option->low,
                    option->high, (int)value.size, value.data);
  }
  return sf_error(diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
                  "option '%s' of pass '%s' must be %s, got '%.*s'",
                  option->name, pass->name, kind_text(option), (int)value.size,
                  value.data);
}

static sf_result unknown_option(const sf_pass *pass, sf_slice name,
                                sf_diag *diag) {
  sf_error(diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
           "pass '%s' has no option '%.*s'", pass->name, (int)name.size,
           name.data);
  sf_buffer known = {0};
  for (const sf_option *o = pass->options; o && o->name; o++)
    sf_buffer_printf(&known, "%s%s", known.size ? ", " : "", o->name);
  sf_help(diag, "its options: %s", known.size ? known.data : "none");
  sf_buffer_destroy(&known);
  return SF_FAIL;
}

sf_result sf_pass_options_set(const sf_pass *pass, void *options, sf_slice name,
                              sf_slice value, sf_arena *arena, sf_diag *diag) {
  for (const sf_option *o = pass->options; o && o->name; o++) {
    if (!sf_pass_name_equal(name, o->name)) continue;
    const char *text = sf_arena_text(arena, value);
    if (!text) return SF_OOM;
    if (read_value(o, value, options, text)) return SF_OK;
    return value_error(pass, o, value, diag);
  }
  return unknown_option(pass, name, diag);
}

sf_result sf_pass_options_default(const sf_pass *pass, sf_arena *arena,
                                  sf_diag *diag, void **out) {
  *out = NULL;
  if (pass->options_size == 0) return SF_OK;
  void *options = sf_arena_alloc(arena, pass->options_size);
  if (!options) return SF_OOM;
  for (const sf_option *o = pass->options; o && o->name; o++) {
    if (!o->default_text) continue;
    sf_slice value = {o->default_text, strlen(o->default_text)};
    if (!read_value(o, value, options, o->default_text))
      return value_error(pass, o, value, diag);
  }
  *out = options;
  return SF_OK;
}
