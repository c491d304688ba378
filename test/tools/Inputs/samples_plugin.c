/* A pass that prints its calibration samples: row by row, then the labels. */
#include "sf/plugin.h"

#include <inttypes.h>
#include <stdio.h>

SF_PLUGIN_ABI;

static void print_argument(const sf_samples *samples, uint32_t index,
                           const sf_value *argument) {
  size_t elements = sf_type_elements(&argument->type);
  bool is_float = argument->type.scalar.kind == SF_SCALAR_F32;
  const sf_word *row = samples->arguments[index];
  for (uint64_t i = 0; i < samples->count; i++, row += elements) {
    fprintf(stderr, "%%%s %" PRIu64 ":", argument->name, i);
    for (size_t j = 0; j < elements; j++)
      fprintf(stderr, " %.9g", is_float ? (double)row[j].f : (double)row[j].i);
    fputc('\n', stderr);
  }
}

static sf_result run_pass(sf_pass_run *run) {
  const sf_samples *samples = run->samples;
  const sf_network *network = run->module->first_network;
  fprintf(stderr, "samples %" PRIu64 " of %u\n", samples ? samples->count : 0,
          samples ? samples->argument_count : 0);
  for (uint32_t i = 0; samples && i < samples->argument_count; i++)
    print_argument(samples, i, network->arguments[i]);
  for (uint64_t i = 0; samples && samples->labels && i < samples->count; i++)
    fprintf(stderr, "label %" PRIu64 ": %d\n", i, (int)samples->labels[i]);
  return SF_OK;
}

static const sf_pass print_samples = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "print-samples",
    .summary = "print calibration samples",
    .description = "For tests.",
    .exactness = SF_EXACT,
    .run = run_pass,
};

sf_result sf_plugin_init(uint32_t host_abi, sf_registry *registry,
                         sf_diag *diag) {
  (void)host_abi;
  return sf_registry_add_pass(registry, &print_samples, diag);
}
