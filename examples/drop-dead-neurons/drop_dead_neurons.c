/* drop-dead-neurons: a pass outside the tree that removes neurons nobody can
 * tell apart from nothing.
 *
 *   %i = linear %x, @w, @b : i16[3]          // row 1 of @w is zero, bias 2
 *   %h = neurons @if(%i) {th = 10} : spike[3]
 *   %j = linear %h, @v : i16[4]
 *
 * becomes, when neuron 1 of %h settles below its threshold,
 *
 *   %i = linear %x, @w.1, @b.1 : i16[2]
 *   %h = neurons @if(%i) {th = 10} : spike[2]
 *   %j = linear %h, @v.1 : i16[4]
 *
 * A neuron goes when it is silent: its weights are all zero, so its input is
 * its bias in every step, and running it on that from its initial state reaches
 * a state that repeats without an event. Or when it is unheard: every
 * projection that reads it has zero weights for it. Both are exact, and zeros
 * in a sum change nothing.
 *
 * Left alone: results of the network, populations that draw random numbers
 * (their element numbers would change), anything but linear -> neurons ->
 * linear with delays on the way. One neuron of each population stays, for a
 * shape has no zero. */
#include "sf/plugin.h"

#include <stddef.h>
#include <string.h>

enum { STAT_SILENT, STAT_UNHEARD, STAT_WEIGHTS };
static const sf_stat stats[] = {{"silent", "neurons that can never fire"},
                                {"unheard", "neurons that nobody listens to"},
                                {"weights", "synapses removed"},
                                {0}};

typedef struct drop_options {
  int64_t steps;
} drop_options;

static const sf_option options[] = {
    {.name = "steps",
     .doc = "steps that a neuron may take to settle before it counts as alive",
     .kind = SF_OPTION_INT,
     .default_text = "4096",
     .low = 1,
     .high = 1000000,
     .offset = offsetof(drop_options, steps)},
    {0}};

enum { PARAMS_MAX = 32, STATES_MAX = 32, READERS_MAX = 64 };

/* One linear -> neurons -> linear. */
typedef struct layer {
  sf_pass_run *run;
  sf_op *linear, *neurons;
  int32_t size; /* neurons */
  bool *dead;
  int32_t kept;
  uint32_t reader_count;
  sf_op *readers[READERS_MAX]; /* projections that read the population */
  uint32_t delay_count;
  sf_op *delays[READERS_MAX]; /* between the population and these */
} layer;

/* ---- Which layers. ---- */

static bool is_row(const sf_value *value) { return value->type.rank == 1; }

static bool add_reader(layer *l, sf_op *op, uint32_t index) {
  if (op->kind == SF_OP_DELAY && l->delay_count < READERS_MAX) {
    l->delays[l->delay_count++] = op;
    return true;
  }
  if (op->kind != SF_OP_LINEAR || index != 0 || l->reader_count == READERS_MAX)
    return false;
  l->readers[l->reader_count++] = op;
  return true;
}

/* All readers, through delays; false: one is of another kind, or a result. */
static bool find_readers(layer *l) {
  sf_value *value = l->neurons->results[0];
  for (uint32_t next = 0;; value = l->delays[next++]->results[0]) {
    SF_FOREACH_USE(use, value) {
      if (!use->op || !add_reader(l, use->op, use->index)) return false;
    }
    if (next == l->delay_count) return true;
  }
}

static bool is_plain_function(const sf_neuron *neuron) {
  if (neuron->input_count != 1 || neuron->emit_count != 1 ||
      neuron->param_count > PARAMS_MAX || neuron->state_count > STATES_MAX) {
    return false;
  }
  for (uint32_t i = 0; i < neuron->stmt_count; i++)
    if (neuron->stmts[i].kind == SF_NOP_RAND) return false;
  return true;
}

static bool is_layer(layer *l) {
  const sf_op *op = l->neurons;
  if (op->kind != SF_OP_NEURONS || !is_plain_function(op->neuron) ||
      !is_row(op->results[0])) {
    return false;
  }
  const sf_value *input = sf_op_operand(op, 0);
  l->linear = input->op;
  return l->linear && l->linear->kind == SF_OP_LINEAR && is_row(input) &&
         sf_value_has_one_use(input) && find_readers(l);
}

/* ---- Which neurons. ---- */

static bool is_zero(const sf_blob *blob, size_t index) {
  return blob->type.scalar.kind == SF_SCALAR_F32
             ? sf_blob_f32(blob, index) == 0.0f
             : sf_blob_i32(blob, index) == 0;
}

static sf_word word_of(sf_number number, sf_scalar type) {
  return type.kind == SF_SCALAR_F32 ? (sf_word){.f = number.f}
                                    : (sf_word){.i = (int32_t)number.i};
}

