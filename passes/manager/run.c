/* run.c - runs the steps of a pipeline: facts, prints, checks, times.
 *
 *   facts of the module -> [ needs? print, run, verify, exact?, print ] each
 * step
 *                       -> facts := (facts & keeps) | gives */
#include "passes/manager/manager.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FACT_COUNT 8

/* ---- Facts. -----------------------------------------------------------------
 */

static sf_result needs_error(const sf_pass_manager *manager,
                             const sf_pipeline_step *step, sf_fact fact) {
  sf_error(manager->diag, SF_DIAG_PASS_NEEDS, SF_NO_LOC,
           "pass '%s' needs the fact '%s', which no earlier pass gives",
           step->pass->name, sf_fact_text(fact));
  const sf_pass *giver = sf_registry_giver(manager->pipeline->registry, fact);
  if (giver) {
    sf_help(manager->diag, "run '%s' before it: --passes='%s,%s'", giver->name,
            giver->name, step->text);
  }
  return SF_FAIL;
}

static sf_result check_needs(const sf_pass_manager *manager,
                             const sf_pipeline_step *step, uint32_t facts) {
  sf_result result = SF_OK;
  for (unsigned bit = 0; bit < FACT_COUNT; bit++) {
    uint32_t fact = 1u << bit;
    if (step->pass->needs & ~facts & fact)
      result = needs_error(manager, step, (sf_fact)fact);
  }
  return result;
}

static uint32_t facts_after(const sf_pass *pass, uint32_t facts) {
  return (facts & pass->keeps) | pass->gives;
}

/* All unmet needs of the whole pipeline, before anything runs. */
static sf_result check_all_needs(const sf_pass_manager *manager) {
  uint32_t facts = manager->facts;
  sf_result result = SF_OK;
  for (size_t i = 0; i < manager->pipeline->count; i++) {
    const sf_pipeline_step *step = &manager->pipeline->steps[i];
    if (check_needs(manager, step, facts) != SF_OK) result = SF_FAIL;
    facts = facts_after(step->pass, facts) | step->pass->needs;
  }
  return result;
}

/* What the text states must be true before a pass relies on it. */
static sf_result check_stated(const sf_pass_manager *manager) {
  sf_result result = SF_OK;
  for (unsigned bit = 0; bit < FACT_COUNT; bit++) {
    if (!(manager->facts & 1u << bit)) continue;
    sf_result one =
        sf_fact_check(manager->module, (sf_fact)(1u << bit), manager->diag);
    if (one == SF_OOM) return one;
    if (one != SF_OK) result = one;
  }
  return result;
}

static sf_result check_claims(const sf_pass_manager *manager,
                              const sf_pass *pass) {
  for (unsigned bit = 0; bit < FACT_COUNT; bit++) {
    if (!(manager->facts & 1u << bit)) continue;
    bool found;
    sf_fact_violation violation;
    sf_fact fact = (sf_fact)(1u << bit);
    SF_TRY(sf_fact_violation_find(manager->module, fact, manager->diag, &found,
                                  &violation));
    if (!found) continue;
    return sf_error(manager->diag, SF_DIAG_PASS_CLAIM, violation.loc,
                    "after pass '%s' the fact '%s' does not hold: %s",
                    pass->name, sf_fact_text(fact), violation.text);
  }
  return SF_OK;
}

/* A pass that may change ops leaves no mapping of them behind. */
static void drop_mappings(const sf_pass_manager *manager, const sf_pass *pass) {
  sf_module *module = manager->module;
  if (pass->keeps & SF_FACT_PARTITIONED) return;
  for (sf_mapping *m = module->first_mapping, *next; m; m = next) {
    next = m->next;
    if (!(pass->gives & SF_FACT_PARTITIONED)) {
      sf_warning(
          manager->diag, SF_DIAG_MAPPING, m->loc,
          "the mapping of network '@%s' is dropped: pass '%s' may change "
          "what it maps",
          m->network, pass->name);
      sf_help(manager->diag, "run 'partition', 'place' and 'route' again");
    }
    sf_mapping_erase(m);
  }
}

/* ---- One step. --------------------------------------------------------------
 */

static bool prints_after(const sf_pass_manager *m, const sf_pass *pass) {
  const sf_pipeline_options *o = m->options;
  if (o->print_diff && !o->print_after) return true;
  return sf_pass_is_listed(m->pipeline->registry, o->print_after, pass);
}

static bool wants_check(const sf_pass_manager *m, const sf_pass *pass) {
  return m->options->check_exact && pass->exactness != SF_APPROXIMATE;
}

static sf_result prepare(sf_pass_manager *m, sf_step_run *run) {
  const sf_pass *pass = run->step->pass;
  const sf_pipeline_options *o = m->options;
  if (o->reproducer || wants_check(m, pass))
    SF_TRY(sf_module_clone(m->module, &run->before));
  bool before = sf_pass_is_listed(m->pipeline->registry, o->print_before, pass);
  if (before || (o->print_diff && prints_after(m, pass)))
    SF_TRY(sf_print(m->module, NULL, &run->text_before));
  if (before)
    sf_pass_print_ir(o->out, "before", run->step->text, run->text_before);
  return SF_OK;
}

