/* quantize: weights and sums of a calibrated network as integers.
 *
 *   %x.d = dequantize %x.q, @x.step          %c1.1 = conv %x.q, @w1.int,
 *   %c1 = conv %x.d, @w1 {pad = 2}       =>            @w1.bias {pad = 2} : i32
 *   %a1 = add %c1, @b1                       %a1.1 = dequantize %c1.1,
 *   %r1 = relu %a1                                     @a1.delta {axis = 0}
 *   %r1.q = quantize %r1, @r1.step ..        %r1 = relu %a1.1
 *                                            %r1.q = quantize %r1, @r1.step ..
 *
 * The unit of a channel is the step of the site behind it over an odd integer
 * D; all terms of a sum share it. What moves or compares elements works on
 * integers too. The network's result keeps one unit. */
#include "passes/quantize/quantize.h"

#include "passes/calibrate/runner.h"
#include "support/number.h"

#include <string.h>

enum {
  STAT_SUMS,
  STAT_PROJECTIONS,
  STAT_CARRIED,
  STAT_SKIPPED,
  STAT_FUNCTIONS
};
static const sf_stat stats[] = {
    {"sums", "linear sums made integer"},
    {"projections", "projections with integer weights"},
    {"carried", "moves, pools and reductions that work on integers"},
    {"skipped", "quantize ops that changed nothing"},
    {"functions", "softmax, norms and products of streams on integers"},
    {0}};

static const sf_option options[] = {
    {.name = "bits",
     .doc = "of a weight: 8, or any from 1; 2: -1, 0, 1; 1: signs",
     .kind = SF_OPTION_INT,
     .default_text = "8",
     .low = 1,
     .high = 8,
     .offset = offsetof(sf_quantize_options, bits)},
    {.name = "layers",
     .doc = "bits of single projections, by result or weights: name=4,..",
     .kind = SF_OPTION_TEXT,
     .default_text = "",
     .offset = offsetof(sf_quantize_options, layers)},
    {.name = "bias-correction",
     .doc = "give each channel the float network's mean, layer by layer",
     .kind = SF_OPTION_BOOL,
     .default_text = "true",
     .offset = offsetof(sf_quantize_options, bias_correction)},
    {.name = "reconstruct",
     .doc = "round weights so that the sums keep their values on the samples",
     .kind = SF_OPTION_BOOL,
     .default_text = "false",
     .offset = offsetof(sf_quantize_options, reconstruct)},
    SF_SAMPLES_OPTION(sf_quantize_options, "256"),
    {0}};

/* ---- Bits of layers. ---- */

/* `name=bits` up to the next comma; *at moves behind it. */
static bool next_layer(const char **at, sf_slice *name, int64_t *bits) {
  const char *equal = strchr(*at, '=');
  if (!equal || equal == *at) return false;
  size_t size = strcspn(equal + 1, ",");
  *name = (sf_slice){*at, (size_t)(equal - *at)};
  if (!sf_read_i64((sf_slice){equal + 1, size}, bits) || *bits < 1 || *bits > 8)
    return false;
  *at = equal + 1 + size;
  if (**at == ',') ++*at;
  return true;
}

static bool is_named(sf_slice name, const char *text) {
  return name.size == strlen(text) && memcmp(name.data, text, name.size) == 0;
}

static bool names_layer(sf_slice name, const sf_op *op) {
  return is_named(name, op->results[0]->name) ||
         is_named(name, sf_op_operand_blob(op, 1)->name);
}

sf_result sf_layer_bits(const sf_quantizer *q, const sf_op *op, unsigned *out) {
  *out = (unsigned)q->options->bits;
  sf_slice name;
  int64_t bits;
  for (const char *at = q->options->layers; at && *at;) {
    if (!next_layer(&at, &name, &bits)) return SF_FAIL; /* checked before */
    if (names_layer(name, op)) *out = (unsigned)bits;
  }
  return SF_OK;
}

static bool is_float_projection(const sf_op *op) {
  return sf_qdq_is_linear(op) && sf_op_is(op, SF_TRAIT_PROJECTION);
}

static sf_result check_layers(const sf_quantizer *q) {
  sf_slice name;
  int64_t bits;
  for (const char *at = q->options->layers; at && *at;) {
    const char *from = at;
    if (!next_layer(&at, &name, &bits)) {
      sf_error(q->run->diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
               "option 'layers' of pass 'quantize' must be name=bits,.. with "
               "1 to 8 bits, got '%s'",
               from);
      return SF_FAIL;
    }
    bool known = false;
    SF_FOREACH_OP(op, q->network)
      if (is_float_projection(op) && names_layer(name, op)) known = true;
    if (known) continue;
    return sf_error(q->run->diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
                    "option 'layers' of pass 'quantize' names '%.*s', which is "
                    "no projection with f32 weights",
                    (int)name.size, name.data);
  }
  return SF_OK;
}

/* ---- The walk. ---- */

static bool has_uses(const sf_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++)
    if (op->results[i]->first_use) return true;
  return false;
}

