/* spinnaker2_read.c - the files of a SpiNNaker2 artefact into flat rows. */
#include "support/file.h"
#include "tools/sf-check/spinnaker2.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
  JSON_BYTES_MAX = 256 << 20,
  REGION_BYTES_MAX = 1 << 20,
  KEYS_MAX = 1 << 24, /* of one result; a PE has less memory than that */
  /* The header of runtime/spinnaker2/pe.h, in words. */
  WORD_MAGIC = 0,
  WORD_SOURCE_COUNT = 6,
  WORD_SOURCES = 7,
  WORD_BYTES = 8,
  WORD_CHECKSUM = 9,
  HEADER_WORDS = 10,
  SOURCE_WORDS = 4,
  MAGIC = 0x32504653
};

#define APPEND(check, array, count)                                            \
  do {                                                                         \
    (array) =                                                                  \
        sf_check_grow((check)->arena, (array), (count), sizeof *(array));      \
    if (!(array)) return SF_OOM;                                               \
    (count)++;                                                                 \
  } while (0)

static sf_result damaged(sf_check *check, const char *file, const char *what) {
  sf_loc loc = {file, NULL, 0, 0, 0};
  return sf_error(check->diag, SF_DIAG_ARTEFACT, loc, "%s", what);
}

/* The caller releases *out. */
static sf_result load_json(sf_check *check, const char *relative,
                           json_t **out) {
  char *path = sf_check_path(check, relative), *text = NULL;
  size_t size = 0;
  *out = NULL;
  if (!path) return SF_OOM;
  sf_result result =
      sf_file_read_regular(path, JSON_BYTES_MAX, check->diag, &text, &size);
  free(path);
  if (result != SF_OK) return result;
  json_error_t error;
  *out = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
  free(text);
  return *out ? SF_OK : damaged(check, relative, error.text);
}

/* ---- cores.json ---- */

static const char CORES[] = "spinnaker2/cores.json";

static sf_result read_result(sf_check *check, json_t *row, s2_artefact *out) {
  json_int_t key, count;
  if (json_unpack(row, "{s:I,s:I}", "key", &key, "count", &count) != 0 ||
      key < 0 || key > UINT32_MAX || count < 0 || count > KEYS_MAX ||
      count > (json_int_t)UINT32_MAX - key) {
    return damaged(check, CORES, "a result needs a key and a count");
  }
  APPEND(check, out->sent, out->sent_count);
  out->sent[out->sent_count - 1] = (s2_block){(uint64_t)key, (uint64_t)count};
  return SF_OK;
}

static sf_result read_slices(sf_check *check, json_t *slices,
                             s2_artefact *out) {
  size_t i, k;
  json_t *slice, *result;
  json_array_foreach(slices, i, slice) {
    json_array_foreach(json_object_get(slice, "results"), k, result) {
      SF_TRY(read_result(check, result, out));
    }
  }
  return SF_OK;
}

static sf_result read_core(sf_check *check, json_t *row, s2_artefact *out) {
  const char *name;
  json_int_t chip, x, y, p;
  json_t *slices;
  if (json_unpack(row, "{s:s,s:I,s:I,s:I,s:I,s:o}", "name", &name, "chip",
                  &chip, "x", &x, "y", &y, "p", &p, "slices", &slices) != 0) {
    return damaged(check, CORES, "a core needs name, chip, x, y, p, slices");
  }
  APPEND(check, out->cores, out->core_count);
  s2_core *core = &out->cores[out->core_count - 1];
  *core = (s2_core){
      .chip = chip, .x = x, .y = y, .p = p, .sent_first = out->sent_count};
  core->name = sf_arena_text(check->arena, (sf_slice){name, strlen(name)});
  if (!core->name) return SF_OOM;
  SF_TRY(read_slices(check, slices, out));
  core->sent_count = out->sent_count - core->sent_first;
  return SF_OK;
}

static sf_result read_gate(sf_check *check, json_t *row, s2_artefact *out) {
  json_int_t x, y, columns, rows, p, count;
  if (json_unpack(row, "{s:I,s:I,s:I,s:I,s:I,s:I}", "x", &x, "y", &y, "columns",
                  &columns, "rows", &rows, "p", &p, "count", &count) != 0) {
    return damaged(check, CORES, "a gate needs x, y, columns, rows, p, count");
  }
  APPEND(check, out->gates, out->gate_count);
  out->gates[out->gate_count - 1] = (s2_gate){x, y, columns, rows, p, count};
  return SF_OK;
}

static sf_result read_cores(sf_check *check, s2_artefact *out) {
  json_t *root, *row;
  size_t index;
  SF_TRY(load_json(check, CORES, &root));
  json_t *cores = json_object_get(root, "cores");
  sf_result result = json_is_array(cores)
                         ? SF_OK
                         : damaged(check, CORES, "needs a list of cores");
  json_array_foreach(cores, index, row) {
    if (result == SF_OK) result = read_core(check, row, out);
  }
  out->members = json_integer_value(json_object_get(root, "barrier"));
  json_array_foreach(json_object_get(root, "off"), index, row) {
    if (result == SF_OK) result = read_gate(check, row, out);
  }
  json_decref(root);
  return result;
}

/* ---- routing.json ---- */

static const char ROUTING[] = "spinnaker2/routing.json";

static sf_result read_links(sf_check *check, json_t *links, s2_entry *entry) {
  static const char *const names[] = {"e", "ne", "n", "w", "sw", "s"};
  size_t index;
  json_t *link;
  json_array_foreach(links, index, link) {
    const char *text = json_string_value(link);
    uint32_t bit = 0;
    for (uint32_t l = 0; text && l < SF_COUNT_OF(names); l++)
      if (strcmp(names[l], text) == 0) bit = 1u << l;
    if (bit == 0) return damaged(check, ROUTING, "a link has no known name");
    entry->links |= bit;
  }
  return SF_OK;
}

