/* report.h - what run, verify and demo print: counts, cost, accuracy. */
#ifndef SFC_REPORT_H
#define SFC_REPORT_H

#include "tools/sfc/sfc.h"

/* Counts as a table, a row a population, per sample and per neuron. */
void sfc_print_counts(const sf_counts *counts);
json_t *sfc_counts_json(const sf_counts *counts);

/* Accuracy after each step, `correct[t]` of `samples`; the best and the last
 * step first. */
void sfc_print_accuracy(const uint64_t *correct, uint32_t steps,
                        uint64_t samples);
json_t *sfc_accuracy_json(const uint64_t *correct, uint32_t steps,
                          uint64_t samples);

#endif
