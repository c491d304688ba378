/* netx.h - the netx reader's own parts: options, the parsed file, the builder.
 *
 * netx is the HDF5 network file of lava-dl (docs: loihi2 reference, section 3).
 * What its loader and Lava's CPU models compute is what a file means. */
#ifndef SF_NETX_H
#define SF_NETX_H

#include "frontend/choices.h"
#include "frontend/h5_tree.h"
#include "sf/frontend.h"

enum {
  NETX_SPIKE_EXP = 6,     /* default fraction bits of graded messages */
  NETX_STATE_EXP = 6,     /* fraction bits of sigma-delta state below spikes */
  NETX_BIAS_EXP = 6,      /* bias and threshold of LIF: mantissa << 6 */
  NETX_DELAY_MAX = 62,    /* steps */
  NETX_LAYERS_MAX = 4096, /* of one file */
  NETX_SUM_BITS = 24      /* synaptic sums: Lava's activation width */
};

/* ---- Options (netx_options.c). ---- */

typedef struct netx_options {
  int64_t layer_lag;      /* 0 or 1 */
  int64_t reset_interval; /* steps; 0: no reset */
  int64_t reset_offset;
  int64_t skip_layers;
  int64_t num_layers; /* 0: all */
  int64_t spike_exp;
  int64_t input_message_bits;   /* 0: binary spikes */
  uint32_t input_rank;          /* 0: not given */
  int64_t input_shape[3];       /* channels first, turned from x, y, f */
  const char *encode, *readout; /* NAME{param=number,..}; NULL: none */
} netx_options;

extern const sf_reader_option sf_netx_option_table[];
/* Errors: USAGE, for every bad word. */
sf_result sf_netx_options_read(const sf_import_option *words, uint32_t count,
                               sf_diag *diag, netx_options *out) SF_MUST_USE;

/* ---- The parsed file. ---- */

/* Numbers of a dataset, truncated towards zero as the loader does. */
typedef struct netx_ints {
  bool present;
  uint8_t rank;
  int64_t dim[SF_H5_RANK_MAX];
  size_t count;
  int32_t *value; /* arena of the model */
} netx_ints;

typedef enum netx_layer_kind {
  NETX_INPUT,
  NETX_DENSE,
  NETX_DENSE_REC,
  NETX_CONV,
  NETX_FLATTEN
} netx_layer_kind;

typedef enum netx_neuron_kind {
  NETX_NO_NEURON,
  NETX_LIF,
  NETX_DELTA,
  NETX_SIGMA_DELTA,
  NETX_SIGMA,
  NETX_RF,
  NETX_RF_IZ
} netx_neuron_kind;

typedef struct netx_neuron {
  netx_neuron_kind kind;
  int32_t vth; /* mantissa */
  netx_ints current_decay, voltage_decay;
  int32_t cosine, sine; /* of RF, after the loader's round trip */
} netx_neuron;

typedef struct netx_layer {
  netx_layer_kind kind;
  uint32_t index;
  const char *path; /* "/layer/3" */
  sf_loc loc;       /* the file and node "layer/3" */
  uint8_t shape_rank;
  int64_t shape[3]; /* as stored: C, H, W */
  netx_neuron neuron;
  netx_ints weight, weight_imag, weight_rec, bias, delay;
  int64_t stride[2], pad[2], dilation[2], groups; /* height, width */
  int64_t input_weight, input_bias; /* the input layer's transform */
} netx_layer;

typedef struct netx_model {
  sf_h5_tree tree;
  netx_options options;
  sf_diag *diag;
  sf_module *module; /* its arena holds locations and choices */
  sf_arena *arena;   /* everything else, until the reader returns */
  uint32_t layer_count;
  netx_layer *layers;
} netx_model;

/* netx_fields.c. `directory` is the group, "/layer/3/neuron". Each reports
 * IMPORT with the dataset's name. */
sf_result sf_netx_read_ints(netx_model *model, const netx_layer *layer,
                            const char *directory, const char *name,
                            netx_ints *out) SF_MUST_USE;
/* A scalar, or an array of one; `fallback` when the dataset is not there. */
sf_result sf_netx_read_scalar(netx_model *model, const netx_layer *layer,
                              const char *directory, const char *name,
                              int64_t fallback, int64_t *out) SF_MUST_USE;
/* One text of either encoding; NULL when it is not there. */
sf_result sf_netx_read_text(netx_model *model, const netx_layer *layer,
                            const char *directory, const char *name,
                            const char **out) SF_MUST_USE;
bool sf_netx_has(const netx_model *model, const char *directory,
                 const char *name);

/* netx_layers.c: all layers, every fault of every layer in one run. */
sf_result sf_netx_parse(netx_model *model) SF_MUST_USE;
/* netx_layer_fields.c: weights have been read. */
sf_result sf_netx_read_shape(netx_model *model, netx_layer *layer) SF_MUST_USE;
sf_result sf_netx_read_conv(netx_model *model, netx_layer *layer) SF_MUST_USE;
sf_result sf_netx_read_dense(netx_model *model, netx_layer *layer) SF_MUST_USE;
/* netx_neuron.c */
sf_result sf_netx_parse_neuron(netx_model *model,
                               netx_layer *layer) SF_MUST_USE;
