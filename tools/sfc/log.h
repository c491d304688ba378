/* log.h - what the passes approximated, and how right the network still is. */
#ifndef SFC_LOG_H
#define SFC_LOG_H

#include "tools/sfc/sfc.h"

/* Correct decisions on labelled calibration samples, from the log entries'
 * attributes `samples`, `correct_float`, `correct_integer`, `correct_emitted`;
 * -1: nobody measured it. Of several entries the last one counts. */
typedef struct sfc_accuracy {
  int64_t samples;
  int64_t float_model, integer_model, emitted;
} sfc_accuracy;

sfc_accuracy sfc_log_accuracy(const sf_module *module);
/* A line for each entry that is an approximation, then the accuracy. */
void sfc_log_print(const sf_module *module);
/* The same: {"approximations": [..], "accuracy": {..} or null}. */
json_t *sfc_log_json(const sf_module *module);

#endif
