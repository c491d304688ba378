/* inputs.h - arrays from files as the inputs of a network.
 *
 * Axes of an array: samples; then time, if it is a spike train; then the
 * argument's shape, or as many elements in any shape. */
#ifndef SF_SAMPLES_INPUTS_H
#define SF_SAMPLES_INPUTS_H

#include "sf/network.h"
#include "support/array.h"

typedef struct sf_input {
  sf_array array;
  const sf_value *argument;
  bool has_time;
  uint64_t data_steps; /* 1 without time */
  double divisor;      /* of f32 inputs: 255 turns bytes into [0, 1] */
} sf_input;

typedef struct sf_inputs {
  uint32_t count; /* arguments of the network */
  sf_input *items;
  uint64_t samples; /* 1 if the network takes no arguments */
} sf_inputs;

/* What the command line says. Texts are borrowed. */
typedef struct sf_input_request {
  const char *const *files; /* "FILE" in the network's order, or "NAME=FILE" */
  uint32_t file_count;
  const char *scale;  /* divisor of f32 inputs; NULL: 255 for bytes, else 1 */
  int64_t samples;    /* the first that many; negative: all */
  bool whole;         /* each array is one sample: no axis of samples, no scale
                         unless given */
  const char *option; /* "input": how messages call the option */
} sf_input_request;

/* No arrays yet: an item an argument. Destroy in either case. */
sf_result sf_inputs_create(const sf_network *network,
                           sf_inputs *out) SF_MUST_USE;
/* Opens one array an argument. Errors: INPUT_SHAPE with both shapes, USAGE, as
 * sf_array_read. Destroy in either case. */
sf_result sf_inputs_open(const sf_input_request *request,
                         const sf_network *network, sf_diag *diag,
                         sf_inputs *out) SF_MUST_USE;
void sf_inputs_destroy(sf_inputs *inputs);
/* Says, for each input that is scaled, by what and why. */
void sf_inputs_print_choices(const sf_inputs *inputs);
/* Elements of one step of a sample, C order, as the argument's type says; zeros
 * after the end of a spike train. Errors: INPUT_SHAPE: a value outside the
 * type, with its place. Thread-safe when each thread has its own diag. */
sf_result sf_input_fill(const sf_input *input, uint64_t sample, uint32_t step,
                        sf_word *out, sf_diag *diag) SF_MUST_USE;

/* Labels: one integer a sample. Errors: INPUT_SHAPE, as sf_array_read. */
sf_result sf_labels_read(const char *path, uint64_t samples, sf_diag *diag,
                         sf_array *out) SF_MUST_USE;

#endif