static sf_result call_pass(sf_pass_manager *m, sf_step_run *run) {
  const sf_pass *pass = run->step->pass;
  sf_arena *scratch = sf_arena_create();
  if (!scratch) return SF_OOM;
  sf_pass_run call = {.size = sizeof call,
                      .pass = pass,
                      .module = m->module,
                      .diag = m->diag,
                      .scratch = scratch,
                      .options = run->step->options,
                      .stats = run->stats,
                      .machine = m->options->machine,
                      .threads = m->options->threads ? m->options->threads : 1,
                      .samples = m->options->samples};
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  sf_result result = pass->run(&call);
  clock_gettime(CLOCK_MONOTONIC, &end);
  run->seconds = (double)(end.tv_sec - start.tv_sec) +
                 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
  sf_arena_destroy(scratch);
  if (result == SF_OK) m->facts = facts_after(pass, m->facts) & ~call.withholds;
  return result;
}

static sf_result verify_after(sf_pass_manager *m, const sf_pass *pass) {
  sf_result result = sf_verify(m->module, m->diag);
  if (result == SF_FAIL) {
    sf_error(m->diag, SF_DIAG_PASS_CLAIM, SF_NO_LOC,
             "pass '%s' left a module that breaks the rules of the IR",
             pass->name);
  }
  SF_TRY(result);
  return check_claims(m, pass);
}

static bool verifies(const sf_pass_manager *m) {
#ifdef NDEBUG
  return m->options->verify_each;
#else
  return m->options->verify_each || true;
#endif
}

static sf_result check_after(sf_pass_manager *m, sf_step_run *run) {
  const sf_pass *pass = run->step->pass;
  if (verifies(m)) SF_TRY(verify_after(m, pass));
  if (wants_check(m, pass)) SF_TRY(sf_pass_check_exact(m, pass, run->before));
  return SF_OK;
}

static sf_result print_after(sf_pass_manager *m, sf_step_run *run) {
  const sf_pipeline_options *o = m->options;
  if (!prints_after(m, run->step->pass)) return SF_OK;
  char *text = NULL;
  SF_TRY(sf_print(m->module, NULL, &text));
  sf_result result = SF_OK;
  if (o->print_diff) {
    result =
        sf_pass_print_diff(o->out, run->step->text, run->text_before, text);
  } else {
    sf_pass_print_ir(o->out, "after", run->step->text, text);
  }
  free(text);
  return result;
}

static sf_result run_step(sf_pass_manager *m, sf_step_run *run) {
  SF_TRY(check_needs(m, run->step, m->facts));
  drop_mappings(m, run->step->pass);
  SF_TRY(prepare(m, run));
  sf_result result = call_pass(m, run);
  if (result == SF_OK) result = sf_module_set_facts(m->module, m->facts);
  if (result == SF_OK) result = check_after(m, run);
  if (result == SF_FAIL && m->options->reproducer) {
    sf_result written = sf_pass_write_reproducer(m, run->before, run->index);
    if (written == SF_OOM) result = written;
  }
  SF_TRY(result);
  return print_after(m, run);
}

/* ---- All of them. -----------------------------------------------------------
 */

size_t sf_pass_stat_count(const sf_pass *pass) {
  size_t count = 0;
  while (pass->stats && pass->stats[count].name)
    count++;
  return count;
}

static sf_result run_all(sf_pass_manager *m, sf_step_run *runs,
                         sf_arena *arena) {
  for (size_t i = 0; i < m->pipeline->count; i++) {
    sf_step_run *run = &runs[i];
    run->index = i;
    run->step = &m->pipeline->steps[i];
    run->stats =
        SF_NEW_ARRAY(arena, uint64_t, sf_pass_stat_count(run->step->pass) + 1);
    if (!run->stats) return SF_OOM;
    sf_result result = run_step(m, run);
    sf_module_destroy(run->before);
    free(run->text_before);
    run->before = NULL;
    run->text_before = NULL;
    SF_TRY(result);
  }
  return sf_pass_print_reports(m, runs);
}

sf_result sf_pipeline_run(sf_pipeline *pipeline, sf_module *module,
                          const sf_pipeline_options *options, sf_diag *diag) {
  sf_pass_manager manager = {.pipeline = pipeline,
                             .module = module,
                             .options = options,
                             .diag = diag,
                             .facts = sf_module_facts(module)};
  SF_TRY(check_stated(&manager));
  SF_TRY(check_all_needs(&manager));
  SF_TRY(sf_pass_check_listed(pipeline->registry, options->print_before, diag));
  SF_TRY(sf_pass_check_listed(pipeline->registry, options->print_after, diag));
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_step_run *runs = SF_NEW_ARRAY(arena, sf_step_run, pipeline->count + 1);
  sf_result result = runs ? run_all(&manager, runs, arena) : SF_OOM;
  sf_arena_destroy(arena);
  return result;
}
