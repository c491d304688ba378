/* reconstruct.c - exact least squares for the projections that read what
 * changed, one after the other in text order: each is fitted on what the
 * network with the earlier ones already fitted computes.
 *
 *   minimize  sum |wanted - W x - b|^2 + damping d |W - W_now|^2
 *
 * d is the mean second moment of the features, W_now the weights that are left.
 * conversion.md 5.1, 5.4.3. */
#include "passes/prune/prune.h"

#include "passes/calibrate/runner.h"
#include "passes/linear_algebra.h"
#include "passes/rewrite/op_copy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  BLOCK_BYTES_MAX = 256 << 20,
  ROWS_LEAST =
      1 << 14, /* positions used, and eight a feature if that is more */
  ROWS_PER_FEATURE = 8,
  ORDER_MAX = 8192 /* 512 MiB of moments; larger layers stay as they are */
};

typedef struct fitting {
  sf_pass_run *run;
  const sf_prune_options *options;
  const sf_channel_graph *graph;
  uint64_t samples, block, first; /* of the block */
  sf_op *op;                      /* the projection */
  const sf_op *old;               /* of the network as it was */
  const uint32_t *kept;           /* of the old result's channels; NULL: all */
  uint32_t kept_count;
  size_t in_elements, out_elements;
  float *operands, *wanted;
} fitting;

/* ---- Runs. ---- */

static sf_result keep_operand(void *data, uint64_t sample,
                              const sf_interp *interp) {
  const fitting *f = data;
  memcpy(f->operands + (size_t)(sample - f->first) * f->in_elements,
         sf_interp_value(interp, sf_op_operand(f->op, 0)),
         f->in_elements * sizeof(float));
  return SF_OK;
}

/* Channels that stay, of the result of the network as it was. */
static sf_result keep_wanted(void *data, uint64_t sample,
                             const sf_interp *interp) {
  const fitting *f = data;
  const sf_value *y = f->old->results[0];
  const sf_word *words = sf_interp_value(interp, y);
  float *out = f->wanted + (size_t)(sample - f->first) * f->out_elements;
  int axis = f->old->kind == SF_OP_LINEAR ? y->type.rank - 1 : 0;
  size_t extent = (size_t)y->type.dim[axis], inner = 1;
  for (int i = axis + 1; i < y->type.rank; i++)
    inner *= (size_t)y->type.dim[i];
  size_t outer = sf_type_elements(&y->type) / extent / inner;
  for (size_t o = 0; o < outer; o++) {
    for (uint32_t k = 0; k < f->kept_count; k++, out += inner) {
      memcpy(out, words + (o * extent + f->kept[k]) * inner,
             inner * sizeof *out);
    }
  }
  return SF_OK;
}

static sf_result sweep(const fitting *f, const sf_network *network,
                       uint64_t count, sf_sample_visit visit) {
  sf_sample_runner *runner;
  SF_TRY(sf_sample_runner_create(network, f->run->samples, f->run->threads,
                                 f->run->diag, &runner));
  sf_result result =
      sf_sample_runner_each(runner, f->first, count, visit, (void *)f);
  sf_sample_runner_destroy(runner);
  return result;
}

static sf_result gather_moments(fitting *f, sf_moments *m, sf_arena *arena) {
  size_t bytes = (f->in_elements + f->out_elements) * sizeof(float);
  f->block = BLOCK_BYTES_MAX / bytes;
  if (f->block < f->run->threads) f->block = f->run->threads;
  if (f->block > f->samples) f->block = f->samples;
  f->operands = SF_NEW_ARRAY(arena, float, (size_t)f->block * f->in_elements);
  f->wanted = SF_NEW_ARRAY(arena, float, (size_t)f->block * f->out_elements);
  if (!f->operands || !f->wanted) return SF_OOM;
  double rows = (double)sf_moments_positions(f->op) * (double)f->samples;
  double enough = (double)ROWS_PER_FEATURE * (double)m->features;
  if (enough < (double)ROWS_LEAST) enough = (double)ROWS_LEAST;
  size_t stride = rows > enough ? (size_t)(rows / enough) : 1;
  for (f->first = 0; f->first < f->samples; f->first += f->block) {
    uint64_t left = f->samples - f->first;
    uint64_t count = left < f->block ? left : f->block;
    SF_TRY(sweep(f, f->op->network, count, keep_operand));
    SF_TRY(sweep(f, f->old->network, count, keep_wanted));
    SF_TRY(sf_moments_add(m, f->operands, f->wanted, f->first, count, stride,
                          f->run->threads));
  }
  return SF_OK;
}

/* ---- Solution. ---- */

