/* nir_reader.h - the NIR reader, for the registry. */
#ifndef SF_NIR_READER_H
#define SF_NIR_READER_H

#include "sf/frontend.h"

extern const sf_frontend sf_frontend_nir;

#endif
