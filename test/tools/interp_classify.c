/* interp_classify - accuracy of a network of one f32 argument and one returned
 * spike value on labelled images.
 *
 *   interp_classify MODEL.sf IMAGES LABELS STEPS COUNT
 *
 * The image, / 255, is the input of every step; the class is the first output
 * with the most spikes. Prints the number of right answers and the mean spikes
 * of each population. Two threads, each with its own interpreter. */
#include "sf/ir.h"
#include "sf/target.h"
#include "support/array.h"
#include "support/process.h"

#include <stdlib.h>
#include <string.h>

enum { THREADS = 2 };

typedef struct classify_job {
  const sf_network *network;
  const sf_array *images, *labels;
  uint64_t count;
  uint32_t steps;
  uint64_t right[THREADS];
  sf_counts counts[THREADS];
} classify_job;

static size_t classify(const classify_job *job, sf_interp *interp,
                       sf_word *image, uint32_t *spikes) {
  const sf_value *output = job->network->returns[0].value;
  size_t classes = sf_type_elements(&output->type), best = 0;
  memset(spikes, 0, classes * sizeof *spikes);
  sf_interp_reset(interp);
  for (uint32_t t = 0; t < job->steps; t++) {
    const sf_word *inputs[1] = {image};
    if (sf_interp_step(interp, inputs) != SF_OK) return SIZE_MAX;
    const sf_word *words = sf_interp_value(interp, output);
    for (size_t c = 0; c < classes; c++)
      spikes[c] += words[c].i != 0;
  }
  for (size_t c = 1; c < classes; c++)
    if (spikes[c] > spikes[best]) best = c;
  return best;
}

static sf_result run_half(classify_job *job, size_t thread, sf_interp *interp) {
  size_t pixels = sf_type_elements(&job->network->arguments[0]->type);
  size_t classes = sf_type_elements(&job->network->returns[0].value->type);
  sf_word *image = calloc(pixels, sizeof *image);
  uint32_t *spikes = calloc(classes, sizeof *spikes);
  sf_result result = image && spikes ? SF_OK : SF_OOM;
  for (uint64_t n = thread; n < job->count && result == SF_OK; n += THREADS) {
    for (size_t k = 0; k < pixels; k++)
      image[k].f = (float)sf_array_i64(job->images, n * pixels + k) / 255.0f;
    size_t class = classify(job, interp, image, spikes);
    if (class == SIZE_MAX) result = SF_FAIL;
    job->right[thread] += (int64_t)class == sf_array_i64(job->labels, n);
  }
  free(image);
  free(spikes);
  return result == SF_OK
             ? sf_counts_add(&job->counts[thread], sf_interp_counts(interp))
             : result;
}

static sf_result run_thread(void *data, size_t thread) {
  classify_job *work = data;
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  if (!diag) return SF_OOM;
  sf_interp *interp = NULL;
  sf_result result = sf_interp_create(work->network, diag, &interp);
  if (result == SF_OK) result = run_half(work, thread, interp);
  sf_interp_destroy(interp);
  sf_diag_destroy(diag);
  return result;
}

static void print(const classify_job *job, const sf_counts *counts) {
  printf("%llu of %llu correct\n",
         (unsigned long long)(job->right[0] + job->right[1]),
         (unsigned long long)job->count);
  for (uint32_t n = 0; n < counts->population_count; n++)
    printf("%s: %.1f spikes, %.1f events in a sample\n",
           counts->populations[n].name,
           (double)counts->populations[n].spikes_out / (double)counts->samples,
           (double)counts->populations[n].events_in / (double)counts->samples);
}

static sf_result run(char **arguments, sf_diag *diag) {
  sf_module *module = NULL;
  sf_array images = {0}, labels = {0};
  sf_result result = sf_parse_file(arguments[1], diag, &module);
  if (result == SF_OK) result = sf_array_read(arguments[2], diag, &images);
  if (result == SF_OK) result = sf_array_read(arguments[3], diag, &labels);
  if (result == SF_OK) result = sf_network_load(module->first_network, diag);
  if (result == SF_OK) {
    classify_job work = {.network = module->first_network,
                         .images = &images,
                         .labels = &labels,
                         .count = strtoull(arguments[5], NULL, 10),
                         .steps = (uint32_t)strtoul(arguments[4], NULL, 10)};
    if (work.count > labels.elements) work.count = labels.elements;
    result = sf_parallel(THREADS, THREADS, run_thread, &work);
    if (result == SF_OK)
      result = sf_counts_add(&work.counts[0], &work.counts[1]);
    if (result == SF_OK) print(&work, &work.counts[0]);
    free(work.counts[0].populations);
    free(work.counts[1].populations);
  }
  sf_array_destroy(&images);
  sf_array_destroy(&labels);
  sf_module_destroy(module);
  return result;
}

int main(int count, char **arguments) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  if (!diag || count != 6) {
    fputs("usage: interp_classify MODEL.sf IMAGES LABELS STEPS COUNT\n",
          stderr);
    sf_diag_destroy(diag);
    return 2;
  }
  sf_result result = run(arguments, diag);
  sf_diag_destroy(diag);
  return result == SF_OK ? 0 : 1;
}
