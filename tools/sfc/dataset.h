/* dataset.h - arrays from files as the input of a network, sample by sample.
 *
 * A constant sample is repeated in every input step. */
#ifndef SFC_DATASET_H
#define SFC_DATASET_H

#include "tools/samples/inputs.h"
#include "tools/sfc/sfc.h"

typedef struct sfc_dataset {
  sf_inputs inputs; /* one an argument of the network */
  uint64_t samples;
  uint32_t steps; /* input steps of every sample */
} sfc_dataset;

/* Opens --input (one each argument, by order or NAME=FILE), honours --samples
 * and --steps. Errors: INPUT_SHAPE with both shapes, USAGE. Destroy in either
 * case. */
sf_result sfc_dataset_open(sfc_session *session, const sf_network *network,
                           sfc_dataset *out) SF_MUST_USE;
/* `samples` seeded random ones, for verify without data: spikes with
 * probability 0.3, integers small, floats in [0, 1). */
sf_result sfc_dataset_random(sfc_session *session, const sf_network *network,
                             uint64_t samples, sfc_dataset *out) SF_MUST_USE;
void sfc_dataset_destroy(sfc_dataset *dataset);

/* Room for one sample: a series an argument. malloc'ed as one block. */
sf_result sfc_sample_create(const sfc_dataset *dataset,
                            sf_series **out) SF_MUST_USE;
void sfc_sample_destroy(sf_series *sample);
/* Fills it. Errors: INPUT_SHAPE: a value outside the argument's type, with its
 * place. Thread-safe when each thread has its own diag. */
sf_result sfc_sample_fill(const sfc_dataset *dataset, uint64_t index,
                          sf_series *sample, sf_diag *diag) SF_MUST_USE;

#endif
