/* spinnaker2.c - the target: what it takes, how it is checked. */
#include "targets/spinnaker2/pe_files.h"

/* Everything that stands in the way, population by population, then the sizes
 * of each PE. */
static sf_result check_populations(const sf_emit_job *job) {
  sf_result result = SF_OK;
  SF_FOREACH_OP(op, job->network) {
    if (!sf_s2_on_chip(op)) continue;
    s2_leaves leaves;
    if (sf_s2_leaves_collect(op, job->diag, &leaves) != SF_OK) result = SF_FAIL;
    for (uint32_t r = 0; r < op->result_count; r++) {
      const sf_value *v = op->results[r];
      if (v->type.scalar.kind != SF_SCALAR_F32) continue;
      result = sf_error(job->diag, SF_DIAG_TARGET_CANNOT, v->loc,
                        "'%%%s' sends f32; a packet's payload is an integer",
                        v->name);
    }
  }
  return result;
}

static sf_result check_regions(const sf_emit_job *job, const s2_plan *plan) {
  sf_result result = SF_OK;
  for (uint32_t c = 0; c < plan->core_count; c++) {
    s2_region region;
    sf_result one =
        sf_s2_region_build(plan, &plan->cores[c], job->diag, &region);
    if (one == SF_OOM) return one;
    if (one != SF_OK) result = one;
    sf_s2_region_destroy(&region);
  }
  return result;
}

static sf_result check(const sf_emit_job *job) {
  SF_TRY(check_populations(job));
  s2_plan plan;
  sf_result result = sf_s2_plan_create(job, &plan);
  if (result == SF_OK) result = check_regions(job, &plan);
  sf_s2_plan_destroy(&plan);
  return result;
}

static const char *const machines[] = {"spinnaker2-chip", "spin2-48chip", NULL};

extern const sf_target sf_target_spinnaker2;
const sf_target sf_target_spinnaker2 = {
    .size = sizeof(sf_target),
    .abi = SF_ABI,
    .name = "spinnaker2",
    .summary = "a Cortex-M4F image, regions and routing entries for each PE",
    .pipeline = "@spinnaker2",
    .default_machine = "spinnaker2-chip",
    .machines = machines,
    .check = check,
    .emit = sf_s2_emit,
    .run = sf_s2_run,
};
