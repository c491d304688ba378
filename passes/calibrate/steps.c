/* steps.c - runs the network on the samples and chooses each site's step.
 *
 * A block of samples runs in parallel, one row of values a sample; then the
 * channels are measured in parallel, each over the rows in order. So no sum
 * depends on the threads or on the size of a block. */
#include "passes/calibrate/calibrate.h"

#include "passes/calibrate/runner.h"
#include "support/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES_MAX = 256 << 20 };

/* One channel of one site. */
typedef struct channel {
  uint32_t site, index;
  double largest; /* step that saturates nothing */
  double *errors; /* SF_STEP_CANDIDATES; mse */
  uint64_t *bins; /* SF_STEP_BINS; percentile */
} channel;

typedef enum phase { RANGES, DETAILS } phase;

typedef struct measurement {
  const sf_calibrate_options *options;
  sf_pass_run *run;
  sf_site_list *list;
  sf_sample_runner *runner;
  uint64_t samples, block, first, in_block; /* samples; first of the block */
  float **values;                           /* a site: block rows */
  uint32_t channel_count;
  channel *channels;
  phase phase;
} measurement;

static size_t elements_of(const sf_site_plan *site) {
  return sf_type_elements(&site->value->type);
}

/* ---- Rows. ---- */

static sf_result keep_rows(void *data, uint64_t sample,
                           const sf_interp *interp) {
  const measurement *m = data;
  for (uint32_t i = 0; i < m->list->count; i++) {
    const sf_site_plan *site = &m->list->sites[i];
    const sf_word *words = sf_interp_value(interp, site->value);
    size_t elements = elements_of(site);
    float *row = m->values[i] + (size_t)(sample - m->first) * elements;
    memcpy(row, words, elements * sizeof *row);
  }
  return SF_OK;
}

static sf_channel_values values_of(const measurement *m, const channel *c) {
  const sf_site_plan *site = &m->list->sites[c->site];
  const sf_type *type = &site->value->type;
  size_t inner = 1, elements = sf_type_elements(type);
  for (int i = site->axis + 1; site->axis >= 0 && i < type->rank; i++)
    inner *= (size_t)type->dim[i];
  if (site->axis < 0) inner = elements;
  if (site->axis >= 0) /* a group of channels is one run */
    inner *= (size_t)type->dim[site->axis] / site->channels;
  size_t stride = inner * site->channels;
  return (sf_channel_values){m->values[c->site] + c->index * inner,
                             m->in_block * (elements / stride), inner, stride};
}

/* ---- Channels. ---- */

static void find_range(const sf_channel_values *v, double *least,
                       double *most) {
  for (uint64_t n = 0; n < v->count; n++) {
    for (uint64_t k = 0; k < v->length; k++) {
      double x = (double)v->values[n * v->stride + k];
      if (isnan(x)) { /* no range at all; stays */
        *least = -(double)INFINITY;
        *most = (double)INFINITY;
      }
      if (x < *least) *least = x;
      if (x > *most) *most = x;
    }
  }
}

static sf_result measure_channel(void *data, size_t index) {
  const measurement *m = data;
  const channel *c = &m->channels[index];
  const sf_site_plan *site = &m->list->sites[c->site];
  sf_channel_values v = values_of(m, c);
  if (m->phase == RANGES) {
    find_range(&v, &site->least[c->index], &site->most[c->index]);
  } else if (c->errors) {
    sf_step_errors(&v, c->largest, site->low, site->high, c->errors);
  } else if (c->bins) {
    double most = fmax(-site->least[c->index], site->most[c->index]);
    if (most > 0) sf_step_histogram(&v, most, c->bins);
  }
  return SF_OK;
}

static sf_result sweep(measurement *m, phase which) {
  m->phase = which;
  bool whole = m->block >= m->samples; /* rows stay from phase to phase */
  for (m->first = 0; m->first < m->samples; m->first += m->block) {
    uint64_t left = m->samples - m->first;
    m->in_block = left < m->block ? left : m->block;
    if (which == RANGES || !whole)
      SF_TRY(sf_sample_runner_each(m->runner, m->first, m->in_block, keep_rows,
                                   m));
    SF_TRY(sf_parallel(m->run->threads, m->channel_count, measure_channel, m));
  }
  return SF_OK;
}

/* ---- Ranges to steps. ---- */

static sf_result choose_range(const measurement *m, sf_site_plan *site) {
  int64_t levels = site->fine ? m->options->input_levels : m->options->levels;
  bool negative = false;
  for (uint32_t i = 0; i < site->channels; i++) {
    if (!isfinite(site->least[i]) || !isfinite(site->most[i])) {
      return sf_error(m->run->diag, SF_DIAG_CALIBRATION, site->value->loc,
                      "'%%%s' is not finite on the calibration samples",
                      site->value->name);
    }
    negative = negative || site->least[i] < 0;
  }
  site->low = negative ? -(levels / 2) : 0;
  site->high = levels - 1 + site->low;
  if (site->high == 0) site->high = 1; /* signed with two levels: -1, 0, 1 */
  return SF_OK;
}

