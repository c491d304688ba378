/* run.c - every PE alone in QEMU, fed with the golden packets of every step
 * (spinnaker2.md 9.4, trace check). If each PE gives the golden outputs from
 * golden inputs, then by induction over the steps so does the whole machine. */
#include "support/buffer.h"
#include "support/elf.h"
#include "support/file.h"
#include "support/process.h"
#include "targets/spinnaker2/pe_files.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUT_LIMIT = 1 << 20, IMAGE_LIMIT = 16 << 20, SECONDS_LIMIT = 1800 };
static const uint32_t step_mark = ~0u;

typedef struct pe_run {
  const sf_run_job *job;
  const s2_plan *plan;
  const s2_key_block *blocks;
  uint32_t block_count;
  const char *qemu;
  sf_run_result *result;
} pe_run;

char *sf_s2_file(const char *directory, const char *core, const char *suffix) {
  size_t size = strlen(directory) + strlen(core) + strlen(suffix) + 32;
  char *path = malloc(size);
  if (path) snprintf(path, size, "%s/spinnaker2/%s%s", directory, core, suffix);
  return path;
}

/* ---- Input file. ---- */

/* Blocks that reach some projection of this core. */
static void mark_blocks(const pe_run *run, const s2_core *core, bool *listens) {
  for (uint32_t i = 0; i < core->slice_count; i++) {
    const s2_leaves *leaves = &core->slices[i].leaves;
    for (uint32_t k = 0; k < leaves->count; k++) {
      const sf_value *stream = leaves->leaf[k].stream;
      size_t elements = sf_type_elements(&stream->type);
      const sf_value *last = NULL;
      for (uint32_t e = 0; e < elements; e++) {
        const sf_value *value = sf_s2_origin_of(stream, e).value;
        if (value == last) continue;
        last = value;
        for (uint32_t b = 0; b < run->block_count; b++)
          if (run->blocks[b].value == value) listens[b] = true;
      }
    }
  }
}

static void put_word(sf_buffer *out, uint32_t word) {
  sf_buffer_add(out, &word, sizeof word);
}

static void put_step(const pe_run *run, const bool *listens,
                     const sf_trace *golden, uint32_t step, sf_buffer *out) {
  size_t count_at = out->size;
  uint32_t packets = 0;
  put_word(out, 0);
  for (uint32_t b = 0; b < run->block_count; b++) {
    const s2_key_block *block = &run->blocks[b];
    if (!listens[b]) continue;
    const sf_series *series = sf_trace_find(golden, block->value->name);
    if (!series || step >= series->steps) continue;
    const sf_word *words =
        series->data + step * sf_type_elements(&series->type);
    for (uint32_t n = 0; n < block->count; n++) {
      int32_t payload = words[block->elements ? block->elements[n] : n].i;
      if (payload == 0) continue;
      put_word(out, block->key + n);
      put_word(out, (uint32_t)payload);
      packets++;
    }
  }
  if (!out->failed) memcpy(out->data + count_at, &packets, sizeof packets);
}

static sf_result write_input(const pe_run *run, const s2_core *core,
                             const char *folder, sf_diag *diag) {
  bool *listens = calloc(run->block_count + 1u, sizeof *listens);
  if (!listens) return SF_OOM;
  mark_blocks(run, core, listens);
  sf_buffer bytes = {0};
  put_word(&bytes, run->job->samples);
  for (uint32_t s = 0; s < run->job->samples; s++) {
    put_word(&bytes, run->job->steps);
    for (uint32_t t = 0; t < run->job->steps; t++)
      put_step(run, listens, run->job->golden[s], t, &bytes);
  }
  char *path = sf_path_join(folder, "pe.in");
  sf_result result = bytes.failed || !path
                         ? SF_OOM
                         : sf_file_write(path, bytes.data, bytes.size, diag);
  free(path);
  free(listens);
  sf_buffer_destroy(&bytes);
  return result;
}

/* ---- QEMU.
 * ------------------------------------------------------------------------------
 */

static sf_result report_exit(const s2_core *core, const sf_process_result *run,
                             sf_diag *diag) {
  static const char *const meanings[] = {[2] = "its data regions are damaged",
                                         [3] = "it could not read its packets"};
  int code = run->exit_code;
  const char *meaning = code == 99               ? "it faulted"
                        : code == 2 || code == 3 ? meanings[code]
                        : run->timed_out         ? "it did not finish"
                                                 : "the emulator failed";
  sf_error(diag, SF_DIAG_MISMATCH, SF_NO_LOC, "PE '@%s': %s (exit code %d)",
           core->name, meaning, code);
  if (run->errors && run->errors[0])
    sf_note(diag, SF_NO_LOC, "%.400s", run->errors);
  return SF_FAIL;
}

