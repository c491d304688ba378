/* xml.c - libxml2's text reader behind the face of xml.h. */
#include "machine/xml.h"

#include "support/file.h"
#include "support/number.h"

#include <libxml/relaxng.h>
#include <libxml/xmlreader.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 400 };

struct sf_xml {
  sf_diag *diag;
  sf_diag_id id;
  char *path;
  const char *file; /* base name of path */
  char *bytes;
  xmlTextReaderPtr reader;
  xmlRelaxNGPtr schema;
  sf_arena *texts; /* attribute values of the current event */
  sf_xml_event event;
  bool end_pending; /* an empty element: END follows its START */
  bool failed, out_of_memory;
  uint32_t first_line; /* of the first complaint of libxml2 */
  char message[MESSAGE_MAX];
};

/* Keeps the first complaint; libxml2 repeats itself. */
static void collect(void *data, const xmlError *error) {
  sf_xml *xml = data;
  if (xml->failed || !error || error->level == XML_ERR_WARNING) return;
  xml->failed = true;
  xml->out_of_memory = error->code == XML_ERR_NO_MEMORY;
  xml->first_line = error->line > 0 ? (uint32_t)error->line : 0;
  const char *text = error->message ? error->message : "not well-formed";
  size_t length = strcspn(text, "\n");
  if (length >= MESSAGE_MAX) length = MESSAGE_MAX - 1;
  memcpy(xml->message, text, length);
  xml->message[length] = '\0';
}

/* libxml2 2.9 declares its listener without const. */
static void collect_error(void *data, xmlErrorPtr error) {
  collect(data, error);
}

static sf_result report(sf_xml *xml) {
  if (xml->out_of_memory) return SF_OOM;
  sf_loc loc = {xml->file, NULL, xml->first_line, 0, 0};
  return sf_error(xml->diag, xml->id, loc, "invalid XML: %s", xml->message);
}

static sf_result load_schema(sf_xml *xml, const sf_xml_source *source) {
  xmlRelaxNGParserCtxtPtr parser =
      xmlRelaxNGNewMemParserCtxt(source->schema, (int)source->schema_size);
  if (!parser) return SF_OOM;
  xmlRelaxNGSetParserStructuredErrors(parser, collect_error, xml);
  xml->schema = xmlRelaxNGParse(parser);
  xmlRelaxNGFreeParserCtxt(parser);
  if (xml->schema) return SF_OK;
  if (xml->out_of_memory || !xml->failed) return SF_OOM;
  return sf_error(xml->diag, SF_DIAG_INTERNAL, SF_NO_LOC,
                  "the schema for '%s' is broken: %s", xml->file, xml->message);
}

static sf_result open_reader(sf_xml *xml, size_t size) {
  xml->reader =
      xmlReaderForMemory(xml->bytes, (int)size, NULL, NULL, XML_PARSE_NONET);
  if (!xml->reader) return SF_OOM;
  xmlTextReaderSetStructuredErrorHandler(xml->reader, collect_error, xml);
  if (xmlTextReaderRelaxNGSetSchema(xml->reader, xml->schema) != 0)
    return SF_OOM;
  return SF_OK;
}

sf_result sf_xml_open(const sf_xml_source *source, sf_diag *diag,
                      sf_xml **out) {
  *out = NULL;
  sf_xml *xml = calloc(1, sizeof *xml);
  if (!xml) return SF_OOM;
  *out = xml; /* destroyed by the caller on failure too */
  xml->diag = diag;
  xml->id = source->id;
  xml->path = strdup(source->path);
  xml->texts = sf_arena_create();
  if (!xml->path || !xml->texts) return SF_OOM;
  xml->file = sf_path_base(xml->path);
  size_t size = 0;
  SF_TRY(sf_file_read_regular(source->path, source->limit, diag, &xml->bytes,
                              &size));
  if (size > INT32_MAX) {
    return sf_error(diag, SF_DIAG_FILE_LIMIT, SF_NO_LOC,
                    "'%s' is larger than 2 GiB", xml->file);
  }
  SF_TRY(load_schema(xml, source));
  return open_reader(xml, size);
}

