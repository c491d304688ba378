/* machine_load.c - machines/NAME.xml into an sf_machine. The schema checks
 * what stands there; this file checks what the schema cannot say. */
#include "machine/machine_find.h"
#include "machine/xml.h"
#include "sf/machine.h"
#include "support/file.h"

#include <stdlib.h>
#include <string.h>

enum {
  MACHINE_BYTES_MAX = 8 << 20,
  CHIPS_MAX = 65536,
  QUADS_MAX = 4096,
  QUANTITIES_MAX = 256
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

typedef struct loader {
  sf_xml *xml;
  sf_diag *diag;
  sf_machine *machine;
  bool in_constants;
} loader;

static const char *copy_text(loader *l, const char *text) {
  if (!text) text = "";
  return sf_arena_text(l->machine->arena, (sf_slice){text, strlen(text)});
}

static const char *copy_attribute(loader *l, const char *name) {
  return copy_text(l, sf_xml_attribute(l->xml, name));
}

static bool is_true(loader *l, const char *name) {
  const char *text = sf_xml_attribute(l->xml, name);
  return text && strcmp(text, "true") == 0;
}

/* Room for one more item in an array that doubles. */
static void *grow(sf_arena *arena, void *items, uint32_t count, size_t size) {
  if (count != 0 && (count & (count - 1)) != 0) return items;
  void *larger = sf_arena_array(arena, count ? 2 * (size_t)count : 1, size);
  if (larger && count) memcpy(larger, items, count * size);
  return larger;
}

static sf_result too_many(loader *l, const char *what, unsigned limit) {
  return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                  "more than %u %s", limit, what);
}

/* ---- Elements. ------------------------------------------------------------
 */

static sf_result read_root(loader *l) {
  sf_machine *m = l->machine;
  m->name = copy_attribute(l, "name");
  const char *family = sf_xml_attribute(l->xml, "family");
  const char *topology = sf_xml_attribute(l->xml, "topology");
  m->family = family && strcmp(family, "spinnaker2") == 0 ? SF_FAMILY_SPINNAKER2
                                                          : SF_FAMILY_LOIHI2;
  m->topology = topology && strcmp(topology, "hex") == 0 ? SF_TOPOLOGY_HEX
                                                         : SF_TOPOLOGY_MESH;
  m->wrap = is_true(l, "wrap");
  return m->name ? SF_OK : SF_OOM;
}

static sf_result read_grid(loader *l) {
  sf_machine *m = l->machine;
  m->width = (int32_t)sf_xml_int(l->xml, "width", 0);
  m->height = (int32_t)sf_xml_int(l->xml, "height", 0);
  m->cores_per_router = (uint32_t)sf_xml_int(l->xml, "cores-per-router", 0);
  m->cores_per_chip = (uint32_t)sf_xml_int(l->xml, "cores-per-chip", 0);
  return SF_OK;
}

static sf_result read_chip(loader *l) {
  sf_machine *m = l->machine;
  if (m->chip_count >= CHIPS_MAX) return too_many(l, "chips", CHIPS_MAX);
  m->chips = grow(m->arena, m->chips, m->chip_count, sizeof *m->chips);
  if (!m->chips) return SF_OOM;
  m->chips[m->chip_count++] = (sf_chip){
      .id = (uint32_t)sf_xml_int(l->xml, "id", 0),
      .x = (int32_t)sf_xml_int(l->xml, "x", 0),
      .y = (int32_t)sf_xml_int(l->xml, "y", 0),
      .z = (int32_t)sf_xml_int(l->xml, "z", 0),
      .dead = is_true(l, "dead"),
  };
  return SF_OK;
}

static sf_result read_quad(loader *l) {
  sf_machine *m = l->machine;
  if (m->quad_count >= QUADS_MAX) return too_many(l, "quads", QUADS_MAX);
  m->quads = grow(m->arena, m->quads, m->quad_count, sizeof *m->quads);
  if (!m->quads) return SF_OOM;
  m->quads[m->quad_count++] = (sf_position){
      (int32_t)sf_xml_int(l->xml, "x", 0), (int32_t)sf_xml_int(l->xml, "y", 0)};
  return SF_OK;
}

static sf_result read_quantity(loader *l) {
  sf_machine *m = l->machine;
  sf_quantity **rows = l->in_constants ? &m->constants : &m->resources;
  uint32_t *count = l->in_constants ? &m->constant_count : &m->resource_count;
  if (*count >= QUANTITIES_MAX)
    return too_many(l, "quantities", QUANTITIES_MAX);
  *rows = grow(m->arena, *rows, *count, sizeof **rows);
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
  sf_result (*read)(loader *l);
} element;

static const element ELEMENTS[] = {
    {"machine", read_root}, {"grid", read_grid},         {"chip", read_chip},
    {"quad", read_quad},    {"quantity", read_quantity},
};

static sf_result read_start(loader *l) {
  if (sf_xml_is(l->xml, "constants")) l->in_constants = true;
  for (size_t i = 0; i < SF_COUNT_OF(ELEMENTS); i++)
    if (sf_xml_is(l->xml, ELEMENTS[i].name)) return ELEMENTS[i].read(l);
  return SF_OK;
}

