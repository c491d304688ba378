/* replace-neurons: every population of one model becomes one of another.
 *
 *   %h = neurons @lif(%i) {beta = 0.9, theta = 2.0} : spike[10]
 *
 * with {from=lif,to=snntorch_leaky} becomes
 *
 *   %h = neurons @snntorch_leaky(%i) {beta = 0.9, theta = 2.0} : spike[10]
 *
 * Params go by name. One that the other model does not have, or one that it
 * needs and nobody gives, is an error: a guess would change the network
 * silently. */
#include "passes/replace_neurons/replace_neurons.h"

#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

typedef struct replace_options {
  const char *from, *to, *drop, *set;
} replace_options;

enum { STAT_POPULATIONS };
static const sf_stat stats[] = {
    {"populations", "populations that have the other model"}, {0}};

static const sf_option options[] = {
    {.name = "from",
     .doc = "function of the module whose populations change",
     .kind = SF_OPTION_TEXT,
     .default_text = "",
     .offset = offsetof(replace_options, from)},
    {.name = "to",
     .doc = "function that they get: the module's own, or of the library",
     .kind = SF_OPTION_TEXT,
     .default_text = "",
     .offset = offsetof(replace_options, to)},
    {.name = "drop",
     .doc = "params of `from` that may be lost, with commas between them",
     .kind = SF_OPTION_TEXT,
     .default_text = "",
     .offset = offsetof(replace_options, drop)},
    {.name = "set",
     .doc = "params of `to` in all populations, each a number or a param of "
            "`from`: vth=theta,dv=0.1",
     .kind = SF_OPTION_TEXT,
     .default_text = "",
     .offset = offsetof(replace_options, set)},
    {0}};

static sf_slice slice(const char *text) {
  return (sf_slice){text, strlen(text)};
}

/* `name` stands in the list "a,b". */
static bool listed(const char *list, const char *name) {
  size_t length = strlen(name);
  for (const char *at = list; *at;) {
    size_t word = strcspn(at, ",");
    if (word == length && memcmp(at, name, length) == 0) return true;
    at += word + (at[word] == ',');
  }
  return false;
}

/* ---- The two functions. ---- */

static sf_result find_from(sf_pass_run *run, sf_neuron **out) {
  const char *name = SF_PASS_OPTIONS(run, replace_options)->from;
  *out = sf_module_find_neuron(run->module, slice(name));
  if (*out) return SF_OK;
  (void)sf_error(run->diag, SF_DIAG_NAME, SF_NO_LOC,
                 "replace-neurons: the module has no neuron function '@%s'",
                 name);
  for (sf_neuron *n = run->module->first_neuron; n; n = n->next)
    sf_help(run->diag, "from=%s", n->name);
  return SF_FAIL;
}

static sf_result find_to(sf_pass_run *run, sf_neuron **out) {
  const char *name = SF_PASS_OPTIONS(run, replace_options)->to;
  *out = sf_module_find_neuron(run->module, slice(name));
  if (!*out) *out = sf_library_use(run->module, slice(name), run->diag);
  return *out ? SF_OK : SF_FAIL;
}

static sf_result check_types(sf_pass_run *run, const sf_neuron *from,
                             const sf_neuron *to) {
  bool same = from->input_count == to->input_count &&
              from->emit_count == to->emit_count;
  for (uint32_t i = 0; same && i < from->input_count; i++)
    same = sf_scalar_equal(from->inputs[i]->type, to->inputs[i]->type);
  for (uint32_t i = 0; same && i < from->emit_count; i++)
    same = sf_scalar_equal(from->emit_types[i], to->emit_types[i]);
  if (same) return SF_OK;
  (void)sf_error(run->diag, SF_DIAG_TYPE, SF_NO_LOC,
                 "replace-neurons: '@%s' takes or sends other types than '@%s'",
                 to->name, from->name);
  sf_help(run->diag,
          "`sfc neurons %s` prints them; what reads the spikes "
          "would have to change too",
          to->name);
  return SF_FAIL;
}