/* The regions at their address; QEMU wants commas of a path doubled. */
static char *loader_option(const char *path) {
  sf_buffer text = {0};
  sf_buffer_text(&text, "loader,file=");
  for (; *path; path++) {
    if (*path == ',') sf_buffer_char(&text, ',');
    sf_buffer_char(&text, *path);
  }
  sf_buffer_text(&text, ",addr=0xE900,force-raw=on");
  return sf_buffer_take(&text);
}

/* The emulator waits for code that a damaged image does not hold. */
static sf_result check_image(const s2_core *core, const char *path,
                             sf_diag *diag) {
  char *bytes = NULL;
  size_t size = 0;
  SF_TRY(sf_file_read_regular(path, IMAGE_LIMIT, diag, &bytes, &size));
  const char *fault = sf_elf_fault(bytes, size);
  free(bytes);
  if (!fault) return SF_OK;
  return sf_error(diag, SF_DIAG_ARTEFACT, SF_NO_LOC, "PE '@%s': its image %s",
                  core->name, fault);
}

static sf_result run_qemu(const pe_run *run, const s2_core *core,
                          const char *folder, sf_diag *diag) {
  char *elf = sf_s2_file(run->job->directory, core->name, ".elf");
  char *regions = sf_s2_file(run->job->directory, core->name, ".regions.bin");
  char *elf_path = elf ? realpath(elf, NULL) : NULL;
  char *regions_path = regions ? realpath(regions, NULL) : NULL;
  sf_result result = SF_OK;
  if (!elf_path || !regions_path) {
    result = sf_error(diag, SF_DIAG_ARTEFACT, SF_NO_LOC,
                      "the image or the regions of PE '@%s' are missing",
                      core->name);
  }
  if (result == SF_OK) result = check_image(core, elf_path, diag);
  char *loader = regions_path ? loader_option(regions_path) : NULL;
  if (regions_path && !loader && result == SF_OK) result = SF_OOM;
  const char *arguments[] = {run->qemu,
                             "-M",
                             "mps2-an386",
                             "-display",
                             "none",
                             "-serial",
                             "none",
                             "-monitor",
                             "none",
                             "-semihosting-config",
                             "enable=on,target=native",
                             "-kernel",
                             elf_path,
                             "-device",
                             loader,
                             NULL};
  sf_process_options options = {.arguments = arguments,
                                .directory = folder,
                                .output_limit = OUTPUT_LIMIT,
                                .timeout_seconds = SECONDS_LIMIT};
  sf_process_result ran = {0};
  if (result == SF_OK) result = sf_process_run(&options, diag, &ran);
  if (result == SF_OK && ran.exit_code != 0)
    result = report_exit(core, &ran, diag);
  sf_process_result_destroy(&ran);
  free(elf);
  free(regions);
  free(elf_path);
  free(regions_path);
  free(loader);
  return result;
}

/* ---- Output file. ---- */

static sf_word *find_word(const pe_run *run, const s2_core *core,
                          uint32_t sample, uint32_t step, uint32_t key) {
  for (uint32_t i = 0; i < core->slice_count; i++) {
    const s2_slice *s = &core->slices[i];
    for (uint32_t r = 0; r < s->op->result_count; r++) {
      if (key - s->keys[r] >= s->count) continue;
      const sf_value *value = s->op->results[r];
      const sf_series *series =
          sf_trace_find(run->result->traces[sample], value->name);
      size_t elements = sf_type_elements(&value->type);
      return &series->data[step * elements + s->elements[key - s->keys[r]]];
    }
  }
  return NULL;
}

static sf_result take_output(const pe_run *run, const s2_core *core,
                             const uint32_t *words, size_t count,
                             sf_diag *diag) {
  uint32_t sample = 0, step = 0;
  for (size_t i = 0; i + 1 < count; i += 2) {
    if (sample == run->job->samples) break;
    if (words[i] == step_mark) {
      if (++step == run->job->steps) {
        step = 0;
        sample++;
      }
      continue;
    }
    sf_word *word = find_word(run, core, sample, step, words[i]);
    if (!word) {
      return sf_error(diag, SF_DIAG_MISMATCH, SF_NO_LOC,
                      "PE '@%s' sent key 0x%08x, which is not its own",
                      core->name, words[i]);
    }
    word->i = (int32_t)words[i + 1];
  }
  if (sample == run->job->samples) return SF_OK;
  return sf_error(diag, SF_DIAG_MISMATCH, SF_NO_LOC,
                  "PE '@%s' stopped in sample %u, step %u", core->name, sample,
                  step);
}

