/* run_samples.c - all samples of a job: traces of every population and of what
 * the network returns, and the counts. */
#include "targets/cpu/counts.h"
#include "targets/cpu/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct recording {
  const sf_run_job *job;
  cpu_replay replay;
  cpu_counting counting;
  uint32_t value_count;
  const sf_value **values;
} recording;

static bool is_returned(const sf_value *value) {
  SF_FOREACH_USE(use, value)
    if (!use->op) return true;
  return false;
}

static sf_result choose_values(recording *r) {
  size_t count = 0;
  SF_FOREACH_OP(op, r->job->network)
    count += op->result_count;
  r->values = calloc(count + 1, sizeof *r->values);
  if (!r->values) return SF_OOM;
  SF_FOREACH_OP(op, r->job->network)
    for (uint32_t i = 0; i < op->result_count; i++)
      if (op->kind == SF_OP_NEURONS || is_returned(op->results[i]))
        r->values[r->value_count++] = op->results[i];
  return SF_OK;
}

static sf_result trace_create(const recording *r, sf_trace **out) {
  sf_trace *trace = calloc(1, sizeof *trace);
  *out = trace;
  if (!trace) return SF_OOM;
  trace->series = calloc(r->value_count + 1u, sizeof *trace->series);
  if (!trace->series) return SF_OOM;
  for (uint32_t i = 0; i < r->value_count; i++) {
    sf_series *series = &trace->series[trace->series_count++];
    size_t elements = sf_type_elements(&r->values[i]->type);
    *series = (sf_series){r->values[i]->name, r->values[i]->type, r->job->steps,
                          NULL};
    series->data =
        calloc((size_t)r->job->steps * elements + 1, sizeof(sf_word));
    if (!series->data) return SF_OOM;
  }
  return SF_OK;
}

static sf_result missing(const recording *r, const sf_value *value) {
  return sf_error(r->job->diag, SF_DIAG_ARTEFACT, value->loc,
                  "'%s' does not know the value '%%%s'", r->replay.path,
                  value->name);
}

static sf_result record(const recording *r, sf_trace *trace, uint32_t step) {
  for (uint32_t i = 0; i < r->value_count; i++) {
    const sf_value *value = r->values[i];
    size_t elements = sf_type_elements(&value->type);
    const void *words = r->replay.probe(r->replay.scratch, value->name);
    if (!words) return missing(r, value);
    assert(trace->series[i].data);
    memcpy(trace->series[i].data + (size_t)step * elements, words,
           elements * sizeof(sf_word));
  }
  return SF_OK;
}

static sf_result run_sample(recording *r, uint32_t sample, sf_trace **out) {
  SF_TRY(trace_create(r, out));
  if (r->replay.reset(r->replay.state) != 0)
    return sf_error(r->job->diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                    "'%s': its reset function failed", r->replay.path);
  for (uint32_t t = 0; t < r->job->steps; t++) {
    SF_TRY(cpu_replay_step(&r->replay, r->job->network, r->job->golden[sample],
                           t));
    SF_TRY(record(r, *out, t));
    cpu_counting_step(&r->counting, &r->replay, t);
  }
  return SF_OK;
}

static sf_result run_all(recording *r, sf_run_result *out) {
  out->arena = sf_arena_create();
  out->traces = calloc(r->job->samples + 1u, sizeof *out->traces);
  if (!out->arena || !out->traces) return SF_OOM;
  SF_TRY(choose_values(r));
  SF_TRY(cpu_counting_create(r->job->network, out->arena, r->job->diag,
                             &r->counting));
  for (uint32_t i = 0; i < r->job->samples; i++) {
    out->samples = i + 1; /* what destroy must free */
    SF_TRY(run_sample(r, i, &out->traces[i]));
  }
  r->counting.counts.samples = r->job->samples;
  r->counting.counts.steps = (uint64_t)r->job->samples * r->job->steps;
  out->counts = r->counting.counts;
  return SF_OK;
}

sf_result cpu_run(const sf_run_job *job, sf_run_result *out) {
  recording r = {.job = job};
  *out = (sf_run_result){0};
  SF_TRY(cpu_replay_open(job->directory, job->network, job->isa, job->diag,
                         &r.replay));
  sf_result result = run_all(&r, out);
  cpu_replay_close(&r.replay);
  free(r.values);
  if (result != SF_OK) {
    sf_run_result_destroy(out);
    *out = (sf_run_result){0};
  }
  return result;
}
