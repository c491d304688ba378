/* metadata.json: what the header says, for programs. */
#include "targets/cpu/cpu.h"

#include "support/hash.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

sf_result cpu_model_hash(const sf_network *network, char out[65]) {
  char *text;
  SF_TRY(sf_print(network->module, NULL, &text));
  sf_sha256(text, strlen(text), out);
  free(text);
  return out[0] ? SF_OK : SF_OOM;
}

static const char *kind_text(cpu_kind kind) {
  switch (kind) {
  case CPU_BITS:
    return "bits";
  case CPU_I32:
    return "i32";
  default:
    return "f32";
  }
}

static json_t *port_json(const cpu_port *port) {
  const sf_type *type = &port->value->type;
  json_t *shape = json_array();
  for (unsigned axis = 0; axis < type->rank; axis++)
    json_array_append_new(shape, json_integer(type->dim[axis]));
  char scalar[16];
  sf_scalar_text(type->scalar, scalar, sizeof scalar);
  return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I}", "name", port->name,
                   "kind", kind_text(port->kind), "type", scalar, "shape",
                   shape, "elements", (json_int_t)port->elements, "offset",
                   (json_int_t)port->offset, "bytes", (json_int_t)port->bytes);
}

static json_t *ports_json(const cpu_port *ports, uint32_t count) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < count; i++)
    json_array_append_new(list, port_json(&ports[i]));
  return list;
}

static json_t *levels_json(const cpu_module *m) {
  json_t *list = json_array();
  for (unsigned i = 0; i < m->level_count; i++)
    json_array_append_new(
        list, json_string(m->levels[i] ? m->levels[i]->cpu : "aarch64"));
  return list;
}

sf_result cpu_metadata_text(const cpu_module *m, char **out) {
  char hash[65];
  SF_TRY(cpu_model_hash(m->network, hash));
  const cpu_plan *p = &m->plan;
  json_t *root = json_pack(
      "{s:i, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:I, s:s, s:o, "
      "s:o}",
      "abi", CPU_ABI, "network", m->network->name, "prefix", m->prefix,
      "triple", m->cg->target->triple, "version", SF_VERSION, "levels",
      levels_json(m), "state_bytes", (json_int_t)p->state_bytes,
      "scratch_bytes", (json_int_t)p->scratch_bytes, "in_bytes",
      (json_int_t)p->in_bytes, "out_bytes", (json_int_t)p->out_bytes, "align",
      CPU_ALIGN, "lag", (json_int_t)m->network->lag, "model_sha256", hash,
      "inputs", ports_json(p->inputs, p->input_count), "outputs",
      ports_json(p->outputs, p->output_count));
  if (!root) return SF_OOM;
  char *text = json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS);
  json_decref(root);
  if (!text) return SF_OOM;
  size_t size = strlen(text);
  *out = malloc(size + 2);
  if (*out) {
    memcpy(*out, text, size);
    memcpy(*out + size, "\n", 2);
  }
  free(text);
  return *out ? SF_OK : SF_OOM;
}