static sf_result read_entry(sf_check *check, json_t *row, s2_artefact *out) {
  json_int_t key, mask;
  json_t *links, *cores, *pe;
  size_t index;
  if (json_unpack(row, "{s:I,s:I,s:o,s:o}", "key", &key, "mask", &mask, "links",
                  &links, "cores", &cores) != 0 ||
      key < 0 || key > UINT32_MAX || mask < 0 || mask > UINT32_MAX) {
    return damaged(check, ROUTING, "an entry needs key, mask, links, cores");
  }
  APPEND(check, out->entries, out->entry_count);
  s2_entry *entry = &out->entries[out->entry_count - 1];
  *entry = (s2_entry){.key = (uint64_t)key,
                      .mask = (uint64_t)mask,
                      .core_first = out->pe_count};
  SF_TRY(read_links(check, links, entry));
  json_array_foreach(cores, index, pe) {
    if (!json_is_integer(pe))
      return damaged(check, ROUTING, "a PE of an entry is no number");
    APPEND(check, out->pes, out->pe_count);
    out->pes[out->pe_count - 1] = json_integer_value(pe);
  }
  entry->core_count = out->pe_count - entry->core_first;
  return SF_OK;
}

static sf_result read_table(sf_check *check, json_t *row, s2_artefact *out) {
  json_int_t x, y;
  json_t *entries, *entry;
  size_t index;
  if (json_unpack(row, "{s:I,s:I,s:o}", "x", &x, "y", &y, "entries",
                  &entries) != 0) {
    return damaged(check, ROUTING, "a chip needs x, y, entries");
  }
  APPEND(check, out->tables, out->table_count);
  s2_table table = {.x = x, .y = y, .entry_first = out->entry_count};
  json_array_foreach(entries, index, entry) {
    SF_TRY(read_entry(check, entry, out));
  }
  table.entry_count = out->entry_count - table.entry_first;
  out->tables[out->table_count - 1] = table;
  return SF_OK;
}

static sf_result read_tables(sf_check *check, s2_artefact *out) {
  json_t *root, *row;
  size_t index;
  SF_TRY(load_json(check, ROUTING, &root));
  json_t *chips = json_object_get(root, "chips");
  json_t *defaults = json_object_get(root, "default_routes");
  const char *way = json_string_value(defaults);
  out->default_routes = way && strcmp(way, "straight") == 0;
  sf_result result = json_is_array(chips)
                         ? SF_OK
                         : damaged(check, ROUTING, "needs a list of chips");
  json_array_foreach(chips, index, row) {
    if (result == SF_OK) result = read_table(check, row, out);
  }
  json_decref(root);
  return result;
}

/* ---- CORE.regions.bin ---- */

static uint32_t word(const char *bytes, size_t index) {
  uint32_t value;
  memcpy(&value, bytes + 4 * index, sizeof value);
  return value;
}

/* The key blocks that the PE looks received keys up in. */
static sf_result read_sources(sf_check *check, const char *file,
                              const char *bytes, size_t size, s2_core *core,
                              s2_artefact *out) {
  size_t words = size / 4;
  if (size % 4 != 0 || words < HEADER_WORDS || word(bytes, 0) != MAGIC ||
      word(bytes, WORD_BYTES) != size) {
    return damaged(check, file, "is not a region image of this version");
  }
  uint32_t sum = 0;
  for (size_t i = HEADER_WORDS; i < words; i++)
    sum += word(bytes, i);
  if (sum != word(bytes, WORD_CHECKSUM)) {
    sf_check_fail(check, file, 0, "core @%s: the checksum does not hold",
                  core->name);
  }
  uint64_t count = word(bytes, WORD_SOURCE_COUNT);
  uint64_t at = word(bytes, WORD_SOURCES);
  if (at % 4 != 0 || at > size || count > (size - at) / (4 * SOURCE_WORDS))
    return damaged(check, file, "its list of sources ends outside it");
  core->heard_first = out->heard_count;
  for (uint64_t i = 0; i < count; i++) {
    size_t row = (size_t)(at / 4 + i * SOURCE_WORDS);
    APPEND(check, out->heard, out->heard_count);
    out->heard[out->heard_count - 1] =
        (s2_block){word(bytes, row), word(bytes, row + 1)};
  }
  core->heard_count = out->heard_count - core->heard_first;
  return SF_OK;
}

static sf_result read_regions(sf_check *check, s2_core *core,
                              s2_artefact *out) {
  char *file =
      sf_arena_printf(check->arena, "spinnaker2/%s.regions.bin", core->name);
  if (!file) return SF_OOM;
  sf_loc loc = {file, NULL, 0, 0, 0};
  char *path = NULL, *bytes = NULL;
  size_t size = 0;
  SF_TRY(sf_path_inside(check->directory, file, loc, check->diag, &path));
  sf_result result =
      sf_file_read_regular(path, REGION_BYTES_MAX, check->diag, &bytes, &size);
  free(path);
  if (result == SF_OK)
    result = read_sources(check, file, bytes, size, core, out);
  free(bytes);
  return result;
}

sf_result sf_check_spinnaker2_read(sf_check *check, s2_artefact *out) {
  *out = (s2_artefact){0};
  SF_TRY(read_cores(check, out));
  SF_TRY(read_tables(check, out));
  for (uint32_t c = 0; c < out->core_count; c++)
    SF_TRY(read_regions(check, &out->cores[c], out));
  return SF_OK;
}
