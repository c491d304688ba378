/* number.h - numbers as text, the same in every locale. docs/ir.md 9. */
#ifndef SF_SUPPORT_NUMBER_H
#define SF_SUPPORT_NUMBER_H

#include "sf/base.h"

enum { SF_NUMBER_TEXT_MAX = 40 };

/* Shortest decimal that reads back to the same bits, always with `.` or `e`;
 * inf, -inf, nan. Terminated; returns the length. */
size_t sf_text_f32(float value, char out[SF_NUMBER_TEXT_MAX]);
size_t sf_text_f64(double value, char out[SF_NUMBER_TEXT_MAX]);
/* The whole slice must be a decimal number (inf and -inf too); rounded once.
 * false: it is not. */
bool sf_read_f32(sf_slice text, float *out);
bool sf_read_f64(sf_slice text, double *out);
/* Decimal, optional '-'; false: not a number, or outside int64. */
bool sf_read_i64(sf_slice text, int64_t *out);

#endif
