/* simulate.c - the step loop: groups run, the barrier, spikes travel. */
#include "tools/sf-loihi2-sim/simulate.h"

#include "support/process.h"
#include "tools/sf-loihi2-sim/code.h"
#include "tools/sf-loihi2-sim/deliver.h"

#include <stdlib.h>
#include <string.h>

/* Events of one sender (core or input) in one step, by rising number. */
typedef struct event_list {
  uint32_t count;
  uint32_t *neuron;
  int32_t *payload;
} event_list;

typedef struct machine {
  const sf_sim_board *board;
  sf_sim_run *run;
  sf_arena *arena;
  event_list *sent;            /* one a core, then one an input */
  int32_t *port[SF_SIM_PORTS]; /* inputs of the group that runs */
  int32_t *out;
} machine;

static sf_result list_create(sf_arena *arena, uint32_t senders,
                             event_list *list) {
  list->neuron = SF_NEW_ARRAY(arena, uint32_t, senders + 1);
  list->payload = SF_NEW_ARRAY(arena, int32_t, senders + 1);
  return list->neuron && list->payload ? SF_OK : SF_OOM;
}

static sf_result machine_create(machine *m) {
  const sf_sim_board *board = m->board;
  uint32_t largest = 1;
  m->sent = SF_NEW_ARRAY(m->arena, event_list,
                         (size_t)board->core_count + board->input_count);
  if (!m->sent) return SF_OOM;
  for (uint32_t c = 0; c < board->core_count; c++) {
    SF_TRY(list_create(m->arena, board->cores[c].neuron_count, &m->sent[c]));
    for (uint32_t g = 0; g < board->cores[c].group_count; g++)
      if (board->cores[c].groups[g].count > largest)
        largest = board->cores[c].groups[g].count;
  }
  for (uint32_t i = 0; i < board->input_count; i++)
    SF_TRY(list_create(m->arena, board->inputs[i].elements,
                       &m->sent[board->core_count + i]));
  for (int p = 0; p < SF_SIM_PORTS; p++)
    if (!(m->port[p] = SF_NEW_ARRAY(m->arena, int32_t, largest))) return SF_OOM;
  m->out = SF_NEW_ARRAY(m->arena, int32_t, largest);
  return m->out ? SF_OK : SF_OOM;
}

/* State `s` takes the values of a parameter. */
static void set_state(sf_sim_group *group, uint32_t s, sf_sim_param_id id) {
  const sf_sim_param *from = &group->params[id];
  for (uint32_t n = 0; n < group->count; n++)
    group->state[s][n] = from->each ? from->each[n] : from->value;
}

/* Initial states of loihi2.md 2 are zero; `lif-reset` starts its counter with
 * resetFirst; `st-bif`, `accumulate`, `rate` and `larger` start state 0 with
 * `initial`. */
static void clear_states(sf_sim_group *group) {
  for (uint32_t s = 0; s < group->program->states; s++)
    memset(group->state[s], 0, group->count * sizeof(int32_t));
  if (group->program->needs >> SF_SIM_RESET_FIRST & 1)
    set_state(group, 2, SF_SIM_RESET_FIRST);
  if (group->program->needs >> SF_SIM_INITIAL & 1)
    set_state(group, 0, SF_SIM_INITIAL);
  if (group->code) sf_sim_code_begin(group);
}

static void clear_all(const sf_sim_board *board) {
  for (uint32_t c = 0; c < board->core_count; c++)
    for (uint32_t g = 0; g < board->cores[c].group_count; g++) {
      sf_sim_group *group = &board->cores[c].groups[g];
      clear_states(group);
      for (int p = 0; p < SF_SIM_PORTS; p++)
        if (group->ring[p].slots)
          memset(group->ring[p].sums, 0,
                 (size_t)group->ring[p].slots * group->count *
                     sizeof(uint32_t));
    }
}

/* A sum as its width holds it. One bit is a spike and has no sign. */
static int32_t wrap(uint32_t sum, uint32_t bits) {
  if (bits == 1) return (int32_t)(sum & 1);
  if (bits == 32) return (int32_t)sum;
  uint32_t sign = (uint32_t)1 << (bits - 1);
  sum &= ((uint32_t)1 << bits) - 1;
  return (int32_t)((sum ^ sign) - sign);
}

