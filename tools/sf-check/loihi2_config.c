/* loihi2_config.c - config.xml into flat rows; tables.bin only for the offsets
 * of sparse lists. */
#include "machine/loihi2_memory.h"
#include "machine/xml.h"
#include "support/file.h"
#include "support/number.h"
#include "tools/sf-check/loihi2.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 1 << 30, AXES_MAX = 8 };

const char sf_check_loihi2_file[] = "loihi2/config.xml";

typedef struct parser {
  sf_check *check;
  sf_xml *xml;
  l2_config *config;
  sf_mapped_file tables;
  sf_loihi2_limits limits;
  const char *array; /* "rows", "weights", ..: what the next <data> holds */
  bool inline_rows;  /* the next text is the offsets of sparse lists */
  uint64_t chip;
  l2_group
      *fed; /* by the accumulator that is read; no group comes inside one */
} parser;

static sf_result bad(parser *p, const char *what) {
  return sf_error(p->check->diag, SF_DIAG_ARTEFACT, sf_xml_loc(p->xml), "%s",
                  what);
}

static uint64_t count_of(parser *p, const char *name) {
  int64_t value = sf_xml_int(p->xml, name, 0);
  return value < 0 ? 0 : (uint64_t)value;
}

static char *copy(parser *p, const char *name) {
  const char *text = sf_xml_attribute(p->xml, name);
  if (!text) text = "";
  return sf_arena_text(p->check->arena, (sf_slice){text, strlen(text)});
}

static uint32_t line_of(const parser *p) { return sf_xml_loc(p->xml).line; }

/* One more row of `array`, counted by `count`; fails the caller on no memory.
 */
#define APPEND(p, array, count)                                                \
  do {                                                                         \
    (array) =                                                                  \
        sf_check_grow((p)->check->arena, (array), (count), sizeof *(array));   \
    if (!(array)) return SF_OOM;                                               \
    (count)++;                                                                 \
  } while (0)

static l2_core *core(parser *p) {
  return p->config->core_count ? &p->config->cores[p->config->core_count - 1]
                               : NULL;
}

static l2_entry *entry(parser *p) {
  return p->config->entry_count
             ? &p->config->entries[p->config->entry_count - 1]
             : NULL;
}

/* ---- Elements. ---- */

static sf_result read_program(parser *p) {
  l2_config *c = p->config;
  APPEND(p, c->programs, c->program_count);
  l2_program *program = &c->programs[c->program_count - 1];
  program->name = copy(p, "name");
  program->state_words = count_of(p, "stateWords");
  return program->name ? SF_OK : SF_OOM;
}

static sf_result read_output(parser *p) {
  l2_config *c = p->config;
  APPEND(p, c->outputs, c->output_count);
  c->outputs[c->output_count - 1] = count_of(p, "layer");
  return SF_OK;
}

static sf_result read_chip(parser *p) {
  l2_config *c = p->config;
  p->chip = count_of(p, "id");
  APPEND(p, c->chips, c->chip_count);
  c->chips[c->chip_count - 1] =
      (l2_chip){.id = p->chip,
                .x = sf_xml_int(p->xml, "x", -1),
                .y = sf_xml_int(p->xml, "y", -1),
                .z = sf_xml_int(p->xml, "z", -1),
                .cores_used = count_of(p, "coresUsed"),
                .line = line_of(p)};
  return SF_OK;
}

static sf_result read_core(parser *p) {
  l2_config *c = p->config;
  if (c->chip_count) c->chips[c->chip_count - 1].cores++;
  APPEND(p, c->cores, c->core_count);
  l2_core *row = core(p);
  *row = (l2_core){.chip = p->chip,
                   .id = count_of(p, "id"),
                   .x = count_of(p, "x"),
                   .y = count_of(p, "y"),
                   .p = count_of(p, "p"),
                   .line = line_of(p),
                   .group_first = c->group_count,
                   .entry_first = c->entry_count,
                   .in_first = c->in_count,
                   .out_first = c->out_count};
  row->name = copy(p, "name");
  return row->name ? SF_OK : SF_OOM;
}

/* "0:24 0:32" */
static bool read_box(parser *p, l2_group *group) {
  const char *text = sf_xml_attribute(p->xml, "box");
  group->elements = 1;
  for (int axis = 0; text && *text && axis < AXES_MAX; axis++) {
    char *end;
    unsigned long begin = strtoul(text, &end, 10);
    if (*end != ':') return false;
    unsigned long stop = strtoul(end + 1, &end, 10);
    if (stop <= begin || stop > INT32_MAX) return false;
    if (axis == 0) group->channels = stop - begin;
    group->elements *= stop - begin;
    if (group->elements > INT32_MAX) return false;
    text = *end == ' ' ? end + 1 : end;
  }
  return true;
}

