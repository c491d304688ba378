/* exact.c - the interpreter before and after a pass that claims to be
 * exact: result'[t + lag] must equal result[t], bit for bit.
 *
 * Inputs are seeded and different for each network and round: spikes of three
 * densities, integers small and over their whole range, floats around zero. An
 * input on which the original itself overflows proves nothing and is left out.
 */
#include "passes/manager/manager.h"
#include "support/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_DEFAULT = 24, STEPS_MAX = 64 };

/* One network, before and after. */
typedef struct comparison {
  const sf_pass_manager *manager;
  const sf_pass *pass;
  const sf_network *before, *after;
  int64_t steps, lag; /* lag: steps that `after` is later than `before` */
  sf_arena *arena;
  sf_word **inputs;  /* of one step, one array an argument */
  sf_word **results; /* of `before`, [step * returns + return] */
} comparison;

static sf_word random_word(sf_random *random, sf_scalar type, uint32_t round) {
  switch (type.kind) {
  case SF_SCALAR_SPIKE:
    return (sf_word){.i = sf_random_below(random, 2 + 3 * (round % 3)) == 0};
  case SF_SCALAR_INT: {
    int64_t low = round % 2 ? sf_scalar_min(type) : -8;
    int64_t high = round % 2 ? sf_scalar_max(type) : 7;
    if (low < sf_scalar_min(type)) low = sf_scalar_min(type);
    if (high > sf_scalar_max(type)) high = sf_scalar_max(type);
    uint64_t span = (uint64_t)(high - low) + 1;
    uint32_t offset = span > UINT32_MAX
                          ? sf_random_u32(random)
                          : sf_random_below(random, (uint32_t)span);
    return (sf_word){.i = (int32_t)(low + (int64_t)offset)};
  }
  default:
    return (sf_word){.f = (float)(4.0 * sf_random_unit(random) - 2.0)};
  }
}

static sf_word *zeroed(sf_arena *arena, const sf_type *type) {
  return SF_NEW_ARRAY(arena, sf_word, sf_type_elements(type));
}

static void fill_inputs(const comparison *c, sf_random *random, int64_t step,
                        uint32_t round) {
  for (uint32_t a = 0; a < c->before->argument_count; a++) {
    const sf_type *type = &c->before->arguments[a]->type;
    size_t count = sf_type_elements(type);
    for (size_t i = 0; i < count; i++) {
      c->inputs[a][i] = step < c->steps
                            ? random_word(random, type->scalar, round)
                            : (sf_word){.i = 0};
    }
  }
}

static const sf_word *result_of(const sf_interp *interp, const sf_network *n,
                                uint32_t index) {
  return sf_interp_value(interp, n->returns[index].value);
}

/* Runs `before` and keeps its results. *defined false: it overflows on this
 * input. */
static sf_result record_before(comparison *c, sf_random random, uint32_t round,
                               bool *defined) {
  sf_diag *quiet = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!quiet) return SF_OOM;
  sf_interp *interp = NULL;
  sf_result result = sf_interp_create(c->before, quiet, &interp);
  *defined = result == SF_OK;
  for (int64_t t = 0; t < c->steps + c->lag && result == SF_OK; t++) {
    fill_inputs(c, &random, t, round);
    result = sf_interp_step(interp, (const sf_word *const *)c->inputs);
    *defined = result == SF_OK;
    for (uint32_t r = 0; r < c->before->return_count && *defined; r++) {
      const sf_type *type = &c->before->returns[r].value->type;
      memcpy(c->results[(size_t)t * c->before->return_count + r],
             result_of(interp, c->before, r),
             sf_type_elements(type) * sizeof(sf_word));
    }
  }
  sf_interp_destroy(interp);
  sf_diag_destroy(quiet);
  return result == SF_FAIL ? SF_OK : result;
}

static void word_text(sf_word word, sf_scalar type, char *out, size_t size) {
  if (type.kind == SF_SCALAR_F32) {
    snprintf(out, size, "%.9g (bits %08" PRIx32 ")", (double)word.f,
             (uint32_t)word.i);
  } else {
    snprintf(out, size, "%" PRId32, word.i);
  }
}

/* NaN is NaN, whatever its payload. */
static bool same_word(sf_word a, sf_word b, sf_scalar type) {
  if (a.i == b.i) return true;
  return type.kind == SF_SCALAR_F32 && a.f != a.f && b.f != b.f;
}

