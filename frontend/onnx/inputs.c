/* inputs.c - arguments and returns of the network, and the batch axis. */
#include "frontend/onnx/model.h"

#include <stdio.h>
#include <string.h>

/* An input that no initializer defines. */
typedef struct input {
  const char *name;
  const Onnx__TypeProto__Tensor *type;
  onnx_dtype dtype;
  onnx_shape shape;
  bool first_is_free; /* its first axis is 1 or has no number */
} input;

static sf_result refuse(onnx_import *import, const char *name,
                        const char *reason, const char *help) {
  import->refusals++;
  (void)sf_error(import->diag, SF_DIAG_IMPORT, import->loc, "input '%s' %s",
                 name, reason);
  if (help) sf_help(import->diag, "%s", help);
  return SF_FAIL;
}

/* The extent that the user gave to a name; 0: none. */
static int64_t given_extent(onnx_import *import, const char *name) {
  for (uint32_t i = 0; i < import->options.dim_count; i++) {
    struct onnx_dim *dim = &import->options.dims[i];
    if (dim->name.size != strlen(name) ||
        memcmp(dim->name.data, name, dim->name.size) != 0)
      continue;
    dim->used = true;
    return dim->extent;
  }
  return 0;
}

typedef Onnx__TensorShapeProto__Dimension dimension;

static bool has_number(const dimension *d) {
  return d->has_dim_value && (!d->dim_param || !*d->dim_param);
}

/* An axis without a number: what --dim says, else 1. Of the batch axis nobody
 * needs to be told. */
static int64_t unknown_extent(onnx_import *import, const input *in,
                              const dimension *d, unsigned axis, bool batch) {
  char unnamed[SF_NAME_MAX + 32];
  const char *name = d->dim_param ? d->dim_param : "";
  if (!*name) {
    snprintf(unnamed, sizeof unnamed, "%s.%u", in->name, axis);
    name = unnamed;
  }
  int64_t extent = given_extent(import, name);
  if (extent) return extent;
  if (!batch) {
    sf_warning(import->diag, SF_DIAG_IMPORT_IGNORED, import->loc,
               "axis %u of input '%s' has no number; 1 is taken", axis,
               in->name);
    sf_help(import->diag, "say --dim %s=N", name);
  }
  return 1;
}

static sf_result read_input(onnx_import *import,
                            const Onnx__ValueInfoProto *info, input *in) {
  *in = (input){.name = info->name ? info->name : ""};
  if (!info->type || !info->type->tensor_type)
    return refuse(import, in->name, "is not a tensor", NULL);
  in->type = info->type->tensor_type;
  in->dtype = (onnx_dtype)in->type->elem_type;
  if (!sf_onnx_dtype_known(in->dtype))
    return refuse(import, in->name, "has elements of a type that is not known",
                  NULL);
  if (!in->type->shape)
    return refuse(import, in->name, "has no shape",
                  "run shape inference on the model, or export it with shapes");
  if (in->type->shape->n_dim > ONNX_RANK_MAX)
    return refuse(import, in->name, "has too many axes", NULL);
  in->shape.rank = (uint8_t)in->type->shape->n_dim;
  if (in->shape.rank) {
    const dimension *d = in->type->shape->dim[0];
    in->first_is_free = !has_number(d) || d->dim_value <= 1;
  }
  return SF_OK;
}

static sf_result read_extents(onnx_import *import, input *in) {
  uint64_t count = 1;
  for (unsigned i = 0; i < in->shape.rank; i++) {
    const dimension *d = in->type->shape->dim[i];
    bool batch = i == 0;
    int64_t extent =
        has_number(d) ? d->dim_value : unknown_extent(import, in, d, i, batch);
    /* Some writers say 0 or -1 for a batch that they do not know. */
    if (extent < 1 && batch && import->options.batch == ONNX_BATCH_AUTO)
      extent = 1;
    if (extent < 1)
      return refuse(import, in->name, "has an axis without elements", NULL);
    if (extent > INT32_MAX / (int64_t)count)
      return refuse(import, in->name, "has 2^31 elements or more", NULL);
    count *= (uint64_t)extent;
    in->shape.dim[i] = extent;
  }
  return SF_OK;
}

static sf_result add_argument(onnx_import *import, onnx_scope *scope,
                              const input *in) {
  bool drop = import->options.batch == ONNX_BATCH_AUTO && in->shape.rank > 0;
  sf_type type =
      sf_onnx_type(in->dtype, &in->shape, in->shape.rank - (drop ? 1U : 0U));
  onnx_value value = {.kind = ONNX_STREAM,
                      .name = in->name,
                      .dtype = in->dtype,
                      .shape = in->shape};
  value.stream = sf_network_add_argument(import->network, in->name, &type);
  if (!value.stream) return SF_OOM;
  value.stream->loc = import->loc;
  return sf_onnx_define(import, scope, &value, NULL);
}

/* A batch axis is there when every input begins with an axis that is 1 or has
 * no number; scalars have none. */