static sf_result read_group(parser *p) {
  l2_config *c = p->config;
  if (!core(p)) return bad(p, "a neuron group outside a core");
  APPEND(p, c->groups, c->group_count);
  core(p)->group_count++;
  l2_group *group = &c->groups[c->group_count - 1];
  *group = (l2_group){.layer = count_of(p, "layer"),
                      .base = count_of(p, "base"),
                      .count = count_of(p, "count")};
  if (!read_box(p, group)) return bad(p, "a box is not begin:end begin:end ..");
  const char *program = sf_xml_attribute(p->xml, "program");
  for (uint32_t i = 0; program && i < c->program_count; i++) {
    if (strcmp(c->programs[i].name, program) == 0) {
      group->state_words = c->programs[i].state_words;
      return SF_OK;
    }
  }
  return bad(p, "a neuron group runs a program that is not listed");
}

/* The group that the parser is in, or that an accumulator feeds. */
static l2_group *group_of(parser *p, uint64_t index) {
  const l2_core *c = core(p);
  if (!c || index >= c->group_count) return NULL;
  return &p->config->groups[c->group_first + index];
}

static l2_group *last_group(parser *p) {
  const l2_core *c = core(p);
  return c && c->group_count ? group_of(p, c->group_count - 1u) : NULL;
}

static sf_result read_state(parser *p) {
  l2_group *group = last_group(p);
  if (!group) return bad(p, "a state variable without group");
  group->register_bits += count_of(p, "bits");
  return SF_OK;
}

static sf_result read_bias(parser *p) {
  l2_group *group = last_group(p);
  if (!group) return bad(p, "a bias without group");
  group->biased = true;
  return SF_OK;
}

static sf_result read_accumulator(parser *p) {
  p->fed = group_of(p, count_of(p, "group"));
  return p->fed ? SF_OK : bad(p, "an accumulator of a group that is not there");
}

static sf_result read_offset(parser *p) {
  if (p->fed) p->fed->biased = true;
  return SF_OK;
}

static sf_result read_parameter(parser *p) {
  if (p->config->group_count == 0) return bad(p, "a parameter without group");
  p->config->groups[p->config->group_count - 1].own_bits += count_of(p, "bits");
  return SF_OK;
}

static sf_result read_entry(parser *p) {
  l2_config *c = p->config;
  if (!core(p)) return bad(p, "a synapse entry outside a core");
  APPEND(p, c->entries, c->entry_count);
  core(p)->entry_count++;
  const char *format = sf_xml_attribute(p->xml, "format");
  l2_format kind = L2_DENSE;
  if (format && strcmp(format, "sparse") == 0) kind = L2_SPARSE;
  if (format && strcmp(format, "conv") == 0) kind = L2_CONV;
  *entry(p) = (l2_entry){.format = kind,
                         .group = count_of(p, "group"),
                         .weight_bits = count_of(p, "weightBits"),
                         .delay_bits = count_of(p, "delayBits"),
                         .words = count_of(p, "words"),
                         .line = line_of(p)};
  return SF_OK;
}

static sf_result read_conv(parser *p) {
  l2_entry *e = entry(p);
  if (!e) return bad(p, "a kernel outside a synapse entry");
  e->kx = count_of(p, "kx");
  e->ky = count_of(p, "ky");
  e->cin = count_of(p, "cin");
  e->groups = count_of(p, "groups");
  e->stride_x = count_of(p, "strideX");
  return SF_OK;
}

static sf_result read_axon_in(parser *p) {
  l2_config *c = p->config;
  if (!core(p)) return bad(p, "an input axon outside a core");
  APPEND(p, c->ins, c->in_count);
  core(p)->in_count++;
  l2_axon_in *in = &c->ins[c->in_count - 1];
  *in = (l2_axon_in){.id = count_of(p, "id"),
                     .count = count_of(p, "count"),
                     .entry = count_of(p, "entry"),
                     .row = count_of(p, "row"),
                     .atoms = count_of(p, "atoms"),
                     .line = line_of(p)};
  in->population = sf_xml_attribute(p->xml, "atoms") != NULL;
  return SF_OK;
}

static sf_result read_axon_out(parser *p) {
  l2_config *c = p->config;
  APPEND(p, c->outs, c->out_count);
  if (core(p))
    core(p)->out_count++;
  else
    c->input_outs++;
  l2_axon_out *out = &c->outs[c->out_count - 1];
  *out = (l2_axon_out){.first = count_of(p, "first"),
                       .count = count_of(p, "count"),
                       .chip = count_of(p, "chip"),
                       .core = count_of(p, "core"),
                       .axon = count_of(p, "axon"),
                       .line = line_of(p)};
  const char *kind = sf_xml_attribute(p->xml, "kind");
  out->population = kind && strcmp(kind, "population") == 0;
  return SF_OK;
}

