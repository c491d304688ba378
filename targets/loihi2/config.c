/* config.c - config.xml as a whole: the order of its elements is that of the
 * schema config.rng. */
#include "support/file.h"
#include "targets/loihi2/gates.h"
#include "targets/loihi2/resources.h"
#include "targets/loihi2/routes.h"

#include <stdlib.h>
#include <string.h>

static const char header_comment[] = " What the cores of a Loihi 2 hold for "
                                     "one network, as SpikeFormer lists it. "
                                     "This is our own documented format, not "
                                     "Intel's: config.rng and README.md in "
                                     "share/spikeformer/loihi2. ";

const char *sf_l2_xml_name(sf_arena *arena, const char *name) {
  size_t size = strlen(name), at = 0;
  char *out = sf_arena_alloc(arena, 4 * size + 1);
  if (!out) return NULL;
  bool whole = xmlCheckUTF8((const unsigned char *)name) != 0;
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)name[i];
    if (c < 0x20 || c == 0x7f || (c > 0x7f && !whole))
      at += (size_t)snprintf(out + at, 5, "\\x%02x", c);
    else
      out[at++] = name[i];
  }
  out[at] = '\0';
  return out;
}

static sf_result attr_name(const sf_l2_plan *plan, xmlNode *node,
                           const char *attribute, const char *name) {
  const char *text = sf_l2_xml_name(plan->arena, name);
  return text ? sf_l2_attr_text(node, attribute, text) : SF_OOM;
}

static sf_result attr_type(xmlNode *node, const sf_type *type) {
  char text[16];
  sf_scalar_text(type->scalar, text, sizeof text);
  SF_TRY(sf_l2_attr_text(node, "type", text));
  return sf_l2_attr_shape(node, "shape", type);
}

static sf_result write_timing(const sf_l2_plan *plan, xmlNode *root) {
  xmlNode *node;
  SF_TRY(sf_l2_child(root, "timing", &node));
  SF_TRY(sf_l2_attr_number(node, "lag", plan->network->lag));
  int64_t period = plan->network->period; /* -1: never */
  SF_TRY(sf_l2_attr_number(node, "period", period > 0 ? period : 0));
  SF_TRY(sf_l2_attr_text(node, "barrier", "auto"));
  return sf_l2_seal(node);
}

/* Each program once, in order of first use. */
static sf_result write_programs(const sf_l2_plan *plan, xmlNode *root) {
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const sf_l2_program *program = plan->layers[l].program;
    bool known = false;
    for (uint32_t k = 0; k < l && !known; k++)
      known = strcmp(plan->layers[k].program->name, program->name) == 0;
    if (known) continue;
    xmlNode *node;
    SF_TRY(sf_l2_child(root, "program", &node));
    SF_TRY(sf_l2_attr_text(node, "name", program->name));
    SF_TRY(sf_l2_attr_number(node, "stateWords", program->state_words));
    if (plan->layers[l].listing)
      SF_TRY(sf_l2_code_write(plan, plan->layers[l].listing, node));
    SF_TRY(sf_l2_seal(node));
  }
  return SF_OK;
}

static sf_result write_inputs(sf_l2_fabric *fabric, xmlNode *root) {
  const sf_l2_plan *plan = fabric->plan;
  for (uint32_t i = 0; i < plan->input_count; i++) {
    const sf_l2_input *input = &plan->inputs[i];
    xmlNode *node;
    SF_TRY(sf_l2_child(root, "input", &node));
    SF_TRY(sf_l2_attr_number(node, "id", i));
    SF_TRY(attr_name(plan, node, "name", input->value->name));
    SF_TRY(
        sf_l2_attr_text(node, "from", input->from_host ? "host" : "argument"));
    SF_TRY(attr_type(node, &input->value->type));
    SF_TRY(sf_l2_attr_number(node, "payloadBits",
                             sf_l2_payload_bits(input->value->type.scalar)));
    SF_TRY(sf_l2_attr_text(node, "encoding", "sparse"));
    SF_TRY(sf_l2_outs_write(plan, &fabric->input_outs[i], node));
    SF_TRY(sf_l2_seal(node));
  }
  return SF_OK;
}

static sf_result write_layers(const sf_l2_plan *plan, xmlNode *root) {
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const sf_l2_layer *layer = &plan->layers[l];
    xmlNode *node;
    SF_TRY(sf_l2_child(root, "layer", &node));
    SF_TRY(sf_l2_attr_number(node, "id", l));
    SF_TRY(attr_name(plan, node, "name", layer->value->name));
    SF_TRY(attr_type(node, &layer->value->type));
    SF_TRY(
        sf_l2_attr_number(node, "start", sf_op_int(layer->op, SF_ATTR_start)));
    SF_TRY(sf_l2_seal(node));
  }
  return SF_OK;
}

