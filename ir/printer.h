/* printer.h - what the files of the printer share. Private to ir.
 *
 * Printing is a function of the module alone. The buffer remembers a failed
 * allocation, so that only the end asks. */
#ifndef SF_IR_PRINTER_H
#define SF_IR_PRINTER_H

#include "sf/ir.h"

#include "support/buffer.h"

typedef struct sf_printer {
  sf_buffer *out;
  const sf_module *module;
  bool locations;
  const char *companion; /* NULL: derived blobs print `elided` */
  bool copy_files;       /* blobs in files go to the companion too, */
  bool rewrites;         /* those in the present companion go to the new one */
} sf_printer;

/* ---- print_text.c. ---- */
void sf_print_name(sf_buffer *out, char sigil, const char *name);
void sf_print_string(sf_buffer *out, const char *text);
void sf_print_type(sf_buffer *out, const sf_type *type);
void sf_print_scalar(sf_buffer *out, sf_scalar scalar);
void sf_print_f32(sf_buffer *out, float value);
/* A number in a place of known type: integer, or shortest f32. */
void sf_print_number(sf_buffer *out, sf_number number);
/* ` {a = 1, b = x}`, nothing when empty. */
void sf_print_dict(sf_buffer *out, const sf_dict *dict);
/* An attribute's name: a word, or quoted. */
void sf_print_key(sf_buffer *out, const char *name);
void sf_print_loc(const sf_printer *printer, sf_loc loc);

/* ---- Items. ---- */
void sf_print_blob(const sf_printer *printer, const sf_blob *blob);
void sf_print_neuron(sf_buffer *out, const sf_neuron *neuron);
void sf_print_network(const sf_printer *printer, const sf_network *network);
void sf_print_mapping(sf_buffer *out, const sf_mapping *mapping);
void sf_print_module(const sf_printer *printer);

/* The blob's elements stand in the companion file, or would if there were one.
 */
bool sf_blob_in_companion(const sf_printer *printer, const sf_blob *blob);

#endif
