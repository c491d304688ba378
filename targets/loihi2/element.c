/* element.c - see element.h. */
#include "targets/loihi2/element.h"

#include "support/buffer.h"
#include "support/hash.h"

#include <inttypes.h>
#include <string.h>

sf_result sf_l2_child(xmlNode *parent, const char *name, xmlNode **out) {
  *out = xmlNewChild(parent, NULL, (const xmlChar *)name, NULL);
  return *out ? SF_OK : SF_OOM;
}

sf_result sf_l2_attr_text(xmlNode *node, const char *name, const char *text) {
  return xmlNewProp(node, (const xmlChar *)name, (const xmlChar *)text)
             ? SF_OK
             : SF_OOM;
}

sf_result sf_l2_attr_number(xmlNode *node, const char *name, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, value);
  return sf_l2_attr_text(node, name, text);
}

static sf_result attr_taken(xmlNode *node, const char *name, sf_buffer *text) {
  sf_result result = SF_OOM;
  if (text->data && !text->failed)
    result = sf_l2_attr_text(node, name, text->data);
  sf_buffer_destroy(text);
  return result;
}

sf_result sf_l2_attr_shape(xmlNode *node, const char *name,
                           const sf_type *type) {
  sf_buffer text = {0};
  if (type->rank == 0) sf_buffer_char(&text, '1');
  for (uint32_t i = 0; i < type->rank; i++)
    sf_buffer_printf(&text, i ? " %" PRId32 : "%" PRId32, type->dim[i]);
  return attr_taken(node, name, &text);
}

sf_result sf_l2_attr_box(xmlNode *node, const char *name, const sf_box *box) {
  sf_buffer text = {0};
  if (box->rank == 0) sf_buffer_text(&text, "0:1");
  for (uint32_t i = 0; i < box->rank; i++)
    sf_buffer_printf(&text,
                     i ? " %" PRId32 ":%" PRId32 : "%" PRId32 ":%" PRId32,
                     box->begin[i], box->end[i]);
  return attr_taken(node, name, &text);
}

static const char *value_of(const xmlAttr *attribute) {
  const xmlNode *text = attribute->children;
  return text && text->content ? (const char *)text->content : "";
}

/* Text that we build is words with single spaces already. */
static void canonical(const xmlNode *node, sf_buffer *out) {
  sf_buffer_printf(out, "<%s", (const char *)node->name);
  for (const xmlAttr *a = node->properties; a; a = a->next)
    if (strcmp((const char *)a->name, "check") != 0)
      sf_buffer_printf(out, " %s=\"%s\"", (const char *)a->name, value_of(a));
  sf_buffer_char(out, '>');
  for (const xmlNode *child = node->children; child; child = child->next) {
    if (child->type == XML_TEXT_NODE)
      sf_buffer_text(out, (const char *)child->content);
    if (child->type != XML_ELEMENT_NODE) continue;
    const xmlAttr *check = xmlHasProp(child, (const xmlChar *)"check");
    if (check)
      sf_buffer_printf(out, "<%s check=\"%s\">", (const char *)child->name,
                       value_of(check));
    else
      canonical(child, out);
  }
  sf_buffer_printf(out, "</%s>", (const char *)node->name);
}

sf_result sf_l2_seal(xmlNode *node) {
  sf_buffer text = {0};
  canonical(node, &text);
  char check[17] = "";
  if (!text.failed)
    snprintf(check, sizeof check, "%016" PRIx64, sf_hash(text.data, text.size));
  bool failed = text.failed;
  sf_buffer_destroy(&text);
  return failed ? SF_OOM : sf_l2_attr_text(node, "check", check);
}