static sf_result write_outputs(const sf_l2_plan *plan, xmlNode *root) {
  for (uint32_t l = 0; l < plan->layer_count; l++) {
    const sf_l2_layer *layer = &plan->layers[l];
    if (!layer->returned && !layer->read_by_host) continue;
    xmlNode *node;
    SF_TRY(sf_l2_child(root, "output", &node));
    SF_TRY(sf_l2_attr_number(node, "layer", l));
    SF_TRY(sf_l2_attr_text(node, "to",
                           !layer->read_by_host ? "return"
                           : layer->returned    ? "both"
                                                : "host"));
    SF_TRY(sf_l2_seal(node));
  }
  return SF_OK;
}

static sf_result create_core(sf_l2_fabric *fabric, uint32_t index,
                             xmlNode *chip) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_l2_core *core = &plan->cores[index];
  if (core->slice_count == 0)
    return sf_error(plan->diag, SF_DIAG_MAPPING, core->mop->loc,
                    "core @%s hosts no neurons", core->name);
  xmlNode *node;
  SF_TRY(sf_l2_child(chip, "core", &node));
  fabric->sites[index].node = node;
  SF_TRY(sf_l2_attr_number(node, "id", core->id));
  SF_TRY(attr_name(plan, node, "name", core->name));
  SF_TRY(sf_l2_attr_number(node, "x", core->x));
  SF_TRY(sf_l2_attr_number(node, "y", core->y));
  SF_TRY(sf_l2_attr_number(node, "p", core->p));
  return sf_l2_attr_text(node, "power", "on");
}

static sf_result create_chip(const sf_l2_plan *plan, uint32_t id,
                             uint32_t first_core, xmlNode *board,
                             xmlNode **out) {
  const sf_chip *chip = sf_machine_chip(plan->machine, id);
  uint32_t used = 0;
  while (first_core + used < plan->core_count &&
         plan->cores[first_core + used].chip == id)
    used++;
  SF_TRY(sf_l2_child(board, "chip", out));
  SF_TRY(sf_l2_attr_number(*out, "id", id));
  SF_TRY(sf_l2_attr_number(*out, "x", chip ? chip->x : 0));
  SF_TRY(sf_l2_attr_number(*out, "y", chip ? chip->y : 0));
  SF_TRY(sf_l2_attr_number(*out, "z", chip ? chip->z : 0));
  return sf_l2_attr_number(*out, "coresUsed", used);
}

static sf_result create_board(sf_l2_fabric *fabric, xmlNode *root) {
  const sf_l2_plan *plan = fabric->plan;
  xmlNode *board, *chip = NULL;
  SF_TRY(sf_l2_child(root, "board", &board));
  SF_TRY(attr_name(plan, board, "name", plan->machine->name));
  SF_TRY(sf_l2_attr_number(board, "chips", plan->machine->chip_count));
  SF_TRY(sf_l2_attr_number(board, "routersX", plan->machine->width));
  SF_TRY(sf_l2_attr_number(board, "routersY", plan->machine->height));
  for (uint32_t c = 0; c < plan->core_count; c++) {
    if (!chip || plan->cores[c].chip != plan->cores[c - 1].chip)
      SF_TRY(create_chip(plan, plan->cores[c].chip, c, board, &chip));
    SF_TRY(create_core(fabric, c, chip));
  }
  return SF_OK;
}

/* Groups, then accumulators, then each list with its axons. */
static sf_result fill_core(sf_l2_fabric *fabric, uint32_t index) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_l2_core *core = &plan->cores[index];
  uint32_t first = core->slice_first, end = first + core->slice_count;
  for (uint32_t s = first; s < end; s++)
    SF_TRY(sf_l2_group_write(fabric, s));
  for (uint32_t s = first; s < end; s++)
    SF_TRY(sf_l2_accumulators_write(fabric, s));
  for (uint32_t s = first; s < end; s++)
    for (uint32_t c = 0; c < plan->connection_count; c++)
      if (plan->connections[c].layer == plan->slices[s].layer)
        SF_TRY(sf_l2_place_connection(fabric, c, s));
  return SF_OK;
}

static sf_result fill_cores(sf_l2_fabric *fabric, const sf_l2_routes *routes) {
  const sf_l2_plan *plan = fabric->plan;
  bool failed = false;
  for (uint32_t c = 0; c < plan->core_count; c++)
    SF_TRY(fill_core(fabric, c));
  for (uint32_t c = 0; c < plan->core_count; c++) {
    SF_TRY(sf_l2_core_outs_write(fabric, routes, c, &failed));
    SF_TRY(sf_l2_resources_write(fabric, c, &failed));
    SF_TRY(sf_l2_seal(fabric->sites[c].node));
  }
  return failed ? SF_FAIL : SF_OK;
}

