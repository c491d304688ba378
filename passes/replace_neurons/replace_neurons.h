/* replace_neurons.h - what the files of replace-neurons share. */
#ifndef SF_PASSES_REPLACE_NEURONS_H
#define SF_PASSES_REPLACE_NEURONS_H

#include "sf/pass.h"

typedef struct sf_replace_effect {
  uint32_t inputs;          /* that both networks ran on; 0: none compared */
  uint64_t results, differ; /* elements of the results, all steps */
  uint64_t spikes[2];       /* that populations sent: before, after */
} sf_replace_effect;

/* measure.c: runs the first networks of `before` and of the run's module on a
 * few inputs: samples, or seeded ones. An input on which one of them stops is
 * no error; the effect then has no inputs. Errors: OOM. */
sf_result sf_replace_measure(const sf_pass_run *run, const sf_module *before,
                             sf_replace_effect *out) SF_MUST_USE;

/* given.c. `set` is the option's text, "NAME=VALUE,..". */
/* Whether it gives param `name` a value, which *value then is. */
bool sf_replace_given(const char *set, const char *name, sf_slice *value);
/* Whether a value of it is the param `name` of the old model. */
bool sf_replace_takes(const char *set, const char *name);
/* Errors: a name that `to` does not have; a value that is no number and no
 * param of `from`. Reported, all at once. */
sf_result sf_replace_check_set(sf_pass_run *run, const char *set,
                               const sf_neuron *from,
                               const sf_neuron *to) SF_MUST_USE;
/* The number that the text is for `param`. Errors: a fraction for an integer,
 * reported. */
sf_result sf_replace_number(sf_pass_run *run, const sf_param *param,
                            sf_slice text, sf_number *out) SF_MUST_USE;

#endif
