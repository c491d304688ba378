/* outputs.c - --output: which file holds which return, and its layout. */
#include "tools/sfc/outputs.h"

#include <stdlib.h>
#include <string.h>

/* ---- Files. ---- */

static unsigned put_axes(const sfc_layout *layout, const sf_type *type,
                         uint64_t *dim) {
  unsigned rank = 0;
  if (!layout->whole) dim[rank++] = layout->samples;
  if (!layout->whole || layout->steps > 1) dim[rank++] = layout->steps;
  for (unsigned i = 0; i < type->rank; i++)
    dim[rank++] = (uint64_t)type->dim[i];
  return rank;
}

sf_result sfc_write_words(const char *path, const sf_type *type,
                          const sfc_layout *layout, const sf_word *words,
                          sf_diag *diag) {
  uint64_t dim[SF_RANK_MAX + 2];
  unsigned rank = put_axes(layout, type, dim);
  if (type->scalar.kind != SF_SCALAR_SPIKE) {
    return sf_array_write(
        path, type->scalar.kind == SF_SCALAR_F32 ? SF_ARRAY_F32 : SF_ARRAY_I32,
        rank, dim, words, diag);
  }
  size_t count = layout->samples * layout->steps * sf_type_elements(type);
  uint8_t *bytes = malloc(count + 1);
  if (!bytes) return SF_OOM;
  for (size_t i = 0; i < count; i++)
    bytes[i] = (uint8_t)words[i].i;
  sf_result result = sf_array_write(path, SF_ARRAY_U8, rank, dim, bytes, diag);
  free(bytes);
  return result;
}

/* ---- Returns. ---- */

/* By NAME=, else the first return that has no file yet; return_count: none. */
static uint32_t find_return(const sfc_outputs *outputs, const char *text,
                            const char **file) {
  const sf_network *network = outputs->network;
  const char *equals = strchr(text, '=');
  for (uint32_t i = 0; equals && i < network->return_count; i++) {
    const char *name = network->returns[i].value->name;
    size_t length = strlen(name);
    if (length == (size_t)(equals - text) && strncmp(name, text, length) == 0) {
      *file = equals + 1;
      return i;
    }
  }
  *file = text;
  for (uint32_t i = 0; i < network->return_count; i++)
    if (!outputs->files[i]) return i;
  return network->return_count;
}

static sf_result choose_files(sfc_session *session, sfc_outputs *outputs) {
  const sfc_list *texts = &session->arguments.outputs;
  for (uint32_t i = 0; i < texts->count; i++) {
    const char *file = NULL;
    uint32_t index = find_return(outputs, texts->items[i], &file);
    if (index == outputs->network->return_count) {
      return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                      "%u outputs were given, the network returns %u",
                      texts->count, outputs->network->return_count);
    }
    outputs->files[index] = file;
  }
  return SF_OK;
}

sf_result sfc_outputs_create(sfc_session *session, const sf_network *network,
                             const sfc_dataset *dataset, sfc_outputs *out) {
  uint32_t count = network->return_count;
  *out = (sfc_outputs){
      .network = network,
      .layout = {dataset->samples, dataset->steps, session->arguments.no_batch},
      .files = calloc(count + 1u, sizeof *out->files),
      .words = calloc(count + 1u, sizeof *out->words)};
  if (!out->files || !out->words) return SF_OOM;
  SF_TRY(choose_files(session, out));
  for (uint32_t i = 0; i < count; i++) {
    if (!out->files[i]) continue;
    size_t words = dataset->samples * dataset->steps *
                   sf_type_elements(&network->return_types[i]);
    out->words[i] = calloc(words + 1, sizeof *out->words[i]);
    if (!out->words[i]) return SF_OOM;
  }
  return SF_OK;
}

void sfc_outputs_add(sfc_outputs *outputs, uint64_t sample,
                     const sf_word *const *returns) {
  const sf_network *network = outputs->network;
  for (uint32_t i = 0; i < network->return_count; i++) {
    if (!outputs->words[i]) continue;
    size_t elements = sf_type_elements(&network->return_types[i]);
    size_t words = outputs->layout.steps * elements;
    memcpy(outputs->words[i] + sample * words,
           returns[i] + (size_t)network->lag * elements,
           words * sizeof(sf_word));
  }
}

sf_result sfc_outputs_write(const sfc_outputs *outputs, sf_diag *diag) {
  for (uint32_t i = 0; i < outputs->network->return_count; i++) {
    if (!outputs->files[i]) continue;
    SF_TRY(sfc_write_words(outputs->files[i],
                           &outputs->network->return_types[i], &outputs->layout,
                           outputs->words[i], diag));
  }
  return SF_OK;
}

void sfc_outputs_destroy(sfc_outputs *outputs) {
  for (uint32_t i = 0; outputs->words && i < outputs->network->return_count;
       i++)
    free(outputs->words[i]);
  free(outputs->words);
  free(outputs->files);
  *outputs = (sfc_outputs){0};
}
