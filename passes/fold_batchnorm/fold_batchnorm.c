/* fold-batchnorm: constants of channels into weights and biases.
 *
 *   %c = conv %x, @w {pad = 1} : f32[8, 28, 28]
 *   %n = batchnorm %c, @g, @b, @m, @v : ..   =>   %c = conv %x, @w.1, @w.bias
 *   %r = relu %n : ..                                  {pad = 1} : ..
 *                                                 %r = relu %c : ..
 *
 * Also add, sub, mul and div by one number a channel. Before a projection the
 * scale goes into it, the shift too where no zero padding would see it. Moves
 * and average pools may lie between. A batchnorm that nothing takes in becomes
 * a depthwise 1x1 convolution. Conversion.md 1.2; exact but for the rounding of
 * the new constants. */
#include "passes/fold_batchnorm/fold_batchnorm.h"

enum { STAT_FOLDED, STAT_OPS };
static const sf_stat stats[] = {
    {"folded", "affine ops that went into a projection"},
    {"depthwise", "batchnorms that became ops of their own"},
    {0}};

enum { CHAIN_MAX = 64 };

static bool is_f32_projection(const sf_op *op) {
  const sf_blob *weights = op ? sf_op_operand_blob(op, 1) : NULL;
  bool kind = op && (op->kind == SF_OP_LINEAR || op->kind == SF_OP_CONV ||
                     op->kind == SF_OP_CONVT);
  return kind && weights && weights->type.scalar.kind == SF_SCALAR_F32;
}

/* The affine's reader reads its operand instead. */
static void drop(sf_op *op) {
  sf_value_replace_all_uses(op->results[0], sf_op_operand(op, 0));
  sf_op_erase(op);
}

static sf_result fold_backward(sf_pass_run *run, const sf_op *op,
                               const sf_affine *affine, bool *done) {
  sf_affine at = *affine;
  sf_value *x = sf_op_operand(op, 0);
  *done = false;
  for (int n = 0; n < CHAIN_MAX && x->op && sf_value_has_one_use(x); n++) {
    if (is_f32_projection(x->op))
      return sf_fold_into(run, x->op, &at, true, done);
    bool ok;
    SF_TRY(sf_affine_before(x->op, &at, run->scratch, &ok, &at));
    if (!ok) return SF_OK;
    x = sf_op_operand(x->op, 0);
  }
  return SF_OK;
}

static sf_result fold_forward(sf_pass_run *run, const sf_op *op,
                              const sf_affine *affine, bool *done) {
  sf_affine at = *affine;
  const sf_value *y = op->results[0];
  *done = false;
  for (int n = 0; n < CHAIN_MAX && sf_value_has_one_use(y); n++) {
    sf_op *reader = y->first_use->op;
    if (!reader) return SF_OK;
    if (is_f32_projection(reader))
      return sf_fold_into(run, reader, &at, false, done);
    bool ok;
    SF_TRY(sf_affine_behind(reader, &at, run->scratch, &ok, &at));
    if (!ok) return SF_OK;
    y = reader->results[0];
  }
  return SF_OK;
}

static sf_result visit(sf_pass_run *run, sf_op *op) {
  sf_affine affine;
  bool ok, done = false;
  SF_TRY(sf_affine_of(op, run->scratch, run->diag, &ok, &affine));
  if (!ok) return SF_OK;
  SF_TRY(fold_backward(run, op, &affine, &done));
  if (!done) SF_TRY(fold_forward(run, op, &affine, &done));
  if (done) {
    run->stats[STAT_FOLDED]++;
    drop(op);
    return SF_OK;
  }
  if (op->kind != SF_OP_BATCHNORM) return SF_OK;
  run->stats[STAT_OPS]++;
  return sf_affine_to_ops(run, op, &affine);
}

/* Erasing the following projection must not lose the place: what comes next is
 * asked for after the visit, from the op before. */
static sf_result visit_all(sf_pass_run *run, sf_network *network) {
  uint64_t before;
  do {
    before = run->stats[STAT_FOLDED] + run->stats[STAT_OPS];
    SF_FOREACH_OP(op, network) {
      SF_TRY(visit(run, op));
      if (run->stats[STAT_FOLDED] + run->stats[STAT_OPS] != before) break;
    }
  } while (run->stats[STAT_FOLDED] + run->stats[STAT_OPS] != before);
  return SF_OK;
}

static void erase_unused(sf_module *module, const sf_blob *last) {
  for (sf_blob *b = module->first_blob, *next; b; b = next) {
    bool done = b == last;
    next = b->next;
    if (b->users == 0 && b->type.scalar.kind == SF_SCALAR_F32) sf_blob_erase(b);
    if (done) return;
  }
}

static sf_result add_log(sf_pass_run *run, const sf_module *before) {
  double relative;
  uint32_t inputs;
  SF_TRY(sf_measure_change(run, before, &relative, &inputs));
  sf_log_entry *log =
      sf_module_add_log(run->module, SF_APPROXIMATE, 0,
                        "fold-batchnorm: the same but for rounding to f32");
  if (!log) return SF_OOM;
  sf_arena *arena = run->module->arena;
  SF_TRY(sf_dict_set_int(arena, &log->attrs, "inputs", inputs));
  sf_item item = {.kind = SF_ITEM_NUMBER,
                  .number = sf_number_float((float)relative)};
  return sf_dict_set(arena, &log->attrs, "relative_change", &item);
}

static sf_result run_pass(sf_pass_run *run) {
  if (!run->module->first_network) return SF_OK;
  sf_module *before = NULL;
  SF_TRY(sf_module_clone(run->module, &before));
  sf_result result = SF_OK;
  for (sf_network *n = run->module->first_network; n && result == SF_OK;
       n = n->next)
    result = visit_all(run, n);
  uint64_t changes = run->stats[STAT_FOLDED] + run->stats[STAT_OPS];
  if (result == SF_OK && changes) {
    erase_unused(run->module, run->module->last_blob);
    result = add_log(run, before);
  }
  sf_module_destroy(before);
  return result;
}

const sf_pass sf_pass_fold_batchnorm = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "fold-batchnorm",
    .summary = "batch norms and constants of channels into weights and biases",
    .description =
        "Folds batchnorm, and add, sub, mul and div by one number a channel, "
        "into the projection before or behind it; a batchnorm that stays "
        "becomes a depthwise 1x1 convolution. Only the rounding of the new "
        "constants to f32 differs; the log states the largest change of a "
        "result on a few inputs.",
    .keeps = SF_FACT_QUANTIZED,
    .exactness = SF_APPROXIMATE,
    .stats = stats,
    .run = run_pass,
};