static sf_result read_resources(parser *p) {
  l2_core *row = core(p);
  if (!row) return bad(p, "resources outside a core");
  row->neuron_words = count_of(p, "neuronWords");
  row->axon_in = count_of(p, "axonInWords");
  row->synapses = count_of(p, "synapseWords");
  row->axon_map = count_of(p, "axonMapWords");
  row->axon_mem = count_of(p, "axonMemWords");
  row->groups = count_of(p, "groups");
  return SF_OK;
}

static sf_result read_route(parser *p) {
  l2_config *c = p->config;
  APPEND(p, c->routes, c->route_count);
  l2_route *route = &c->routes[c->route_count - 1];
  *route = (l2_route){.from_chip = count_of(p, "fromChip"),
                      .from_core = count_of(p, "fromCore"),
                      .to_chip = count_of(p, "toChip"),
                      .to_core = count_of(p, "toCore"),
                      .hops = count_of(p, "hops"),
                      .line = line_of(p)};
  route->path = copy(p, "path");
  return route->path ? SF_OK : SF_OOM;
}

static sf_result read_gates(parser *p) {
  l2_config *c = p->config;
  c->gates_line = line_of(p) ? line_of(p) : 1;
  c->barrier_x = count_of(p, "barrierX");
  c->barrier_y = count_of(p, "barrierY");
  c->members = count_of(p, "members");
  return SF_OK;
}

static sf_result read_gate(parser *p) {
  l2_config *c = p->config;
  APPEND(p, c->gates, c->gate_count);
  const char *kind = sf_xml_attribute(p->xml, "kind");
  l2_gate_kind k = L2_CORE_OFF;
  if (kind && strcmp(kind, "router") == 0) k = L2_ROUTER_OFF;
  if (kind && strcmp(kind, "bank") == 0) k = L2_BANK_OFF;
  c->gates[c->gate_count - 1] = (l2_gate){.kind = k,
                                          .x = count_of(p, "x"),
                                          .y = count_of(p, "y"),
                                          .columns = count_of(p, "columns"),
                                          .rows = count_of(p, "rows"),
                                          .p = count_of(p, "p"),
                                          .count = count_of(p, "count"),
                                          .bank = count_of(p, "bank"),
                                          .line = line_of(p)};
  return SF_OK;
}

/* ---- Arrays. ---- */

/* Words of the lists between consecutive offsets. */
static sf_result add_list(parser *p, l2_entry *e, int64_t before,
                          int64_t after) {
  if (after < before) return bad(p, "offsets of lists must not fall");
  e->list_words +=
      sf_loihi2_list_words(&p->limits, (uint64_t)(after - before),
                           (unsigned)e->weight_bits, e->delay_bits > 0);
  return SF_OK;
}

static size_t bytes_of_dtype(const char *dtype) {
  if (strcmp(dtype, "i32") == 0) return 4;
  return strcmp(dtype, "i16") == 0 ? 2 : 1;
}

static int64_t table_number(const uint8_t *at, const char *dtype) {
  int8_t i8;
  int16_t i16;
  int32_t i32;
  if (strcmp(dtype, "u8") == 0) return *at;
  if (strcmp(dtype, "i8") == 0) {
    memcpy(&i8, at, sizeof i8);
    return i8;
  }
  if (strcmp(dtype, "i16") == 0) {
    memcpy(&i16, at, sizeof i16);
    return i16;
  }
  memcpy(&i32, at, sizeof i32);
  return i32;
}

static sf_result rows_from_tables(parser *p, uint64_t count, uint64_t offset) {
  const char *dtype = sf_xml_attribute(p->xml, "dtype");
  if (!dtype) return SF_OOM;
  uint64_t each = bytes_of_dtype(dtype);
  if (offset > p->tables.size || count > (p->tables.size - offset) / each)
    return bad(p, "an array ends outside tables.bin");
  const uint8_t *at = (const uint8_t *)p->tables.data + offset;
  for (uint64_t i = 1; i < count; i++) {
    SF_TRY(add_list(p, entry(p), table_number(at + (i - 1) * each, dtype),
                    table_number(at + i * each, dtype)));
  }
  return SF_OK;
}

static sf_result rows_from_text(parser *p) {
  const char *text = sf_xml_text(p->xml);
  int64_t before = 0;
  for (uint64_t i = 0;; i++) {
    text += strspn(text, " \t\r\n");
    size_t length = strcspn(text, " \t\r\n");
    if (length == 0) break;
    int64_t value;
    if (!sf_read_i64((sf_slice){text, length}, &value))
      return bad(p, "an offset of a list is not a number");
    if (i > 0) SF_TRY(add_list(p, entry(p), before, value));
    before = value;
    text += length;
  }
  return SF_OK;
}

