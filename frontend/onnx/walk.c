/* walk.c - the nodes of a graph in order, each evaluated, translated, walked
 * into or refused. */
#include "frontend/onnx/model.h"

#include <limits.h>
#include <string.h>

/* "ai.onnx" is the standard domain's other name. */
static const char *normal_domain(const char *domain) {
  return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

/* Version of `domain` that the frame imports; 0: it does not. */
static int opset_of(const onnx_frame *frame, const char *domain) {
  for (size_t i = 0; i < frame->opset_count; i++) {
    const Onnx__OperatorSetIdProto *opset = frame->opsets[i];
    if (strcmp(normal_domain(opset->domain), domain) != 0) continue;
    return opset->version < 1         ? 1
           : opset->version > INT_MAX ? INT_MAX
                                      : (int)opset->version;
  }
  return 0;
}

static const char *or_empty(const char *text) { return text ? text : ""; }

/* Names of nodes may be empty; the first output's name never is, and it tells
 * as much. */
static const char *label_of(const onnx_import *import, const onnx_frame *frame,
                            const Onnx__NodeProto *proto) {
  const char *name = or_empty(proto->name);
  if (!*name && proto->n_output) name = proto->output[0];
  if (!*name) name = or_empty(proto->op_type);
  return sf_arena_printf(import->module->arena, "%s%s", frame->prefix, name);
}

static sf_result init_outputs(onnx_node *node) {
  sf_arena *arena = node->import->arena;
  node->output_count = (uint32_t)node->proto->n_output;
  node->outputs = SF_NEW_ARRAY(arena, onnx_value *, node->output_count + 1);
  onnx_value *values = SF_NEW_ARRAY(arena, onnx_value, node->output_count + 1);
  if (!node->outputs || !values) return SF_OOM;
  for (uint32_t i = 0; i < node->output_count; i++) {
    values[i] =
        (onnx_value){.kind = ONNX_ABSENT, .name = node->proto->output[i]};
    node->outputs[i] = &values[i];
  }
  return SF_OK;
}

static sf_result init_node(onnx_import *import, onnx_scope *scope,
                           const Onnx__NodeProto *proto, onnx_node *node) {
  *node = (onnx_node){.import = import,
                      .arena = import->arena,
                      .proto = proto,
                      .scope = scope,
                      .domain = normal_domain(proto->domain),
                      .op_type = or_empty(proto->op_type),
                      .label = label_of(import, scope->frame, proto)};
  if (!node->label) return SF_OOM;
  import->label_bytes += strlen(node->label);
  node->loc = (sf_loc){.file = import->loc.file, .node = node->label};
  node->opset = opset_of(scope->frame, node->domain);
  return init_outputs(node);
}

/* Every input must be defined before: ONNX graphs are sorted. */
static sf_result find_inputs(onnx_node *node) {
  sf_arena *arena = node->import->arena;
  size_t count = node->proto->n_input;
  node->inputs = SF_NEW_ARRAY(arena, const onnx_value *, count + 1);
  onnx_value *missing = SF_NEW(arena, onnx_value);
  if (!node->inputs || !missing) return SF_OOM;
  missing->name = "";
  for (size_t i = 0; i < count; i++) {
    const char *name = node->proto->input[i];
    const onnx_value *value = missing;
    if (*name) SF_TRY(sf_onnx_lookup(node, node->scope, name, &value));
    if (!value)
      return sf_onnx_refuse(node, NULL,
                            "input '%s' is not defined before the node: the "
                            "graph lacks it, or is not sorted",
                            name);
    node->inputs[node->input_count++] = value;
  }
  return SF_OK;
}

static bool any_refused(const onnx_node *node) {
  for (uint32_t i = 0; i < node->input_count; i++)
    if (node->inputs[i]->kind == ONNX_REFUSED) return true;
  return false;
}

static bool all_constant(const onnx_node *node) {
  for (uint32_t i = 0; i < node->input_count; i++)
    if (node->inputs[i]->kind == ONNX_STREAM) return false;
  return true;
}

/* ---- One node. ---- */

static void warn_opset(onnx_node *node) {
  if (node->import->warned_opset || *node->domain) return;
  if (node->opset > ONNX_OPSET_KNOWN)
    sf_warning(node->import->diag, SF_DIAG_IMPORT_IGNORED, node->import->loc,
               "opset %d is newer than %d, the newest that is known; operators "
               "are read as of opset %d",
               node->opset, (int)ONNX_OPSET_KNOWN, (int)ONNX_OPSET_KNOWN);
  else if (node->opset < ONNX_OPSET_FLOOR)
    sf_warning(node->import->diag, SF_DIAG_IMPORT_IGNORED, node->import->loc,
               "opset %d is older than %d; operators that meant something else "
               "then are refused",
               node->opset, (int)ONNX_OPSET_FLOOR);
  else
    return;
  node->import->warned_opset = true;
}

static sf_result need_stream_reader(onnx_node *node, const onnx_operator *row) {
  for (uint32_t i = 0; i < node->input_count; i++)
    if (node->inputs[i]->kind == ONNX_STREAM)
      return sf_onnx_refuse(node,
                            row->note && *row->note
                                ? row->note
                                : "export the model with it as a constant",
                            "input '%s' depends on the network's input; this "
                            "operator is computed for constants only",
                            node->inputs[i]->name);
  return sf_onnx_refuse(node, row->note, "the operator is not supported");
}

static sf_result translate(onnx_node *node) {
  const onnx_operator *row = sf_onnx_operator(node->domain, node->op_type);
  const onnx_evaluator *evaluator =
      sf_onnx_evaluator(node->domain, node->op_type);
  bool constant = evaluator && all_constant(node);
  if (!row && !constant)
    return sf_onnx_refuse(node,
                          "export it as standard operators, or as a function "
                          "of the model",
                          "the operator is unknown");
  if (!node->opset && !*node->domain)
    return sf_onnx_refuse(node, NULL,
                          "the model imports no version of this operator set");
  if (!node->opset) node->opset = 1; /* custom domains are often left out */
  warn_opset(node);
  if (constant) return evaluator->evaluate(node);
  if (node->opset < row->first)
    return sf_onnx_refuse(node, "export the model with opset 13 or later",
                          "the operator is read from opset %d on", row->first);
  if (row->mapping == ONNX_NEVER)
    return sf_onnx_refuse(node, row->note, "the operator is not supported");
  return row->translate ? row->translate(node) : need_stream_reader(node, row);
}

typedef sf_result (*walker)(onnx_node *node);

static walker control_of(const onnx_node *node) {
  static const struct {
    const char *name;
    walker walk;
  } controls[] = {{"If", sf_onnx_walk_if},
                  {"Loop", sf_onnx_walk_loop},
                  {"Scan", sf_onnx_walk_scan}};
  for (size_t i = 0; !*node->domain && i < SF_COUNT_OF(controls); i++)
    if (strcmp(node->op_type, controls[i].name) == 0) return controls[i].walk;
  return NULL;
}

static sf_result compute(onnx_node *node) {
  const Onnx__FunctionProto *function = sf_onnx_find_function(node);
  if (function) return sf_onnx_walk_function(node, function);
  walker control = control_of(node);
  if (control) return control(node);
  return translate(node);
}

/* What was asked for and is not there, or was asked for in a wrong way. */
static sf_result check_outputs(onnx_node *node) {
  if (node->import->out_of_memory) return SF_OOM;
  if (node->wrong_attribute)
    return sf_onnx_refuse(node, NULL,
                          "attribute '%s' is of another type than expected",
                          node->wrong_attribute);
  for (uint32_t i = 0; i < node->output_count; i++)
    if (sf_onnx_wants(node, i) && node->outputs[i]->kind == ONNX_ABSENT)
      return sf_onnx_refuse(node, NULL, "output %u ('%s') is not supported", i,
                            node->outputs[i]->name);
  return SF_OK;
}

static sf_result define_outputs(onnx_node *node, bool failed) {
  for (uint32_t i = 0; i < node->output_count; i++) {
    if (!sf_onnx_wants(node, i)) continue;
    if (failed) node->outputs[i]->kind = ONNX_REFUSED;
    sf_result result =
        sf_onnx_define(node->import, node->scope, node->outputs[i], NULL);
    if (result == SF_FAIL) node->import->stopped = true;
    SF_TRY(result);
  }
  return SF_OK;
}

sf_result sf_onnx_visit(onnx_import *import) {
  if (++import->visits <= ONNX_VISITS_MAX &&
      import->label_bytes <= ONNX_LABELS_MAX)
    return SF_OK;
  import->stopped = true;
  if (import->visits > ONNX_VISITS_MAX)
    return sf_error(import->diag, SF_DIAG_FILE_LIMIT, import->loc,
                    "more than %d nodes after unrolling loops and calls",
                    (int)ONNX_VISITS_MAX);
  return sf_error(import->diag, SF_DIAG_FILE_LIMIT, import->loc,
                  "the names of the nodes would take more than %d bytes after "
                  "unrolling loops and calls",
                  (int)ONNX_LABELS_MAX);
}

static sf_result walk_node(onnx_import *import, onnx_scope *scope,
                           const Onnx__NodeProto *proto) {
  SF_TRY(sf_onnx_visit(import));
  onnx_node *node = SF_NEW(import->arena, onnx_node);
  if (!node) return SF_OOM;
  SF_TRY(init_node(import, scope, proto, node));
  sf_result result = find_inputs(node);
  bool silent = result == SF_OK && any_refused(node);
  if (result == SF_OK && !silent) result = compute(node);
  if (result == SF_OK && !silent) result = check_outputs(node);
  if (result == SF_OOM || import->stopped) return result;
  if (result == SF_FAIL && !node->refused) import->refusals++;
  return define_outputs(node, silent || result == SF_FAIL);
}

/* A refused node does not end the walk: the others may be refused too. */
sf_result sf_onnx_walk_nodes(onnx_import *import, onnx_scope *scope,
                             size_t count, Onnx__NodeProto *const *nodes) {
  for (size_t i = 0; i < count; i++)
    SF_TRY(walk_node(import, scope, nodes[i]));
  return SF_OK;
}

static sf_result define_initializers(onnx_import *import, onnx_scope *scope,
                                     const Onnx__GraphProto *graph) {
  for (size_t i = 0; i < graph->n_initializer; i++) {
    onnx_value value = {.kind = ONNX_CONSTANT,
                        .name = or_empty(graph->initializer[i]->name)};
    sf_result result =
        sf_onnx_define(import, scope, &value, graph->initializer[i]);
    if (result == SF_FAIL) import->stopped = true;
    SF_TRY(result);
  }
  if (!graph->n_sparse_initializer) return SF_OK;
  import->stopped = true;
  return sf_error(import->diag, SF_DIAG_IMPORT, import->loc,
                  "the model has sparse initializers; only dense ones are "
                  "supported");
}

sf_result sf_onnx_walk_graph(onnx_import *import, onnx_scope *scope,
                             const Onnx__GraphProto *graph) {
  SF_TRY(define_initializers(import, scope, graph));
  return sf_onnx_walk_nodes(import, scope, graph->n_node, graph->node);
}

sf_result sf_onnx_graph_output(onnx_node *node, onnx_scope *scope,
                               const Onnx__ValueInfoProto *output,
                               const onnx_value **out) {
  const char *name = or_empty(output->name);
  SF_TRY(sf_onnx_lookup(node, scope, name, out));
  if (*out) return SF_OK;
  return sf_onnx_refuse(node, NULL, "the graph does not define its output '%s'",
                        name);
}