/* Takes this step's sums out of the accumulators, also when the group has not
 * started: what arrives before its start is lost. */
static void take_inputs(machine *m, const sf_sim_group *group, uint32_t step,
                        const int32_t *in[SF_SIM_PORTS]) {
  for (int p = 0; p < SF_SIM_PORTS; p++) {
    const sf_sim_ring *ring = &group->ring[p];
    in[p] = NULL;
    if (!ring->slots) continue;
    uint32_t *sums = ring->sums + (size_t)(step % ring->slots) * group->count;
    for (uint32_t n = 0; n < group->count; n++)
      m->port[p][n] = wrap(
          sums[n] + (ring->offset ? (uint32_t)ring->offset[n] : 0), ring->bits);
    memset(sums, 0, group->count * sizeof *sums);
    in[p] = m->port[p];
  }
}

static void record(machine *m, const sf_sim_group *group, uint32_t neuron,
                   int32_t payload, size_t row) {
  const sf_sim_layer *layer = &m->board->layers[group->layer];
  sf_sim_series *series = &m->run->series[group->layer];
  size_t at = row * layer->elements + group->element[neuron];
  if (series->type == SF_ARRAY_I8)
    ((int8_t *)series->data)[at] = (int8_t)payload;
  else
    ((int32_t *)series->data)[at] = payload;
}

static void record_states(machine *m, const sf_sim_group *group, size_t row) {
  size_t elements = m->board->layers[group->layer].elements;
  sf_sim_states *states = &m->run->states[group->layer];
  for (uint32_t s = 0; s < group->program->states; s++)
    for (uint32_t n = 0; n < group->count; n++)
      states->data[s][row * elements + group->element[n]] = group->state[s][n];
}

static void update_group(machine *m, sf_sim_group *group, event_list *sent,
                         uint32_t step, size_t row) {
  const int32_t *in[SF_SIM_PORTS];
  take_inputs(m, group, step, in);
  if (step < group->start) return;
  uint32_t period = m->board->period;
  if (period && (step - group->start) % period == 0) clear_states(group);
  group->program->update(group, in, m->out);
  sf_sim_counts *counts = &m->run->counts[group->layer];
  counts->updates += group->count;
  for (uint32_t n = 0; n < group->count; n++) {
    if (!m->out[n]) continue;
    sent->neuron[sent->count] = group->base + n;
    sent->payload[sent->count++] = m->out[n];
    counts->spikes_out++;
    record(m, group, n, m->out[n], row);
  }
}

static void run_group(machine *m, sf_sim_group *group, event_list *sent,
                      uint32_t step, size_t row) {
  update_group(m, group, sent, step, row);
  if (m->run->states) record_states(m, group, row);
}

static void read_input(machine *m, uint32_t input, uint32_t sample,
                       uint32_t step) {
  const sf_array *array = &m->run->inputs[input];
  event_list *sent = &m->sent[m->board->core_count + input];
  sent->count = 0;
  if (!array->data || step >= array->dim[1]) return;
  uint64_t elements = m->board->inputs[input].elements;
  uint64_t at = (sample * array->dim[1] + step) * elements;
  for (uint32_t e = 0; e < elements; e++) {
    int32_t payload = (int32_t)sf_array_i64(array, at + e);
    if (!payload) continue;
    sent->neuron[sent->count] = e;
    sent->payload[sent->count++] = payload;
  }
}

