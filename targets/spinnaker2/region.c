/* region.c - the data regions of one PE, as runtime/spinnaker2/pe.h lays them
 * out. Offsets are from the start of the regions; every item is padded to 4
 * bytes. */
#include "targets/spinnaker2/region_builder.h"

#include <stdlib.h>
#include <string.h>

enum { WORK_BYTES_MAX = 0xE800 - 0x8000 - 4096 }; /* the runtime keeps 4 KiB */

void sf_s2_region_pad(s2_region_builder *b) {
  while (b->bytes.size % 4 != 0)
    sf_buffer_char(&b->bytes, 0);
}

uint32_t sf_s2_region_put(s2_region_builder *b, const void *bytes,
                          size_t size) {
  sf_s2_region_pad(b);
  uint32_t offset = (uint32_t)b->bytes.size;
  sf_buffer_add(&b->bytes, bytes, size);
  sf_s2_region_pad(b);
  return offset;
}

/* ---- Slices.
 * ---------------------------------------------------------------------------
 */

static uint32_t power_of_two(uint32_t least) {
  uint32_t n = 1;
  while (n < least)
    n *= 2;
  return n;
}

static sf_result put_projection(s2_region_builder *b, uint32_t slice_index,
                                uint32_t input, const s2_slice *slice) {
  const s2_leaf *leaf = &slice->leaves.leaf[input];
  pe_projection *p = &b->projections[b->header.projection_count];
  const sf_op *op = leaf->op;
  bool window = op && op->kind == SF_OP_POOL;
  int64_t shift = op && !window ? sf_op_int(op, SF_ATTR_shift) : 0;
  bool each = shift != 0 && sf_op_int(op, SF_ATTR_each);
  p->slice = slice_index;
  p->input = input;
  if (each && shift > 0) {
    p->shift = (uint32_t)shift;
    p->round = (uint32_t)sf_op_int(op, SF_ATTR_round);
  }
  s2_synapses synapses;
  SF_TRY(
      sf_s2_synapses_collect(leaf, slice->elements, slice->count, &synapses));
  uint32_t longest_synapse = 0, longest = 1;
  for (size_t i = 0; i < synapses.count; i++) {
    s2_synapse *s = &synapses.items[i];
    if (each && shift < 0) /* exact or modulo 2^32, function.c */
      s->weight = (int32_t)((uint32_t)s->weight << -shift);
    if (s->delay > longest_synapse) longest_synapse = s->delay;
  }
  p->has_delays = longest_synapse > 0;
  uint32_t *rows = NULL;
  sf_result result = sf_s2_rows_put(b, leaf, slice->count, &synapses, p, &rows);
  sf_s2_synapses_destroy(&synapses);
  if (result == SF_OK)
    result =
        sf_s2_links_add(b, leaf, b->header.projection_count, rows, &longest);
  free(rows);
  uint32_t slots = power_of_two(longest + longest_synapse);
  b->rings[b->ring_count++] = (s2_ring){b->work, slots};
  b->work += slots * slice->count;
  b->header.projection_count++;
  return result;
}

static size_t broadcast(const sf_type *blob, const sf_type *stream,
                        uint32_t element) {
  size_t index = 0, scale = 1;
  for (unsigned i = stream->rank; i-- > 0;) {
    uint32_t at = element % (uint32_t)stream->dim[i];
    element /= (uint32_t)stream->dim[i];
    if (blob->dim[i] != 1) index += at * scale;
    scale *= (size_t)blob->dim[i];
  }
  return index;
}

static uint32_t number_word(sf_scalar type, sf_number number) {
  sf_word word;
  if (type.kind == SF_SCALAR_F32)
    word.f = number.f;
  else
    word.i = (int32_t)number.i;
  return (uint32_t)word.i;
}

bool sf_s2_param_is_per_neuron(const s2_slice *slice, uint32_t index) {
  uint32_t own = slice->op->neuron->param_count;
  if (index < own) return slice->op->arguments[index].kind == SF_ARGUMENT_BLOB;
  const s2_leaf *leaf = &slice->leaves.leaf[index - own];
  int32_t first = sf_s2_leaf_bias(leaf, slice->elements[0]);
  for (uint32_t n = 1; n < slice->count; n++)
    if (sf_s2_leaf_bias(leaf, slice->elements[n]) != first) return true;
  return false;
}