/* ---- One population. ---- */

static sf_result check_lost(sf_pass_run *run, const sf_op *op,
                            const sf_neuron *to) {
  const replace_options *o = SF_PASS_OPTIONS(run, replace_options);
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < op->neuron->param_count; i++) {
    const char *name = op->neuron->params[i].value->name;
    bool said = op->arguments[i].kind != SF_ARGUMENT_DEFAULT;
    if (!said || sf_neuron_find_param(to, slice(name)) ||
        listed(o->drop, name) || sf_replace_takes(o->set, name))
      continue;
    result = sf_error(run->diag, SF_DIAG_ATTR, op->loc,
                      "replace-neurons: '%%%s' gives '%s', which '@%s' does "
                      "not have",
                      op->results[0]->name, name, to->name);
    sf_help(run->diag, "drop=%s loses it; set=\"NAME=%s\" gives it to NAME",
            name, name);
  }
  return result;
}

static sf_result copy_argument(sf_pass_run *run, const sf_op *op,
                               const sf_argument *old, const sf_param *before,
                               const sf_param *after, sf_argument *out) {
  bool as_float = after->value->type.kind == SF_SCALAR_F32;
  if (as_float != (before->value->type.kind == SF_SCALAR_F32)) {
    return sf_error(run->diag, SF_DIAG_TYPE, op->loc,
                    "replace-neurons: '%s' of '%%%s' is an integer in one "
                    "model and f32 in the other",
                    after->value->name, op->results[0]->name);
  }
  if (old->kind == SF_ARGUMENT_BLOB)
    sf_argument_set_blob(out, old->blob);
  else
    sf_argument_set_number(
        out, old->kind == SF_ARGUMENT_NUMBER ? old->number : before->initial);
  return SF_OK;
}

/* The argument that the op had for `after`, by name, if it had one. A default
 * of the old model is kept as a number: the two defaults may differ. */
static sf_result set_argument(sf_pass_run *run, sf_op *op,
                              const sf_neuron *from, const sf_argument *old,
                              uint32_t index) {
  const sf_param *after = &op->neuron->params[index];
  const char *set = SF_PASS_OPTIONS(run, replace_options)->set;
  sf_slice name = slice(after->value->name);
  if (sf_replace_given(set, after->value->name, &name) &&
      !sf_neuron_find_param(from, name)) {
    sf_number number;
    SF_TRY(sf_replace_number(run, after, name, &number));
    sf_argument_set_number(&op->arguments[index], number);
    return SF_OK;
  }
  for (uint32_t i = 0; i < from->param_count; i++)
    if (strlen(from->params[i].value->name) == name.size &&
        memcmp(from->params[i].value->name, name.data, name.size) == 0)
      return copy_argument(run, op, &old[i], &from->params[i], after,
                           &op->arguments[index]);
  if (after->has_default) return SF_OK;
  (void)sf_error(run->diag, SF_DIAG_ATTR, op->loc,
                 "replace-neurons: '@%s' needs '%s', and '%%%s' has no such "
                 "param",
                 op->neuron->name, after->value->name, op->results[0]->name);
  sf_help(run->diag, "set=\"%s=VALUE\" gives it a number", after->value->name);
  return SF_FAIL;
}

static sf_result replace(sf_pass_run *run, sf_op *op, sf_neuron *to) {
  const sf_neuron *from = op->neuron;
  SF_TRY(check_lost(run, op, to));
  sf_argument *old =
      SF_NEW_ARRAY(run->scratch, sf_argument, from->param_count + 1u);
  if (!old) return SF_OOM;
  for (uint32_t i = 0; i < from->param_count; i++)
    old[i] = op->arguments[i];
  SF_TRY(sf_op_set_neuron(op, to));
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < to->param_count; i++) {
    sf_result one = set_argument(run, op, from, old, i);
    if (one != SF_OK) result = one;
  }
  run->stats[STAT_POPULATIONS]++;
  return result;
}

