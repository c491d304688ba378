/* xml.h - a streaming, validating reader of untrusted XML, on libxml2.
 *
 * No DTD, no entities, no network, no huge text. Every document is validated by
 * a RelaxNG schema while it is read, so a reader may rely on the schema only
 * after SF_XML_DONE: it must not crash on a document that turns out invalid. */
#ifndef SF_MACHINE_XML_H
#define SF_MACHINE_XML_H

#include "sf/diag.h"

typedef enum sf_xml_event {
  SF_XML_START, /* of an element: name, attributes */
  SF_XML_END,   /* of an element, for empty ones too */
  SF_XML_TEXT,  /* not only white space */
  SF_XML_DONE   /* the document is whole and valid */
} sf_xml_event;

typedef struct sf_xml sf_xml;

typedef struct sf_xml_source {
  const char *path; /* of the document */
  const char *schema;
  size_t schema_size; /* bytes of RelaxNG, XML syntax */
  size_t limit;       /* bytes of the document */
  sf_diag_id id;      /* of the diagnostics about its content */
} sf_xml_source;

/* The caller destroys *out. Errors: FILE_OPEN, FILE_LIMIT, INTERNAL (schema).
 */
sf_result sf_xml_open(const sf_xml_source *source, sf_diag *diag,
                      sf_xml **out) SF_MUST_USE;
void sf_xml_destroy(sf_xml *xml);
/* Errors are reported once, with file and line, as source->id. */
sf_result sf_xml_next(sf_xml *xml, sf_xml_event *out) SF_MUST_USE;

/* Of the current event. Texts are borrowed until the next sf_xml_next. */
const char *sf_xml_name(const sf_xml *xml);
const char *sf_xml_text(const sf_xml *xml);
bool sf_xml_is(const sf_xml *xml, const char *name);
sf_loc sf_xml_loc(const sf_xml *xml);
/* NULL: absent. Borrowed until the next sf_xml_next; memory that is out counts
 * as absent and fails the next call of sf_xml_next. */
const char *sf_xml_attribute(sf_xml *xml, const char *name);
/* An attribute could not be copied; sf_xml_next will say so too. */
bool sf_xml_out_of_memory(const sf_xml *xml);
/* The attribute as a number; `fallback` when absent or not a number. */
int64_t sf_xml_int(sf_xml *xml, const char *name, int64_t fallback);
double sf_xml_double(sf_xml *xml, const char *name, double fallback);

#endif
