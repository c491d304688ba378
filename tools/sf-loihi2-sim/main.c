/* main.c - the command line of sf-loihi2-sim. */
#include "tools/sf-loihi2-sim/output.h"

#include "support/number.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: sf-loihi2-sim DIR [--input NAME=FILE.npy]... [options]\n"
    "\n"
    "Runs a compiled Loihi 2 configuration (DIR/config.xml and tables.bin, or\n"
    "DIR/loihi2/..) event by event. It reads these two files and the inputs "
    "only.\n"
    "\n"
    "  --input NAME=FILE  spikes or payloads of an input: [samples, steps, "
    "..],\n"
    "                     integers; an input that is not given is silent\n"
    "  --steps N          steps to run; default: those of the longest input "
    "and\n"
    "                     the network's lag\n"
    "  --samples N        samples when there is no input; default 1\n"
    "  --output DIR       write layer-N.npy for each population and "
    "counts.json\n"
    "  --states           with --output: also layer-N.state-S.npy, the state "
    "after\n"
    "                     each step\n"
    "  --json             print the counts, or what --check found, as JSON\n"
    "  --check            only check the configuration\n"
    "  --help, --version\n"
    "\n"
    "exit codes: 0 fine, 1 the configuration or an input is damaged, 2 usage,\n"
    "5 the system\n";

typedef struct arguments {
  const char *directory, *output;
  const char **inputs; /* NAME=FILE */
  uint32_t input_count;
  uint32_t steps, samples; /* 0: not given */
  bool json, check, states;
} arguments;

static sf_result read_count(sf_diag *diag, const char *flag, const char *text,
                            uint32_t *out) {
  int64_t value = 0;
  if (!text || !sf_read_i64((sf_slice){text, strlen(text)}, &value) ||
      value < 1 || value > 1 << 24)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "%s needs a number 1 .. %d",
                    flag, 1 << 24);
  *out = (uint32_t)value;
  return SF_OK;
}

static sf_result need(sf_diag *diag, const char *flag, const char *text,
                      const char **out) {
  if (!text)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "%s needs a value", flag);
  *out = text;
  return SF_OK;
}

/* One flag; `value` is the argument after it, or NULL. *used: it was taken. */
static sf_result read_flag(sf_diag *diag, const char *flag, const char *value,
                           arguments *out, bool *used) {
  *used = true;
  if (strcmp(flag, "--input") == 0)
    return need(diag, flag, value, &out->inputs[out->input_count++]);
  if (strcmp(flag, "--output") == 0)
    return need(diag, flag, value, &out->output);
  if (strcmp(flag, "--steps") == 0)
    return read_count(diag, flag, value, &out->steps);
  if (strcmp(flag, "--samples") == 0)
    return read_count(diag, flag, value, &out->samples);
  *used = false;
  if (strcmp(flag, "--json") == 0)
    out->json = true;
  else if (strcmp(flag, "--check") == 0)
    out->check = true;
  else if (strcmp(flag, "--states") == 0)
    out->states = true;
  else if (flag[0] == '-' && flag[1])
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "unknown option '%s'",
                    flag);
  else if (out->directory)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "more than one folder given: '%s'", flag);
  else
    out->directory = flag;
  return SF_OK;
}

static sf_result read_arguments(int argc, char **argv, sf_diag *diag,
                                arguments *out) {
  for (int i = 1; i < argc; i++) {
    bool used;
    SF_TRY(read_flag(diag, argv[i], i + 1 < argc ? argv[i + 1] : NULL, out,
                     &used));
    i += used;
  }
  if (!out->directory)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "a folder is needed; see --help");
  if (out->states && !out->output)
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--states needs --output DIR");
  return SF_OK;
}

/* Names may hold '=': the input whose name and '=' begin the argument. */
static sf_result find_input(const sf_sim_board *board, const char *argument,
                            sf_diag *diag, uint32_t *out_index,
                            const char **out_path) {
  for (uint32_t i = 0; i < board->input_count; i++) {
    size_t length = strlen(board->inputs[i].name);
    if (strncmp(board->inputs[i].name, argument, length) != 0 ||
        argument[length] != '=')
      continue;
    *out_index = i;
    *out_path = argument + length + 1;
    return SF_OK;
  }
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "'%s' is not NAME=FILE of an input",
           argument);
  for (uint32_t i = 0; i < board->input_count; i++)
    sf_note(diag, SF_NO_LOC, "there is the input '%s'", board->inputs[i].name);
  return SF_FAIL;
}

static sf_result check_values(const sf_sim_input *input, const sf_array *array,
                              const char *path, sf_diag *diag) {
  int64_t high = input->bits == 1 ? 1 : ((int64_t)1 << (input->bits - 1)) - 1;
  int64_t low = input->bits == 1 ? 0 : -high - 1;
  for (uint64_t i = 0; i < array->elements; i++) {
    int64_t value = sf_array_i64(array, i);
    if (value < low || value > high)
      return sf_error(diag, SF_DIAG_INPUT_SHAPE, (sf_loc){.file = path},
                      "element %" PRIu64 " of input '%s' is %" PRId64
                      ", it must be %" PRId64 " .. %" PRId64,
                      i, input->name, value, low, high);
  }
  return SF_OK;
}