static sf_word param_of(const layer *l, uint32_t param, int32_t neuron) {
  const sf_argument *argument = &l->neurons->arguments[param];
  const sf_param *declared = &l->neurons->neuron->params[param];
  sf_scalar type = declared->value->type;
  if (argument->kind == SF_ARGUMENT_NUMBER)
    return word_of(argument->number, type);
  if (argument->kind == SF_ARGUMENT_DEFAULT)
    return word_of(declared->initial, type);
  bool uniform = sf_blob_elements(argument->blob) == 1;
  return sf_blob_word(argument->blob, uniform ? 0 : (size_t)neuron);
}

/* Input of a neuron without weights: its bias, as the projection's type holds
 * it. */
static bool constant_input(const layer *l, int32_t neuron, sf_word *out) {
  const sf_blob *weights = sf_op_operand_blob(l->linear, 1);
  const sf_blob *bias = sf_op_operand_blob(l->linear, 2);
  size_t columns = (size_t)weights->type.dim[1];
  for (size_t j = 0; j < columns; j++)
    if (!is_zero(weights, (size_t)neuron * columns + j)) return false;
  sf_scalar type = l->linear->results[0]->type.scalar;
  *out = (sf_word){0};
  if (!bias) return true;
  if (type.kind == SF_SCALAR_F32) {
    out->f = 0.0f + sf_blob_f32(bias, (size_t)neuron);
    return true;
  }
  int64_t value;
  if (!sf_fit(sf_blob_i32(bias, (size_t)neuron), type, l->linear->mode, &value))
    return false;
  out->i = (int32_t)value;
  return true;
}

/* Runs the neuron until its state repeats. false: it sent something, or it did
 * not settle in time. */
static sf_result is_silent(const layer *l, int32_t neuron, sf_diag *quiet,
                           bool *silent) {
  const sf_neuron *function = l->neurons->neuron;
  sf_word input, params[PARAMS_MAX] = {{0}}, states[STATES_MAX] = {{0}};
  *silent = false;
  if (!constant_input(l, neuron, &input)) return SF_OK;
  for (uint32_t i = 0; i < function->param_count; i++)
    params[i] = param_of(l, i, neuron);
  for (uint32_t i = 0; i < function->state_count; i++) {
    const sf_state *state = &function->states[i];
    states[i] = state->initial_param
                    ? params[state->initial_param->index]
                    : word_of(state->initial, state->value->type);
  }
  int64_t steps = SF_PASS_OPTIONS(l->run, drop_options)->steps;
  for (int64_t t = 0; t < steps; t++) {
    sf_word before[STATES_MAX], emit;
    memcpy(before, states, sizeof before);
    sf_result result =
        sf_neuron_eval(function, &input, params, states, &emit, quiet);
    if (result != SF_OK) return result == SF_FAIL ? SF_OK : result;
    if (emit.i != 0) return SF_OK; /* -0.0 counts as an event: to be safe */
    if (memcmp(before, states, sizeof before) == 0) {
      *silent = true;
      return SF_OK;
    }
  }
  return SF_OK;
}

static bool is_unheard(const layer *l, int32_t neuron) {
  for (uint32_t r = 0; r < l->reader_count; r++) {
    const sf_blob *weights = sf_op_operand_blob(l->readers[r], 1);
    size_t rows = (size_t)weights->type.dim[0];
    size_t columns = (size_t)weights->type.dim[1];
    for (size_t i = 0; i < rows; i++)
      if (!is_zero(weights, i * columns + (size_t)neuron)) return false;
  }
  return true;
}

static sf_result load_blobs(const layer *l) {
  sf_diag *diag = l->run->diag;
  for (uint32_t i = 1; i < l->linear->operand_count; i++)
    SF_TRY(sf_blob_load(sf_op_operand_blob(l->linear, i), diag));
  sf_blob *delays = sf_op_blob(l->linear, SF_ATTR_delays);
  if (delays) SF_TRY(sf_blob_load(delays, diag));
  for (uint32_t r = 0; r < l->reader_count; r++) {
    SF_TRY(sf_blob_load(sf_op_operand_blob(l->readers[r], 1), diag));
    delays = sf_op_blob(l->readers[r], SF_ATTR_delays);
    if (delays) SF_TRY(sf_blob_load(delays, diag));
  }
  for (uint32_t p = 0; p < l->neurons->neuron->param_count; p++) {
    const sf_argument *argument = &l->neurons->arguments[p];
    if (argument->kind != SF_ARGUMENT_BLOB) continue;
    SF_TRY(sf_blob_load(argument->blob, diag));
  }
  return SF_OK;
}

static sf_result find_dead(layer *l, sf_diag *quiet) {
  for (int32_t n = 0; n < l->size; n++) {
    bool last = l->kept == 1;
    bool silent = false, unheard = !last && is_unheard(l, n);
    if (!last && !unheard) SF_TRY(is_silent(l, n, quiet, &silent));
    l->dead[n] = silent || unheard;
    l->run->stats[STAT_SILENT] += silent;
    l->run->stats[STAT_UNHEARD] += unheard;
    l->kept -= l->dead[n];
  }
  return SF_OK;
}

