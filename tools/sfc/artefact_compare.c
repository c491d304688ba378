/* artefact_compare.c - what a target's run gives against the interpreter's. */
#include "tools/sfc/artefact.h"

#include <math.h>
#include <string.h>

/* Whether an op is there whose f32 results are defined to a tolerance. */
bool sfc_is_tolerant(const sf_network *network) {
  SF_FOREACH_OP(op, network)
    if (sf_op_is(op, SF_TRAIT_ANALOG)) return true;
  return false;
}

static double largest(const sf_word *words, size_t count) {
  double most = 0;
  for (size_t i = 0; i < count; i++) {
    double size = fabs((double)words[i].f);
    if (size > most && isfinite(size)) most = size;
  }
  return most;
}

static bool is_near(float expected, float got, double most) {
  if (isnan(expected) || isnan(got)) return isnan(expected) && isnan(got);
  if (expected == got) return true; /* infinities, zeros of either sign */
  double a = (double)expected, b = (double)got;
  return fabs(a - b) <= SFC_RELATIVE * fabs(a) + SFC_ABSOLUTE * most;
}

static void note_difference(const sf_series *golden, uint64_t sample,
                            uint32_t step, size_t element, sf_word got,
                            sfc_difference *out) {
  out->differing++;
  if (out->found &&
      (sample > out->sample || (sample == out->sample && step >= out->step))) {
    return;
  }
  out->found = true;
  out->sample = sample;
  out->step = step;
  out->population = golden->name;
  out->element = element;
  out->type = golden->type;
  out->expected =
      golden->data[step * sf_type_elements(&golden->type) + element];
  out->got = got;
}

/* Population order of the text decides among equal steps, so series are visited
 * in the order of the golden trace. */
static void compare_series(const sf_series *golden, const sf_series *got,
                           bool tolerant, uint64_t sample, uint32_t steps,
                           sfc_difference *out) {
  size_t elements = sf_type_elements(&golden->type);
  tolerant = tolerant && golden->type.scalar.kind == SF_SCALAR_F32;
  out->words += elements * steps;
  for (uint32_t t = 0; t < steps; t++) {
    const sf_word *a = golden->data + t * elements;
    const sf_word *b = got->data + t * elements;
    if (memcmp(a, b, elements * sizeof *a) == 0) continue;
    double most = tolerant ? largest(a, elements) : 0;
    for (size_t i = 0; i < elements; i++) {
      if (a[i].i == b[i].i) continue;
      if (tolerant && is_near(a[i].f, b[i].f, most))
        out->tolerated++;
      else
        note_difference(golden, sample, t, i, b[i], out);
    }
  }
}

static const sf_population_counts *find_counts(const sf_counts *counts,
                                               const char *name) {
  for (uint32_t i = 0; i < counts->population_count; i++)
    if (strcmp(counts->populations[i].name, name) == 0)
      return &counts->populations[i];
  return NULL;
}

static sf_result report_counts(const sf_population_counts *got,
                               const sf_population_counts *expected,
                               sf_diag *diag) {
  if (!expected) {
    return sf_error(diag, SF_DIAG_MISMATCH, SF_NO_LOC,
                    "the run counts a population '%%%s', which the IR does not "
                    "have",
                    got->name);
  }
  return sf_error(
      diag, SF_DIAG_MISMATCH, SF_NO_LOC,
      "'%%%s' counts %llu events, %llu spikes and %llu updates, the IR says "
      "%llu, %llu and %llu",
      got->name, (unsigned long long)got->events_in,
      (unsigned long long)got->spikes_out, (unsigned long long)got->updates,
      (unsigned long long)expected->events_in,
      (unsigned long long)expected->spikes_out,
      (unsigned long long)expected->updates);
}

sf_result sfc_compare_counts(const sf_counts *golden, const sf_counts *got,
                             sf_diag *diag) {
  for (uint32_t i = 0; i < got->population_count; i++) {
    const sf_population_counts *row = &got->populations[i];
    const sf_population_counts *expected = find_counts(golden, row->name);
    if (expected && row->events_in == expected->events_in &&
        row->spikes_out == expected->spikes_out &&
        row->updates == expected->updates) {
      continue;
    }
    return report_counts(row, expected, diag);
  }
  return SF_OK;
}

sf_result sfc_compare_sample(const sf_trace *golden, const sf_trace *got,
                             bool tolerant, uint64_t sample, uint32_t steps,
                             sfc_difference *out, sf_diag *diag) {
  for (uint32_t i = 0; i < golden->series_count; i++) {
    const sf_series *expected = &golden->series[i];
    const sf_series *series = sf_trace_find(got, expected->name);
    if (!series) continue; /* the target does not hold it */
    if (!sf_type_equal(&series->type, &expected->type) ||
        series->steps < steps) {
      return sf_error(diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                      "the run's '%%%s' has another shape or length than the "
                      "IR's",
                      expected->name);
    }
    compare_series(expected, series, tolerant, sample, steps, out);
  }
  return SF_OK;
}

sf_result sfc_difference_report(const sfc_difference *d, sf_diag *diag) {
  if (!d->found) return SF_OK;
  char place[256];
  size_t rest = d->element, used = 0;
  int64_t at[SF_RANK_MAX] = {0};
  for (unsigned i = d->type.rank; i-- > 0;) {
    at[i] = (int64_t)(rest % (size_t)d->type.dim[i]);
    rest /= (size_t)d->type.dim[i];
  }
  place[0] = '\0';
  for (unsigned i = 0; i < d->type.rank && used < sizeof place; i++) {
    used += (size_t)snprintf(place + used, sizeof place - used, "%s%lld",
                             i ? ", " : "", (long long)at[i]);
  }
  bool is_float = d->type.scalar.kind == SF_SCALAR_F32;
  double expected = is_float ? (double)d->expected.f : (double)d->expected.i;
  double got = is_float ? (double)d->got.f : (double)d->got.i;
  sf_error(diag, SF_DIAG_MISMATCH, SF_NO_LOC,
           "'%%%s'[%s] at step %u of sample %llu is %.9g, the IR says %.9g",
           d->population, place, d->step, (unsigned long long)d->sample, got,
           expected);
  sf_note(diag, SF_NO_LOC, "%llu of %llu compared values differ",
          (unsigned long long)d->differing, (unsigned long long)d->words);
  return SF_FAIL;
}