/* All errors at once. */
static sf_result replace_all(sf_pass_run *run, const sf_neuron *from,
                             sf_neuron *to) {
  sf_result result = SF_OK;
  for (sf_network *n = run->module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n) {
      if (op->kind != SF_OP_NEURONS || op->neuron != from) continue;
      sf_result one = replace(run, op, to);
      if (one == SF_OOM) return one;
      if (one != SF_OK) result = one;
    }
  return result;
}

/* ---- The log. ---- */

/* "vr, tau": params of `to` that `from` does not have. NULL: out of memory. */
static char *default_names(const sf_neuron *from, const sf_neuron *to,
                           const char *set) {
  sf_buffer text = {0};
  sf_slice value;
  for (uint32_t i = 0; i < to->param_count; i++) {
    const char *name = to->params[i].value->name;
    if (sf_neuron_find_param(from, slice(name)) ||
        sf_replace_given(set, name, &value))
      continue;
    sf_buffer_printf(&text, "%s%s", text.size ? ", " : "", name);
  }
  return sf_buffer_take(&text);
}

static sf_result add_log(sf_pass_run *run, const char *from,
                         const sf_neuron *to, const char *defaults,
                         const sf_module *before) {
  sf_replace_effect effect;
  SF_TRY(sf_replace_measure(run, before, &effect));
  sf_arena *arena = run->module->arena;
  const char *text = sf_arena_printf(
      arena, "replace-neurons: populations of @%s are of @%s", from, to->name);
  sf_log_entry *log =
      text ? sf_module_add_log(run->module, SF_APPROXIMATE, 0, text) : NULL;
  if (!log) return SF_OOM;
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "populations",
                         (int64_t)run->stats[STAT_POPULATIONS]));
  if (*defaults)
    SF_TRY(sf_dict_set_string(arena, &log->attrs, "defaults", defaults));
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "inputs", effect.inputs));
  SF_TRY(
      sf_dict_set_int(arena, &log->attrs, "results", (int64_t)effect.results));
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "differ", (int64_t)effect.differ));
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "spikes_before",
                         (int64_t)effect.spikes[0]));
  return sf_dict_set_int(arena, &log->attrs, "spikes_after",
                         (int64_t)effect.spikes[1]);
}

static sf_result run_pass(sf_pass_run *run) {
  sf_neuron *from, *to;
  SF_TRY(find_from(run, &from));
  SF_TRY(find_to(run, &to));
  if (from == to) return SF_OK;
  SF_TRY(check_types(run, from, to));
  SF_TRY(sf_replace_check_set(run, SF_PASS_OPTIONS(run, replace_options)->set,
                              from, to));
  sf_module *before = NULL;
  SF_TRY(sf_module_clone(run->module, &before));
  char *defaults =
      default_names(from, to, SF_PASS_OPTIONS(run, replace_options)->set);
  sf_result result = defaults ? replace_all(run, from, to) : SF_OOM;
  if (result == SF_OK) result = sf_verify(run->module, run->diag);
  if (result == SF_OK && run->stats[STAT_POPULATIONS]) {
    result = add_log(run, from->name, to, defaults, before);
    sf_neuron_erase(from);
  }
  free(defaults);
  sf_module_destroy(before);
  return result;
}

const sf_pass sf_pass_replace_neurons = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "replace-neurons",
    .summary = "another neuron model in place of one",
    .description =
        "Gives every population of the function `from` the function `to`, "
        "which must take and send the same types. Params keep their values by "
        "name. A value that `to` has no param for is an error unless `drop` "
        "names it, and so is a param of `to` without a value; `set` gives "
        "values, or those of a param by another name. Defaults of `to` "
        "stand in the log, with the results and spikes that differ on a few "
        "inputs. `sfc compare` measures both on data.",
    .keeps =
        SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED | SF_FACT_SPIKING_NORMAL_FORM,
    .exactness = SF_APPROXIMATE,
    .options = options,
    .options_size = sizeof(replace_options),
    .stats = stats,
    .run = run_pass,
};