static sf_result compare_step(const comparison *c, const sf_interp *interp,
                              int64_t t, uint32_t round) {
  for (uint32_t r = 0; r < c->before->return_count; r++) {
    const sf_type *type = &c->before->returns[r].value->type;
    const sf_word *was = c->results[(size_t)t * c->before->return_count + r];
    const sf_word *is = result_of(interp, c->after, r);
    size_t count = sf_type_elements(type);
    for (size_t i = 0; i < count; i++) {
      if (same_word(was[i], is[i], type->scalar)) continue;
      char a[48], b[48];
      word_text(was[i], type->scalar, a, sizeof a);
      word_text(is[i], type->scalar, b, sizeof b);
      return sf_error(c->manager->diag, SF_DIAG_PASS_CLAIM, c->before->loc,
                      "pass '%s' is not exact: network '@%s', result %" PRIu32
                      " (%%%s), element %zu, step %" PRId64 ": %s before, %s "
                      "after (seed %" PRIu64 ", input %" PRIu32 ")",
                      c->pass->name, c->before->name, r,
                      c->before->returns[r].value->name, i, t, a, b,
                      c->manager->options->seed, round);
    }
  }
  return SF_OK;
}

static sf_result run_after(const comparison *c, sf_random random,
                           uint32_t round) {
  sf_interp *interp = NULL;
  SF_TRY(sf_interp_create(c->after, c->manager->diag, &interp));
  sf_result result = SF_OK;
  for (int64_t t = 0; t < c->steps + c->lag && result == SF_OK; t++) {
    fill_inputs(c, &random, t, round);
    result = sf_interp_step(interp, (const sf_word *const *)c->inputs);
    if (result == SF_OK && t >= c->lag)
      result = compare_step(c, interp, t - c->lag, round);
  }
  sf_interp_destroy(interp);
  return result;
}

static sf_result allocate(comparison *c) {
  uint32_t returns = c->before->return_count;
  size_t rows = (size_t)(c->steps + c->lag) * returns;
  c->inputs = SF_NEW_ARRAY(c->arena, sf_word *, c->before->argument_count + 1u);
  c->results = SF_NEW_ARRAY(c->arena, sf_word *, rows + 1);
  if (!c->inputs || !c->results) return SF_OOM;
  for (uint32_t a = 0; a < c->before->argument_count; a++) {
    c->inputs[a] = zeroed(c->arena, &c->before->arguments[a]->type);
    if (!c->inputs[a]) return SF_OOM;
  }
  for (size_t i = 0; i < rows; i++) {
    c->results[i] =
        zeroed(c->arena, &c->before->returns[i % returns].value->type);
    if (!c->results[i]) return SF_OOM;
  }
  return SF_OK;
}

static bool same_interface(const sf_network *a, const sf_network *b) {
  if (a->argument_count != b->argument_count ||
      a->return_count != b->return_count) {
    return false;
  }
  for (uint32_t i = 0; i < a->argument_count; i++)
    if (!sf_type_equal(&a->arguments[i]->type, &b->arguments[i]->type))
      return false;
  for (uint32_t i = 0; i < a->return_count; i++)
    if (!sf_type_equal(&a->returns[i].value->type, &b->returns[i].value->type))
      return false;
  return true;
}

static sf_result compare_network(comparison *c) {
  const char *name = c->pass->name;
  sf_diag *diag = c->manager->diag;
  if (!c->after || !same_interface(c->before, c->after)) {
    return sf_error(
        diag, SF_DIAG_PASS_CLAIM, c->before->loc,
        "pass '%s' is not exact: network '@%s' is gone or has other "
        "arguments or results",
        name, c->before->name);
  }
  c->lag = c->after->lag - c->before->lag;
  if (c->lag < 0 || (c->lag > 0 && c->pass->exactness == SF_EXACT)) {
    return sf_error(diag, SF_DIAG_PASS_CLAIM, c->before->loc,
                    "pass '%s' changed the lag of network '@%s' by %" PRId64,
                    name, c->before->name, c->lag);
  }
  c->steps = c->before->steps > 0 ? c->before->steps : STEPS_DEFAULT;
  if (c->steps > STEPS_MAX) c->steps = STEPS_MAX;
  SF_TRY(allocate(c));
  for (uint32_t round = 0; round < c->manager->options->check_exact; round++) {
    sf_random random =
        sf_random_seeded(c->manager->options->seed * 1000003u + round);
    bool defined;
    SF_TRY(record_before(c, random, round, &defined));
    if (defined) SF_TRY(run_after(c, random, round));
  }
  return SF_OK;
}

sf_result sf_pass_check_exact(const sf_pass_manager *manager,
                              const sf_pass *pass, const sf_module *before) {
  sf_result result = SF_OK;
  for (const sf_network *n = before->first_network; n && result == SF_OK;
       n = n->next) {
    comparison c = {.manager = manager,
                    .pass = pass,
                    .before = n,
                    .arena = sf_arena_create()};
    if (!c.arena) return SF_OOM;
    c.after = sf_module_find_network(manager->module,
                                     (sf_slice){n->name, strlen(n->name)});
    result = compare_network(&c);
    sf_arena_destroy(c.arena);
  }
  return result;
}