/* Extents of <data shape="a b ..">; 0 when there are too many or too large. */
static unsigned read_shape(parser *p, uint64_t dim[AXES_MAX]) {
  const char *text = sf_xml_attribute(p->xml, "shape");
  unsigned rank = 0;
  while (text && *text) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || rank == AXES_MAX || value > UINT32_MAX) return 0;
    dim[rank++] = value;
    text = *end == ' ' ? end + 1 : end;
  }
  return rank;
}

static sf_result read_data(parser *p) {
  l2_entry *e = entry(p);
  uint64_t dim[AXES_MAX];
  unsigned rank = read_shape(p, dim);
  if (rank == 0) return bad(p, "the shape of an array is out of range");
  if (!e || !p->array) return SF_OK;
  if (strcmp(p->array, "weights") == 0 && rank == 2) {
    e->rows = dim[0];
    e->targets = dim[1];
  }
  if (strcmp(p->array, "rows") != 0) return SF_OK;
  if (rank != 1 || dim[0] == 0) return bad(p, "offsets of lists need one axis");
  e->has_rows = true;
  e->rows = dim[0] - 1;
  int64_t offset = sf_xml_int(p->xml, "offset", -1);
  if (offset >= 0) return rows_from_tables(p, dim[0], (uint64_t)offset);
  p->inline_rows = true;
  return SF_OK;
}

/* ---- The document. ---- */

typedef struct element {
  const char *name;
  sf_result (*read)(parser *p);
} element;

static const element ELEMENTS[] = {
    {"program", read_program},     {"output", read_output},
    {"chip", read_chip},           {"core", read_core},
    {"neuronGroup", read_group},   {"parameter", read_parameter},
    {"synapseEntry", read_entry},  {"conv", read_conv},
    {"axonIn", read_axon_in},      {"axonOut", read_axon_out},
    {"resources", read_resources}, {"route", read_route},
    {"data", read_data},           {"gates", read_gates},
    {"gate", read_gate},           {"state", read_state},
    {"bias", read_bias},           {"accumulator", read_accumulator},
    {"offset", read_offset},
};

static bool holds_array(const parser *p, const char **out) {
  static const char *const names[] = {"rows",   "indices", "weights",
                                      "delays", "bias",    "parameter"};
  for (size_t i = 0; i < SF_COUNT_OF(names); i++) {
    if (sf_xml_is(p->xml, names[i])) {
      *out = names[i];
      return true;
    }
  }
  return false;
}

static sf_result read_start(parser *p) {
  (void)holds_array(p, &p->array);
  for (size_t i = 0; i < SF_COUNT_OF(ELEMENTS); i++)
    if (sf_xml_is(p->xml, ELEMENTS[i].name)) return ELEMENTS[i].read(p);
  return SF_OK;
}

static sf_result read_document(parser *p) {
  for (;;) {
    sf_xml_event event;
    SF_TRY(sf_xml_next(p->xml, &event));
    if (event == SF_XML_DONE) return SF_OK;
    if (event == SF_XML_START) SF_TRY(read_start(p));
    if (event == SF_XML_TEXT && p->inline_rows) SF_TRY(rows_from_text(p));
    if (event == SF_XML_END) {
      const char *ended = NULL;
      if (holds_array(p, &ended)) p->array = NULL;
      p->inline_rows = false;
    }
  }
}

sf_result sf_check_loihi2_read(sf_check *check, l2_config *out) {
  *out = (l2_config){0};
  parser p = {.check = check, .config = out};
  p.limits = sf_loihi2_limits_of(check->machine);
  char *config = sf_check_path(check, sf_check_loihi2_file);
  char *tables = sf_check_path(check, "loihi2/tables.bin");
  sf_result result = config && tables ? SF_OK : SF_OOM;
  if (result == SF_OK && sf_path_exists(tables))
    result = sf_file_map(tables, check->diag, &p.tables);
  if (result == SF_OK) {
    sf_xml_source source = {.path = config,
                            .schema = (const char *)sf_check_loihi2_schema,
                            .schema_size = sf_check_loihi2_schema_size,
                            .limit = CONFIG_BYTES_MAX,
                            .id = SF_DIAG_ARTEFACT};
    result = sf_xml_open(&source, check->diag, &p.xml);
  }
  if (result == SF_OK) result = read_document(&p);
  sf_xml_destroy(p.xml);
  sf_file_unmap(&p.tables);
  free(config);
  free(tables);
  return result;
}
