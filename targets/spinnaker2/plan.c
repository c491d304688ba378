/* plan.c - the mapping block read back: cores, slices, keys, fused functions.
 */
#include "targets/spinnaker2/plan.h"

#include <stdlib.h>
#include <string.h>

/* Keys that the host sends, and keys of cores that only the host listens to:
 * far above those that `route` gives to cores. */
enum {
  EXTERNAL_KEYS = 0x40000000,
  SILENT_KEYS = 0x60000000,
  SILENT_BLOCK = 8192 /* more than a PE has words of results */
};

bool sf_s2_on_chip(const sf_op *op) {
  return op && op->kind == SF_OP_NEURONS &&
         sf_op_int(op, SF_ATTR_on) == SF_ON_CHIP;
}

/* ---- Slices. ---- */

static sf_result number_elements(sf_arena *arena, const sf_type *type,
                                 s2_slice *slice) {
  slice->count = (uint32_t)sf_box_elements(&slice->box);
  slice->elements = SF_NEW_ARRAY(arena, uint32_t, slice->count);
  if (!slice->elements) return SF_OOM;
  int64_t at[SF_RANK_MAX];
  for (unsigned i = 0; i < type->rank; i++)
    at[i] = slice->box.begin[i];
  for (uint32_t n = 0; n < slice->count; n++) {
    int64_t element = 0;
    for (unsigned i = 0; i < type->rank; i++)
      element = element * type->dim[i] + at[i];
    slice->elements[n] = (uint32_t)element;
    for (unsigned i = type->rank; i-- > 0;) { /* next in C order */
      if (++at[i] < slice->box.end[i]) break;
      at[i] = slice->box.begin[i];
    }
  }
  return SF_OK;
}

static sf_result load_blobs(const sf_op *op, const s2_leaves *leaves,
                            sf_diag *diag) {
  for (uint32_t i = 0; i < op->neuron->param_count; i++)
    if (op->arguments[i].kind == SF_ARGUMENT_BLOB)
      SF_TRY(sf_blob_load(op->arguments[i].blob, diag));
  for (uint32_t k = 0; k < leaves->count; k++) {
    const sf_op *leaf = leaves->leaf[k].op;
    for (uint32_t i = 0; leaf && i < leaf->operand_count; i++)
      if (leaf->operands[i].blob)
        SF_TRY(sf_blob_load(leaf->operands[i].blob, diag));
    for (uint32_t i = 0; leaf && i < leaf->attr_count; i++)
      if (leaf->attrs[i].blob) SF_TRY(sf_blob_load(leaf->attrs[i].blob, diag));
  }
  return SF_OK;
}

/* Populations that were fused already, on another core: one function serves
 * all. */
static sf_neuron *find_function(const s2_plan *plan, const sf_op *op) {
  for (uint32_t c = 0; c < plan->core_count; c++) {
    const s2_core *core = &plan->cores[c];
    for (uint32_t i = 0; i < core->slice_count; i++)
      if (core->slices[i].op == op && core->slices[i].function)
        return core->slices[i].function;
  }
  return NULL;
}

static sf_result create_slice(s2_plan *plan, const sf_value *value,
                              const sf_box *box, sf_diag *diag,
                              s2_slice *slice) {
  slice->op = value->op;
  slice->box = *box;
  SF_TRY(number_elements(plan->arena, &value->type, slice));
  SF_TRY(sf_s2_leaves_collect(slice->op, diag, &slice->leaves));
  slice->function = find_function(plan, slice->op);
  if (slice->function) return SF_OK;
  SF_TRY(load_blobs(slice->op, &slice->leaves, diag));
  return sf_s2_function_fuse(slice->op, &slice->leaves, plan->scratch, diag,
                             &slice->function);
}

static uint32_t count_slices(const sf_network *network, const sf_mop *core) {
  uint32_t count = 0;
  for (const sf_mop *h = core->first_child; h; h = h->next) {
    const sf_mop_argument *name = sf_mop_find(h, SF_MOP_VALUE);
    const sf_value *value =
        name ? sf_network_find_value(network,
                                     (sf_slice){name->text, strlen(name->text)})
             : NULL;
    count += value && sf_s2_on_chip(value->op);
  }
  return count;
}

