/* log_number.c - figures of logs, in four digits. */
#include "passes/log_number.h"

#include <math.h>

sf_result sf_log_set_number(sf_module *module, sf_log_entry *log,
                            const char *name, double value) {
  double scale = value == 0 ? 1 : pow(10, 3 - floor(log10(fabs(value))));
  sf_item item = {.kind = SF_ITEM_NUMBER,
                  .number = sf_number_double(round(value * scale) / scale)};
  return sf_dict_set(module->arena, &log->attrs, name, &item);
}