/* Weights, and the bias last, of row `row`. */
static void read_row(const sf_op *op, size_t row, size_t features,
                     double *out) {
  const sf_blob *w = sf_op_operand_blob(op, 1);
  const sf_blob *b = sf_op_operand_blob(op, 2);
  for (size_t k = 0; k + 1 < features; k++)
    out[k] = (double)sf_blob_f32(w, row * (features - 1) + k);
  out[features - 1] = b ? (double)sf_blob_f32(b, row) : 0;
}

/* Mean of the diagonal without the constant. */
static double mean_moment(const double *h, size_t n) {
  double sum = 0;
  for (size_t i = 0; i + 1 < n; i++)
    sum += h[i * n + i];
  return n > 1 ? sum / (double)(n - 1) : 0;
}

/* c := c - W_now H, row by row: what is left to explain. */
static sf_result subtract_now(const sf_op *op, const sf_moments *m,
                              uint32_t group) {
  size_t n = m->features;
  const double *h = m->h + (size_t)group * n * n;
  double *c = m->c + (size_t)group * n * m->rows;
  double *now = malloc(n * sizeof *now);
  if (!now) return SF_OOM;
  for (uint32_t r = 0; r < m->rows; r++, c += n) {
    read_row(op, (size_t)group * m->rows + r, n, now);
    for (size_t i = 0; i < n; i++) {
      double sum = 0;
      for (size_t k = 0; k < n; k++)
        sum += now[k] * (k <= i ? h[i * n + k] : h[k * n + i]);
      c[i] -= sum;
    }
  }
  free(now);
  return SF_OK;
}

/* *ok false: the moments are not positive definite. */
static sf_result solve_group(const fitting *f, const sf_moments *m,
                             uint32_t group, float *weights, float *bias,
                             bool *ok) {
  size_t n = m->features;
  double *h = m->h + (size_t)group * n * n;
  double *c = m->c + (size_t)group * n * m->rows;
  SF_TRY(subtract_now(f->op, m, group));
  double mean = mean_moment(h, n);
  double damping = fmax(f->options->damping, 1e-9) * (mean > 0 ? mean : 1);
  for (size_t i = 0; i + 1 < n; i++)
    h[i * n + i] += damping;
  SF_TRY(sf_cholesky(h, n, f->run->threads, ok));
  if (!*ok) return SF_OK;
  sf_cholesky_solve(h, n, c, m->rows);
  double *now = malloc(n * sizeof *now);
  if (!now) return SF_OOM;
  for (uint32_t r = 0; r < m->rows; r++) {
    size_t row = (size_t)group * m->rows + r;
    read_row(f->op, row, n, now);
    for (size_t k = 0; k + 1 < n; k++)
      weights[row * (n - 1) + k] = (float)(now[k] + c[r * n + k]);
    bias[row] = (float)(now[n - 1] + c[r * n + n - 1]);
  }
  free(now);
  return SF_OK;
}

/* ---- The op with its new constants. ---- */

typedef struct reader {
  sf_op *op; /* NULL: a result of the network */
  uint32_t index;
} reader;

static sf_result set_readers(sf_network *network, const reader *readers,
                             size_t count, sf_value *value) {
  sf_value **returns =
      malloc((network->return_count + 1u) * sizeof(sf_value *));
  if (!returns) return SF_OOM;
  bool returned = false;
  for (uint32_t i = 0; i < network->return_count; i++)
    returns[i] = network->returns[i].value;
  for (size_t i = 0; i < count; i++) {
    if (readers[i].op) {
      sf_op_set_operand(readers[i].op, readers[i].index, value);
    } else {
      returns[readers[i].index] = value;
      returned = true;
    }
  }
  sf_result result =
      returned ? sf_network_set_returns(network, network->return_count, returns)
               : SF_OK;
  free(returns);
  return result;
}

/* The projection with room for a bias, under the same name. */
static sf_result give_bias_operand(sf_op **op, sf_arena *arena) {
  sf_op *old = *op;
  sf_network *network = old->network;
  sf_value *value = old->results[0], *x = sf_op_operand(old, 0);
  size_t count = 0, at = 0;
  SF_FOREACH_USE(use, value)
    count++;
  reader *readers = SF_NEW_ARRAY(arena, reader, count + 1);
  char *name = sf_arena_printf(arena, "%s", value->name);
  sf_op *copy = sf_op_copy_into(network, old, old, 3);
  if (!readers || !copy || !name) return SF_OOM;
  SF_FOREACH_USE(use, value)
    readers[at++] = (reader){use->op, use->index};
  sf_type type = value->type;
  sf_op_set_operand(copy, 0, x);
  /* The operand stands in until the name is free. */
  SF_TRY(set_readers(network, readers, count, x));
  sf_op_erase(old);
  sf_value *result = sf_op_add_result(copy, name, &type);
  if (!result) return SF_OOM;
  *op = copy;
  return set_readers(network, readers, count, result);
}