static sf_result create_slices(s2_plan *plan, const sf_mop *mop, s2_core *core,
                               sf_diag *diag) {
  uint32_t count = count_slices(plan->network, mop);
  core->slices = SF_NEW_ARRAY(plan->arena, s2_slice, count + 1u);
  if (!core->slices) return SF_OOM;
  for (const sf_mop *h = mop->first_child; h; h = h->next) {
    const sf_mop_argument *name = sf_mop_find(h, SF_MOP_VALUE);
    const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
    if (!name || !box) continue;
    const sf_value *value = sf_network_find_value(
        plan->network, (sf_slice){name->text, strlen(name->text)});
    if (!value || !sf_s2_on_chip(value->op)) continue;
    s2_slice *slice = &core->slices[core->slice_count];
    SF_TRY(create_slice(plan, value, &box->box, diag, slice));
    core->slice_count++;
  }
  return SF_OK;
}

/* ---- Keys. ---- */

static bool find_key(const sf_mapping *mapping, const char *core,
                     uint32_t *out) {
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "route") != 0) continue;
    const char *from = sf_dict_text(&m->attrs, "from");
    int64_t key = sf_dict_int(&m->attrs, "key", -1);
    if (from && strcmp(from, core) == 0 && key >= 0) {
      *out = (uint32_t)key;
      return true;
    }
  }
  return false;
}

static sf_result give_keys(s2_plan *plan, const sf_mapping *mapping) {
  uint32_t silent = SILENT_KEYS;
  for (uint32_t c = 0; c < plan->core_count; c++) {
    s2_core *core = &plan->cores[c];
    if (!find_key(mapping, core->name, &core->key)) {
      core->key = silent;
      silent += SILENT_BLOCK;
    }
    uint32_t next = core->key;
    for (uint32_t i = 0; i < core->slice_count; i++) {
      s2_slice *slice = &core->slices[i];
      slice->keys =
          SF_NEW_ARRAY(plan->arena, uint32_t, slice->op->result_count);
      if (!slice->keys) return SF_OOM;
      for (uint32_t r = 0; r < slice->op->result_count; r++) {
        slice->keys[r] = next;
        next += slice->count;
      }
    }
  }
  return SF_OK;
}

static bool is_external(const sf_value *value) {
  return !value->op ||
         (value->op->kind == SF_OP_NEURONS && !sf_s2_on_chip(value->op));
}

static sf_result add_external(s2_plan *plan, const sf_value *value,
                              uint32_t *next) {
  uint32_t elements = (uint32_t)sf_type_elements(&value->type), block = 1;
  while (block < elements)
    block *= 2;
  *next = (*next + block - 1) & ~(block - 1);
  plan->externals[plan->external_count++] = (s2_external){value, *next};
  *next += block;
  return SF_OK;
}

/* Streams from the host: arguments and results of host populations that some
 * chip population reads; in the order of the text. */
static bool is_read_by_chip(const s2_plan *plan, const sf_value *value) {
  for (uint32_t c = 0; c < plan->core_count; c++) {
    for (uint32_t i = 0; i < plan->cores[c].slice_count; i++) {
      const s2_leaves *leaves = &plan->cores[c].slices[i].leaves;
      for (uint32_t k = 0; k < leaves->count; k++) {
        const sf_value *stream = leaves->leaf[k].stream;
        uint32_t n = (uint32_t)sf_type_elements(&stream->type);
        for (uint32_t e = 0; e < n; e++)
          if (sf_s2_origin_of(stream, e).value == value) return true;
      }
    }
  }
  return false;
}

static sf_result find_externals(s2_plan *plan) {
  uint32_t next = EXTERNAL_KEYS, count = plan->network->argument_count;
  SF_FOREACH_OP(op, plan->network)
    count += op->result_count;
  plan->externals = SF_NEW_ARRAY(plan->arena, s2_external, count + 1u);
  if (!plan->externals) return SF_OOM;
  for (uint32_t i = 0; i < plan->network->argument_count; i++) {
    const sf_value *value = plan->network->arguments[i];
    if (is_read_by_chip(plan, value)) SF_TRY(add_external(plan, value, &next));
  }
  SF_FOREACH_OP(op, plan->network) {
    for (uint32_t i = 0; i < op->result_count; i++) {
      const sf_value *value = op->results[i];
      if (is_external(value) && is_read_by_chip(plan, value))
        SF_TRY(add_external(plan, value, &next));
    }
  }
  return SF_OK;
}

/* ---- Plan. ---- */

static sf_result create_cores(const sf_emit_job *job, s2_plan *plan) {
  uint32_t count = 0;
  for (const sf_mop *m = job->mapping->first; m; m = m->next)
    count += strcmp(m->keyword, "core") == 0;
  plan->cores = SF_NEW_ARRAY(plan->arena, s2_core, count + 1u);
  if (!plan->cores) return SF_OOM;
  for (const sf_mop *m = job->mapping->first; m; m = m->next) {
    const sf_mop_argument *name = sf_mop_find(m, SF_MOP_SYMBOL);
    if (strcmp(m->keyword, "core") != 0 || !name) continue;
    s2_core *core = &plan->cores[plan->core_count];
    core->name = name->text;
    core->chip = sf_dict_int(&m->attrs, "chip", 0);
    core->x = sf_dict_int(&m->attrs, "x", 0);
    core->y = sf_dict_int(&m->attrs, "y", 0);
    core->p = sf_dict_int(&m->attrs, "p", 0);
    plan->core_count++; /* before its slices: find_function looks at them */
    SF_TRY(create_slices(plan, m, core, job->diag));
  }
  return SF_OK;
}