static uint32_t first_at_least(const event_list *list, uint32_t neuron) {
  uint32_t low = 0, high = list->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (list->neuron[middle] < neuron)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Layer of a core's neuron; groups stand in order of their base. */
static uint32_t layer_of(const sf_sim_core *core, uint32_t neuron) {
  uint32_t g = 0;
  while (neuron >= core->groups[g].base + core->groups[g].count)
    g++;
  return core->groups[g].layer;
}

/* `core`: sender; NULL for an input, whose packets cross no router of ours. */
static void send(machine *m, const sf_sim_core *core, const event_list *list,
                 const sf_sim_out *out, uint32_t step) {
  const sf_sim_core *target = &m->board->cores[out->target];
  for (uint32_t i = first_at_least(list, out->first);
       i < list->count && list->neuron[i] < out->first + out->count; i++) {
    uint32_t offset = list->neuron[i] - out->first;
    sf_sim_event event = {list->payload[i], step, m->run->steps};
    sf_sim_landing landing = sf_sim_deliver(
        target, out->axon + (out->population ? 0 : offset), offset, &event);
    m->run->counts[landing.layer].events_in += landing.events;
    if (core) m->run->counts[layer_of(core, list->neuron[i])].hops += out->hops;
  }
}

static void run_step(machine *m, uint32_t sample, uint32_t step) {
  const sf_sim_board *board = m->board;
  size_t row = (size_t)sample * m->run->steps + step;
  for (uint32_t c = 0; c < board->core_count; c++) {
    m->sent[c].count = 0;
    for (uint32_t g = 0; g < board->cores[c].group_count; g++)
      run_group(m, &board->cores[c].groups[g], &m->sent[c], step, row);
  }
  for (uint32_t i = 0; i < board->input_count; i++)
    read_input(m, i, sample, step);
  /* The barrier: from here on only the next steps' sums change. */
  for (uint32_t c = 0; c < board->core_count; c++)
    for (uint32_t o = 0; o < board->cores[c].out_count; o++)
      send(m, &board->cores[c], &m->sent[c], &board->cores[c].outs[o], step);
  for (uint32_t i = 0; i < board->input_count; i++)
    for (uint32_t o = 0; o < board->inputs[i].out_count; o++)
      send(m, NULL, &m->sent[board->core_count + i], &board->inputs[i].outs[o],
           step);
}

/* Zeros for samples x steps x the layer's elements; NULL: no memory. */
static void *create_rows(const sf_sim_run *run, const sf_sim_layer *layer,
                         size_t width) {
  size_t rows;
  if (__builtin_mul_overflow((size_t)run->samples, (size_t)run->steps, &rows) ||
      __builtin_mul_overflow(rows, (size_t)layer->elements, &rows))
    return NULL;
  return calloc(rows ? rows : 1, width);
}

static sf_result create_series(const sf_sim_board *board, sf_sim_run *run) {
  for (uint32_t l = 0; l < board->layer_count; l++) {
    const sf_sim_layer *layer = &board->layers[l];
    run->series[l].type = layer->bits == 1 ? SF_ARRAY_I8 : SF_ARRAY_I32;
    size_t width = sf_array_type_bytes(run->series[l].type);
    run->series[l].data = create_rows(run, layer, width);
    if (!run->series[l].data) return SF_OOM;
  }
  return SF_OK;
}

/* A layer has as many state words as the largest of its groups' programs. */
static sf_result create_states(const sf_sim_board *board, sf_sim_run *run) {
  for (uint32_t c = 0; c < board->core_count; c++)
    for (uint32_t g = 0; g < board->cores[c].group_count; g++) {
      const sf_sim_group *group = &board->cores[c].groups[g];
      sf_sim_states *states = &run->states[group->layer];
      for (; states->count < group->program->states; states->count++) {
        int32_t *data =
            create_rows(run, &board->layers[group->layer], sizeof *data);
        if (!data) return SF_OOM;
        states->data[states->count] = data;
      }
    }
  return SF_OK;
}

void sf_sim_run_release(const sf_sim_board *board, sf_sim_run *run) {
  for (uint32_t l = 0; l < board->layer_count; l++) {
    if (run->series) free(run->series[l].data);
    for (uint32_t s = 0; run->states && s < run->states[l].count; s++)
      free(run->states[l].data[s]);
  }
  free(run->series);
  free(run->states);
  free(run->counts);
}

sf_result sf_sim_simulate(const sf_sim_board *board, sf_sim_run *run) {
  machine m = {.board = board, .run = run, .arena = sf_arena_create()};
  if (!m.arena) return SF_OOM;
  sf_result result = machine_create(&m);
  if (result == SF_OK) result = create_series(board, run);
  if (result == SF_OK && run->states) result = create_states(board, run);
  if (result == SF_OK) {
    sf_progress progress = sf_progress_start("simulate", run->samples);
    for (uint32_t sample = 0; sample < run->samples; sample++) {
      clear_all(board);
      for (uint32_t step = 0; step < run->steps; step++)
        run_step(&m, sample, step);
      sf_progress_add(&progress, 1);
    }
    sf_progress_end(&progress);
  }
  sf_arena_destroy(m.arena);
  return result;
}