/* What the loader makes of sinDecay and cosDecay: by way of period and decay,
 * in binary64, truncated (reference 2.7). */
void sf_netx_rf_constants(int32_t sine, int32_t cosine, int32_t *out_sine,
                          int32_t *out_cosine);

/* ---- Weights (netx_weights.c). ---- */

/* What the loader's weight-bit optimization leaves of the weights (reference
 * 2.4), in place: clipped, or all zero, or as they were. `second` (recurrent
 * weights) is optimized together with `first`; NULL: none. Warns of what a chip
 * cannot hold. */
void sf_netx_weights_optimize(netx_model *model, const netx_layer *layer,
                              netx_ints *first, netx_ints *second);
/* Convolutions are not optimized: only warns. */
void sf_netx_weights_check_conv(netx_model *model, const netx_layer *layer);
/* Narrowest of i8, i9, .. i32 that holds all of them. */
sf_scalar sf_netx_weights_scalar(const netx_ints *weights);
/* Largest magnitude that a sum of a row's weights over binary spikes reaches.
 */
int64_t sf_netx_weights_row_bound(const netx_ints *weights, size_t rows);

/* ---- Building. ---- */

typedef struct netx_builder {
  netx_model *model;
  sf_network *network;
  sf_value *stream; /* what the layer before sends; NULL: nothing yet */
  uint8_t rank;     /* of the known shape before the first layer; 0: unknown */
  int64_t shape[3];
  int64_t message_bits; /* of what the layer before sends; 0: binary */
  int64_t created;      /* layers so far: counts for the reset offset */
  bool flatten;         /* a flatten layer came last */
  sf_choices choices;
} netx_builder;

/* netx_build.c */
sf_result sf_netx_build(netx_model *model, sf_import *out) SF_MUST_USE;
/* A stream of `rank` axes that arrives from outside, through the encoder if one
 * was asked for. */
sf_result sf_netx_build_input(netx_builder *builder, const netx_layer *layer,
                              sf_scalar scalar, unsigned rank,
                              const int64_t *shape) SF_MUST_USE;
/* `format` is the reason; name and value are copied. */
sf_result sf_netx_choose(netx_builder *builder, const char *name,
                         const char *value, const char *format, ...) SF_MUST_USE
    SF_PRINTF(4, 5);
/* netx_build_layer.c: layers that send something. */
sf_result sf_netx_build_layer(netx_builder *builder,
                              const netx_layer *layer) SF_MUST_USE;
sf_result sf_netx_build_dense(netx_builder *builder,
                              const netx_layer *layer) SF_MUST_USE;
sf_result sf_netx_build_conv(netx_builder *builder,
                             const netx_layer *layer) SF_MUST_USE;
/* One operand, perhaps a blob, one result named by the layer and `suffix`.
 * NULL: out of memory. */
sf_value *sf_netx_add_op(netx_builder *builder, const netx_layer *layer,
                         sf_op_kind kind, sf_value *operand, sf_blob *blob,
                         const char *suffix, const sf_type *type);
/* *stream becomes itself `steps` later. */
sf_result sf_netx_delay(netx_builder *builder, const netx_layer *layer,
                        const char *suffix, int64_t steps,
                        sf_value **stream) SF_MUST_USE;
sf_blob *sf_netx_weight_blob(netx_builder *builder, const netx_layer *layer,
                             const char *name, const netx_ints *weight);
/* What the layer before sends. */
sf_scalar sf_netx_message_scalar(const netx_builder *builder);
/* netx_build_neuron.c: the population of a layer over one or two sums (NULL).
 */
sf_result sf_netx_build_neurons(netx_builder *builder, const netx_layer *layer,
                                sf_value *sum, sf_value *second) SF_MUST_USE;
/* When every layer is cleared in the same steps, the network's `period` says
 * it; 0: neurons count for themselves. */
int64_t sf_netx_reset_period(const netx_model *model);
/* netx_hosted.c: an encoder or read-out of the neuron library. */
sf_result sf_netx_build_encoder(netx_builder *builder, const netx_layer *layer,
                                sf_scalar wanted, unsigned rank,
                                const int64_t *shape) SF_MUST_USE;
sf_result sf_netx_build_readout(netx_builder *builder) SF_MUST_USE;
/* A copy of @delta for another spike exponent than the library's 6. */
sf_neuron *sf_netx_delta_variant(netx_builder *builder, sf_neuron *delta);

/* Value `NAME` or `NAME.suffix` of the layer, for builders: "conv1",
 * "conv1.sum". Lives as long as the module; NULL: out of memory. */
const char *sf_netx_value_name(netx_model *model, const netx_layer *layer,
                               const char *suffix);
/* The params of an op that a model has by contract; asserts that they exist. */
void sf_netx_set_param(sf_op *op, const char *param, int64_t value);

#endif
