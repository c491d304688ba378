/* log.h - what the passes approximated, and how right the network still is. */
#ifndef SFC_LOG_H
#define SFC_LOG_H

#include "tools/sfc/sfc.h"

/* Fractions of labelled calibration samples that are decided right, from the
 * log entries' attributes `samples`, `float_accuracy`, `accuracy` (of the
 * integer network) and `emitted_accuracy`; -1: nobody measured it. Of several
 * entries the last one counts. Each may be measured on another number of
 * samples, the first of those given. */
typedef struct sfc_measured {
  int64_t samples;
  double fraction;
} sfc_measured;

typedef struct sfc_accuracy {
  sfc_measured float_model, integer_model, emitted;
} sfc_accuracy;

sfc_accuracy sfc_log_accuracy(const sf_module *module);
/* A line for each entry that is an approximation, then the accuracy. */
void sfc_log_print(const sf_module *module);
/* The same: {"approximations": [..], "accuracy": {..} or null}. */
json_t *sfc_log_json(const sf_module *module);

#endif
