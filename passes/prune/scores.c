/* scores.c - what groups of channels are worth, and which of them go. */
#include "passes/prune/prune.h"

#include "passes/calibrate/runner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A projection whose operand can lose channels. */
static const sf_channels *input_of(const sf_channel_graph *g, const sf_op *op) {
  if (op->result_count != 1 || !sf_is_prunable(op) || sf_is_depthwise(op))
    return NULL;
  const sf_channels *c = sf_channels_of(g, sf_op_operand(op, 0));
  return c->axis == sf_operand_axis(op) ? c : NULL;
}

static uint32_t inputs_of(const sf_op *op) {
  return (uint32_t)sf_op_operand(op, 0)->type.dim[sf_operand_axis(op)];
}

/* ---- Norms. ---- */

/* Squares of the weights [rows, columns, taps], by column or by row. */
static double *sum_squares(const sf_channel_graph *g, const sf_op *op,
                           bool columns) {
  const sf_blob *w = sf_op_operand_blob(op, 1);
  size_t rows = (size_t)w->type.dim[0], count = sf_blob_elements(w);
  size_t per_row = count / rows, taps = per_row / (size_t)w->type.dim[1];
  double *sums =
      SF_NEW_ARRAY(g->arena, double, columns ? (size_t)w->type.dim[1] : rows);
  for (size_t i = 0; sums && i < count; i++) {
    double x = (double)sf_blob_f32(w, i);
    sums[columns ? i % per_row / taps : i / per_row] += x * x;
  }
  return sums;
}

static sf_result add_rows(const sf_channel_graph *g, const sf_op *op,
                          double *made) {
  const sf_channels *c = sf_channels_of(g, op->results[0]);
  double *rows = sum_squares(g, op, false);
  if (!rows) return SF_OOM;
  uint32_t count = (uint32_t)op->results[0]->type.dim[c->axis];
  for (uint32_t i = 0; i < count; i++)
    made[sf_channel_root(g, c->node[i])] += rows[i];
  return SF_OK;
}

static sf_result add_columns(const sf_channel_graph *g, const sf_op *op,
                             const double *moments, double *read) {
  const sf_channels *c = input_of(g, op);
  double *columns = sum_squares(g, op, true);
  if (!columns) return SF_OOM;
  for (uint32_t i = 0; i < inputs_of(op); i++)
    read[sf_channel_root(g, c->node[i])] +=
        columns[i] * (moments ? moments[i] : 1);
  return SF_OK;
}

/* ---- Activity. ---- */

typedef struct moment {
  double first, second; /* means of the values and of their squares */
  double magnitude;     /* mean of the magnitudes */
} moment;

typedef struct activity {
  const sf_channel_graph *graph;
  size_t row;   /* of one sample: inputs of all readers, in order */
  moment *sums; /* one row a sample */
} activity;

static void add_values(const sf_op *op, const sf_word *words, moment *sums) {
  const sf_type *type = &sf_op_operand(op, 0)->type;
  size_t inner = 1, elements = sf_type_elements(type);
  uint32_t count = inputs_of(op);
  for (int i = sf_operand_axis(op) + 1; i < type->rank; i++)
    inner *= (size_t)type->dim[i];
  double share = (double)count / (double)elements;
  for (size_t i = 0; i < elements; i++) {
    double x = (double)words[i].f;
    sums[i / inner % count].first += x * share;
    sums[i / inner % count].second += x * x * share;
    sums[i / inner % count].magnitude += fabs(x) * share;
  }
}

static sf_result visit_sample(void *data, uint64_t sample,
                              const sf_interp *interp) {
  const activity *m = data;
  moment *sums = m->sums + sample * m->row;
  SF_FOREACH_OP(op, m->graph->network) {
    if (!input_of(m->graph, op)) continue;
    add_values(op, sf_interp_value(interp, sf_op_operand(op, 0)), sums);
    sums += inputs_of(op);
  }
  return SF_OK;
}

static double moment_of(const activity *m, uint64_t samples, bool centred,
                        size_t index) {
  moment sum = {0};
  for (uint64_t n = 0; n < samples; n++) {
    sum.first += m->sums[n * m->row + index].first / (double)samples;
    sum.second += m->sums[n * m->row + index].second / (double)samples;
    sum.magnitude += m->sums[n * m->row + index].magnitude / (double)samples;
  }
  return centred ? fmax(0, sum.second - sum.first * sum.first)
                 : sum.magnitude * sum.magnitude;
}

/* One number an input of each reader, in text order. */
static sf_result measure(const sf_channel_graph *g, const sf_pass_run *run,
                         const sf_prune_options *o, double **out) {
  uint64_t samples = sf_samples_used(run->samples, o->samples);
  activity m = {.graph = g};
  SF_FOREACH_OP(op, g->network)
    if (input_of(g, op)) m.row += inputs_of(op);
  *out = SF_NEW_ARRAY(g->arena, double, m.row + 1);
  m.sums = SF_NEW_ARRAY(g->arena, moment, (size_t)samples * m.row + 1);
  if (!*out || !m.sums) return SF_OOM;
  sf_sample_runner *runner;
  SF_TRY(sf_sample_runner_create(g->network, run->samples, run->threads,
                                 run->diag, &runner));
  sf_result result =
      sf_sample_runner_each(runner, 0, samples, visit_sample, &m);
  sf_sample_runner_destroy(runner);
  for (size_t i = 0; i < m.row; i++)
    (*out)[i] = moment_of(&m, samples, o->reconstruct, i);
  return result;
}

