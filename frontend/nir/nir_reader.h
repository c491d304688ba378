/* nir_reader.h - the NIR reader and writer, for the registry. */
#ifndef SF_NIR_READER_H
#define SF_NIR_READER_H

#include "sf/frontend.h"

extern const sf_frontend sf_frontend_nir;

/* nir_writer.c, as sf_frontend.write. */
sf_result sf_nir_write(sf_network *network, const char *path, sf_diag *diag,
                       sf_export *out) SF_MUST_USE;

#endif
