/* interp_dump - runs the interpreter and writes every value of every step.
 *
 *   interp_dump MODEL.sf STEPS OUT [INPUT.npy ..]
 *
 * An input array has the shape [steps, argument's shape..]; further steps get
 * zeros. Each value becomes OUT/NAME.npy, [STEPS, shape..], int32 or float32;
 * OUT/counts.txt holds a line a population. Exit codes as sfc. */
#include "sf/ir.h"
#include "sf/target.h"
#include "support/array.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static sf_result read_input(const char *path, const sf_value *argument,
                            sf_diag *diag, sf_series *out) {
  sf_array array = {0};
  SF_TRY(sf_array_read(path, diag, &array));
  size_t elements = sf_type_elements(&argument->type);
  *out = (sf_series){argument->name, argument->type, 0, NULL};
  sf_result result = SF_OK;
  if (array.elements % elements != 0)
    result = sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                      "'%s' does not hold whole steps of '%%%s'", path,
                      argument->name);
  if (result == SF_OK) {
    out->data = calloc(array.elements + 1, sizeof(sf_word));
    result = out->data ? SF_OK : SF_OOM;
  }
  if (result == SF_OK) {
    out->steps = (uint32_t)(array.elements / elements);
    for (uint64_t n = 0; n < array.elements; n++)
      if (argument->type.scalar.kind == SF_SCALAR_F32)
        out->data[n].f = (float)sf_array_f64(&array, n);
      else
        out->data[n].i = (int32_t)sf_array_i64(&array, n);
  }
  sf_array_destroy(&array);
  return result;
}

static sf_result write_series(const char *directory, const sf_series *series,
                              sf_diag *diag) {
  char path[4096 + 512];
  snprintf(path, sizeof path, "%s/%s.npy", directory, series->name);
  uint64_t dim[SF_RANK_MAX + 1] = {series->steps};
  for (unsigned n = 0; n < series->type.rank; n++)
    dim[n + 1] = (uint64_t)series->type.dim[n];
  bool is_float = series->type.scalar.kind == SF_SCALAR_F32;
  return sf_array_write(path, is_float ? SF_ARRAY_F32 : SF_ARRAY_I32,
                        series->type.rank + 1u, dim, series->data, diag);
}

static sf_result write_counts(const char *directory, const sf_counts *counts,
                              sf_diag *diag) {
  char path[4096 + 16];
  snprintf(path, sizeof path, "%s/counts.txt", directory);
  FILE *file = fopen(path, "w");
  if (!file)
    return sf_error(diag, SF_DIAG_FILE_WRITE, SF_NO_LOC, "cannot write '%s'",
                    path);
  for (uint32_t n = 0; n < counts->population_count; n++) {
    const sf_population_counts *row = &counts->populations[n];
    fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
            row->name, row->neurons, row->events_in, row->spikes_out,
            row->updates);
  }
  return fclose(file) == 0 ? SF_OK : SF_FAIL;
}

static sf_result dump(const sf_network *network, const char *const *arguments,
                      int count, sf_series *inputs, sf_diag *diag) {
  if (count != 3 + (int)network->argument_count)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "'@%s' takes %u input files", network->name,
                    network->argument_count);
  for (uint32_t n = 0; n < network->argument_count; n++)
    SF_TRY(
        read_input(arguments[3 + n], network->arguments[n], diag, &inputs[n]));
  uint32_t steps = (uint32_t)strtoul(arguments[1], NULL, 10);
  sf_trace *trace = NULL;
  sf_counts counts = {0};
  sf_result result =
      sf_trace_interp(network, inputs, steps, true, diag, &counts, &trace);
  for (uint32_t n = 0; result == SF_OK && n < trace->series_count; n++)
    result = write_series(arguments[2], &trace->series[n], diag);
  if (result == SF_OK) result = write_counts(arguments[2], &counts, diag);
  free(counts.populations);
  sf_trace_destroy(trace);
  return result;
}

static sf_result run(const char *const *arguments, int count, sf_diag *diag) {
  sf_module *module = NULL;
  SF_TRY(sf_parse_file(arguments[0], diag, &module));
  const sf_network *network = module->first_network;
  sf_result result = SF_FAIL;
  sf_series *inputs =
      network ? calloc(network->argument_count + 1u, sizeof *inputs) : NULL;
  if (inputs) result = dump(network, arguments, count, inputs, diag);
  for (uint32_t n = 0; inputs && n < network->argument_count; n++)
    free(inputs[n].data);
  free(inputs);
  sf_module_destroy(module);
  return result;
}

int main(int count, char **arguments) {
  sf_diag *diag = sf_diag_create(stderr, SF_DIAG_TEXT);
  if (!diag) return 5;
  sf_result result =
      count < 4 ? sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                           "usage: interp_dump MODEL.sf STEPS OUT [INPUT..]")
                : run((const char *const *)arguments + 1, count - 1, diag);
  int code = result == SF_OOM ? 5 : sf_diag_exit_code(diag);
  sf_diag_destroy(diag);
  return result == SF_OK ? 0 : code ? code : 70;
}
