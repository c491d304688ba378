/* prepare.c - other passes that conversion needs: what was not rounded yet is
 * rounded now, if there are samples to do it by. */
#include "passes/convert/convert.h"

#include "passes/manager/manager.h"

#include <stdio.h>
#include <string.h>

static sf_slice slice_of(const char *text) {
  return (sf_slice){text, strlen(text)};
}

static sf_result run_one(sf_pass_run *run, const sf_pass *pass,
                         const char *option, const char *value) {
  void *options = NULL;
  SF_TRY(sf_pass_options_default(pass, run->scratch, run->diag, &options));
  if (option)
    SF_TRY(sf_pass_options_set(pass, options, slice_of(option), slice_of(value),
                               run->scratch, run->diag));
  sf_pass_run inner = *run;
  inner.pass = pass;
  inner.options = options;
  inner.lag = 0;
  inner.stats =
      SF_NEW_ARRAY(run->scratch, uint64_t, sf_pass_stat_count(pass) + 1);
  if (!inner.stats) return SF_OOM;
  return pass->run(&inner);
}

sf_result sf_convert_run_pass(sf_pass_run *run, const char *name,
                              const char *option, const char *value,
                              bool *found) {
  sf_registry *registry = sf_registry_create();
  if (!registry) return SF_OOM;
  const sf_pass *pass = sf_registry_find(registry, slice_of(name));
  *found = pass != NULL;
  sf_result result = pass ? run_one(run, pass, option, value) : SF_OK;
  sf_registry_destroy(registry);
  return result;
}

/* Weights that are not rounded: the first such projection. */
static const sf_op *find_float_weights(const sf_module *module) {
  for (const sf_network *n = module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n) {
      if (!sf_op_is(op, SF_TRAIT_PROJECTION)) continue;
      const sf_blob *weights =
          sf_op_operand_blob(op, op->kind == SF_OP_SPARSE ? 2 : 1);
      if (weights && weights->type.scalar.kind == SF_SCALAR_F32) return op;
    }
  return NULL;
}

sf_result sf_convert_prepare(sf_pass_run *run, int64_t levels) {
  const sf_op *op = find_float_weights(run->module);
  if (!op || !run->samples) return SF_OK; /* obstacles.c names what is left */
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)levels);
  bool found;
  SF_TRY(sf_convert_run_pass(run, "fold-batchnorm", NULL, NULL, &found));
  SF_TRY(sf_convert_run_pass(run, "calibrate", "levels", text, &found));
  return sf_convert_run_pass(run, "quantize", NULL, NULL, &found);
}