static sf_result read_output(const pe_run *run, const s2_core *core,
                             const char *folder, sf_diag *diag) {
  char *path = sf_path_join(folder, "pe.out");
  if (!path) return SF_OOM;
  char *bytes = NULL;
  size_t size = 0;
  sf_result result = sf_file_read_regular(path, 0, diag, &bytes, &size);
  if (result == SF_OK) {
    uint32_t *words = malloc(size + 4);
    if (words) {
      memcpy(words, bytes, size);
      result = take_output(run, core, words, size / 4, diag);
    } else {
      result = SF_OOM;
    }
    free(words);
  }
  free(bytes);
  free(path);
  return result;
}

static sf_result run_core(const pe_run *run, size_t index, sf_diag *diag) {
  const s2_core *core = &run->plan->cores[index];
  char *folder = NULL;
  SF_TRY(sf_temporary_folder(diag, &folder));
  sf_result result = write_input(run, core, folder, diag);
  if (result == SF_OK) result = run_qemu(run, core, folder, diag);
  if (result == SF_OK) result = read_output(run, core, folder, diag);
  sf_remove_tree(folder);
  free(folder);
  return result;
}

static sf_result core_task(void *data, size_t index) {
  sf_diag *silent = sf_diag_create(NULL, SF_DIAG_TEXT);
  if (!silent) return SF_OOM;
  sf_result result = run_core(data, index, silent);
  sf_diag_destroy(silent);
  return result;
}

/* A failing PE is run again, aloud: results are the same, and the first one in
 * core order is the one reported. */
static sf_result run_cores(pe_run *run) {
  sf_result result =
      sf_parallel(run->job->threads, run->plan->core_count, core_task, run);
  for (uint32_t c = 0; result == SF_FAIL && c < run->plan->core_count; c++)
    SF_TRY(run_core(run, c, run->job->diag));
  return result == SF_FAIL ? SF_OK : result;
}

/* ---- Traces and counts. ---- */

static sf_result create_trace(const sf_network *network, uint32_t steps,
                              sf_trace **out) {
  sf_trace *trace = calloc(1, sizeof *trace);
  *out = trace;
  if (!trace) return SF_OOM;
  uint32_t count = 0;
  SF_FOREACH_OP(op, network)
    count += sf_s2_on_chip(op) ? op->result_count : 0;
  trace->series = calloc(count + 1u, sizeof *trace->series);
  if (!trace->series) return SF_OOM;
  SF_FOREACH_OP(op, network) {
    for (uint32_t r = 0; sf_s2_on_chip(op) && r < op->result_count; r++) {
      const sf_value *v = op->results[r];
      sf_series *series = &trace->series[trace->series_count];
      size_t words = (size_t)steps * sf_type_elements(&v->type);
      *series = (sf_series){v->name, v->type, steps,
                            calloc(words + 1, sizeof(sf_word))};
      if (!series->data) return SF_OOM;
      trace->series_count++;
    }
  }
  return SF_OK;
}

/* A sum that stands twice in the tree is one source (counts.h). */
static bool counted_before(const s2_leaves *leaves, uint32_t index) {
  for (uint32_t k = 0; k < index; k++)
    if (leaves->leaf[k].value == leaves->leaf[index].value) return true;
  return false;
}

/* Targets of each element of a leaf's stream in this slice, zero weights too.
 */
static sf_result count_leaf(const pe_run *run, const s2_slice *slice,
                            const s2_leaf *leaf, uint64_t *events) {
  size_t inputs = sf_type_elements(&leaf->stream->type);
  uint64_t *fan_out = calloc(inputs, sizeof *fan_out);
  s2_synapses synapses = {0};
  sf_result result = fan_out ? sf_s2_synapses_collect(leaf, slice->elements,
                                                      slice->count, &synapses)
                             : SF_OOM;
  for (size_t i = 0; i < synapses.count; i++)
    fan_out[synapses.items[i].input]++;
  for (size_t j = 0; j < inputs && result == SF_OK; j++) {
    s2_origin o = sf_s2_origin_of(leaf->stream, (uint32_t)j);
    size_t elements = sf_type_elements(&o.value->type);
    for (uint32_t s = 0; fan_out[j] && s < run->job->samples; s++) {
      const sf_series *series =
          sf_trace_find(run->job->golden[s], o.value->name);
      for (uint32_t t = o.delay; series && t < run->job->steps; t++)
        if (series->data[(t - o.delay) * elements + o.element].i)
          *events += fan_out[j];
    }
  }
  sf_s2_synapses_destroy(&synapses);
  free(fan_out);
  return result;
}

