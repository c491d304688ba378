/* seal.c - does every sealed element still hold what was written?
 *
 * The canonical text of an element, as README.md beside the schema defines it:
 * `<name a="v" ..>`, attributes in the order of the document without `check`;
 * then its children in order: an element with a `check` as `<name check="..">`,
 * another one as its canonical text, text as its words joined by one space;
 * then
 * `</name>`. `check` is xxh3-64 of that text in hex. */
#include "support/buffer.h"
#include "support/hash.h"
#include "tools/sf-loihi2-sim/document.h"

#include <inttypes.h>
#include <string.h>

static void add_attribute(sf_buffer *text, const char *name,
                          const char *value) {
  sf_buffer_printf(text, " %s=\"%s\"", name, value ? value : "");
}

static void add_words(sf_buffer *text, const char *content) {
  static const char space[] = " \t\r\n";
  bool first = true;
  for (const char *at = content + strspn(content, space); *at;
       at += strspn(at, space)) {
    size_t length = strcspn(at, space);
    if (!first) sf_buffer_char(text, ' ');
    sf_buffer_add(text, at, length);
    first = false;
    at += length;
  }
}

static void add_attributes(sf_buffer *text, const xmlNode *node) {
  for (const xmlAttr *a = node->properties; a; a = a->next) {
    if (strcmp((const char *)a->name, "check") == 0) continue;
    xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);
    add_attribute(text, (const char *)a->name, (const char *)value);
    xmlFree(value);
  }
}

/* Depth is bounded by the schema, which was checked before. */
static void add_element(sf_buffer *text, const xmlNode *node) {
  sf_buffer_printf(text, "<%s", (const char *)node->name);
  add_attributes(text, node);
  sf_buffer_char(text, '>');
  for (const xmlNode *child = node->children; child; child = child->next) {
    if (child->type == XML_TEXT_NODE && child->content)
      add_words(text, (const char *)child->content);
    if (child->type != XML_ELEMENT_NODE) continue;
    xmlChar *check = xmlGetNoNsProp(child, (const xmlChar *)"check");
    if (check)
      sf_buffer_printf(text, "<%s check=\"%s\">", (const char *)child->name,
                       (const char *)check);
    else
      add_element(text, child);
    xmlFree(check);
  }
  sf_buffer_printf(text, "</%s>", (const char *)node->name);
}

static sf_result verify_one(const sf_sim_document *document,
                            const xmlNode *node, sf_buffer *text) {
  const char *written;
  SF_TRY(sf_sim_text(document, node, "check", &written));
  sf_buffer_clear(text);
  add_element(text, node);
  if (text->failed) return SF_OOM;
  char found[17];
  snprintf(found, sizeof found, "%016" PRIx64, sf_hash(text->data, text->size));
  if (strcmp(found, written) == 0) return SF_OK;
  return sf_sim_bad(document, node,
                    "the content of this '%s' was changed: its check is %s, "
                    "its content has %s",
                    (const char *)node->name, written, found);
}

/* Innermost first, so that the message names the smallest place. */
static sf_result verify_below(const sf_sim_document *document,
                              const xmlNode *node, sf_buffer *text) {
  for (const xmlNode *child = node->children; child; child = child->next)
    if (child->type == XML_ELEMENT_NODE)
      SF_TRY(verify_below(document, child, text));
  return sf_sim_has(node, "check") ? verify_one(document, node, text) : SF_OK;
}

sf_result sf_sim_seal_verify(const sf_sim_document *document) {
  sf_buffer text = {0};
  sf_result result = verify_below(document, document->root, &text);
  sf_buffer_destroy(&text);
  return result;
}