static sf_result choose_batch(onnx_import *import, const input *inputs,
                              uint32_t count) {
  if (import->options.batch == ONNX_BATCH_NONE)
    return sf_onnx_choose(import, "batch", "none",
                          "asked for: arrays have the model's shapes");
  bool any = false;
  for (uint32_t i = 0; i < count; i++) {
    if (inputs[i].shape.rank == 0) continue;
    any = true;
    if (inputs[i].first_is_free && inputs[i].shape.dim[0] == 1) continue;
    import->options.batch = ONNX_BATCH_NONE;
    return sf_onnx_choose(import, "batch", "none",
                          "the first axis of an input is longer than 1");
  }
  if (!any) import->options.batch = ONNX_BATCH_NONE;
  return sf_onnx_choose(import, "batch", any ? "1" : "none",
                        any ? "the first axis of every input is 1 or open; "
                              "samples come one by one, without it"
                            : "no input has an axis");
}

static bool is_initializer(const Onnx__GraphProto *graph, const char *name) {
  for (size_t i = 0; i < graph->n_initializer; i++)
    if (graph->initializer[i]->name && name &&
        strcmp(graph->initializer[i]->name, name) == 0)
      return true;
  return false;
}

static sf_result warn_unused_dims(onnx_import *import) {
  for (uint32_t i = 0; i < import->options.dim_count; i++) {
    const struct onnx_dim *dim = &import->options.dims[i];
    if (!dim->used)
      return sf_error(import->diag, SF_DIAG_USAGE, import->loc,
                      "--dim %.*s: no input has an open axis of this name",
                      (int)dim->name.size, dim->name.data);
  }
  return SF_OK;
}

sf_result sf_onnx_add_arguments(onnx_import *import, onnx_scope *scope) {
  const Onnx__GraphProto *graph = import->model->graph;
  input *inputs = SF_NEW_ARRAY(import->arena, input, graph->n_input + 1);
  if (!inputs) return SF_OOM;
  uint32_t count = 0;
  sf_result result = SF_OK;
  for (size_t i = 0; i < graph->n_input; i++) {
    if (is_initializer(graph, graph->input[i]->name)) continue;
    input *in = &inputs[count++];
    if (read_input(import, graph->input[i], in) != SF_OK ||
        read_extents(import, in) != SF_OK)
      result = SF_FAIL;
  }
  SF_TRY(result);
  SF_TRY(warn_unused_dims(import));
  SF_TRY(choose_batch(import, inputs, count));
  for (uint32_t i = 0; i < count; i++)
    SF_TRY(add_argument(import, scope, &inputs[i]));
  return SF_OK;
}

/* ---- Returns. ---- */

/* The batch axis goes again where the result has it; IR values get exactly the
 * rank that is left. */
static sf_result make_return(onnx_import *import, onnx_node *node,
                             sf_value **out) {
  const onnx_value *value = node->inputs[0];
  bool drop = import->options.batch == ONNX_BATCH_AUTO &&
              value->shape.rank > 0 && value->shape.dim[0] == 1;
  SF_TRY(sf_onnx_emit(
      node, 0, sf_onnx_stream(node, 0, value->shape.rank - (drop ? 1U : 0U)),
      value->dtype, &value->shape));
  *out = node->outputs[0]->stream;
  return SF_OK;
}

/* A node that is not there: what an error about an output belongs to. */
static sf_result output_node(onnx_import *import, onnx_scope *scope,
                             Onnx__ValueInfoProto *info, onnx_node *node) {
  Onnx__NodeProto *proto = SF_NEW(import->arena, Onnx__NodeProto);
  char **names = SF_NEW_ARRAY(import->arena, char *, 1);
  onnx_value *value = SF_NEW(import->arena, onnx_value);
  onnx_value **outputs = SF_NEW_ARRAY(import->arena, onnx_value *, 1);
  const onnx_value **inputs =
      SF_NEW_ARRAY(import->arena, const onnx_value *, 1);
  if (!proto || !names || !value || !outputs || !inputs) return SF_OOM;
  onnx__node_proto__init(proto);
  names[0] = info->name ? info->name : (char *)(uintptr_t)"";
  proto->n_output = 1;
  proto->output = names;
  *node = (onnx_node){.import = import,
                      .arena = import->arena,
                      .proto = proto,
                      .scope = scope,
                      .domain = "",
                      .op_type = "output",
                      .inputs = inputs,
                      .outputs = outputs,
                      .output_count = 1,
                      .loc = import->loc};
  node->label = sf_arena_text(import->module->arena, sf_slice_of(names[0]));
  if (!node->label) return SF_OOM;
  node->loc.node = node->label;
  value->name = names[0];
  outputs[0] = value;
  return SF_OK;
}

sf_result sf_onnx_add_returns(onnx_import *import, onnx_scope *scope) {
  const Onnx__GraphProto *graph = import->model->graph;
  sf_value **returns =
      SF_NEW_ARRAY(import->arena, sf_value *, graph->n_output + 1);
  if (!returns) return SF_OOM;
  bool failed = false;
  for (size_t i = 0; i < graph->n_output; i++) {
    onnx_node *node = SF_NEW(import->arena, onnx_node);
    if (!node) return SF_OOM;
    SF_TRY(output_node(import, scope, graph->output[i], node));
    sf_result result =
        sf_onnx_graph_output(node, scope, graph->output[i], &node->inputs[0]);
    if (result == SF_OK && node->inputs[0]->kind != ONNX_REFUSED) {
      node->input_count = 1;
      result = make_return(import, node, &returns[i]);
    }
    if (result == SF_OOM) return result;
    failed |= result != SF_OK || node->inputs[0]->kind == ONNX_REFUSED;
  }
  if (failed) return SF_FAIL;
  return sf_network_set_returns(import->network, (uint32_t)graph->n_output,
                                returns);
}