/* A channel that is zero on all samples takes the site's largest step. */
static void choose_largest(const measurement *m, uint32_t first,
                           const sf_site_plan *site) {
  double all = 0;
  for (uint32_t i = 0; i < site->channels; i++) {
    double up = site->most[i] / (double)site->high;
    double down = site->low ? site->least[i] / (double)site->low : 0;
    m->channels[first + i].largest = fmax(0, fmax(up, down));
    all = fmax(all, m->channels[first + i].largest);
  }
  for (uint32_t i = 0; i < site->channels; i++) {
    channel *c = &m->channels[first + i];
    if (c->largest < all * 1e-6) c->largest = all;
    if (c->largest < 1e-30) c->largest = 1;
  }
}

static double chosen_step(const measurement *m, const channel *c) {
  const sf_site_plan *site = &m->list->sites[c->site];
  if (c->errors) {
    int best = 0;
    for (int i = 1; i < SF_STEP_CANDIDATES; i++)
      if (c->errors[i] < c->errors[best]) best = i;
    return c->largest * (1 - 0.01 * best);
  }
  if (!c->bins) return c->largest;
  double most = fmax(-site->least[c->index], site->most[c->index]);
  double range = sf_step_percentile(c->bins, most, m->options->percentile);
  return most > 0 ? c->largest * range / most : c->largest;
}

static sf_result set_steps(measurement *m) {
  for (uint32_t i = 0, at = 0; i < m->list->count; i++) {
    sf_site_plan *site = &m->list->sites[i];
    SF_TRY(choose_range(m, site));
    choose_largest(m, at, site);
    at += site->channels;
  }
  if (strcmp(m->options->method, "max") != 0) SF_TRY(sweep(m, DETAILS));
  for (uint32_t i = 0; i < m->channel_count; i++) {
    const channel *c = &m->channels[i];
    m->list->sites[c->site].steps[c->index] = (float)chosen_step(m, c);
  }
  return SF_OK;
}

/* ---- Memory. ---- */

static sf_result allocate_channels(measurement *m) {
  sf_arena *arena = m->run->scratch;
  for (uint32_t i = 0; i < m->list->count; i++)
    m->channel_count += m->list->sites[i].channels;
  m->channels = SF_NEW_ARRAY(arena, channel, m->channel_count + 1u);
  if (!m->channels) return SF_OOM;
  bool mse = strcmp(m->options->method, "mse") == 0;
  bool percentile = strcmp(m->options->method, "percentile") == 0;
  for (uint32_t i = 0, at = 0; i < m->list->count; i++) {
    sf_site_plan *site = &m->list->sites[i];
    site->least = SF_NEW_ARRAY(arena, double, site->channels);
    site->most = SF_NEW_ARRAY(arena, double, site->channels);
    site->steps = SF_NEW_ARRAY(arena, float, site->channels);
    if (!site->least || !site->most || !site->steps) return SF_OOM;
    for (uint32_t k = 0; k < site->channels; k++, at++) {
      m->channels[at] = (channel){.site = i, .index = k};
      channel *c = &m->channels[at];
      if (mse) c->errors = SF_NEW_ARRAY(arena, double, SF_STEP_CANDIDATES);
      if (percentile) c->bins = SF_NEW_ARRAY(arena, uint64_t, SF_STEP_BINS);
      if ((mse && !c->errors) || (percentile && !c->bins)) return SF_OOM;
    }
  }
  return SF_OK;
}

static sf_result allocate_rows(measurement *m) {
  size_t bytes = 1;
  for (uint32_t i = 0; i < m->list->count; i++)
    bytes += elements_of(&m->list->sites[i]) * sizeof(float);
  m->block = BLOCK_BYTES_MAX / bytes;
  if (m->block < m->run->threads) m->block = m->run->threads;
  if (m->block > m->samples) m->block = m->samples;
  m->values = SF_NEW_ARRAY(m->run->scratch, float *, m->list->count);
  if (!m->values) return SF_OOM;
  for (uint32_t i = 0; i < m->list->count; i++) {
    size_t elements = elements_of(&m->list->sites[i]);
    m->values[i] =
        SF_NEW_ARRAY(m->run->scratch, float, (size_t)m->block *elements);
    if (!m->values[i]) return SF_OOM;
  }
  return SF_OK;
}

sf_result sf_measure_steps(sf_pass_run *run, const sf_network *network,
                           const sf_calibrate_options *options,
                           sf_site_list *list) {
  measurement m = {.options = options,
                   .run = run,
                   .list = list,
                   .samples = sf_samples_used(run->samples, options->samples)};
  SF_TRY(allocate_channels(&m));
  SF_TRY(allocate_rows(&m));
  SF_TRY(sf_sample_runner_create(network, run->samples, run->threads, run->diag,
                                 &m.runner));
  sf_result result = sweep(&m, RANGES);
  if (result == SF_OK) result = set_steps(&m);
  sf_sample_runner_destroy(m.runner);
  return result;
}