/* Elements in the order of the schema; the board is built first, because it
 * says what inputs send where. */
static sf_result fill_root(sf_l2_fabric *fabric, xmlNode *root) {
  sf_l2_plan *plan = fabric->plan;
  sf_l2_routes routes;
  SF_TRY(sf_l2_routes_read(plan, &routes));
  SF_TRY(sf_l2_attr_text(root, "version", "1"));
  SF_TRY(sf_l2_attr_text(root, "target", "loihi2"));
  SF_TRY(sf_l2_attr_text(root, "compiler", "spikeformer " SF_VERSION));
  SF_TRY(attr_name(plan, root, "network", plan->network->name));
  SF_TRY(sf_l2_attr_text(root, "rounding", "loihi2-silicon"));
  SF_TRY(sf_l2_attr_text(root, "tables", "tables.bin"));
  SF_TRY(create_board(fabric, root));
  SF_TRY(fill_cores(fabric, &routes));
  SF_TRY(sf_l2_attr_number(root, "tablesBytes",
                           (int64_t)fabric->tables.bytes.size));
  xmlNode *board = root->children;
  xmlUnlinkNode(board);
  sf_result result = write_timing(plan, root);
  if (result == SF_OK) result = write_programs(plan, root);
  if (result == SF_OK) result = write_inputs(fabric, root);
  if (result == SF_OK) result = write_layers(plan, root);
  if (result == SF_OK) result = write_outputs(plan, root);
  if (!xmlAddChild(root, board)) {
    xmlFreeNode(board);
    return SF_OOM;
  }
  SF_TRY(result);
  SF_TRY(sf_l2_routes_write(plan, &routes, root));
  SF_TRY(sf_l2_gates_write(plan, root));
  return sf_l2_seal(root);
}

static sf_result create_document(sf_l2_fabric *fabric, xmlDoc **out) {
  xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
  xmlNode *comment =
      doc ? xmlNewDocComment(doc, (const xmlChar *)header_comment) : NULL;
  xmlNode *root =
      doc ? xmlNewDocNode(doc, NULL, (const xmlChar *)"loihi2Config", NULL)
          : NULL;
  if (!comment || !root) {
    xmlFreeNode(comment);
    xmlFreeNode(root);
    xmlFreeDoc(doc);
    return SF_OOM;
  }
  xmlAddChild((xmlNode *)doc, comment);
  xmlDocSetRootElement(doc, root);
  sf_result result = fill_root(fabric, root);
  if (result == SF_OK)
    *out = doc;
  else
    xmlFreeDoc(doc);
  return result;
}

static sf_result write_file(const char *folder, const char *name,
                            const void *bytes, size_t size, sf_diag *diag) {
  char *path = sf_path_join(folder, name);
  if (!path) return SF_OOM;
  sf_result result = sf_file_write(path, bytes, size, diag);
  free(path);
  return result;
}

static sf_result write_folder(const sf_l2_fabric *fabric, xmlDoc *doc,
                              const char *directory) {
  sf_diag *diag = fabric->plan->diag;
  char *folder = sf_path_join(directory, "loihi2");
  if (!folder) return SF_OOM;
  xmlChar *text = NULL;
  int size = 0;
  xmlDocDumpFormatMemoryEnc(doc, &text, &size, "UTF-8", 1);
  sf_result result = text ? SF_OK : SF_OOM;
  if (result == SF_OK && !sf_path_is_directory(folder))
    result = sf_make_directory(folder, diag);
  if (result == SF_OK)
    result = write_file(folder, "config.xml", text, (size_t)size, diag);
  const sf_buffer *tables = &fabric->tables.bytes;
  if (result == SF_OK)
    result = write_file(folder, "tables.bin", tables->size ? tables->data : "",
                        tables->size, diag);
  xmlFree(text);
  free(folder);
  return result;
}

sf_result sf_l2_config_write(sf_l2_plan *plan, const char *directory) {
  sf_l2_fabric fabric;
  SF_TRY(sf_l2_fabric_create(plan, &fabric));
  xmlDoc *doc = NULL;
  sf_result result = create_document(&fabric, &doc);
  if (result == SF_OK && directory)
    result = write_folder(&fabric, doc, directory);
  xmlFreeDoc(doc);
  sf_l2_fabric_destroy(&fabric);
  return result;
}
