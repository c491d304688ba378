/* spiking_states.c - which arguments and results are states: by name, or as
 * asked for; and the rewriting of the network around them.
 *
 * By name: `v` and `v_next`, `v_out` or `v_new`; `v_in`, `v_prev` or `v_old`
 * and any of these or `v`. Names alone are not enough: an autoencoder may call
 * its result x_out. So one of them at least must lead to a threshold by
 * elementwise ops only, and an input must be left. */
#include "frontend/onnx/pattern.h"
#include "frontend/onnx/spiking.h"

#include <stdio.h>
#include <string.h>

enum { LISTED_MAX = 4 }; /* states that the choice names one by one */

/* ---- By name. ---- */

static bool ends_with(const char *name, const char *suffix, size_t *stem) {
  size_t size = strlen(name), tail = strlen(suffix);
  if (size <= tail || strcmp(name + size - tail, suffix) != 0) return false;
  *stem = size - tail;
  return true;
}

/* Bytes of the name without a suffix of the list. */
static size_t stem_of(const char *name, const char *const *suffixes) {
  size_t stem = strlen(name);
  for (; *suffixes; suffixes++)
    if (ends_with(name, *suffixes, &stem)) break;
  return stem;
}

static bool belong(const char *argument, const char *result) {
  static const char *const old[] = {"_in", "_prev", "_old", NULL};
  static const char *const new[] = {"_next", "_out", "_new", NULL};
  size_t before = stem_of(argument, old), after = stem_of(result, new);
  if (before == strlen(argument) && after == strlen(result)) return false;
  return before == after && memcmp(argument, result, before) == 0;
}

static const char *result_name(const onnx_import *import, uint32_t index) {
  const char *name = import->model->graph->output[index]->name;
  return name ? name : "";
}

static bool is_taken(const onnx_spiking *s, uint32_t result) {
  for (uint32_t i = 0; i < s->state_count; i++)
    if (s->states[i].result == result) return true;
  return false;
}

static void add_state(onnx_spiking *s, sf_value *argument, uint32_t result) {
  uint32_t i = s->state_count++;
  s->states[i] = (onnx_state){.argument = argument,
                              .result = result,
                              .next = s->network->returns[result].value,
                              .parent = i};
}

static void find_by_name(onnx_spiking *s) {
  const sf_network *network = s->network;
  if (s->op_count > ONNX_STATE_OPS_MAX ||
      (uint64_t)network->argument_count * network->return_count >
          ONNX_STATE_PAIRS_MAX)
    return;
  for (uint32_t a = 0;
       a < network->argument_count && s->state_count < ONNX_STATES_FOUND_MAX;
       a++)
    for (uint32_t r = 0; r < network->return_count; r++) {
      sf_value *argument = network->arguments[a];
      if (is_taken(s, r) ||
          !belong(argument->name, result_name(s->import, r)) ||
          !sf_type_equal(&argument->type, &network->returns[r].value->type))
        continue;
      add_state(s, argument, r);
      break;
    }
}

/* ---- As asked for. ---- */

static bool is_name(sf_slice slice, const char *name) {
  return slice.size == strlen(name) &&
         memcmp(slice.data, name, slice.size) == 0;
}

static sf_value *find_argument(const sf_network *network, sf_slice name) {
  for (uint32_t i = 0; i < network->argument_count; i++)
    if (is_name(name, network->arguments[i]->name))
      return network->arguments[i];
  return NULL;
}

static sf_result unknown(onnx_import *import, const char *what, sf_slice name) {
  return sf_error(import->diag, SF_DIAG_USAGE, import->loc,
                  "--state: the model has no %s '%.*s'", what, (int)name.size,
                  name.data);
}

