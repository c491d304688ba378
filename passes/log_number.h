/* log_number.h - measured figures in a module's log. */
#ifndef SF_PASSES_LOG_NUMBER_H
#define SF_PASSES_LOG_NUMBER_H

#include "sf/module.h"

/* Sets attribute `name` of the entry to `value` rounded to four digits: enough
 * to compare, and the same text everywhere. In the module's arena. Errors:
 * OOM. */
sf_result sf_log_set_number(sf_module *module, sf_log_entry *log,
                            const char *name, double value) SF_MUST_USE;

#endif
