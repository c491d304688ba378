/* document.c - opening config.xml: size, syntax, schema, seals. */
#include "tools/sf-loihi2-sim/document.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 1 << 29 };

/* What libxml2 says first; it repeats itself afterwards. */
typedef struct complaint {
  bool any;
  int line;
  char text[300];
} complaint;

static void collect(void *data, const xmlError *error) {
  complaint *first = data;
  if (first->any || !error || error->level == XML_ERR_WARNING) return;
  first->any = true;
  first->line = error->line;
  const char *text = error->message ? error->message : "not well-formed";
  size_t length = strcspn(text, "\n");
  if (length >= sizeof first->text) length = sizeof first->text - 1;
  memcpy(first->text, text, length);
  first->text[length] = '\0';
}

/* libxml2 2.9 declares its listener without const. */
static void listen(void *data, xmlErrorPtr error) { collect(data, error); }

static sf_result report(sf_diag *diag, const complaint *first) {
  sf_loc loc = {.file = "config.xml",
                .line = first->line > 0 ? (uint32_t)first->line : 0};
  return sf_error(diag, SF_DIAG_ARTEFACT, loc, "invalid configuration: %s",
                  first->any ? first->text : "not well-formed");
}

static sf_result validate(xmlDoc *xml, sf_diag *diag) {
  complaint first = {0};
  xmlRelaxNGParserCtxt *parser = xmlRelaxNGNewMemParserCtxt(
      (const char *)sf_sim_schema, (int)sf_sim_schema_size);
  if (!parser) return SF_OOM;
  xmlRelaxNG *schema = xmlRelaxNGParse(parser);
  xmlRelaxNGFreeParserCtxt(parser);
  if (!schema) return SF_OOM;
  xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
  int status = -1;
  if (context) {
    xmlRelaxNGSetValidStructuredErrors(context, listen, &first);
    status = xmlRelaxNGValidateDoc(context, xml);
    xmlRelaxNGFreeValidCtxt(context);
  }
  xmlRelaxNGFree(schema);
  if (!context) return SF_OOM;
  return status == 0 ? SF_OK : report(diag, &first);
}

static sf_result parse(const char *path, sf_diag *diag, xmlDoc **out) {
  char *bytes = NULL;
  size_t size = 0;
  SF_TRY(sf_file_read_regular(path, CONFIG_BYTES_MAX, diag, &bytes, &size));
  complaint first = {0};
  xmlParserCtxt *parser = xmlNewParserCtxt();
  xmlDoc *xml = NULL;
  if (parser) {
    xmlSetStructuredErrorFunc(&first, listen);
    xml = xmlCtxtReadMemory(parser, bytes, (int)size, "config.xml", NULL,
                            XML_PARSE_NONET | XML_PARSE_COMPACT);
    xmlSetStructuredErrorFunc(NULL, NULL);
    xmlFreeParserCtxt(parser);
  }
  free(bytes);
  if (!parser) return SF_OOM;
  if (!xml) return report(diag, &first);
  if (xml->intSubset || xml->extSubset || !xmlDocGetRootElement(xml)) {
    xmlFreeDoc(xml);
    return sf_error(diag, SF_DIAG_ARTEFACT, (sf_loc){.file = "config.xml"},
                    "a configuration has no document type declaration");
  }
  *out = xml;
  return SF_OK;
}

/* DIRECTORY itself, or DIRECTORY/loihi2 when that is where the file is. */
static char *config_folder(const char *directory) {
  char *inner = sf_path_join(directory, "loihi2");
  if (!inner) return NULL;
  char *config = sf_path_join(inner, "config.xml");
  bool there = config && sf_path_exists(config);
  free(config);
  if (there) return inner;
  free(inner);
  return strdup(directory);
}

static sf_result map_tables(sf_sim_document *document, const char *folder) {
  char *path = sf_path_join(folder, "tables.bin");
  if (!path) return SF_OOM;
  sf_result result = sf_file_map(path, document->diag, &document->tables);
  free(path);
  SF_TRY(result);
  const char *text;
  SF_TRY(sf_sim_text(document, document->root, "tablesBytes", &text));
  if (strtoull(text, NULL, 10) != document->tables.size)
    return sf_sim_bad(document, document->root,
                      "tables.bin has %zu bytes, the configuration says %s",
                      document->tables.size, text);
  return SF_OK;
}

static sf_result open_folder(const char *folder, sf_sim_document *document) {
  char *path = sf_path_join(folder, "config.xml");
  if (!path) return SF_OOM;
  sf_result result = parse(path, document->diag, &document->xml);
  free(path);
  SF_TRY(result);
  document->root = xmlDocGetRootElement(document->xml);
  SF_TRY(validate(document->xml, document->diag));
  SF_TRY(sf_sim_seal_verify(document));
  return map_tables(document, folder);
}

sf_result sf_sim_document_open(const char *directory, sf_arena *arena,
                               sf_diag *diag, sf_sim_document *out) {
  *out = (sf_sim_document){.arena = arena, .diag = diag};
  char *folder = config_folder(directory);
  if (!folder) return SF_OOM;
  sf_result result = open_folder(folder, out);
  free(folder);
  if (result != SF_OK) sf_sim_document_close(out);
  return result;
}

void sf_sim_document_close(sf_sim_document *document) {
  xmlFreeDoc(document->xml);
  sf_file_unmap(&document->tables);
  *document = (sf_sim_document){0};
}