static void erase_with_blobs(sf_op *op) {
  enum { BLOBS = 4 };
  sf_blob *blobs[BLOBS] = {NULL};
  for (uint32_t i = 0; i < op->operand_count && i < BLOBS; i++)
    blobs[i] = sf_op_operand_blob(op, i);
  sf_op_erase(op);
  for (uint32_t i = 0; i < BLOBS; i++) {
    bool again = false;
    for (uint32_t k = 0; k < i; k++)
      again = again || blobs[k] == blobs[i];
    if (blobs[i] && !again && blobs[i]->users == 0) sf_blob_erase(blobs[i]);
  }
}

/* An op that was replaced, and what only it read. */
static sf_result erase_dead(sf_quantizer *q, sf_op *op) {
  size_t count = 0, room = q->network->op_count + 1u;
  sf_op **stack = SF_NEW_ARRAY(q->run->scratch, sf_op *, room);
  if (!stack) return SF_OOM;
  stack[count++] = op;
  while (count) {
    op = stack[--count];
    sf_op *sources[2] = {NULL, NULL};
    for (uint32_t i = 0; i < op->operand_count && i < 2; i++) {
      sf_value *x = sf_op_operand(op, i);
      if (x) sources[i] = x->op;
    }
    bool same = sources[0] == sources[1];
    erase_with_blobs(op);
    for (int i = 0; i < (same ? 1 : 2); i++)
      if (sources[i] && !has_uses(sources[i])) stack[count++] = sources[i];
  }
  return SF_OK;
}

sf_result sf_quantize_keep(sf_quantizer *q, sf_linear_sum *sum) {
  if (q->sum_count == q->sum_capacity) {
    uint32_t capacity = q->sum_capacity ? 2 * q->sum_capacity : 16;
    sf_linear_sum **grown =
        SF_NEW_ARRAY(q->run->scratch, sf_linear_sum *, capacity);
    if (!grown) return SF_OOM;
    if (q->sum_count) memcpy(grown, q->sums, q->sum_count * sizeof *grown);
    q->sums = grown;
    q->sum_capacity = capacity;
  }
  q->sums[q->sum_count++] = sum;
  return SF_OK;
}

static sf_result finish_sum(sf_quantizer *q, sf_linear_sum *sum) {
  SF_TRY(sf_sum_choose(q, sum));
  if (q->options->reconstruct) SF_TRY(sf_sum_reconstruct(q, sum));
  SF_TRY(sf_sum_rewrite(q, sum));
  SF_TRY(sf_sum_correct(q, sum));
  q->run->stats[STAT_SUMS]++;
  for (uint32_t t = 0; t < sum->count; t++)
    if (sum->terms[t].kind == SF_TERM_PROJECTION)
      q->run->stats[STAT_PROJECTIONS]++;
  return sf_quantize_keep(q, sum);
}

/* Only the step of a rounded stream changes. */
static sf_result visit_rescaling(sf_quantizer *q, sf_op *op, bool *done) {
  double factor;
  SF_TRY(sf_qdq_rescales(op, q->run->diag, done, &factor));
  /* Before a site it is brought to the unit of that. */
  *done = *done && !sf_site_behind(op->results[0]);
  if (!*done) return SF_OK;
  sf_value *integer;
  sf_scale scale;
  SF_TRY(sf_backing_of(q, sf_op_operand(op, 0), op, done, &integer, &scale));
  if (!*done) return SF_OK;
  SF_TRY(sf_scale_times(&scale, factor, q->run->scratch, &scale));
  sf_op *dequantize;
  SF_TRY(
      sf_add_dequantize(q, integer, op->results[0], &scale, op, &dequantize));
  sf_value_replace_all_uses(op->results[0], dequantize->results[0]);
  return erase_dead(q, op);
}

static sf_result visit_sum(sf_quantizer *q, sf_op *op) {
  bool done;
  SF_TRY(visit_rescaling(q, op, &done));
  if (done) return SF_OK;
  sf_linear_sum *sum = SF_NEW(q->run->scratch, sf_linear_sum);
  if (!sum) return SF_OOM;
  SF_TRY(sf_sum_collect(q, op->results[0], sum));
  SF_TRY(finish_sum(q, sum));
  return erase_dead(q, op);
}

static sf_result visit_carrier(sf_quantizer *q, sf_op *op) {
  if (op->results[0]->type.scalar.kind != SF_SCALAR_F32) return SF_OK;
  bool done;
  SF_TRY(sf_carry_rewrite(q, op, &done));
  if (!done) return SF_OK;
  q->run->stats[STAT_CARRIED]++;
  return erase_dead(q, op);
}

/* A site that rounds a rounded stream anew, as relu of a residual sum: the
 * stream is brought to the unit of the new site. */
static sf_result visit_dequantize(sf_quantizer *q, sf_op *op) {
  sf_value *value = op->results[0];
  sf_linear_sum *sum = SF_NEW(q->run->scratch, sf_linear_sum);
  if (!sum) return SF_OOM;
  SF_TRY(sf_sum_of_stream(q, value, sum));
  if (!sum->has_site) return SF_OK;
  sf_qdq_site site;
  SF_TRY(sf_qdq_site_get(sum->site, q->run->scratch, q->run->diag, &site));
  if (site.divisors || site.dequantize != op) return SF_OK;
  return finish_sum(q, sum);
}

