/* listing.h - what a target was given, as text. */
#ifndef SF_TARGETS_NULL_LISTING_H
#define SF_TARGETS_NULL_LISTING_H

#include "sf/target.h"
#include "support/buffer.h"

/* Appends blobs, arguments, populations, projections, results and the mapping.
 */
void sf_null_list(const sf_emit_job *job, sf_buffer *out);

#endif
