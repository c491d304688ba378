/* attribute.c - attributes of nodes, through the calls of functions. */
#include "frontend/onnx/model.h"

#include <string.h>

/* AttributeProto.type */
enum {
  KIND_FLOAT = 1,
  KIND_INT = 2,
  KIND_STRING = 3,
  KIND_TENSOR = 4,
  KIND_GRAPH = 5,
  KIND_FLOATS = 6,
  KIND_INTS = 7,
  KIND_STRINGS = 8,
  KIND_SPARSE = 11
};

static const Onnx__AttributeProto *
find(size_t count, Onnx__AttributeProto *const *list, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (list[i]->name && strcmp(list[i]->name, name) == 0) return list[i];
  return NULL;
}

/* A reference takes what the call of the function has, or its default. Calls
 * are nested ONNX_CALLS_DEEP at most, so this ends. */
const Onnx__AttributeProto *sf_onnx_attribute(const onnx_node *node,
                                              const char *name) {
  for (;;) {
    const Onnx__AttributeProto *attribute =
        find(node->proto->n_attribute, node->proto->attribute, name);
    if (!attribute) return NULL;
    if (!attribute->ref_attr_name || !*attribute->ref_attr_name)
      return attribute;
    const onnx_frame *frame = node->scope->frame;
    if (!frame->function) return NULL;
    name = attribute->ref_attr_name;
    node = frame->call;
    if (find(node->proto->n_attribute, node->proto->attribute, name)) continue;
    return find(frame->function->n_attribute_proto,
                frame->function->attribute_proto, name);
  }
}

bool sf_onnx_has_attribute(const onnx_node *node, const char *name) {
  return sf_onnx_attribute(node, name) != NULL;
}

/* Old writers left the type out: what is there says it. */
static int kind_of(const Onnx__AttributeProto *a) {
  if (a->has_type && a->type) return a->type;
  return a->has_f       ? KIND_FLOAT
         : a->has_i     ? KIND_INT
         : a->has_s     ? KIND_STRING
         : a->t         ? KIND_TENSOR
         : a->g         ? KIND_GRAPH
         : a->n_floats  ? KIND_FLOATS
         : a->n_ints    ? KIND_INTS
         : a->n_strings ? KIND_STRINGS
                        : 0;
}

/* The attribute if it is of `kind`; marks the node when it is another. */
static const Onnx__AttributeProto *get(onnx_node *node, const char *name,
                                       int kind) {
  const Onnx__AttributeProto *a = sf_onnx_attribute(node, name);
  if (!a) return NULL;
  int found = kind_of(a);
  if (found == kind) return a;
  /* An empty list of a writer that left the type out. */
  if (found == 0 && (kind == KIND_INTS || kind == KIND_FLOATS)) return a;
  node->wrong_attribute = a->name;
  return NULL;
}

int64_t sf_onnx_int(onnx_node *node, const char *name, int64_t fallback) {
  const Onnx__AttributeProto *a = get(node, name, KIND_INT);
  return a ? a->i : fallback;
}

double sf_onnx_float(onnx_node *node, const char *name, double fallback) {
  const Onnx__AttributeProto *a = get(node, name, KIND_FLOAT);
  return a ? (double)a->f : fallback;
}

const char *sf_onnx_text(onnx_node *node, const char *name,
                         const char *fallback) {
  const Onnx__AttributeProto *a = get(node, name, KIND_STRING);
  if (!a || !a->s.data || !a->s.len) return fallback;
  const char *text = sf_arena_text(
      node->import->arena, (sf_slice){(const char *)a->s.data, a->s.len});
  node->import->out_of_memory |= !text; /* seen at the end of the node */
  return text ? text : fallback;
}

size_t sf_onnx_ints(onnx_node *node, const char *name, const int64_t **out) {
  const Onnx__AttributeProto *a = get(node, name, KIND_INTS);
  *out = a ? a->ints : NULL;
  return a ? a->n_ints : 0;
}