/* The levels of a softmax or norm keep the name of the site. */
static sf_result visit_function(sf_quantizer *q, sf_op *site, bool *done) {
  sf_value *levels;
  SF_TRY(sf_function_rewrite(q, site, &levels));
  *done = levels != NULL;
  if (!*done) return SF_OK;
  q->run->stats[STAT_FUNCTIONS]++;
  const char *name = site->results[0]->name;
  SF_TRY(erase_dead(q, site));
  return sf_value_rename(levels, name);
}

static sf_result visit_product(sf_quantizer *q, sf_op *op) {
  bool done;
  SF_TRY(sf_product_rewrite(q, op, &done));
  if (!done) return SF_OK;
  q->run->stats[STAT_FUNCTIONS]++;
  return erase_dead(q, op);
}

static sf_result visit_quantize(sf_quantizer *q, sf_op *op) {
  bool done;
  SF_TRY(visit_function(q, op, &done));
  if (done) return SF_OK;
  SF_TRY(sf_constant_rewrite(q, op, &done));
  if (done) return erase_dead(q, op);
  SF_TRY(sf_skip_redundant(q, op, &done));
  q->run->stats[STAT_SKIPPED] += done;
  if (!done) SF_TRY(sf_lrn_rewrite(q, op, &done));
  return done ? erase_dead(q, op) : SF_OK;
}

static sf_result visit_mask(sf_quantizer *q, sf_op *op) {
  bool done;
  SF_TRY(sf_mask_rewrite(q, op, &done));
  if (!done) return SF_OK;
  q->run->stats[STAT_FUNCTIONS]++;
  return erase_dead(q, op);
}

static sf_result visit(sf_quantizer *q, sf_op *op) {
  bool done;
  if (op->result_count != 1) return SF_OK;
  if (op->kind == SF_OP_QUANTIZE) return visit_quantize(q, op);
  if (op->kind == SF_OP_DEQUANTIZE) return visit_dequantize(q, op);
  if (sf_qdq_is_carrier(op)) return visit_carrier(q, op);
  if (sf_qdq_is_product(op)) return visit_product(q, op);
  if (sf_qdq_is_mask(op)) return visit_mask(q, op);
  if (op->kind == SF_OP_DIV) return visit_rescaling(q, op, &done);
  if (!sf_qdq_is_linear(op) || sf_qdq_is_inner(op->results[0])) return SF_OK;
  return visit_sum(q, op);
}

static sf_result quantize_network(sf_quantizer *q) {
  SF_FOREACH_OP_SAFE(op, following, q->network)
    SF_TRY(visit(q, op));
  if (q->sum_count == 0) return SF_OK;
  SF_TRY(sf_quantize_report(q));
  return sf_prove_ranges(q->network, q->run->diag);
}

/* What allocate-bits left, for a network that has its layers still. */
static const char *allocated_bits(const sf_module *module) {
  SF_FOREACH_OP(op, module->first_network)
    if (is_float_projection(op))
      return sf_dict_text(&module->attrs, "layer_bits");
  return NULL;
}

static sf_result run_pass(sf_pass_run *run) {
  sf_quantize_options o = *SF_PASS_OPTIONS(run, sf_quantize_options);
  sf_quantizer q = {
      .run = run, .options = &o, .network = run->module->first_network};
  if (!q.network) return SF_OK;
  const char *allocated = allocated_bits(run->module);
  if (allocated && !*o.layers) o.layers = allocated;
  SF_TRY(check_layers(&q));
  sf_result result = sf_reference_create(&q);
  if (result == SF_OK) result = sf_frontier_create(&q);
  if (result == SF_OK) result = quantize_network(&q);
  sf_frontier_destroy(q.frontier);
  sf_reference_destroy(q.reference);
  return result;
}

const sf_pass sf_pass_quantize = {
    .size = sizeof(sf_pass),
    .abi = SF_ABI,
    .name = "quantize",
    .summary = "weights and sums of a calibrated network as integers",
    .description =
        "Gives each channel of a linear sum a unit that is the step of the "
        "site behind it over an odd integer, rounds weights and biases to it, "
        "and lets projections, residual sums, pools and moves work on "
        "integers, products of two streams too, masks of attention, and "
        "softmax and the norms of a sample between two sites. With calibration "
        "samples the bias of each "
        "channel is "
        "corrected, and the log states the error of each layer and the "
        "accuracy. Without the option `layers`, widths are those that "
        "`allocate-bits` chose. Works on the first network.",
    .gives = SF_FACT_CALIBRATED | SF_FACT_QUANTIZED,
    .keeps = SF_FACT_ANALOG_FREE,
    .exactness = SF_APPROXIMATE,
    .options = options,
    .options_size = sizeof(sf_quantize_options),
    .stats = stats,
    .run = run_pass,
};