void sf_xml_destroy(sf_xml *xml) {
  if (!xml) return;
  if (xml->reader) xmlFreeTextReader(xml->reader);
  if (xml->schema) xmlRelaxNGFree(xml->schema);
  sf_arena_destroy(xml->texts);
  free(xml->bytes);
  free(xml->path);
  free(xml);
}

/* What the reader stands on, as an event; false: nothing of interest. */
static bool translate(sf_xml *xml) {
  switch (xmlTextReaderNodeType(xml->reader)) {
  case XML_READER_TYPE_ELEMENT:
    xml->event = SF_XML_START;
    xml->end_pending = xmlTextReaderIsEmptyElement(xml->reader) == 1;
    return true;
  case XML_READER_TYPE_END_ELEMENT:
    xml->event = SF_XML_END;
    return true;
  case XML_READER_TYPE_TEXT:
  case XML_READER_TYPE_CDATA:
    xml->event = SF_XML_TEXT;
    return true;
  default:
    return false;
  }
}

/* A document type or an entity would let a file grow or reach elsewhere. */
static bool is_forbidden(const sf_xml *xml) {
  int type = xmlTextReaderNodeType(xml->reader);
  return type == XML_READER_TYPE_DOCUMENT_TYPE ||
         type == XML_READER_TYPE_ENTITY_REFERENCE ||
         type == XML_READER_TYPE_ENTITY;
}

static sf_result advance(sf_xml *xml) {
  for (;;) {
    int got = xmlTextReaderRead(xml->reader);
    if (xml->failed) return report(xml);
    if (got == 0) {
      if (xmlTextReaderIsValid(xml->reader) != 1) {
        snprintf(xml->message, sizeof xml->message,
                 "the document does not follow its schema");
        return report(xml);
      }
      xml->event = SF_XML_DONE;
      return SF_OK;
    }
    if (got < 0) {
      snprintf(xml->message, sizeof xml->message, "not well-formed");
      return report(xml);
    }
    if (is_forbidden(xml)) {
      return sf_error(xml->diag, xml->id, sf_xml_loc(xml),
                      "document types and entities are not allowed");
    }
    if (translate(xml)) return SF_OK;
  }
}

sf_result sf_xml_next(sf_xml *xml, sf_xml_event *out) {
  if (xml->out_of_memory) return SF_OOM;
  sf_arena_reset(xml->texts);
  if (xml->end_pending) {
    xml->end_pending = false;
    xml->event = SF_XML_END;
  } else {
    SF_TRY(advance(xml));
  }
  *out = xml->event;
  return SF_OK;
}

const char *sf_xml_name(const sf_xml *xml) {
  const xmlChar *name = xmlTextReaderConstLocalName(xml->reader);
  return name ? (const char *)name : "";
}

const char *sf_xml_text(const sf_xml *xml) {
  const xmlChar *text = xmlTextReaderConstValue(xml->reader);
  return text ? (const char *)text : "";
}

bool sf_xml_is(const sf_xml *xml, const char *name) {
  return strcmp(sf_xml_name(xml), name) == 0;
}

sf_loc sf_xml_loc(const sf_xml *xml) {
  int line = xmlTextReaderGetParserLineNumber(xml->reader);
  return (sf_loc){xml->file, NULL, line > 0 ? (uint32_t)line : 0, 0, 0};
}

const char *sf_xml_attribute(sf_xml *xml, const char *name) {
  xmlChar *value =
      xmlTextReaderGetAttribute(xml->reader, (const xmlChar *)name);
  if (!value) return NULL;
  sf_slice slice = {(const char *)value, strlen((const char *)value)};
  const char *copy = sf_arena_text(xml->texts, slice);
  if (!copy) xml->out_of_memory = true;
  xmlFree(value);
  return copy;
}

bool sf_xml_out_of_memory(const sf_xml *xml) { return xml->out_of_memory; }

int64_t sf_xml_int(sf_xml *xml, const char *name, int64_t fallback) {
  const char *text = sf_xml_attribute(xml, name);
  int64_t value;
  if (!text || !sf_read_i64((sf_slice){text, strlen(text)}, &value))
    return fallback;
  return value;
}

double sf_xml_double(sf_xml *xml, const char *name, double fallback) {
  const char *text = sf_xml_attribute(xml, name);
  double value;
  if (!text || !sf_read_f64((sf_slice){text, strlen(text)}, &value))
    return fallback;
  return value;
}