size_t sf_onnx_floats(onnx_node *node, const char *name, const float **out) {
  const Onnx__AttributeProto *a = get(node, name, KIND_FLOATS);
  *out = a ? a->floats : NULL;
  return a ? a->n_floats : 0;
}

size_t sf_onnx_texts(onnx_node *node, const char *name,
                     const char *const **out) {
  const Onnx__AttributeProto *a = get(node, name, KIND_STRINGS);
  *out = NULL;
  if (!a || !a->n_strings) return 0;
  sf_arena *arena = node->import->arena;
  const char **list = SF_NEW_ARRAY(arena, const char *, a->n_strings);
  if (!list) return 0;
  for (size_t i = 0; i < a->n_strings; i++) {
    sf_slice text = {(const char *)a->strings[i].data, a->strings[i].len};
    list[i] = text.size ? sf_arena_text(arena, text) : "";
    if (!list[i]) return 0;
  }
  *out = list;
  return a->n_strings;
}

sf_result sf_onnx_attribute_tensor(onnx_node *node, const char *name,
                                   onnx_tensor **out) {
  *out = NULL;
  const Onnx__AttributeProto *a = get(node, name, KIND_TENSOR);
  if (!a || !a->t) return SF_OK;
  return sf_onnx_tensor_load(node, a->t, out);
}

/* ---- Lists that moved from attributes to inputs. ---- */

static sf_result list_of_input(onnx_node *node, const char *name,
                               uint32_t index, const int64_t **out,
                               int64_t *count) {
  if (!sf_onnx_has_input(node, index)) return SF_OK;
  const onnx_tensor *tensor = NULL;
  SF_TRY(sf_onnx_need_constant(node, index, name, &tensor));
  uint64_t elements = sf_onnx_elements(&tensor->shape);
  if (tensor->shape.rank > 1 || sf_onnx_is_float(tensor->dtype) ||
      elements > (1U << 20))
    return sf_onnx_refuse(node, NULL, "'%s' must be a list of integers", name);
  /* By the byte, for a loop may read a long list in each iteration. */
  if (!sf_onnx_charge(node, elements * sizeof(int64_t))) return SF_FAIL;
  int64_t *list = SF_NEW_ARRAY(node->import->arena, int64_t, elements + 1);
  if (!list) return SF_OOM;
  for (uint64_t i = 0; i < elements; i++)
    list[i] = sf_onnx_get_i64(tensor, i);
  *out = list;
  *count = (int64_t)elements;
  return SF_OK;
}

sf_result sf_onnx_list(onnx_node *node, const char *name, int since,
                       uint32_t index, const int64_t **out, int64_t *count) {
  *out = NULL;
  *count = -1;
  if (node->opset >= since) return list_of_input(node, name, index, out, count);
  if (!sf_onnx_has_attribute(node, name)) return SF_OK;
  *count = (int64_t)sf_onnx_ints(node, name, out);
  return SF_OK;
}

sf_result sf_onnx_axes(onnx_node *node, int since, uint32_t index,
                       unsigned rank, unsigned out[ONNX_RANK_MAX],
                       int64_t *count) {
  const int64_t *list = NULL;
  SF_TRY(sf_onnx_list(node, "axes", since, index, &list, count));
  if (*count < 0) return SF_OK;
  bool chosen[ONNX_RANK_MAX] = {false};
  for (int64_t i = 0; i < *count; i++) {
    unsigned axis;
    if (!sf_onnx_axis(list[i], rank, &axis))
      return sf_onnx_refuse(node, NULL,
                            "axis %lld of a tensor that has %u axes",
                            (long long)list[i], rank);
    if (chosen[axis])
      return sf_onnx_refuse(node, NULL, "axis %u stands twice", axis);
    chosen[axis] = true;
  }
  unsigned at = 0;
  for (unsigned i = 0; i < rank; i++)
    if (chosen[i]) out[at++] = i;
  return SF_OK;
}
