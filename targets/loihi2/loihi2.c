/* loihi2.c - the target: check, emit, run. See README.md. */
#include "targets/loihi2/loihi2.h"
#include "targets/loihi2/plan.h"

#include "support/file.h"

#include <stdlib.h>
#include <string.h>

static const char *const machines[] = {"oheo-gulch", "kapoho-point", NULL};

static void warn_period(const sf_emit_job *job) {
  int64_t period = job->network->period;
  if (period <= 0 || (period & (period - 1)) == 0) return;
  sf_warning(job->diag, SF_DIAG_TARGET_CANNOT, job->network->loc,
             "a reset period of %lld steps; hardware resets at powers of two",
             (long long)period);
}

static sf_result check_machine(const sf_emit_job *job) {
  if (!job->machine)
    return sf_error(job->diag, SF_DIAG_MACHINE, SF_NO_LOC,
                    "target loihi2 needs a machine");
  if (job->machine->family == SF_FAMILY_LOIHI2) return SF_OK;
  return sf_error(job->diag, SF_DIAG_TARGET_CANNOT, SF_NO_LOC,
                  "machine '%s' is not of the Loihi 2 family",
                  job->machine->name);
}

/* loihi2.md 1.7: the same of populations with a phase of their own. */
static void warn_intervals(const sf_l2_plan *plan) {
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const sf_l2_layer *layer = &plan->layers[l];
    for (uint32_t p = 0; p < layer->param_count; p++) {
      const sf_l2_param *param = &layer->params[p];
      if (strcmp(param->name, "resetInterval") != 0 ||
          (param->value & (param->value - 1)) == 0)
        continue;
      sf_warning(plan->diag, SF_DIAG_TARGET_CANNOT, layer->op->loc,
                 "'%%%s' is reset every %d steps; hardware resets at powers of "
                 "two",
                 layer->value->name, param->value);
      sf_help(plan->diag, "the simulator does as it says; on hardware choose "
                          "a power of two (--reset-interval of netx models)");
    }
  }
}

/* The plan, and with a mapping the cores as well: built, but not written. */
static sf_result build(const sf_emit_job *job, const char *directory) {
  sf_l2_plan plan;
  SF_TRY(check_machine(job));
  SF_TRY(sf_l2_plan_create(job, &plan));
  if (!directory) warn_intervals(&plan);
  sf_result result = SF_OK;
  if (plan.mapping) {
    result = sf_l2_layout_create(&plan);
    if (result == SF_OK) result = sf_l2_config_write(&plan, directory);
  }
  sf_l2_plan_destroy(&plan);
  return result;
}

static sf_result check(const sf_emit_job *job) {
  warn_period(job);
  sf_result ranges = sf_prove_ranges(job->network, job->diag);
  if (ranges == SF_OOM) return ranges;
  SF_TRY(build(job, NULL));
  return ranges;
}

static sf_result write_certificate(const sf_emit_job *job) {
  char *text = NULL;
  SF_TRY(sf_route_certificate(job->mapping, job->machine, job->diag, &text));
  char *path = sf_path_join(job->directory, "certificate.txt");
  sf_result result = SF_OOM;
  if (path) result = sf_file_write(path, text, strlen(text), job->diag);
  free(path);
  free(text);
  return result;
}

static sf_result emit(const sf_emit_job *job) {
  if (!job->mapping)
    return sf_error(job->diag, SF_DIAG_PASS_NEEDS, job->network->loc,
                    "network @%s has no mapping; run partition,place,route",
                    job->network->name);
  SF_TRY(build(job, job->directory));
  return write_certificate(job);
}

const sf_target sf_target_loihi2 = {
    .size = sizeof(sf_target),
    .abi = SF_ABI,
    .name = "loihi2",
    .summary =
        "Documented configuration of Loihi 2 cores, and a simulator of it",
    .pipeline = "@loihi2",
    .default_machine = "oheo-gulch",
    .machines = machines,
    .check = check,
    .emit = emit,
    .run = sf_l2_run,
};