static void count_slice(const pe_run *run, const s2_slice *slice,
                        sf_population_counts *row) {
  int64_t start = sf_op_int(slice->op, SF_ATTR_start);
  int64_t active = (int64_t)run->job->steps - start;
  if (active > 0)
    row->updates += (uint64_t)active * slice->count * run->job->samples;
  row->neurons += slice->count;
  for (uint32_t r = 0; r < slice->op->result_count; r++) {
    const sf_value *value = slice->op->results[r];
    size_t elements = sf_type_elements(&value->type);
    for (uint32_t s = 0; s < run->job->samples; s++) {
      const sf_series *series =
          sf_trace_find(run->result->traces[s], value->name);
      for (uint32_t t = 0; t < run->job->steps; t++) {
        for (uint32_t n = 0; n < slice->count; n++) {
          row->spikes_out +=
              series->data[t * elements + slice->elements[n]].i != 0;
        }
      }
    }
  }
}

static sf_population_counts *find_row(sf_counts *counts, const char *name) {
  for (uint32_t i = 0; i < counts->population_count; i++)
    if (strcmp(counts->populations[i].name, name) == 0)
      return &counts->populations[i];
  return NULL;
}

static sf_result create_counts(const pe_run *run) {
  sf_run_result *result = run->result;
  uint32_t count = 0;
  SF_FOREACH_OP(op, run->job->network)
    count += sf_s2_on_chip(op);
  result->counts.populations =
      SF_NEW_ARRAY(result->arena, sf_population_counts, count + 1u);
  if (!result->counts.populations) return SF_OOM;
  SF_FOREACH_OP(op, run->job->network) {
    if (!sf_s2_on_chip(op)) continue;
    sf_population_counts *row =
        &result->counts.populations[result->counts.population_count++];
    const char *name = op->results[0]->name;
    row->name = sf_arena_text(result->arena, (sf_slice){name, strlen(name)});
    if (!row->name) return SF_OOM;
  }
  result->counts.samples = run->job->samples;
  result->counts.steps = (uint64_t)run->job->samples * run->job->steps;
  return SF_OK;
}

static sf_result count_all(const pe_run *run) {
  SF_TRY(create_counts(run));
  for (uint32_t c = 0; c < run->plan->core_count; c++) {
    const s2_core *core = &run->plan->cores[c];
    for (uint32_t i = 0; i < core->slice_count; i++) {
      const s2_slice *slice = &core->slices[i];
      sf_population_counts *row =
          find_row(&run->result->counts, slice->op->results[0]->name);
      count_slice(run, slice, row);
      for (uint32_t k = 0; k < slice->leaves.count; k++) {
        if (counted_before(&slice->leaves, k)) continue;
        SF_TRY(count_leaf(run, slice, &slice->leaves.leaf[k], &row->events_in));
      }
    }
  }
  return SF_OK;
}

/* ---- Whole.
 * ----------------------------------------------------------------------------------
 */

static sf_result run_plan(pe_run *run) {
  sf_run_result *result = run->result;
  const sf_run_job *job = run->job;
  result->arena = sf_arena_create();
  result->traces = calloc(job->samples + 1u, sizeof *result->traces);
  if (!result->arena || !result->traces) return SF_OOM;
  for (uint32_t s = 0; s < job->samples; s++) {
    result->samples = s + 1;
    SF_TRY(create_trace(job->network, job->steps, &result->traces[s]));
  }
  SF_TRY(run_cores(run));
  return count_all(run);
}

sf_result sf_s2_run(const sf_run_job *job, sf_run_result *out) {
  *out = (sf_run_result){0};
  char *qemu = sf_program_find("qemu-system-arm");
  if (!qemu) {
    sf_error(job->diag, SF_DIAG_HELPER, SF_NO_LOC,
             "qemu-system-arm is not in PATH; the images need it to run here");
    sf_help(job->diag, "install the package qemu-system-arm");
    return SF_FAIL;
  }
  sf_emit_job emit = {.size = sizeof emit,
                      .module = job->network->module,
                      .network = job->network,
                      .mapping = job->mapping,
                      .machine = job->machine,
                      .diag = job->diag};
  s2_plan plan;
  sf_result result = sf_s2_plan_create(&emit, &plan);
  if (result == SF_OK) {
    pe_run run = {job, &plan, plan.blocks, plan.block_count, qemu, out};
    result = run_plan(&run);
  }
  sf_s2_plan_destroy(&plan);
  free(qemu);
  return result;
}
