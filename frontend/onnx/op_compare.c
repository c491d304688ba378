/* op_compare.c - comparisons, logic and choices, as stateless neurons. A
 * comparison with a constant is a threshold: the spike of an exported SNN. */
#include "frontend/onnx/neuron_kind.h"

#include <string.h>

/* ONNX's name, and what it means. */
static const struct {
  const char *name;
  onnx_neuron_kind kind;
} kinds[] = {
    {"Greater",
     {"greater", "tt", 's', "%r = gt %a, %b", "%r = gt %a, %b", NULL}},
    {"GreaterOrEqual",
     {"greater_or_equal", "tt", 's', "%r = ge %a, %b", "%r = ge %a, %b", NULL}},
    {"Less", {"less", "tt", 's', "%r = lt %a, %b", "%r = lt %a, %b", NULL}},
    {"LessOrEqual",
     {"less_or_equal", "tt", 's', "%r = le %a, %b", "%r = le %a, %b", NULL}},
    {"Equal",
     {"equal", "tt", 's', "%r = eq %a, %b", "%r = eq %a, %b",
      "%d = xor %a, %b %r = not %d"}},
    {"And", {"and", "ss", 's', NULL, NULL, "%r = and %a, %b"}},
    {"Or", {"or", "ss", 's', NULL, NULL, "%r = or %a, %b"}},
    {"Xor", {"xor", "ss", 's', NULL, NULL, "%r = xor %a, %b"}},
    {"Not", {"not", "s", 's', NULL, NULL, "%r = not %a"}},
    {"Where",
     {"where", "stt", 't', "%r = select %a, %b, %c", "%r = select %a, %b, %c",
      "%r = select %a, %b, %c"}},
    {"IsNaN", {"is_nan", "t", 's', "%r = ne %a, %a", NULL, NULL}},
    {"IsInf",
     {"is_inf", "t", 's', "%m = abs %a %r = gt %m, 3.4028235e38", NULL, NULL}},
    {"Div",
     {"divide", "tt", 't', NULL, "%r = div.wrap %a, %b {round = zero} : i32",
      NULL}},
    {"Mod",
     {"mod", "tt", 't', NULL,
      "%q = div %a, %b {round = floor} : i32 %p = mul %q, %b : i32 "
      "%r = sub %a, %p : i32",
      NULL}},
};

sf_result sf_onnx_translate_kind(onnx_node *node) {
  for (size_t i = 0; i < SF_COUNT_OF(kinds); i++)
    if (strcmp(kinds[i].name, node->op_type) == 0)
      return sf_onnx_emit_kind(node, &kinds[i].kind,
                               kinds[i].kind.result == 's' ? ONNX_BOOL
                                                           : ONNX_UNDEFINED);
  return sf_onnx_refuse(node, NULL, "the operator is not supported");
}

static sf_result translate_is_inf(onnx_node *node) {
  if (!sf_onnx_int(node, "detect_positive", 1) ||
      !sf_onnx_int(node, "detect_negative", 1))
    return sf_onnx_refuse(node, NULL, "infinities of one sign");
  return sf_onnx_translate_kind(node);
}

/* The remainder has the divisor's sign (fmod 0), as in Python. */
static sf_result translate_mod(onnx_node *node) {
  if (sf_onnx_int(node, "fmod", 0))
    return sf_onnx_refuse(node, NULL, "the remainder of C (fmod)");
  return sf_onnx_translate_kind(node);
}

const onnx_operator sf_onnx_compare_rows[] = {
    {"", "And", 7, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind, ""},
    {"", "Equal", 7, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind,
     ""},
    {"", "Greater", 7, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind,
     "with a constant: a threshold"},
    {"", "GreaterOrEqual", 12, ONNX_OPSET_NEWEST, ONNX_NEURON,
     sf_onnx_translate_kind, "with a constant: a threshold"},
    {"", "IsInf", 10, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_is_inf,
     "both signs"},
    {"", "IsNaN", 9, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind,
     ""},
    {"", "Less", 7, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind, ""},
    {"", "LessOrEqual", 12, ONNX_OPSET_NEWEST, ONNX_NEURON,
     sf_onnx_translate_kind, ""},
    {"", "Mod", 10, ONNX_OPSET_NEWEST, ONNX_NEURON, translate_mod,
     "integers, fmod 0"},
    {"", "Not", 1, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind, ""},
    {"", "Or", 7, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind, ""},
    {"", "Where", 9, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind,
     "before a softmax, with a lowest number: an added mask"},
    {"", "Xor", 7, ONNX_OPSET_NEWEST, ONNX_NEURON, sf_onnx_translate_kind, ""},
    {0}};
