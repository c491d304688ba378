/* measure.c - what another neuron model changes: both networks on a few inputs.
 */
#include "passes/replace_neurons/replace_neurons.h"

#include "support/hash.h"

/* Enough to show silence or saturation; `sfc compare` measures on data. */
enum { INPUTS = 4, STEPS = 32 };

static void fill(const sf_pass_run *run, const sf_network *network,
                 sf_random *random, uint32_t input, sf_word **rows) {
  for (uint32_t a = 0; a < network->argument_count; a++) {
    const sf_type *type = &network->arguments[a]->type;
    size_t count = sf_type_elements(type);
    for (size_t n = 0; n < count; n++)
      if (run->samples)
        rows[a][n] = run->samples->arguments[a][input * count + n];
      else if (type->scalar.kind == SF_SCALAR_F32)
        rows[a][n].f = (float)sf_random_unit(random);
      else
        rows[a][n].i = (int32_t)sf_random_below(random, 2);
  }
}

static bool is_zero(sf_scalar scalar, sf_word word) {
  return scalar.kind == SF_SCALAR_F32 ? word.f == 0 : word.i == 0;
}

static void count_spikes(const sf_interp *interp, const sf_network *network,
                         uint64_t *spikes) {
  SF_FOREACH_OP(op, network) {
    for (uint32_t r = 0; op->kind == SF_OP_NEURONS && r < op->result_count;
         r++) {
      const sf_value *value = op->results[r];
      const sf_word *words = sf_interp_value(interp, value);
      for (size_t n = 0; n < sf_type_elements(&value->type); n++)
        *spikes += !is_zero(value->type.scalar, words[n]);
    }
  }
}

static void compare(sf_interp *const *interps, const sf_network *const *nets,
                    sf_replace_effect *out) {
  for (uint32_t r = 0; r < nets[0]->return_count; r++) {
    const sf_value *x = nets[0]->returns[r].value;
    const sf_word *u = sf_interp_value(interps[0], x);
    const sf_word *v = sf_interp_value(interps[1], nets[1]->returns[r].value);
    size_t count = sf_type_elements(&x->type);
    out->results += count;
    for (size_t n = 0; n < count; n++)
      out->differ += u[n].i != v[n].i;
  }
  for (int i = 0; i < 2; i++)
    count_spikes(interps[i], nets[i], &out->spikes[i]);
}

static sf_result run_both(const sf_pass_run *run, sf_interp *const *interps,
                          const sf_network *const *nets, sf_word **rows,
                          sf_replace_effect *out) {
  sf_random random = sf_random_seeded(1);
  uint64_t inputs = INPUTS;
  if (run->samples && run->samples->count < inputs)
    inputs = run->samples->count;
  for (uint32_t i = 0; i < inputs; i++) {
    fill(run, nets[0], &random, i, rows);
    for (int n = 0; n < 2; n++)
      sf_interp_reset(interps[n]);
    for (int t = 0; t < STEPS; t++) {
      for (int n = 0; n < 2; n++)
        SF_TRY(sf_interp_step(interps[n], (const sf_word *const *)rows));
      compare(interps, nets, out);
    }
  }
  out->inputs = (uint32_t)inputs;
  return SF_OK;
}

sf_result sf_replace_measure(const sf_pass_run *run, const sf_module *before,
                             sf_replace_effect *out) {
  const sf_network *nets[2] = {before->first_network,
                               run->module->first_network};
  *out = (sf_replace_effect){0};
  sf_word **rows =
      SF_NEW_ARRAY(run->scratch, sf_word *, nets[0]->argument_count + 1u);
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < nets[0]->argument_count; i++) {
    size_t count = sf_type_elements(&nets[0]->arguments[i]->type);
    rows[i] = SF_NEW_ARRAY(run->scratch, sf_word, count);
    if (!rows[i]) return SF_OOM;
  }
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  sf_interp *interps[2] = {NULL, NULL};
  sf_result result = quiet ? SF_OK : SF_OOM;
  for (int i = 0; i < 2 && result == SF_OK; i++)
    result = sf_interp_create(nets[i], quiet, &interps[i]);
  if (result == SF_OK) result = run_both(run, interps, nets, rows, out);
  sf_interp_destroy(interps[0]);
  sf_interp_destroy(interps[1]);
  sf_diag_destroy(quiet);
  if (result == SF_OK) return SF_OK;
  *out = (sf_replace_effect){0};
  return result == SF_FAIL ? SF_OK : result;
}