static sf_result find_asked(onnx_spiking *s, const struct onnx_state_word *w) {
  onnx_import *import = s->import;
  sf_value *argument = find_argument(s->network, w->argument);
  if (!argument) return unknown(import, "input", w->argument);
  uint32_t result = 0;
  while (result < s->network->return_count &&
         !is_name(w->result, result_name(import, result)))
    result++;
  if (result == s->network->return_count)
    return unknown(import, "output", w->result);
  bool twice = is_taken(s, result);
  for (uint32_t i = 0; i < s->state_count; i++)
    twice |= s->states[i].argument == argument;
  if (twice)
    return sf_error(import->diag, SF_DIAG_USAGE, import->loc,
                    "--state names '%s' or '%.*s' twice", argument->name,
                    (int)w->result.size, w->result.data);
  const sf_value *next = s->network->returns[result].value;
  if (next == argument || !sf_type_equal(&argument->type, &next->type))
    return sf_error(import->diag, SF_DIAG_USAGE, import->loc,
                    next == argument
                        ? "--state: '%s' never changes"
                        : "--state: '%s' has another type than its next value",
                    argument->name);
  add_state(s, argument, result);
  return SF_OK;
}

static sf_result read_starts(onnx_spiking *s) {
  const onnx_options *options = &s->import->options;
  for (uint32_t i = 0; i < options->start_count; i++) {
    const struct onnx_start_word *w = &options->starts[i];
    bool found = false;
    for (uint32_t k = 0; k < s->state_count; k++)
      if (is_name(w->argument, s->states[k].argument->name)) {
        s->states[k].start = w->value;
        found = true;
      }
    if (!found)
      return sf_error(s->import->diag, SF_DIAG_USAGE, s->import->loc,
                      "--state-start: '%.*s' is no state",
                      (int)w->argument.size, w->argument.data);
  }
  return SF_OK;
}

/* ---- The network. ---- */

static sf_result allocate(onnx_spiking *s) {
  const sf_network *network = s->network;
  size_t states = network->return_count;
  s->op_count = sf_network_number(s->network);
  size_t room = 2 * (size_t)s->op_count + 4 * states + 16;
  s->capacity = (uint32_t)room;
  s->states = SF_NEW_ARRAY(s->arena, onnx_state, states + 1);
  s->owner = SF_NEW_ARRAY(s->arena, uint32_t, room);
  s->before = SF_NEW_ARRAY(s->arena, bool, room);
  s->after = SF_NEW_ARRAY(s->arena, bool, room);
  s->made = SF_NEW_ARRAY(s->arena, sf_neuron *, states + 1);
  s->converts = SF_NEW_ARRAY(s->arena, sf_op *, room);
  if (!s->states || !s->owner || !s->before || !s->after || !s->made ||
      !s->converts)
    return SF_OOM;
  for (size_t i = 0; i < room; i++)
    s->owner[i] = ONNX_NO_GROUP;
  return SF_OK;
}

/* Drops the returns that are next values of states of this kind; the others'
 * indices follow. */
static sf_result drop_returns(onnx_spiking *s, onnx_state_kind kind) {
  sf_network *network = s->network;
  sf_value **kept =
      SF_NEW_ARRAY(s->arena, sf_value *, network->return_count + 1);
  uint32_t *moved = SF_NEW_ARRAY(s->arena, uint32_t, network->return_count + 1);
  if (!kept || !moved) return SF_OOM;
  uint32_t count = 0;
  for (uint32_t r = 0; r < network->return_count; r++) {
    bool dropped = false;
    for (uint32_t i = 0; i < s->state_count; i++)
      dropped |= s->states[i].kind == kind && s->states[i].result == r;
    moved[r] = count;
    if (!dropped) kept[count++] = network->returns[r].value;
  }
  for (uint32_t i = 0; i < s->state_count; i++)
    if (s->states[i].result != ONNX_NO_RESULT)
      s->states[i].result = s->states[i].kind == kind
                                ? ONNX_NO_RESULT
                                : moved[s->states[i].result];
  return sf_network_set_returns(network, count, kept);
}

/* Their uses are replaced later; the names are free at once. */
static void drop_arguments(onnx_spiking *s) {
  sf_network *network = s->network;
  uint32_t count = 0;
  for (uint32_t a = 0; a < network->argument_count; a++) {
    sf_value *argument = network->arguments[a];
    bool dropped = false;
    for (uint32_t i = 0; i < s->state_count; i++)
      dropped |= s->states[i].kind != ONNX_STATE_NONE &&
                 s->states[i].argument == argument;
    if (dropped) {
      sf_names_remove(network->names, argument->name);
      continue;
    }
    argument->index = count;
    network->arguments[count++] = argument;
  }
  network->argument_count = count;
}