/* The word of param `index` for local neuron `n`. */
static uint32_t param_word(const s2_slice *slice, uint32_t index, uint32_t n) {
  uint32_t own = slice->op->neuron->param_count;
  if (index >= own) {
    return (uint32_t)sf_s2_leaf_bias(&slice->leaves.leaf[index - own],
                                     slice->elements[n]);
  }
  const sf_param *param = &slice->op->neuron->params[index];
  const sf_argument *a = &slice->op->arguments[index];
  if (a->kind == SF_ARGUMENT_BLOB) {
    const sf_type *stream = &slice->op->results[0]->type;
    size_t at = broadcast(&a->blob->type, stream, slice->elements[n]);
    return (uint32_t)sf_blob_word(a->blob, at).i;
  }
  return number_word(param->value->type, a->kind == SF_ARGUMENT_NUMBER
                                             ? a->number
                                             : param->initial);
}

static pe_param put_param(s2_region_builder *b, const s2_slice *slice,
                          uint32_t index) {
  if (!sf_s2_param_is_per_neuron(slice, index))
    return (pe_param){0, param_word(slice, index, 0)};
  sf_buffer words = {0};
  for (uint32_t n = 0; n < slice->count; n++) {
    uint32_t word = param_word(slice, index, n);
    sf_buffer_add(&words, &word, sizeof word);
  }
  pe_param out = {1, sf_s2_region_put(b, words.data, words.size)};
  b->bytes.failed = b->bytes.failed || words.failed;
  sf_buffer_destroy(&words);
  return out;
}

static sf_result put_params(s2_region_builder *b, const s2_slice *slice,
                            pe_slice *out) {
  out->param_count = slice->function->param_count;
  pe_param *params = calloc(out->param_count + 1u, sizeof *params);
  if (!params) return SF_OOM;
  for (uint32_t i = 0; i < out->param_count; i++)
    params[i] = put_param(b, slice, i);
  out->params = sf_s2_region_put(b, params, out->param_count * sizeof *params);
  free(params);
  return SF_OK;
}

/* The runtime has arrays of fixed size for one slice's pointers, and nothing is
 * sized by a slice that cannot fit. */
static sf_result check_slice(const s2_region_builder *b, const s2_slice *s) {
  const sf_neuron *f = s->function;
  const char *name = s->op->results[0]->name;
  if (f->param_count > PE_PARAMS_MAX || f->state_count > PE_PORTS_MAX ||
      s->op->result_count > PE_PORTS_MAX) {
    return sf_error(b->diag, SF_DIAG_TARGET_CANNOT, s->op->loc,
                    "'%%%s' has %u params (with a bias a projection), %u "
                    "states and %u results; a PE takes %d, %d and %d",
                    name, f->param_count, f->state_count, s->op->result_count,
                    PE_PARAMS_MAX, PE_PORTS_MAX, PE_PORTS_MAX);
  }
  if (s->count > WORK_BYTES_MAX / 4) {
    return sf_error(b->diag, SF_DIAG_CAPACITY, s->op->loc,
                    "core '@%s' hosts %u neurons of '%%%s', a PE has memory "
                    "for %d words of them",
                    b->core->name, s->count, name, WORK_BYTES_MAX / 4);
  }
  return SF_OK;
}

static sf_result put_slice(s2_region_builder *b, uint32_t index) {
  const s2_slice *slice = &b->core->slices[index];
  SF_TRY(check_slice(b, slice));
  const sf_network *network = b->plan->network;
  pe_slice *out = &b->slices[index];
  int64_t period = network->period > 0 ? network->period : 0;
  *out = (pe_slice){.count = slice->count,
                    .function = index,
                    .start = (int32_t)sf_op_int(slice->op, SF_ATTR_start),
                    .period = (int32_t)period,
                    .input_count = slice->leaves.count,
                    .result_count = slice->op->result_count};
  if (sf_op_has_attr(slice->op, SF_ATTR_seed)) {
    uint64_t seed = (uint64_t)sf_op_int(slice->op, SF_ATTR_seed);
    out->seed_low = (uint32_t)seed;
    out->seed_high = (uint32_t)(seed >> 32);
  }
  uint32_t first_ring = b->ring_count;
  for (uint32_t k = 0; k < slice->leaves.count; k++)
    SF_TRY(put_projection(b, index, k, slice));
  b->rings[b->ring_count++] = (s2_ring){b->work, 0};
  b->work +=
      (slice->function->state_count + slice->op->result_count) * slice->count;
  out->inputs =
      sf_s2_region_put(b, &b->rings[first_ring],
                       (b->ring_count - first_ring) * sizeof *b->rings);
  out->elements =
      sf_s2_region_put(b, slice->elements, slice->count * sizeof(uint32_t));
  out->keys =
      sf_s2_region_put(b, slice->keys, out->result_count * sizeof(uint32_t));
  return put_params(b, slice, out);
}