/* ---- Cutting. ---- */

/* A copy of `blob` without the dead entries of `axis` (0 or the last). */
static sf_blob *cut(const layer *l, sf_blob *blob, uint32_t axis) {
  sf_type type = blob->type;
  if (type.rank == 0 || type.dim[axis] != l->size) return blob; /* broadcast */
  type.dim[axis] = l->kept;
  size_t columns = type.rank == 2 ? (size_t)blob->type.dim[1] : 1;
  size_t count = sf_blob_elements(blob), to = 0;
  bool is_float = type.scalar.kind == SF_SCALAR_F32;
  sf_word *words = SF_NEW_ARRAY(l->run->scratch, sf_word, count);
  if (!words) return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t neuron = axis == 0 ? i / columns : i % columns;
    if (!l->dead[neuron]) words[to++] = sf_blob_word(blob, i);
  }
  if (type.rank == 2) l->run->stats[STAT_WEIGHTS] += count - to;
  /* A word is four bytes whatever it holds. */
  return is_float ? sf_blob_create_f32(l->run->module, blob->name, &type,
                                       (const float *)words)
                  : sf_blob_create_i32(l->run->module, blob->name, &type,
                                       (const int32_t *)words);
}

static sf_result cut_operands(const layer *l, sf_op *op, uint32_t axis) {
  uint32_t count = axis == 0 ? op->operand_count : 2; /* bias: by row */
  for (uint32_t i = 1; i < count; i++) {
    sf_blob *blob = cut(l, sf_op_operand_blob(op, i), axis);
    if (!blob) return SF_OOM;
    sf_op_set_operand_blob(op, i, blob);
  }
  sf_blob *delays = sf_op_blob(op, SF_ATTR_delays);
  if (!delays) return SF_OK;
  delays = cut(l, delays, axis);
  return delays ? sf_op_set_blob(op, SF_ATTR_delays, delays) : SF_OOM;
}

static sf_result cut_layer(const layer *l) {
  SF_TRY(cut_operands(l, l->linear, 0));
  l->linear->results[0]->type.dim[0] = l->kept;
  for (uint32_t p = 0; p < l->neurons->neuron->param_count; p++) {
    sf_argument *argument = &l->neurons->arguments[p];
    if (argument->kind != SF_ARGUMENT_BLOB) continue;
    sf_blob *blob = cut(l, argument->blob, 0);
    if (!blob) return SF_OOM;
    sf_argument_set_blob(argument, blob);
  }
  l->neurons->results[0]->type.dim[0] = l->kept;
  for (uint32_t i = 0; i < l->delay_count; i++)
    l->delays[i]->results[0]->type.dim[0] = l->kept;
  for (uint32_t i = 0; i < l->reader_count; i++)
    SF_TRY(cut_operands(l, l->readers[i], 1));
  return SF_OK;
}

/* ---- The pass. ---- */

static sf_result visit(sf_pass_run *run, sf_op *op, sf_diag *quiet) {
  layer l = {.run = run, .neurons = op};
  if (!is_layer(&l)) return SF_OK;
  l.size = l.kept = op->results[0]->type.dim[0];
  l.dead = SF_NEW_ARRAY(run->scratch, bool, (size_t)l.size);
  if (!l.dead) return SF_OOM;
  SF_TRY(load_blobs(&l));
  SF_TRY(find_dead(&l, quiet));
  return l.kept < l.size ? cut_layer(&l) : SF_OK;
}

static sf_result visit_all(sf_pass_run *run, sf_diag *quiet) {
  for (sf_network *n = run->module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n)
      SF_TRY(visit(run, op, quiet));
  uint64_t all = run->stats[STAT_SILENT] + run->stats[STAT_UNHEARD];
  if (all == 0) return SF_OK;
  return sf_module_add_log(run->module, SF_EXACT, 0, "drop-dead-neurons")
             ? SF_OK
             : SF_OOM;
}

static sf_result run_pass(sf_pass_run *run) {
  /* A function that overflows on its bias is alive; nobody needs to hear of it.
   */
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!quiet) return SF_OOM;
  sf_result result = visit_all(run, quiet);
  sf_diag_destroy(quiet);
  return result;
}

static const sf_pass drop_dead_neurons = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "drop-dead-neurons",
    .summary = "remove neurons that never fire or that nobody reads",
    .description = "Exact. Works on linear -> neurons -> linear.",
    .keeps = SF_FACT_ANALOG_FREE | SF_FACT_QUANTIZED |
             SF_FACT_SPIKING_NORMAL_FORM | SF_FACT_BALANCED,
    .exactness = SF_EXACT,
    .options = options,
    .options_size = sizeof(drop_options),
    .stats = stats,
    .run = run_pass,
};

SF_PLUGIN_ABI;

sf_result sf_plugin_init(uint32_t host_abi, sf_registry *registry,
                         sf_diag *diag) {
  (void)host_abi;
  return sf_registry_add_pass(registry, &drop_dead_neurons, diag);
}