static sf_result replace_blob(sf_op *op, uint32_t operand, const char *name,
                              const sf_type *type, const float *values) {
  sf_blob *before = sf_op_operand_blob(op, operand);
  sf_blob *blob = sf_blob_create_f32(op->network->module, name, type, values);
  if (!blob) return SF_OOM;
  sf_op_set_operand_blob(op, operand, blob);
  if (before && before->users == 0) sf_blob_erase(before);
  return SF_OK;
}

static sf_result set_constants(fitting *f, const float *weights,
                               const float *bias, sf_arena *arena) {
  const sf_blob *w = sf_op_operand_blob(f->op, 1);
  sf_type type = w->type;
  sf_type row = sf_type_make(sf_f32(), 1, &type.dim[0]);
  const char *name = sf_arena_printf(arena, "%s", w->name);
  const char *bias_name =
      sf_arena_printf(arena, "%s.b", f->op->results[0]->name);
  if (!name || !bias_name) return SF_OOM;
  if (f->op->operand_count < 3) SF_TRY(give_bias_operand(&f->op, arena));
  SF_TRY(replace_blob(f->op, 1, name, &type, weights));
  const sf_blob *b = sf_op_operand_blob(f->op, 2);
  return replace_blob(f->op, 2, b ? b->name : bias_name, &row, bias);
}

static sf_result fit(fitting *f, sf_arena *arena, bool *ok) {
  f->in_elements = sf_type_elements(&sf_op_operand(f->op, 0)->type);
  f->out_elements = sf_type_elements(&f->op->results[0]->type);
  int axis =
      f->old->kind == SF_OP_LINEAR ? f->old->results[0]->type.rank - 1 : 0;
  f->kept =
      sf_channels_kept(f->graph, f->old->results[0], axis, &f->kept_count);
  const sf_blob *w = sf_op_operand_blob(f->op, 1);
  size_t count = sf_blob_elements(w);
  float *weights = SF_NEW_ARRAY(arena, float, count);
  float *bias = SF_NEW_ARRAY(arena, float, (size_t)w->type.dim[0]);
  sf_moments m;
  if (!f->kept || !weights || !bias) return SF_OOM;
  *ok = count / (size_t)w->type.dim[0] < ORDER_MAX;
  if (!*ok) return SF_OK;
  SF_TRY(sf_moments_create(f->op, arena, &m));
  SF_TRY(gather_moments(f, &m, arena));
  for (uint32_t g = 0; g < m.groups && *ok; g++)
    SF_TRY(solve_group(f, &m, g, weights, bias, ok));
  return *ok ? set_constants(f, weights, bias, arena) : SF_OK;
}

/* ---- Which projections. ---- */

/* Whether the op reads what changed or lost channels; so does its result. */
static bool is_changed(const sf_channel_graph *graph, const sf_op *old,
                       const bool *changed) {
  const sf_channels *c = sf_channels_of(graph, old->results[0]);
  if (changed[old->order]) return true;
  for (uint32_t i = 0; i < old->operand_count; i++) {
    const sf_value *x = sf_op_operand(old, i);
    if (x && x->op && changed[x->op->order]) return true;
  }
  uint32_t extent =
      c->axis < 0 ? 0 : (uint32_t)old->results[0]->type.dim[c->axis];
  for (uint32_t i = 0; i < extent; i++)
    if (!sf_channel_stays(graph, c, i)) return true;
  return false;
}

sf_result sf_prune_reconstruct(sf_pass_run *run, const sf_prune_options *o,
                               const sf_channel_graph *graph,
                               uint64_t *layers) {
  fitting f = {.run = run,
               .options = o,
               .graph = graph,
               .samples = sf_samples_used(run->samples, o->samples)};
  bool *changed =
      SF_NEW_ARRAY(run->scratch, bool, graph->network->op_count + 1u);
  if (!changed) return SF_OOM;
  f.op = run->module->first_network->first;
  for (f.old = graph->network->first; f.old; f.old = f.old->next) {
    const sf_value *x = f.old->operand_count ? sf_op_operand(f.old, 0) : NULL;
    bool reads = x && x->op && changed[x->op->order];
    changed[f.old->order] =
        f.old->result_count > 0 && is_changed(graph, f.old, changed);
    if (reads && f.old->result_count == 1 && sf_is_prunable(f.old)) {
      sf_arena *arena = sf_arena_create();
      if (!arena) return SF_OOM;
      bool ok = false;
      sf_result result = fit(&f, arena, &ok);
      sf_arena_destroy(arena);
      SF_TRY(result);
      *layers += ok;
    }
    f.op = f.op->next;
  }
  return SF_OK;
}
