/* machine_load.c - machines/NAME.xml into an sf_machine. The schema checks
 * what stands there; this file checks what the schema cannot say. */
#include "machine/machine_load.h"

#include "machine/machine_find.h"
#include "support/file.h"

#include <stdlib.h>
#include <string.h>

enum {
  MACHINE_BYTES_MAX = 8 << 20,
  QUADS_MAX = 4096,
  QUANTITIES_MAX = 256,
  DEPTH_MAX = 4 /* descriptions that build on one another */
};

/* What a family's cost functions read: every name must be there. */
static const char *const LOIHI2_REQUIRED[] = {
    "neuron-words",         "pool-words",
    "neuron-groups",        "neuron-state-bits",
    "index-bits",           "list-header-bits",
    "conv-header-bits",     "delay-bits",
    "delay-steps",          "weight-bits",
    "payload-bits",         "axon-in-words",
    "conv-axon-words",      "axon-map-words",
    "conv-map-permille",    "conv-x-limit",
    "synapse-dense-energy", "synapse-sparse-energy",
    "synapse-conv-energy",  "neuron-access-energy",
    "neuron-update-energy", "spike-energy",
    "axon-out-energy",      "hop-x-energy",
    "hop-y-energy",         "chip-hop-energy",
    "core-static-power",    "chip-static-power",
    "synapse-dense-time",   "synapse-sparse-time",
    "synapse-conv-time",    "neuron-update-time",
    "spike-time",           "hop-x-time",
    "hop-y-time",           "chip-hop-time",
    "barrier-time",         "barrier-doubling-time",
    "step-floor-time"};
static const char *const SPINNAKER2_REQUIRED[] = {
    "code-bytes",        "work-bytes",    "data-bytes",
    "stack-bytes",       "delay-steps",   "runtime-work-bytes",
    "slices-per-core",   "key-bits",      "inputs-per-slice",
    "neurons-per-slice", "table-entries", "packet-buffer",
    "off-power",         "clock",         "clock-high",
    "sleep-power",       "cycle-energy",  "sleep-power-high",
    "cycle-energy-high", "event-cycles",  "update-cycles",
    "packet-cycles",     "step-cycles",   "packet-energy",
    "noc-hop-time",      "chip-hop-time", "step-period"};

static const char *copy_text(sf_loader *l, const char *text) {
  if (!text) text = "";
  return sf_arena_text(l->machine->arena, (sf_slice){text, strlen(text)});
}

static const char *copy_attribute(sf_loader *l, const char *name) {
  return copy_text(l, sf_xml_attribute(l->xml, name));
}

bool sf_loader_is_true(sf_loader *l, const char *name) {
  const char *text = sf_xml_attribute(l->xml, name);
  return text && strcmp(text, "true") == 0;
}

void *sf_loader_grow(sf_arena *arena, void *items, uint32_t count,
                     size_t size) {
  if (count != 0 && (count & (count - 1)) != 0) return items;
  void *larger = sf_arena_array(arena, count ? 2 * (size_t)count : 1, size);
  if (larger && count) memcpy(larger, items, count * size);
  return larger;
}

sf_result sf_loader_too_many(sf_loader *l, const char *what, unsigned limit) {
  return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                  "more than %u %s", limit, what);
}

sf_result sf_loader_complain(const sf_loader *l, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sf_loc loc = {sf_xml_loc(l->xml).file, NULL, 0, 0, 0};
  sf_result result =
      sf_error_v(l->diag, SF_DIAG_MACHINE, loc, format, arguments);
  va_end(arguments);
  return result;
}

/* ---- A description that builds on another. ----------------------------------
 * Quantities and quads that a description does not give are its base's. */

static sf_result load_at_depth(const char *name_or_path, uint32_t depth,
                               sf_diag *diag, sf_machine **out);

static sf_result read_base(sf_loader *l) {
  const char *base = sf_xml_attribute(l->xml, "base");
  if (!base) return SF_OK;
  if (l->depth == DEPTH_MAX) {
    return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                    "'%s' builds on more than %u others, or on itself",
                    l->machine->name, (unsigned)DEPTH_MAX);
  }
  SF_TRY(load_at_depth(base, l->depth + 1, l->diag, &l->base));
  if (l->base->family == l->machine->family) return SF_OK;
  return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                  "'%s' is of another family than its base '%s'",
                  l->machine->name, base);
}

