/* library_text.h - the texts of library/, built in. Private to ir. */
#ifndef SF_IR_LIBRARY_TEXT_H
#define SF_IR_LIBRARY_TEXT_H

#include <stddef.h>

#define SF_FAMILY(NAME)                                                        \
  extern const unsigned char sf_library_##NAME[];                              \
  extern const size_t sf_library_##NAME##_size;
#include "ir/library/families.def"
#undef SF_FAMILY

#endif