static sf_result rewrite(onnx_spiking *s) {
  drop_arguments(s);
  SF_TRY(drop_returns(s, ONNX_STATE_POPULATION));
  for (uint32_t i = 0; i < s->state_count; i++)
    if (s->states[i].kind == ONNX_STATE_POPULATION &&
        sf_onnx_group_of(s, i) == i)
      SF_TRY(sf_onnx_populate_group(s, i));
  for (uint32_t i = 0; i < s->state_count; i++)
    if (s->states[i].kind == ONNX_STATE_DELAY)
      SF_TRY(sf_onnx_delay_state(s, &s->states[i]));
  SF_TRY(drop_returns(s, ONNX_STATE_DELAY));
  SF_TRY(sf_onnx_read_spikes(s));
  return sf_onnx_simplify(s->import);
}

/* "v0=v0_next, v1=v1_next, and 3 more" */
static sf_result choose(const onnx_spiking *s, bool asked) {
  char text[1024];
  size_t at = 0;
  uint32_t listed = 0, count = 0;
  for (uint32_t i = 0; i < s->state_count; i++) {
    if (s->states[i].kind == ONNX_STATE_NONE) continue;
    if (count++ >= LISTED_MAX) continue;
    at += (size_t)snprintf(text + at, sizeof text - at, "%s%.100s=%.100s",
                           listed++ ? ", " : "", s->states[i].argument->name,
                           result_name(s->import, s->states[i].result));
  }
  if (count > listed)
    snprintf(text + at, sizeof text - at, ", and %u more", count - listed);
  return sf_onnx_choose(s->import, "state", text,
                        asked ? "asked for: results that are the arguments of "
                                "the next step"
                              : "named alike, with thresholds between them: "
                                "arguments of the next step; --state none "
                                "leaves them");
}

static bool starts_late(const onnx_state *state) {
  return state->kind == ONNX_STATE_DELAY && state->start != 0;
}

static sf_result check_starts(const onnx_spiking *s) {
  for (uint32_t i = 0; i < s->state_count; i++)
    if (starts_late(&s->states[i]))
      return sf_error(s->import->diag, SF_DIAG_USAGE, s->import->loc,
                      "--state-start: '%s' is a delay, which starts at 0: more "
                      "than elementwise ops make its next value",
                      s->states[i].argument->name);
  return SF_OK;
}

static uint32_t count_kept(const onnx_spiking *s) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < s->state_count; i++)
    count += s->states[i].kind != ONNX_STATE_NONE;
  return count;
}

sf_result sf_onnx_keep_states(onnx_import *import) {
  const onnx_options *options = &import->options;
  bool asked = options->state_count > 0;
  onnx_spiking s = {
      .import = import, .network = import->network, .arena = import->arena};
  SF_TRY(allocate(&s));
  for (uint32_t i = 0; i < options->state_count; i++)
    SF_TRY(find_asked(&s, &options->states[i]));
  if (!asked && !options->states_stay) find_by_name(&s);
  SF_TRY(read_starts(&s));
  if (!s.state_count) return SF_OK;
  bool spikes = false;
  SF_TRY(sf_onnx_group_states(&s, &spikes));
  uint32_t kept = count_kept(&s);
  bool input_left = kept < s.network->argument_count;
  if (!asked && (!spikes || !input_left)) return SF_OK;
  SF_TRY(check_starts(&s));
  SF_TRY(choose(&s, asked));
  return rewrite(&s);
}

sf_result sf_onnx_keep_listed_states(onnx_import *import, uint32_t count,
                                     const onnx_state *states) {
  onnx_spiking s = {
      .import = import, .network = import->network, .arena = import->arena};
  SF_TRY(allocate(&s));
  for (uint32_t i = 0; i < count; i++)
    add_state(&s, states[i].argument, states[i].result);
  bool spikes;
  SF_TRY(sf_onnx_group_states(&s, &spikes));
  return rewrite(&s);
}
