/* given.c - what `set` gives params of the new model: "vth=theta,dv=0.1". */
#include "passes/replace_neurons/replace_neurons.h"

#include "support/number.h"

#include <string.h>

static bool equal(sf_slice a, const char *b) {
  return strlen(b) == a.size && memcmp(a.data, b, a.size) == 0;
}

/* The item that ends at the next comma; false at the end of the list. */
static bool next_item(const char **at, sf_slice *name, sf_slice *value) {
  if (!**at) return false;
  size_t length = strcspn(*at, ","), split = strcspn(*at, ",=");
  *name = (sf_slice){*at, split};
  size_t skip = split < length ? split + 1 : length;
  *value = (sf_slice){*at + skip, length - skip};
  *at += length + ((*at)[length] == ',');
  return true;
}

bool sf_replace_given(const char *set, const char *name, sf_slice *value) {
  for (sf_slice item; next_item(&set, &item, value);)
    if (equal(item, name)) return true;
  return false;
}

bool sf_replace_takes(const char *set, const char *name) {
  for (sf_slice item, value; next_item(&set, &item, &value);)
    if (equal(value, name)) return true;
  return false;
}

static sf_result bad(sf_pass_run *run, sf_diag_id id, sf_slice item,
                     const char *why, const char *whose) {
  (void)sf_error(run->diag, id, SF_NO_LOC,
                 "replace-neurons: '%.*s' in `set` %s '@%s'", (int)item.size,
                 item.data, why, whose);
  sf_help(run->diag,
          "write set=\"NAME=VALUE,..\" with params of the new model, each with "
          "a number or a param of the old one");
  return SF_FAIL;
}

sf_result sf_replace_check_set(sf_pass_run *run, const char *set,
                               const sf_neuron *from, const sf_neuron *to) {
  sf_result result = SF_OK;
  double number;
  for (sf_slice name, value; next_item(&set, &name, &value);) {
    if (!sf_neuron_find_param(to, name))
      result = bad(run, SF_DIAG_ATTR, name, "is no param of", to->name);
    if (!sf_read_f64(value, &number) && !sf_neuron_find_param(from, value))
      result = bad(run, SF_DIAG_ATTR, value, "is no number and no param of",
                   from->name);
  }
  return result;
}

sf_result sf_replace_number(sf_pass_run *run, const sf_param *param,
                            sf_slice text, sf_number *out) {
  int64_t whole;
  float real;
  if (param->value->type.kind == SF_SCALAR_F32 && sf_read_f32(text, &real)) {
    *out = sf_number_float(real);
    return SF_OK;
  }
  if (param->value->type.kind != SF_SCALAR_F32 && sf_read_i64(text, &whole)) {
    *out = sf_number_int(whole);
    return SF_OK;
  }
  return sf_error(run->diag, SF_DIAG_TYPE, SF_NO_LOC,
                  "replace-neurons: '%s' is a whole number, found '%.*s'",
                  param->value->name, (int)text.size, text.data);
}