static sf_result check_array(const sf_sim_input *input, const sf_array *array,
                             const char *path, sf_diag *diag) {
  sf_loc loc = {.file = path};
  if (array->type >= SF_ARRAY_F16)
    return sf_error(diag, SF_DIAG_INPUT_SHAPE, loc,
                    "input '%s' needs integers, got %s", input->name,
                    sf_array_type_text(array->type));
  uint64_t elements = 1;
  for (unsigned i = 2; i < array->rank; i++)
    elements *= array->dim[i];
  if (array->rank < 2 || elements != input->elements ||
      array->dim[0] > UINT32_MAX || array->dim[1] > 1 << 24)
    return sf_error(diag, SF_DIAG_INPUT_SHAPE, loc,
                    "input '%s' needs [samples, steps, ..] with %" PRIu32
                    " elements a step, got %" PRIu64,
                    input->name, input->elements, elements);
  return check_values(input, array, path, diag);
}

static sf_result read_inputs(const sf_sim_board *board, const arguments *args,
                             sf_diag *diag, sf_array *arrays) {
  for (uint32_t i = 0; i < args->input_count; i++) {
    uint32_t index;
    const char *path;
    SF_TRY(find_input(board, args->inputs[i], diag, &index, &path));
    sf_array_destroy(&arrays[index]);
    arrays[index] = (sf_array){0};
    SF_TRY(sf_array_read(path, diag, &arrays[index]));
    SF_TRY(check_array(&board->inputs[index], &arrays[index], path, diag));
  }
  return SF_OK;
}

static sf_result choose_length(const sf_sim_board *board, const arguments *args,
                               const sf_array *arrays, sf_diag *diag,
                               sf_sim_run *run) {
  uint64_t samples = 0, steps = 0;
  for (uint32_t i = 0; i < board->input_count; i++) {
    if (!arrays[i].data) continue;
    if (samples && arrays[i].dim[0] != samples)
      return sf_error(diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                      "inputs have %" PRIu64 " and %" PRIu64 " samples",
                      samples, arrays[i].dim[0]);
    samples = arrays[i].dim[0];
    if (arrays[i].dim[1] > steps) steps = arrays[i].dim[1];
  }
  run->samples = samples         ? (uint32_t)samples
                 : args->samples ? args->samples
                                 : 1;
  run->steps = args->steps ? args->steps : (uint32_t)steps + board->lag;
  if (run->steps) return SF_OK;
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "without an input --steps is needed");
}

static sf_result report(const sf_sim_board *board, const sf_sim_run *run,
                        const arguments *args, sf_diag *diag) {
  if (args->output) SF_TRY(sf_sim_write(board, run, args->output, diag));
  if (!args->json) {
    sf_sim_print(board, run, stdout);
    return SF_OK;
  }
  char *text = sf_sim_counts_json(board, run);
  if (!text) return SF_OOM;
  puts(text);
  free(text);
  return SF_OK;
}

static sf_result simulate(const sf_sim_board *board, const arguments *args,
                          sf_array *arrays, sf_diag *diag) {
  sf_sim_run run = {.inputs = arrays};
  SF_TRY(read_inputs(board, args, diag, arrays));
  SF_TRY(choose_length(board, args, arrays, diag, &run));
  run.series = calloc(board->layer_count, sizeof *run.series);
  run.counts = calloc(board->layer_count, sizeof *run.counts);
  if (args->states) run.states = calloc(board->layer_count, sizeof *run.states);
  sf_result result = SF_OOM;
  if (run.series && run.counts && (run.states || !args->states))
    result = sf_sim_simulate(board, &run);
  if (result == SF_OK) result = report(board, &run, args, diag);
  sf_sim_run_release(board, &run);
  return result;
}

static sf_result run_board(const arguments *args, sf_diag *diag) {
  sf_sim_board board;
  SF_TRY(sf_sim_load(args->directory, diag, &board));
  sf_result result = SF_OOM;
  if (args->check) {
    result = sf_sim_print_sound(&board, args->json, stdout);
  } else {
    sf_array *arrays = calloc(board.input_count + 1, sizeof *arrays);
    if (arrays) result = simulate(&board, args, arrays, diag);
    for (uint32_t i = 0; arrays && i < board.input_count; i++)
      sf_array_destroy(&arrays[i]);
    free(arrays);
  }
  sf_sim_unload(&board);
  return result;
}

static bool asks(int argc, char **argv, const char *flag) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], flag) == 0) return true;
  return false;
}

/* Text that could not be written is an error whatever was asked for. */
static int printed(int code) {
  if ((fflush(stdout) == 0 && !ferror(stdout)) || code != 0) return code;
  fputs("sf-loihi2-sim: error: standard output could not be written "
        "[file-write]\n",
        stderr);
  return SF_CLASS_SYSTEM;
}

int main(int argc, char **argv) {
  if (asks(argc, argv, "--help")) {
    fputs(help, stdout);
    return printed(0);
  }
  if (asks(argc, argv, "--version")) {
    puts("sf-loihi2-sim " SF_VERSION);
    return printed(0);
  }
  sf_diag_format format =
      asks(argc, argv, "--json") ? SF_DIAG_JSON : SF_DIAG_TEXT;
  sf_diag *diag = sf_diag_create(stderr, format);
  arguments args = {.inputs = calloc((size_t)argc + 1, sizeof(char *))};
  sf_result result = SF_OOM;
  if (diag && args.inputs) {
    result = read_arguments(argc, argv, diag, &args);
    if (result == SF_OK) result = run_board(&args, diag);
  }
  if (result == SF_OOM && diag)
    sf_error(diag, SF_DIAG_MEMORY, SF_NO_LOC, "out of memory");
  int code = diag ? sf_diag_exit_code(diag) : SF_CLASS_SYSTEM;
  free(args.inputs);
  sf_diag_destroy(diag);
  return printed(code);
}