/* ---- Whole.
 * ------------------------------------------------------------------------------
 */

static sf_result check_sizes(const s2_region_builder *b) {
  const char *first =
      b->core->slice_count ? b->core->slices[0].op->results[0]->name : "?";
  sf_loc loc = b->core->slice_count ? b->core->slices[0].op->loc : SF_NO_LOC;
  sf_result result = SF_OK;
  if (b->bytes.size > PE_REGION_BYTES) {
    result =
        sf_error(b->diag, SF_DIAG_CAPACITY, loc,
                 "core '@%s' ('%%%s') needs %zu bytes of regions, a PE has "
                 "%d",
                 b->core->name, first, b->bytes.size, PE_REGION_BYTES);
  }
  if (b->work * 4u > WORK_BYTES_MAX) {
    result = sf_error(b->diag, SF_DIAG_CAPACITY, loc,
                      "core '@%s' ('%%%s') needs %u bytes of working memory, a "
                      "PE has %d",
                      b->core->name, first, b->work * 4u, WORK_BYTES_MAX);
  }
  return result;
}

static void finish_header(s2_region_builder *b) {
  b->header.bytes = (uint32_t)b->bytes.size;
  for (size_t i = sizeof b->header; i < b->bytes.size; i += 4) {
    uint32_t word;
    memcpy(&word, b->bytes.data + i, sizeof word);
    b->header.checksum += word;
  }
  memcpy(b->bytes.data, &b->header, sizeof b->header);
}

static sf_result build(s2_region_builder *b) {
  b->header = (pe_header){.magic = PE_MAGIC,
                          .layout = PE_LAYOUT,
                          .slice_count = b->core->slice_count};
  sf_s2_region_put(b, &b->header,
                   sizeof b->header); /* room; filled in at the end */
  for (uint32_t i = 0; i < b->core->slice_count; i++)
    SF_TRY(put_slice(b, i));
  b->header.slices =
      sf_s2_region_put(b, b->slices, b->core->slice_count * sizeof *b->slices);
  b->header.projections = sf_s2_region_put(
      b, b->projections, b->header.projection_count * sizeof *b->projections);
  SF_TRY(sf_s2_links_put(b));
  if (b->bytes.failed) return SF_OOM;
  finish_header(b);
  return check_sizes(b);
}

sf_result sf_s2_region_build(const s2_plan *plan, const s2_core *core,
                             sf_diag *diag, s2_region *out) {
  *out = (s2_region){0};
  if (core->slice_count > S2_SLICES_MAX) {
    return sf_error(diag, SF_DIAG_CAPACITY, SF_NO_LOC,
                    "core '@%s' hosts %u slices, a PE runs at most %d",
                    core->name, core->slice_count, S2_SLICES_MAX);
  }
  s2_region_builder b = {.plan = plan, .core = core, .diag = diag};
  b.slices = calloc(core->slice_count + 1u, sizeof *b.slices);
  b.projections = calloc(core->slice_count * (size_t)S2_LEAVES_MAX + 1,
                         sizeof *b.projections);
  sf_result result = b.slices && b.projections ? build(&b) : SF_OOM;
  if (result == SF_OK) {
    out->size = (uint32_t)b.bytes.size;
    out->work_words = b.work;
    out->bytes = (uint8_t *)sf_buffer_take(&b.bytes);
    if (!out->bytes) result = SF_OOM;
  }
  sf_buffer_destroy(&b.bytes);
  free(b.slices);
  free(b.projections);
  free(b.records);
  return result;
}

void sf_s2_region_destroy(s2_region *region) {
  free(region->bytes);
  *region = (s2_region){0};
}
