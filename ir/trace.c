/* trace.c - records the interpreter's values over the steps of one sample. */
#include "sf/trace.h"

#include "ir/interp_node.h"

#include <stdlib.h>
#include <string.h>

void sf_trace_destroy(sf_trace *trace) {
  if (!trace) return;
  for (uint32_t n = 0; trace->series && n < trace->series_count; n++)
    free(trace->series[n].data);
  free(trace->series);
  free(trace);
}

const sf_series *sf_trace_find(const sf_trace *trace, const char *name) {
  for (uint32_t n = 0; n < trace->series_count; n++)
    if (strcmp(trace->series[n].name, name) == 0) return &trace->series[n];
  return NULL;
}

sf_result sf_counts_add(sf_counts *to, const sf_counts *from) {
  if (!to->populations && from->population_count > 0) {
    to->populations = calloc(from->population_count, sizeof *to->populations);
    if (!to->populations) return SF_OOM;
    to->population_count = from->population_count;
  }
  for (uint32_t n = 0; n < from->population_count; n++) {
    sf_population_counts *row = &to->populations[n];
    const sf_population_counts *more = &from->populations[n];
    row->name = more->name;
    row->neurons = more->neurons;
    row->events_in += more->events_in;
    row->spikes_out += more->spikes_out;
    row->updates += more->updates;
    row->hops += more->hops;
  }
  to->steps += from->steps;
  to->samples += from->samples;
  return SF_OK;
}

/* ---- Which values are recorded. ---- */

typedef struct recording {
  const sf_network *network;
  uint32_t steps;
  bool everything;
  const sf_value **values; /* one a series */
  sf_trace *trace;
} recording;

static bool is_returned(const sf_value *value) {
  SF_FOREACH_USE(use, value)
    if (!use->op) return true;
  return false;
}

static sf_result add_series(recording *r, const sf_value *value) {
  size_t elements = sf_type_elements(&value->type);
  if (r->steps > SIZE_MAX / sizeof(sf_word) / elements) return SF_OOM;
  sf_series *series = &r->trace->series[r->trace->series_count];
  *series = (sf_series){value->name, value->type, r->steps, NULL};
  series->data = calloc((size_t)r->steps * elements + 1, sizeof(sf_word));
  if (!series->data) return SF_OOM;
  r->values[r->trace->series_count++] = value;
  return SF_OK;
}

static sf_result choose_values(recording *r) {
  const sf_network *network = r->network;
  size_t count = network->argument_count;
  SF_FOREACH_OP(op, network)
    count += op->result_count;
  r->trace->series = calloc(count + 1, sizeof *r->trace->series);
  r->values = calloc(count + 1, sizeof(const sf_value *));
  if (!r->trace->series || !r->values) return SF_OOM;
  for (uint32_t n = 0; n < network->argument_count; n++)
    SF_TRY(add_series(r, network->arguments[n]));
  SF_FOREACH_OP(op, network) {
    for (uint32_t n = 0; n < op->result_count; n++)
      if (r->everything || op->kind == SF_OP_NEURONS ||
          is_returned(op->results[n]))
        SF_TRY(add_series(r, op->results[n]));
  }
  return SF_OK;
}

/* ---- The run. ---- */

static sf_result run_steps(const recording *r, sf_interp *interp,
                           const sf_series *inputs, const sf_word **pointers) {
  for (uint32_t t = 0; t < r->steps; t++) {
    for (uint32_t n = 0; n < r->network->argument_count; n++) {
      bool there = inputs && inputs[n].data && t < inputs[n].steps;
      size_t elements = sf_type_elements(&r->network->arguments[n]->type);
      pointers[n] = there ? inputs[n].data + t * elements : NULL;
    }
    SF_TRY(sf_interp_step(interp, pointers));
    for (uint32_t n = 0; n < r->trace->series_count; n++) {
      size_t elements = sf_type_elements(&r->values[n]->type);
      memcpy(r->trace->series[n].data + t * elements,
             sf_interp_value(interp, r->values[n]), elements * sizeof(sf_word));
    }
  }
  return SF_OK;
}

sf_result sf_trace_run(sf_interp *interp, const sf_series *inputs,
                       uint32_t steps, bool everything, sf_trace **out) {
  recording r = {interp->network, steps, everything, NULL, NULL};
  const sf_word **pointers =
      calloc(interp->network->argument_count + 1u, sizeof(const sf_word *));
  r.trace = calloc(1, sizeof *r.trace);
  sf_result result = r.trace && pointers ? choose_values(&r) : SF_OOM;
  if (result == SF_OK) {
    sf_interp_reset(interp);
    result = run_steps(&r, interp, inputs, pointers);
  }
  free(r.values);
  free(pointers);
  if (result == SF_OK)
    *out = r.trace;
  else
    sf_trace_destroy(r.trace);
  return result;
}

sf_result sf_trace_interp(const sf_network *network, const sf_series *inputs,
                          uint32_t steps, bool everything, sf_diag *diag,
                          sf_counts *counts, sf_trace **out) {
  sf_interp *interp = NULL;
  SF_TRY(sf_interp_create(network, diag, &interp));
  sf_result result = sf_trace_run(interp, inputs, steps, everything, out);
  if (result == SF_OK && counts) {
    result = sf_counts_add(counts, sf_interp_counts(interp));
    if (result != SF_OK) {
      sf_trace_destroy(*out);
      *out = NULL;
    }
  }
  sf_interp_destroy(interp);
  return result;
}