static int by_key(const void *a, const void *b) {
  uint32_t x = ((const s2_key_block *)a)->key;
  uint32_t y = ((const s2_key_block *)b)->key;
  return x < y ? -1 : x > y;
}

/* Once for all PEs: each is asked about its own links only. */
static sf_result list_blocks(s2_plan *plan) {
  uint32_t count = plan->external_count;
  for (uint32_t c = 0; c < plan->core_count; c++)
    for (uint32_t i = 0; i < plan->cores[c].slice_count; i++)
      count += plan->cores[c].slices[i].op->result_count;
  s2_key_block *blocks = SF_NEW_ARRAY(plan->arena, s2_key_block, count + 1u);
  if (!blocks) return SF_OOM;
  uint32_t n = 0;
  for (uint32_t i = 0; i < plan->external_count; i++) {
    const s2_external *e = &plan->externals[i];
    blocks[n++] = (s2_key_block){
        e->value, e->key, (uint32_t)sf_type_elements(&e->value->type), NULL};
  }
  for (uint32_t c = 0; c < plan->core_count; c++) {
    for (uint32_t i = 0; i < plan->cores[c].slice_count; i++) {
      const s2_slice *s = &plan->cores[c].slices[i];
      for (uint32_t r = 0; r < s->op->result_count; r++) {
        blocks[n++] = (s2_key_block){s->op->results[r], s->keys[r], s->count,
                                     s->elements};
      }
    }
  }
  if (n) qsort(blocks, n, sizeof *blocks, by_key);
  plan->blocks = blocks;
  plan->block_count = n;
  return SF_OK;
}

/* ---- Streams. ---- */

static sf_result add_stream(s2_plan *plan, const sf_value *value,
                            s2_stream **out) {
  for (uint32_t i = 0; i < plan->stream_count; i++) {
    *out = &plan->streams[i];
    if ((*out)->value == value) return SF_OK;
  }
  size_t elements = sf_type_elements(&value->type);
  *out = &plan->streams[plan->stream_count];
  **out = (s2_stream){value, SF_NEW_ARRAY(plan->arena, uint32_t, elements + 1)};
  if (!(*out)->keys) return SF_OOM;
  for (size_t e = 0; e < elements; e++)
    (*out)->keys[e] = S2_NO_KEY;
  plan->stream_count++;
  return SF_OK;
}

static sf_result list_streams(s2_plan *plan) {
  uint32_t values = plan->network->argument_count;
  SF_FOREACH_OP(op, plan->network)
    values += op->result_count;
  plan->streams = SF_NEW_ARRAY(plan->arena, s2_stream, values + (size_t)1);
  if (!plan->streams) return SF_OOM;
  s2_stream *stream = NULL;
  for (uint32_t b = 0; b < plan->block_count; b++) {
    const s2_key_block *block = &plan->blocks[b];
    if (!stream || stream->value != block->value)
      SF_TRY(add_stream(plan, block->value, &stream));
    for (uint32_t i = 0; i < block->count; i++)
      stream->keys[block->elements ? block->elements[i] : i] = block->key + i;
  }
  return SF_OK;
}

sf_result sf_s2_plan_create(const sf_emit_job *job, s2_plan *out) {
  *out = (s2_plan){.network = job->network};
  if (!job->mapping) {
    sf_error(job->diag, SF_DIAG_TARGET_CANNOT, job->network->loc,
             "network '@%s' has no mapping", job->network->name);
    sf_help(job->diag, "run the passes partition, place and route");
    return SF_FAIL;
  }
  out->arena = sf_arena_create();
  out->scratch = sf_module_create("spinnaker2");
  if (!out->arena || !out->scratch) return SF_OOM;
  SF_TRY(create_cores(job, out));
  SF_TRY(give_keys(out, job->mapping));
  SF_TRY(find_externals(out));
  SF_TRY(list_blocks(out));
  return list_streams(out);
}

void sf_s2_plan_destroy(s2_plan *plan) {
  sf_module_destroy(plan->scratch);
  sf_arena_destroy(plan->arena);
  *plan = (s2_plan){0};
}