static sf_result inherit_rows(sf_loader *l, const sf_quantity *from,
                              uint32_t from_count, sf_quantity **rows,
                              uint32_t *count) {
  sf_machine *m = l->machine;
  for (uint32_t i = 0; i < from_count; i++) {
    if (sf_machine_quantity(m, from[i].name)) continue;
    *rows = sf_loader_grow(m->arena, *rows, *count, sizeof **rows);
    if (!*rows) return SF_OOM;
    sf_quantity q = {copy_text(l, from[i].name), from[i].value,
                     copy_text(l, from[i].unit), copy_text(l, from[i].basis),
                     copy_text(l, from[i].source)};
    if (!q.name || !q.unit || !q.basis || !q.source) return SF_OOM;
    (*rows)[(*count)++] = q;
  }
  return SF_OK;
}

static sf_result inherit(sf_loader *l) {
  const sf_machine *base = l->base;
  sf_machine *m = l->machine;
  if (!base) return SF_OK;
  SF_TRY(inherit_rows(l, base->resources, base->resource_count, &m->resources,
                      &m->resource_count));
  SF_TRY(inherit_rows(l, base->constants, base->constant_count, &m->constants,
                      &m->constant_count));
  if (m->quad_count > 0 || base->quad_count == 0) return SF_OK;
  m->quads = SF_NEW_ARRAY(m->arena, sf_position, base->quad_count);
  if (!m->quads) return SF_OOM;
  memcpy(m->quads, base->quads, base->quad_count * sizeof *m->quads);
  m->quad_count = base->quad_count;
  return SF_OK;
}

/* ---- Elements. ------------------------------------------------------------
 */

static sf_result read_root(sf_loader *l) {
  sf_machine *m = l->machine;
  m->name = copy_attribute(l, "name");
  const char *family = sf_xml_attribute(l->xml, "family");
  const char *topology = sf_xml_attribute(l->xml, "topology");
  m->family = family && strcmp(family, "spinnaker2") == 0 ? SF_FAMILY_SPINNAKER2
                                                          : SF_FAMILY_LOIHI2;
  m->topology = topology && strcmp(topology, "hex") == 0 ? SF_TOPOLOGY_HEX
                                                         : SF_TOPOLOGY_MESH;
  m->wrap = sf_loader_is_true(l, "wrap");
  if (!m->name) return SF_OOM;
  return read_base(l);
}

static sf_result read_grid(sf_loader *l) {
  sf_machine *m = l->machine;
  m->width = (int32_t)sf_xml_int(l->xml, "width", 0);
  m->height = (int32_t)sf_xml_int(l->xml, "height", 0);
  m->cores_per_router = (uint32_t)sf_xml_int(l->xml, "cores-per-router", 0);
  m->cores_per_chip = (uint32_t)sf_xml_int(l->xml, "cores-per-chip", 0);
  return SF_OK;
}

static sf_result read_quad(sf_loader *l) {
  sf_machine *m = l->machine;
  if (m->quad_count >= QUADS_MAX)
    return sf_loader_too_many(l, "quads", QUADS_MAX);
  m->quads =
      sf_loader_grow(m->arena, m->quads, m->quad_count, sizeof *m->quads);
  if (!m->quads) return SF_OOM;
  m->quads[m->quad_count++] = (sf_position){
      (int32_t)sf_xml_int(l->xml, "x", 0), (int32_t)sf_xml_int(l->xml, "y", 0)};
  return SF_OK;
}

static sf_result read_quantity(sf_loader *l) {
  sf_machine *m = l->machine;
  sf_quantity **rows = l->in_constants ? &m->constants : &m->resources;
  uint32_t *count = l->in_constants ? &m->constant_count : &m->resource_count;
  if (*count >= QUANTITIES_MAX)
    return sf_loader_too_many(l, "quantities", QUANTITIES_MAX);
  *rows = sf_loader_grow(m->arena, *rows, *count, sizeof **rows);
  if (!*rows) return SF_OOM;
  sf_quantity q = {.name = copy_attribute(l, "name"),
                   .value = sf_xml_double(l->xml, "value", -1),
                   .unit = copy_attribute(l, "unit"),
                   .basis = copy_attribute(l, "basis"),
                   .source = copy_attribute(l, "source")};
  if (sf_xml_out_of_memory(l->xml)) return SF_OOM;
  if (!q.name || !q.unit || !q.basis || !q.source) return SF_OOM;
  if (!(q.value >= 0 && q.value < 1e15)) {
    return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                    "'%s' must be a number from 0 to 1e15", q.name);
  }
  if (sf_machine_quantity(m, q.name)) {
    return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                    "'%s' is given twice", q.name);
  }
  (*rows)[(*count)++] = q;
  return SF_OK;
}

typedef struct element {
  const char *name;
  sf_result (*read)(sf_loader *l);
} element;

static const element ELEMENTS[] = {
    {"machine", read_root},        {"grid", read_grid},
    {"chip", sf_loader_read_chip}, {"block", sf_loader_read_block},
    {"dead", sf_loader_read_dead}, {"quad", read_quad},
    {"quantity", read_quantity},
};

