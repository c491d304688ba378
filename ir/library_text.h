/* library_text.h - the text of library.sf, built in. Private to ir. */
#ifndef SF_IR_LIBRARY_TEXT_H
#define SF_IR_LIBRARY_TEXT_H

#include <stddef.h>

extern const unsigned char sf_library_text[];
extern const size_t sf_library_text_size;

#endif
