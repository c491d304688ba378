/* line_diff.h - what changed between two texts, line by line. */
#ifndef SF_PASSES_LINE_DIFF_H
#define SF_PASSES_LINE_DIFF_H

#include "support/buffer.h"

/* Adds `-` and `+` lines with up to three unchanged lines around them, hunks
 * separated by `...`; nothing when the texts are equal. Shortest edit script
 * (Myers 1986); when more than 2,000 lines differ, one block is replaced by the
 * other. */
sf_result sf_line_diff(const char *before, const char *after,
                       sf_buffer *out) SF_MUST_USE;

#endif
