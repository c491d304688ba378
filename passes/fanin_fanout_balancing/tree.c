/* tree.c - what of a population's sum is split next.
 *
 * A projection that is too large for any neuron is split; when none is, a part
 * of the add-tree that fits is summed by a population of its own, modes and
 * all. Both take a step more, so what lies on a loop through the population
 * comes last. */
#include "passes/fanin_fanout_balancing/balancing.h"

#include "passes/rewrite/relay.h"

#include <inttypes.h>
#include <string.h>

/* Would a population that relays this sum fit? */
static sf_result alone_fits(sf_fan *fan, sf_value *sum, bool *out) {
  sf_module *module = fan->run->module;
  const sf_fan_mark mark = {sum->op, module->last_blob, module->last_neuron};
  sf_value *sent = sf_relay_population(sum, sum->op->next, fan->run->diag);
  if (!sent) return SF_OOM;
  sf_result result = sf_fan_fits(fan, sent->op, out);
  sf_op_erase(sent->op);
  sf_fan_erase_unused(fan, mark);
  return result;
}

static sf_result is_too_large(sf_fan *fan, const sf_fan_leaf *leaf, bool *out) {
  *out = false;
  if (!leaf->op || leaf->taps < 2) return SF_OK;
  *out = fan->fanin && leaf->taps > fan->fanin;
  if (*out || !fan->run->machine) return SF_OK;
  SF_TRY(alone_fits(fan, leaf->op->results[0], out));
  *out = !*out;
  return SF_OK;
}

/* Not on a loop before on one, then the largest. */
static sf_result sort(sf_fan *fan, const sf_op *population,
                      sf_fan_leaves *leaves) {
  bool *loops = SF_NEW_ARRAY(fan->run->scratch, bool, leaves->count + 1u);
  if (!loops) return SF_OOM;
  for (uint32_t i = 0; i < leaves->count; i++) {
    sf_fan_leaf *leaf = &leaves->items[i];
    const sf_value *value = sf_op_operand(leaf->reader, leaf->index);
    SF_TRY(sf_fan_in_loop(fan, value, population, &loops[i]));
  }
  for (uint32_t i = 1; i < leaves->count; i++) { /* stable, lists are short */
    sf_fan_leaf leaf = leaves->items[i];
    bool loop = loops[i];
    uint32_t k = i;
    for (; k > 0; k--) {
      bool before =
          loops[k - 1] == loop ? leaves->items[k - 1].taps >= leaf.taps : loop;
      if (before) break;
      leaves->items[k] = leaves->items[k - 1];
      loops[k] = loops[k - 1];
    }
    leaves->items[k] = leaf;
    loops[k] = loop;
  }
  return SF_OK;
}

/* ---- Parts of the tree. ---- */

/* The largest sum around `leaf` that fits a population of its own and is not
 * all that `population` reads. reader NULL: there is none. */
static sf_result around(sf_fan *fan, const sf_op *population,
                        const sf_fan_leaf *leaf, sf_fan_leaf *out) {
  sf_fan_leaf at = *leaf;
  out->reader = NULL;
  for (;;) {
    bool whole = at.reader == population && population->operand_count == 1;
    sf_value *sum = sf_op_operand(at.reader, at.index);
    sf_fan_leaves inside = {0};
    SF_TRY(sf_fan_collect(fan, at.reader, at.index, &inside));
    bool fits = false, loop = false;
    if (!whole) SF_TRY(alone_fits(fan, sum, &fits));
    if (fits) SF_TRY(sf_fan_in_loop(fan, sum, population, &loop));
    if (!fits || (loop && out->reader)) return SF_OK;
    if (inside.taps > 1) *out = at;
    if (at.reader == population || !sf_value_has_one_use(sum)) return SF_OK;
    const sf_use *use = at.reader->results[0]->first_use;
    if (!use->op) return SF_OK;
    at = (sf_fan_leaf){use->op, use->index, NULL, 0};
  }
}

static sf_result relay_sum(sf_fan *fan, const sf_fan_leaf *at, bool *done,
                           const char **why) {
  sf_value *sum = sf_op_operand(at->reader, at->index);
  sf_op *before = at->reader;
  const sf_fan_mark mark = sf_fan_mark_of(fan, before);
  sf_span span;
  sf_fan_partial partial = {0};
  SF_TRY(sf_fan_span(fan, sum, &span));
  SF_TRY(sf_fan_send(fan, sum, 1, span, before, &partial, why));
  const sf_fan_target target = {sum->op, before, true, false};
  sf_value *joined = NULL;
  if (!*why) SF_TRY(sf_fan_join(fan, &partial, &target, &joined, why));
  if (*why) {
    sf_fan_take_back(fan, mark, before);
    return SF_OK;
  }
  sf_op_set_operand(at->reader, at->index, joined);
  fan->splits++;
  *done = true;
  return SF_OK;
}

/* ---- A population. ---- */

static sf_result one_step(sf_fan *fan, sf_op *population, bool *done,
                          const char **why) {
  sf_fan_leaves leaves;
  const char *reason = NULL;
  *done = false;
  *why = NULL;
  SF_TRY(sf_fan_leaves_of(fan, population, &leaves));
  SF_TRY(sort(fan, population, &leaves));
  for (uint32_t i = 0; i < leaves.count && !*done; i++) {
    bool large;
    SF_TRY(is_too_large(fan, &leaves.items[i], &large));
    if (large) SF_TRY(sf_fan_split(fan, leaves.items[i].op, done, &reason));
    if (reason && !*why) *why = reason;
  }
  for (uint32_t i = 0; i < leaves.count && !*done && !*why; i++) {
    sf_fan_leaf sum;
    if (!leaves.items[i].op) continue;
    SF_TRY(around(fan, population, &leaves.items[i], &sum));
    if (sum.reader) SF_TRY(relay_sum(fan, &sum, done, &reason));
    if (reason && !*why) *why = reason;
  }
  if (*done) *why = NULL;
  return SF_OK;
}

/* A limit that the user set is an error; what does not fit a machine is for
 * `partition`, which reports it for all populations at once. */
static sf_result refuse(sf_fan *fan, sf_op *population, const char *why) {
  sf_diag *diag = fan->run->diag;
  const char *name = population->results[0]->name;
  if (fan->fanin) {
    sf_fan_leaves leaves;
    SF_TRY(sf_fan_leaves_of(fan, population, &leaves));
    if (leaves.taps <= fan->fanin) return SF_OK; /* the machine's business */
    sf_error(diag, SF_DIAG_CAPACITY, population->loc,
             "a neuron of '%%%s' sums %" PRIu64 " elements, more than %" PRIu64
             ", and is not split: %s",
             name, leaves.taps, fan->fanin,
             why ? why : "no part of it can be summed elsewhere");
    sf_help(diag, "allow more elements, or make the layer smaller");
    return SF_FAIL;
  }
  if (why)
    sf_warning(diag, SF_DIAG_CAPACITY, population->loc,
               "'%%%s' does not fit a core and is not split: %s", name, why);
  return SF_OK;
}

sf_result sf_fan_in(sf_fan *fan, sf_op *population) {
  const char *why = NULL;
  for (uint32_t round = 0; round < SF_FAN_ROUNDS_MAX; round++) {
    bool fits, done;
    SF_TRY(sf_fan_fits(fan, population, &fits));
    if (fits) return SF_OK;
    if (population->results[0]->type.rank > 3)
      SF_TRY(sf_fan_fold(fan, population, &why));
    if (why) break;
    SF_TRY(one_step(fan, population, &done, &why));
    if (!done) break;
  }
  return refuse(fan, population, why);
}
