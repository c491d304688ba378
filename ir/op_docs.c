/* op_docs.c - docs/ops.md from the tables, so that it cannot go stale. */
#include "ir/op_docs.h"

#include "sf/network.h"

static void print_count(sf_buffer *out, const sf_op_info *info) {
  if (info->max_operands == 65535)
    sf_buffer_printf(out, "at least %u", info->min_operands);
  else if (info->min_operands == info->max_operands)
    sf_buffer_printf(out, "%u", info->min_operands);
  else
    sf_buffer_printf(out, "%u to %u", info->min_operands, info->max_operands);
}

static const char *kind_text(sf_attr_kind kind) {
  switch (kind) {
  case SF_KIND_INT:
    return "integer";
  case SF_KIND_NUMBER:
    return "f32";
  case SF_KIND_BOOL:
    return "true, false";
  case SF_KIND_ROUND:
    return "rounding";
  case SF_KIND_POOL:
    return "kind";
  case SF_KIND_ON:
    return "chip, host";
  case SF_KIND_INTS:
    return "integers";
  case SF_KIND_BLOB:
    return "@blob";
  default:
    return "word";
  }
}

static void print_traits(sf_buffer *out, uint32_t traits) {
  static const struct {
    uint32_t bit;
    const char *text;
  } rows[] = {
      {SF_TRAIT_MODE, "may carry `.wrap` or `.sat`"},
      {SF_TRAIT_PROJECTION, "a weighted sum: docs/ir.md 5"},
      {SF_TRAIT_MOVES, "moves elements only"},
      {SF_TRAIT_STATE, "keeps state"},
      {SF_TRAIT_ANALOG, "analog: gone after `convert-to-spiking`"},
      {SF_TRAIT_FLOAT, "f32 only"},
  };
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++)
    if (traits & rows[i].bit) sf_buffer_printf(out, "; %s", rows[i].text);
}

static void print_op(sf_buffer *out, const sf_op_info *info) {
  sf_buffer_printf(out, "### `%s`\n\n%s.\n\nOperands: ", info->mnemonic,
                   info->summary);
  print_count(out, info);
  print_traits(out, info->traits);
  sf_buffer_text(out, ".\n\n");
  if (info->attr_count == 0) return;
  sf_buffer_text(out, "| attribute | takes | default | meaning |\n"
                      "|---|---|---|---|\n");
  for (uint32_t i = 0; i < info->attr_count; i++) {
    const sf_attr_info *attr = &info->attrs[i];
    sf_buffer_printf(
        out, "| `%s` | %s | %s | %s |\n", attr->name, kind_text(attr->kind),
        attr->default_text ? attr->default_text : "required", attr->doc);
  }
  sf_buffer_char(out, '\n');
}

static void print_classes(sf_buffer *out, unsigned classes) {
  bool first = true;
  static const struct {
    unsigned bit;
    const char *text;
  } rows[] = {{SF_NOP_CLASS_INT, "integers"},
              {SF_NOP_CLASS_F32, "f32"},
              {SF_NOP_CLASS_SPIKE, "spikes"}};
  for (size_t i = 0; i < SF_COUNT_OF(rows); i++) {
    if (!(classes & rows[i].bit)) continue;
    sf_buffer_printf(out, "%s%s", first ? "" : ", ", rows[i].text);
    first = false;
  }
  if (first) sf_buffer_char(out, '-');
}

static void print_nop(sf_buffer *out, const sf_nop_info *info) {
  sf_buffer_printf(out, "| `%s` | %u | ", info->mnemonic, info->operands);
  print_classes(out, info->classes);
  sf_buffer_printf(out, " | %s%s%s | %s |\n",
                   info->traits & SF_NOP_TRAIT_MODE ? "mode " : "",
                   info->traits & SF_NOP_TRAIT_SHIFT ? "shift " : "",
                   info->traits & SF_NOP_TRAIT_ROUND ? "round" : "",
                   info->summary);
}

void sf_op_docs(sf_buffer *out) {
  sf_buffer_text(out, "# Ops\n\nGenerated from `include/sf/ops.def` by "
                      "`sf-opt --print-op-docs`. `docs/ir.md` says what they "
                      "mean exactly.\n\n## Network ops\n\n");
  for (size_t i = 0; i < sf_op_info_count(); i++)
    print_op(out, sf_op_info_at(i));
  sf_buffer_text(out, "## Ops of neuron functions\n\n"
                      "| op | operands | of | may carry | meaning |\n"
                      "|---|---|---|---|---|\n");
  for (size_t i = 0; i < sf_nop_info_count(); i++)
    print_nop(out, sf_nop_info_at(i));
  sf_buffer_text(out, "\n## Roundings\n\n| word | meaning |\n|---|---|\n");
#define SF_ROUND(NUMBER, ID, text, doc)                                        \
  sf_buffer_text(out, "| `" text "` | " doc " |\n");
#include "sf/types.def"
}