sf_result sf_channel_scores(const sf_channel_graph *graph,
                            const sf_pass_run *run, const sf_prune_options *o,
                            sf_diag *diag, double *score) {
  double *made = SF_NEW_ARRAY(graph->arena, double, graph->node_count + 1u);
  double *moments = NULL;
  if (!made) return SF_OOM;
  if (run) SF_TRY(measure(graph, run, o, &moments));
  memset(score, 0, graph->node_count * sizeof *score);
  SF_FOREACH_OP(op, graph->network) {
    if (op->result_count != 1 || !sf_is_prunable(op)) continue;
    SF_TRY(sf_blob_load(sf_op_operand_blob(op, 1), diag));
    if (sf_channels_of(graph, op->results[0])->axis >= 0 &&
        !sf_is_depthwise(op))
      SF_TRY(add_rows(graph, op, made));
    if (!input_of(graph, op)) continue;
    SF_TRY(add_columns(graph, op, moments, score));
    if (moments) moments += inputs_of(op);
  }
  for (uint32_t i = 0; i < graph->node_count && !run; i++)
    score[i] *= made[i];
  return SF_OK;
}

/* ---- Choice. ---- */

typedef struct candidate {
  uint32_t root, set; /* set: of producers, by their least number */
  double score;
} candidate;

static int by_set_and_score(const void *a, const void *b) {
  const candidate *x = a, *y = b;
  if (x->set != y->set) return x->set < y->set ? -1 : 1;
  if (x->score != y->score) return x->score < y->score ? -1 : 1;
  /* Of equals, the last ones go. */
  return x->root > y->root ? -1 : x->root < y->root;
}

typedef struct choice {
  sf_channel_graph *graph;
  uint32_t *set;   /* union-find of producers, by op number */
  uint32_t *alive; /* channels that each producer still has */
  uint32_t count;
  candidate *candidates;
} choice;

static uint32_t set_of(const choice *c, uint32_t producer) {
  return sf_set_root(c->set, producer);
}

static void find_sets(const choice *c) {
  const sf_channel_graph *g = c->graph;
  for (uint32_t i = 0; i < g->network->op_count; i++)
    c->set[i] = i;
  for (uint32_t i = 0; i < g->node_count; i++) {
    uint32_t a = set_of(c, g->producer[i]);
    uint32_t b = set_of(c, g->producer[sf_channel_root(g, i)]);
    c->set[a > b ? a : b] = a > b ? b : a;
    c->alive[g->producer[i]]++;
  }
}

static void find_candidates(choice *c, const double *score) {
  const sf_channel_graph *g = c->graph;
  for (uint32_t i = 0; i < g->node_count; i++) {
    if (sf_channel_root(g, i) != i || g->frozen[i]) continue;
    c->candidates[c->count++] =
        (candidate){i, set_of(c, g->producer[i]), score[i]};
  }
  qsort(c->candidates, c->count, sizeof *c->candidates, by_set_and_score);
}

/* Takes a group out unless a producer would lose its last channel. */
static bool take_out(const choice *c, uint32_t root, uint64_t *channels) {
  sf_channel_graph *g = c->graph;
  uint64_t taken = 0;
  bool empty = false;
  for (uint32_t i = root; i < g->node_count; i++) {
    if (sf_channel_root(g, i) != root) continue;
    empty = --c->alive[g->producer[i]] == 0 || empty;
    taken++;
  }
  for (uint32_t i = root; i < g->node_count && empty; i++)
    if (sf_channel_root(g, i) == root) c->alive[g->producer[i]]++;
  if (empty) return false;
  g->removed[root] = true;
  *channels += taken;
  return true;
}

sf_result sf_channels_choose(sf_channel_graph *graph, double ratio,
                             const double *score, uint64_t *groups,
                             uint64_t *channels) {
  sf_arena *arena = graph->arena;
  size_t ops = graph->network->op_count + 1u;
  choice c = {.graph = graph,
              .set = SF_NEW_ARRAY(arena, uint32_t, ops),
              .alive = SF_NEW_ARRAY(arena, uint32_t, ops),
              .candidates =
                  SF_NEW_ARRAY(arena, candidate, graph->node_count + 1u)};
  if (!c.set || !c.alive || !c.candidates) return SF_OOM;
  find_sets(&c);
  find_candidates(&c, score);
  *groups = *channels = 0;
  for (uint32_t first = 0, end; first < c.count; first = end) {
    for (end = first; end < c.count; end++)
      if (c.candidates[end].set != c.candidates[first].set) break;
    double wanted = floor(ratio * (double)(end - first) + 1e-9);
    for (uint32_t i = first; i < end && wanted > 0; i++) {
      if (!take_out(&c, c.candidates[i].root, channels)) continue;
      (*groups)++;
      wanted--;
    }
  }
  return SF_OK;
}
