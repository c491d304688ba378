/* netx_options.c - the reader's options: names and meaning of the vendor's
 * loader, and those that the loader has no word for. */
#include "frontend/netx/netx.h"

#include "support/number.h"

#include <string.h>

const sf_reader_option sf_netx_option_table[] = {
    {"layer-lag", "0",
     "steps until a layer sees the one before: 0 same step, 1 as Lava runs it"},
    {"reset-interval", NULL, "clear LIF state every N steps (LIFReset)"},
    {"reset-offset", "0",
     "first step that clears, from 0; later by layer when "
     "layer-lag is 1"},
    {"input-shape", NULL,
     "x,y,f of the input when the file has no input layer"},
    {"skip-layers", "0", "drop the first N layers of the file"},
    {"num-layers", NULL, "read only the first N layers of the file"},
    {"spike-exp", "6", "fraction bits of graded spikes (sigma-delta)"},
    {"input-message-bits", "0",
     "0 binary input, else bits of a graded message"},
    {"encode", NULL,
     "NAME{param=number,..}: a host neuron that makes the input stream; "
     "intensities in [0, 1] to spikes: if_zero"},
    {"readout", NULL, "NAME{param=number,..}: a host neuron after the output"},
    {NULL, NULL, NULL}};

typedef struct number_option {
  const char *name;
  int64_t low, high;
  int64_t *target;
} number_option;

static sf_result bad(sf_diag *diag, const sf_import_option *word,
                     const char *wanted) {
  return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "--%s must be %s, got '%s'",
                  word->name, wanted, word->value ? word->value : "");
}

static sf_result read_number(const sf_import_option *word,
                             const number_option *option, sf_diag *diag) {
  const char *text = word->value ? word->value : "";
  int64_t value;
  if (!sf_read_i64((sf_slice){text, strlen(text)}, &value) ||
      value < option->low || value > option->high) {
    return sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--%s must be an integer from %lld to %lld, got '%s'",
                    word->name, (long long)option->low, (long long)option->high,
                    text);
  }
  *option->target = value;
  return SF_OK;
}

/* x,y,f (or x,y, or n) becomes f,y,x. */
static sf_result read_shape(const sf_import_option *word, sf_diag *diag,
                            netx_options *out) {
  const char *text = word->value ? word->value : "";
  int64_t values[3] = {0};
  uint32_t count = 0;
  for (;;) {
    size_t length = strcspn(text, ",x");
    if (count == 3 || !sf_read_i64((sf_slice){text, length}, &values[count]) ||
        values[count] < 1 || values[count] > 1 << 20) {
      return bad(diag, word, "one to three sizes as x,y,f, such as 28,28,1");
    }
    count++;
    if (!text[length]) break;
    text += length + 1;
  }
  out->input_rank = count;
  for (uint32_t i = 0; i < count; i++)
    out->input_shape[i] = values[count - 1 - i];
  return SF_OK;
}

static sf_result read_word(const sf_import_option *word, sf_diag *diag,
                           netx_options *out) {
  const number_option numbers[] = {
      {"layer-lag", 0, 1, &out->layer_lag},
      {"reset-interval", 1, INT32_MAX, &out->reset_interval},
      {"reset-offset", 0, INT32_MAX, &out->reset_offset},
      {"skip-layers", 0, NETX_LAYERS_MAX, &out->skip_layers},
      {"num-layers", 1, NETX_LAYERS_MAX, &out->num_layers},
      {"spike-exp", 0, 16, &out->spike_exp},
      {"input-message-bits", 0, 32, &out->input_message_bits}};
  for (size_t i = 0; i < SF_COUNT_OF(numbers); i++)
    if (strcmp(word->name, numbers[i].name) == 0)
      return read_number(word, &numbers[i], diag);
  if (strcmp(word->name, "input-shape") == 0)
    return read_shape(word, diag, out);
  bool encode = strcmp(word->name, "encode") == 0;
  if (encode || strcmp(word->name, "readout") == 0) {
    if (!word->value || !*word->value) return bad(diag, word, "a neuron model");
    *(encode ? &out->encode : &out->readout) = word->value;
    return SF_OK;
  }
  sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC, "the netx reader has no option '%s'",
           word->name);
  for (const sf_reader_option *o = sf_netx_option_table; o->name; o++)
    sf_note(diag, SF_NO_LOC, "it has --%s: %s", o->name, o->doc);
  return SF_FAIL;
}

sf_result sf_netx_options_read(const sf_import_option *words, uint32_t count,
                               sf_diag *diag, netx_options *out) {
  *out = (netx_options){.spike_exp = NETX_SPIKE_EXP};
  sf_result result = SF_OK;
  for (uint32_t i = 0; i < count; i++)
    if (read_word(&words[i], diag, out) != SF_OK) result = SF_FAIL;
  if (out->reset_offset > 0 && out->reset_interval == 0) {
    result = sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "--reset-offset needs --reset-interval");
  }
  if (out->input_message_bits == 1) {
    result = sf_error(diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "--input-message-bits must be 0 (binary) or 2 to 32");
  }
  return result;
}