static sf_result read_start(sf_loader *l) {
  if (sf_xml_is(l->xml, "constants")) l->in_constants = true;
  for (size_t i = 0; i < SF_COUNT_OF(ELEMENTS); i++)
    if (sf_xml_is(l->xml, ELEMENTS[i].name)) return ELEMENTS[i].read(l);
  return SF_OK;
}

static sf_result read_document(sf_loader *l) {
  for (;;) {
    sf_xml_event event;
    SF_TRY(sf_xml_next(l->xml, &event));
    if (event == SF_XML_DONE) return SF_OK;
    if (event == SF_XML_START) SF_TRY(read_start(l));
    if (event == SF_XML_TEXT && !l->machine->summary) {
      l->machine->summary = copy_text(l, sf_xml_text(l->xml));
      if (!l->machine->summary) return SF_OOM;
    }
  }
}

/* ---- What the schema cannot say. --------------------------------------------
 */

static sf_result check_required(const sf_loader *l) {
  bool loihi = l->machine->family == SF_FAMILY_LOIHI2;
  const char *const *names = loihi ? LOIHI2_REQUIRED : SPINNAKER2_REQUIRED;
  size_t count =
      loihi ? SF_COUNT_OF(LOIHI2_REQUIRED) : SF_COUNT_OF(SPINNAKER2_REQUIRED);
  sf_result result = SF_OK;
  for (size_t i = 0; i < count; i++) {
    if (sf_machine_quantity(l->machine, names[i])) continue;
    result = sf_loader_complain(l, "a machine of family '%s' needs '%s'",
                                sf_family_text(l->machine->family), names[i]);
  }
  return result;
}

static sf_result check_grid(const sf_loader *l) {
  const sf_machine *m = l->machine;
  if (m->family == SF_FAMILY_LOIHI2) {
    uint64_t cores = (uint64_t)(uint32_t)m->width * (uint32_t)m->height *
                     m->cores_per_router;
    if (m->topology != SF_TOPOLOGY_MESH || m->wrap)
      return sf_loader_complain(
          l, "a machine of family 'loihi2' is a mesh without wrap");
    if (m->cores_per_chip > cores) {
      return sf_loader_complain(l, "%u cores a chip, but its routers have %llu",
                                m->cores_per_chip, (unsigned long long)cores);
    }
    return SF_OK;
  }
  if (m->topology != SF_TOPOLOGY_HEX) {
    return sf_loader_complain(l,
                              "a machine of family 'spinnaker2' is hexagonal");
  }
  if (m->cores_per_chip > (uint64_t)m->quad_count * m->cores_per_router) {
    return sf_loader_complain(
        l, "%u cores a chip, but its quads have %llu", m->cores_per_chip,
        (unsigned long long)m->quad_count * m->cores_per_router);
  }
  return SF_OK;
}

static sf_result load(sf_loader *l, const char *path, const char *schema,
                      size_t schema_size) {
  sf_xml_source source = {path, schema, schema_size, MACHINE_BYTES_MAX,
                          SF_DIAG_MACHINE};
  SF_TRY(sf_xml_open(&source, l->diag, &l->xml));
  SF_TRY(read_document(l));
  SF_TRY(inherit(l));
  SF_TRY(check_required(l));
  SF_TRY(check_grid(l));
  SF_TRY(sf_loader_check_chips(l));
  return sf_loader_apply_faults(l);
}

static sf_result load_at_depth(const char *name_or_path, uint32_t depth,
                               sf_diag *diag, sf_machine **out) {
  *out = NULL;
  char *path = NULL, *schema = NULL;
  size_t schema_size = 0;
  sf_result result = sf_machine_find(name_or_path, diag, &path);
  if (result == SF_OK) result = sf_machine_schema(diag, &schema, &schema_size);
  sf_loader l = {.diag = diag, .depth = depth};
  sf_arena *arena = sf_arena_create();
  l.machine = arena ? SF_NEW(arena, sf_machine) : NULL;
  if (result == SF_OK && !l.machine) result = SF_OOM;
  if (result == SF_OK) {
    l.machine->arena = arena;
    result = load(&l, path, schema, schema_size);
  }
  sf_machine_destroy(l.base);
  sf_xml_destroy(l.xml);
  free(path);
  free(schema);
  if (result != SF_OK) {
    sf_arena_destroy(arena);
    return result;
  }
  *out = l.machine;
  return SF_OK;
}

sf_result sf_machine_load(const char *name_or_path, sf_diag *diag,
                          sf_machine **out) {
  return load_at_depth(name_or_path, 0, diag, out);
}

void sf_machine_destroy(sf_machine *machine) {
  if (machine) sf_arena_destroy(machine->arena);
}
