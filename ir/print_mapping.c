/* print_mapping.c - the mapping block as text. */
#include "ir/printer.h"

static void print_box(sf_buffer *out, const sf_box *box) {
  sf_buffer_char(out, '[');
  for (unsigned i = 0; i < box->rank; i++)
    sf_buffer_printf(out, "%s%d:%d", i ? ", " : "", box->begin[i], box->end[i]);
  sf_buffer_char(out, ']');
}

static void print_numbers(sf_buffer *out, const sf_mop_argument *argument) {
  for (uint32_t i = 0; i < argument->count; i++) {
    if (i) sf_buffer_text(out, ", ");
    sf_print_number(out, argument->numbers[i]);
  }
}

static void print_argument(sf_buffer *out, const sf_mop_argument *argument) {
  sf_buffer_char(out, ' ');
  switch (argument->kind) {
  case SF_MOP_SYMBOL:
    sf_print_name(out, '@', argument->text);
    return;
  case SF_MOP_VALUE:
    sf_print_name(out, '%', argument->text);
    return;
  case SF_MOP_BOX:
    print_box(out, &argument->box);
    return;
  case SF_MOP_NUMBER:
    print_numbers(out, argument);
    return;
  case SF_MOP_TUPLE:
    break;
  }
  sf_buffer_char(out, '(');
  print_numbers(out, argument);
  sf_buffer_char(out, ')');
}

static void print_head(sf_buffer *out, const sf_mop *mop, const char *indent) {
  sf_buffer_text(out, indent);
  sf_print_key(out, mop->keyword);
  for (uint32_t i = 0; i < mop->argument_count; i++)
    print_argument(out, &mop->arguments[i]);
  sf_print_dict(out, &mop->attrs);
}

/* Statements hold statements, and those none (docs/ir.md 2). */
void sf_print_mapping(sf_buffer *out, const sf_mapping *mapping) {
  sf_buffer_text(out, "  mapping ");
  sf_print_name(out, '@', mapping->network);
  sf_buffer_text(out, " on ");
  sf_print_string(out, mapping->machine);
  sf_print_dict(out, &mapping->attrs);
  sf_buffer_text(out, " {\n");
  for (const sf_mop *mop = mapping->first; mop; mop = mop->next) {
    print_head(out, mop, "    ");
    if (mop->first_child) {
      sf_buffer_text(out, " {\n");
      for (const sf_mop *inner = mop->first_child; inner; inner = inner->next) {
        print_head(out, inner, "      ");
        sf_buffer_char(out, '\n');
      }
      sf_buffer_text(out, "    }");
    }
    sf_buffer_char(out, '\n');
  }
  sf_buffer_text(out, "  }\n");
}
