/* form.h - what the files of max_tree share.
 *
 * A *form* is what a maximum has become: a sum of terms, each a value seen
 * through a window, at one tap of it. Combining two forms adds a population of
 * the same grid. The tap that stays behind in every form is the one that is
 * never padding; the others read 0 outside, which never wins (outside.c). */
#ifndef SF_PASSES_MAX_TREE_FORM_H
#define SF_PASSES_MAX_TREE_FORM_H

#include "passes/max_tree/tree.h"

enum {
  SF_MAX_TERMS = 40, /* a tree over 2^31 taps has fewer on its right side */
  SF_MAX_AXES = 2
};

/* One value seen at one tap along each axis. */
typedef struct sf_max_term {
  sf_value *value;
  bool windowed[SF_MAX_AXES]; /* has the value this axis still in full? */
  int64_t tap[SF_MAX_AXES];
} sf_max_term;

typedef struct sf_max_form {
  uint32_t count;
  sf_max_term terms[SF_MAX_TERMS];
  int64_t first, taps; /* along the present axis, that terms[0] has seen: in the
                          order of sf_max_tap */
} sf_max_form;

/* A maximum that is being rewritten. */
typedef struct sf_max_work {
  const sf_max_maker *maker;
  sf_op *op; /* the maximum: new ops are put before it */
  sf_network *network;
  sf_diag *diag;
  const char *name;
  uint32_t axes; /* of an image: 0 of a row */
  int64_t kernel[SF_MAX_AXES], stride[SF_MAX_AXES], dilation[SF_MAX_AXES],
      begin[SF_MAX_AXES], end[SF_MAX_AXES];
  int axis; /* that is reduced now */
} sf_max_work;

/* After a NULL: SF_FAIL when there are more errors than `before`, else SF_OOM.
 */
sf_result sf_max_failed(const sf_max_work *t, uint32_t before);
/* tree.c: tap `n` of the present axis in the order in which they are compared.
 */
int64_t sf_max_tap(const sf_max_work *t, int64_t n);
/* outside.c: what a - b gains where one of them lies in padding. The caller
 * frees it. */
sf_result sf_max_outside(const sf_max_work *t, const sf_max_form *a,
                         const sf_max_form *b, sf_max_offset *out) SF_MUST_USE;
void sf_max_offset_free(sf_max_offset *offset);
/* Windows along `axis` of so many elements. */
int64_t sf_max_extent(const sf_max_work *t, int axis, int64_t extent);

/* project.c: a - b (b may be empty) as a sum of projections, i32. */
sf_result sf_max_difference(const sf_max_work *t, const sf_max_form *a,
                            const sf_max_form *b, sf_value **out) SF_MUST_USE;
/* One operand NULL: the other. NULL: out of memory. */
sf_value *sf_max_add(const sf_max_work *t, sf_value *a, sf_value *b,
                     sf_scalar scalar);
/* result.c: the form as one value of the maximum's shape. */
sf_result sf_max_finish(sf_max_work *t, const sf_max_form *f,
                        sf_value **out) SF_MUST_USE;

#endif