static sf_result read_document(loader *l) {
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

static sf_result complain(const loader *l, const char *format, ...)
    SF_PRINTF(2, 3);
static sf_result complain(const loader *l, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sf_loc loc = {sf_xml_loc(l->xml).file, NULL, 0, 0, 0};
  sf_result result =
      sf_error_v(l->diag, SF_DIAG_MACHINE, loc, format, arguments);
  va_end(arguments);
  return result;
}

static sf_result check_required(const loader *l) {
  bool loihi = l->machine->family == SF_FAMILY_LOIHI2;
  const char *const *names = loihi ? LOIHI2_REQUIRED : SPINNAKER2_REQUIRED;
  size_t count =
      loihi ? SF_COUNT_OF(LOIHI2_REQUIRED) : SF_COUNT_OF(SPINNAKER2_REQUIRED);
  sf_result result = SF_OK;
  for (size_t i = 0; i < count; i++) {
    if (sf_machine_quantity(l->machine, names[i])) continue;
    result = complain(l, "a machine of family '%s' needs '%s'",
                      sf_family_text(l->machine->family), names[i]);
  }
  return result;
}

static sf_result check_grid(const loader *l) {
  const sf_machine *m = l->machine;
  if (m->family == SF_FAMILY_LOIHI2) {
    uint64_t cores = (uint64_t)(uint32_t)m->width * (uint32_t)m->height *
                     m->cores_per_router;
    if (m->topology != SF_TOPOLOGY_MESH || m->wrap)
      return complain(l, "a machine of family 'loihi2' is a mesh without wrap");
    if (m->cores_per_chip > cores) {
      return complain(l, "%u cores a chip, but its routers have %llu",
                      m->cores_per_chip, (unsigned long long)cores);
    }
    return SF_OK;
  }
  if (m->topology != SF_TOPOLOGY_HEX || m->wrap) {
    return complain(
        l, "a machine of family 'spinnaker2' is hexagonal without wrap");
  }
  if (m->cores_per_chip > (uint64_t)m->quad_count * m->cores_per_router) {
    return complain(l, "%u cores a chip, but its quads have %llu",
                    m->cores_per_chip,
                    (unsigned long long)m->quad_count * m->cores_per_router);
  }
  return SF_OK;
}

static int by_place(const void *a, const void *b) {
  const sf_chip *p = a, *q = b;
  if (p->z != q->z) return p->z < q->z ? -1 : 1;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  return p->x < q->x ? -1 : p->x > q->x;
}

static int by_id(const void *a, const void *b) {
  const sf_chip *p = a, *q = b;
  return p->id < q->id ? -1 : p->id > q->id;
}

/* Two chips with one number or one place. Leaves the chips sorted by id. */
static sf_result check_chips(const loader *l) {
  sf_machine *m = l->machine;
  if (m->chip_count == 0) return complain(l, "a machine needs a chip");
  qsort(m->chips, m->chip_count, sizeof *m->chips, by_place);
  for (uint32_t i = 0; i < m->chip_count; i++) {
    const sf_chip *chip = &m->chips[i];
    if (i > 0 && by_place(chip - 1, chip) == 0) {
      return complain(l, "chips %u and %u stand at the same place", chip[-1].id,
                      chip->id);
    }
    bool inside = chip->x < m->width && chip->y < m->height;
    if (m->family == SF_FAMILY_SPINNAKER2 && !inside)
      return complain(l, "chip %u stands outside the grid", chip->id);
    if (chip->z != 0) {
      return complain(l, "chip %u: only boards with z = 0 are modelled",
                      chip->id);
    }
  }
  qsort(m->chips, m->chip_count, sizeof *m->chips, by_id);
  for (uint32_t i = 1; i < m->chip_count; i++)
    if (m->chips[i].id == m->chips[i - 1].id)
      return complain(l, "chip %u is given twice", m->chips[i].id);
  return SF_OK;
}

static sf_result load(loader *l, const char *path, const char *schema,
                      size_t schema_size) {
  sf_xml_source source = {path, schema, schema_size, MACHINE_BYTES_MAX,
                          SF_DIAG_MACHINE};
  SF_TRY(sf_xml_open(&source, l->diag, &l->xml));
  SF_TRY(read_document(l));
  SF_TRY(check_required(l));
  SF_TRY(check_grid(l));
  return check_chips(l);
}

sf_result sf_machine_load(const char *name_or_path, sf_diag *diag,
                          sf_machine **out) {
  *out = NULL;
  char *path = NULL, *schema = NULL;
  size_t schema_size = 0;
  sf_result result = sf_machine_find(name_or_path, diag, &path);
  if (result == SF_OK) result = sf_machine_schema(diag, &schema, &schema_size);
  loader l = {.diag = diag};
  sf_arena *arena = sf_arena_create();
  l.machine = arena ? SF_NEW(arena, sf_machine) : NULL;
  if (result == SF_OK && !l.machine) result = SF_OOM;
  if (result == SF_OK) {
    l.machine->arena = arena;
    result = load(&l, path, schema, schema_size);
  }
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

void sf_machine_destroy(sf_machine *machine) {
  if (machine) sf_arena_destroy(machine->arena);
}
