/* measure.c - how much a rewriting in f32 changed the results:
 * both networks on the same inputs. */
#include "passes/fold_batchnorm/fold_batchnorm.h"

#include "support/hash.h"

#include <math.h>

enum { INPUTS = 4, STEPS = 4 };

static void fill(const sf_pass_run *run, const sf_network *network,
                 sf_random *random, uint32_t input, sf_word **rows) {
  for (uint32_t a = 0; a < network->argument_count; a++) {
    const sf_type *type = &network->arguments[a]->type;
    size_t count = sf_type_elements(type);
    const sf_word *sample =
        run->samples ? run->samples->arguments[a] + input * count : NULL;
    for (size_t n = 0; n < count; n++)
      if (sample)
        rows[a][n] = sample[n];
      else if (type->scalar.kind == SF_SCALAR_F32)
        rows[a][n].f = (float)(4 * sf_random_unit(random) - 2);
      else
        rows[a][n].i = (int32_t)sf_random_below(random, 2);
  }
}

static void compare(const sf_interp *a, const sf_network *before,
                    const sf_interp *b, const sf_network *after, double *most,
                    double *difference) {
  for (uint32_t r = 0; r < before->return_count; r++) {
    const sf_value *x = before->returns[r].value;
    const sf_value *y = after->returns[r].value;
    if (x->type.scalar.kind != SF_SCALAR_F32) continue;
    const sf_word *u = sf_interp_value(a, x), *v = sf_interp_value(b, y);
    size_t count = sf_type_elements(&x->type);
    for (size_t n = 0; n < count; n++) {
      double d = fabs((double)u[n].f - (double)v[n].f);
      if (isfinite(d)) *difference = fmax(*difference, d);
      if (isfinite(u[n].f)) *most = fmax(*most, fabs((double)u[n].f));
    }
  }
}

static sf_result run_both(const sf_pass_run *run, sf_interp *a, sf_interp *b,
                          const sf_network *before, const sf_network *after,
                          sf_word **rows, double *relative, uint32_t *inputs) {
  sf_random random = sf_random_seeded(1);
  double most = 0, difference = 0;
  uint64_t count = INPUTS;
  if (run->samples && run->samples->count < count) count = run->samples->count;
  for (uint32_t i = 0; i < count; i++) {
    fill(run, before, &random, i, rows);
    sf_interp_reset(a);
    sf_interp_reset(b);
    for (int t = 0; t < STEPS; t++) {
      SF_TRY(sf_interp_step(a, (const sf_word *const *)rows));
      SF_TRY(sf_interp_step(b, (const sf_word *const *)rows));
      compare(a, before, b, after, &most, &difference);
    }
  }
  *inputs = (uint32_t)count;
  *relative = most > 0 ? difference / most : 0;
  return SF_OK;
}

sf_result sf_measure_change(const sf_pass_run *run, const sf_module *before,
                            double *relative, uint32_t *inputs) {
  const sf_network *a = before->first_network;
  const sf_network *b = run->module->first_network;
  *relative = 0;
  *inputs = 0;
  sf_word **rows =
      SF_NEW_ARRAY(run->scratch, sf_word *, a->argument_count + 1u);
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < a->argument_count; i++) {
    size_t count = sf_type_elements(&a->arguments[i]->type);
    rows[i] = SF_NEW_ARRAY(run->scratch, sf_word, count);
    if (!rows[i]) return SF_OOM;
  }
  /* An input on which the network stops proves nothing and is no error. */
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_interp *first = NULL, *second = NULL;
  sf_result result = quiet ? sf_interp_create(a, quiet, &first) : SF_OOM;
  if (result == SF_OK) result = sf_interp_create(b, quiet, &second);
  if (result == SF_OK)
    result = run_both(run, first, second, a, b, rows, relative, inputs);
  sf_interp_destroy(first);
  sf_interp_destroy(second);
  sf_diag_destroy(quiet);
  return result == SF_FAIL ? SF_OK : result;
}
