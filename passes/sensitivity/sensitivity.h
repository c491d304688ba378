/* sensitivity.h - what a narrower width of one layer costs at the output, for
 * analyze-sensitivity and allocate-bits. conversion.md 4.3.
 *
 * A *layer* is a projection with f32 weights. Its weights are rounded as
 * quantize rounds them, and written back as f32, so that all other layers stay
 * as they are. */
#ifndef SF_PASSES_SENSITIVITY_H
#define SF_PASSES_SENSITIVITY_H

#include "passes/qdq/qdq.h"

enum { SF_WIDTHS_MAX = 8, SF_WIDTH_LARGEST = 8 };

/* Widths to choose from, descending, each once. */
typedef struct sf_widths {
  uint32_t count;
  unsigned bits[SF_WIDTHS_MAX];
} sf_widths;

/* "8,4,2,1", in any order. Errors: PASS_OPTION. */
sf_result sf_widths_parse(const char *text, sf_diag *diag,
                          sf_widths *out) SF_MUST_USE;

/* ---- layers.c ---- */

typedef struct sf_layer {
  sf_op *op;
  const char *name;  /* of its result: what quantize{layers} calls it */
  uint64_t weights;  /* how many */
  uint64_t products; /* of a weight and a stream element, one step */
  uint32_t channels; /* of the result: rows of the weights */
  sf_scale scale;    /* of the integers that it reads; 1 where unknown */
  bool one_unit;     /* channels are compared behind it: one step for all */
} sf_layer;

typedef struct sf_layer_list {
  uint32_t count;
  sf_layer *layers; /* in text order */
} sf_layer_list;

/* Loads the weights. `arena` owns the list. */
sf_result sf_layers_find(sf_network *network, sf_arena *arena, sf_diag *diag,
                         sf_layer_list *out) SF_MUST_USE;
/* The weights at a width, as f32, in the order of the blob. */
sf_result sf_layer_round(const sf_layer *layer, unsigned bits, sf_arena *arena,
                         float *out) SF_MUST_USE;

/* ---- subject.c: a copy of the module that layers are tried in. ---- */

enum { SF_LEAD_MOST = 8 }; /* nats */

typedef struct sf_logits {
  const sf_value *value;        /* the first result, before softmax and log */
  size_t outer, classes, inner; /* its axis of classes */
  double scale;                 /* of the logits: one over the temperature */
} sf_logits;

typedef struct sf_subject {
  sf_pass_run *run;
  sf_module *module;
  sf_network *network;
  sf_layer_list layers;
  sf_blob **originals; /* weights, one a layer */
  sf_logits logits;
  uint64_t samples;
  float *reference; /* logits of the network as it is: one row a sample */
} sf_subject;

/* Copies the module and runs it as it is. `limit` samples, 0: all. Logits whose
 * classes lead by more than SF_LEAD_MOST nats in the mean are scaled down to
 * that: else nothing but a changed decision would count. Errors:
 * CALIBRATION without samples, and where the network keeps state or its first
 * result is no f32. */
sf_result sf_subject_create(sf_pass_run *run, int64_t limit,
                            sf_subject *out) SF_MUST_USE;
void sf_subject_destroy(sf_subject *subject);

/* What a change of the network does to its first result. */
typedef struct sf_loss {
  double divergence; /* symmetric Kullback-Leibler, nats, mean over samples */
  uint64_t correct;  /* samples classified as the label says; 0: no labels */
} sf_loss;

/* loss[layer * widths->count + i]: only that layer, at that width. Runs what
 * is behind the layer on what the network computes before it. */
sf_result sf_subject_each(sf_subject *subject, const sf_widths *widths,
                          double *loss) SF_MUST_USE;
/* All layers at once; bits 0 leaves a layer as it is. */
sf_result sf_subject_together(sf_subject *subject, const unsigned *bits,
                              sf_loss *out) SF_MUST_USE;

/* ---- suffix.c: what is behind a layer, as a network of its own. ---- */

typedef struct sf_suffix {
  sf_network *network; /* NULL: the logits do not depend on the layer */
  uint32_t cut_count;
  const sf_value **cut; /* what it takes from the whole network */
  sf_op *layer;         /* the copy */
  const sf_value *logits;
} sf_suffix;
sf_result sf_suffix_create(sf_subject *subject, const sf_op *layer,
                           sf_suffix *out) SF_MUST_USE;

/* ---- divergence.c ---- */

/* Mean lead of the largest logit over the second largest, before `scale`. */
double sf_mean_lead(const sf_logits *shape, const float *logits);
/* sum (p - q) (ln p - ln q) over the classes of softmax(scale a), softmax(scale
 * b); mean over the positions. */
double sf_divergence(const sf_logits *shape, const float *a, const float *b);
/* Index of the first largest class of position 0. */
size_t sf_largest_class(const sf_logits *shape, const float *logits);

/* ---- table.c: the result as an attribute of the module. ----
 *
 *   sensitivity_bits = [8, 4], sensitivity = [["c1", 12, 3456], ..]
 *
 * one row a layer, the divergence in 1e-9 nats. */

sf_result sf_table_store(sf_module *module, const sf_layer_list *layers,
                         const sf_widths *widths,
                         const double *loss) SF_MUST_USE;
/* *found false: the module has none. *loss as sf_subject_each makes it. Errors:
 * ATTR, other layers than the network has, or rows of another length. */
sf_result sf_table_load(const sf_module *module, const sf_layer_list *layers,
                        sf_arena *arena, sf_diag *diag, bool *found,
                        sf_widths *widths, double **loss) SF_MUST_USE;

#endif
