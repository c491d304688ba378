/* generate_private.h - what the files of the generator share. */
#ifndef SF_TEST_GENERATE_PRIVATE_H
#define SF_TEST_GENERATE_PRIVATE_H

#include "test/support/generate.h"

typedef struct sf_generator {
  sf_random random;
  sf_module *module;
  sf_network *network;
  bool runnable, digital;
  bool out_of_memory; /* asked once, at the end of each op */
} sf_generator;

/* ---- generate_value.c ---- */
uint32_t sf_draw(sf_generator *g, uint32_t bound); /* 0 .. bound-1 */
int32_t sf_draw_between(sf_generator *g, int32_t low, int32_t high);
bool sf_chance(sf_generator *g, uint32_t percent);
float sf_draw_f32(sf_generator *g);
sf_number sf_draw_number(sf_generator *g, sf_scalar scalar);
sf_scalar sf_draw_int(sf_generator *g);
const char *sf_draw_name(sf_generator *g);

typedef enum sf_want {
  SF_WANT_ANY,
  SF_WANT_DIGITAL, /* spike or integer */
  SF_WANT_SPIKE,
  SF_WANT_FLOAT
} sf_want;
/* A stream of that kind and rank (-1: any): one that is there, or a new
 * argument with extents 1 .. 5. */
sf_value *sf_draw_value(sf_generator *g, sf_want want, int rank);
/* A stream of exactly this type. */
sf_value *sf_value_of_type(sf_generator *g, const sf_type *type);
/* Any elements of the type. */
sf_blob *sf_draw_blob(sf_generator *g, const sf_type *type);
/* Integers between low and high, at hand. */
sf_blob *sf_draw_blob_between(sf_generator *g, const sf_type *type, int32_t low,
                              int32_t high);
sf_blob *sf_draw_edges(sf_generator *g, int32_t edges, int32_t rows,
                       int32_t columns);

/* ---- generate_op.c, generate_analog.c ---- */
/* An op of this kind at the network's end. */
void sf_generate_op(sf_generator *g, sf_op_kind kind);
void sf_generate_analog(sf_generator *g, sf_op_kind kind);
/* An op with operands; NULL and the flag set when memory is out. */
sf_op *sf_start_op(sf_generator *g, sf_op_kind kind, uint32_t operands);
void sf_finish_op(sf_generator *g, sf_op *op, const sf_type *result);
void sf_set_int(sf_generator *g, sf_op *op, sf_attr_id id, int64_t value);
void sf_set_ints(sf_generator *g, sf_op *op, sf_attr_id id, uint32_t count,
                 const int64_t *values);

bool sf_generate_is_float(const sf_type *type);
void sf_draw_mode(sf_generator *g, sf_op *op);
/* Type of weights of that shape that suit the stream. */
sf_type sf_draw_weights(sf_generator *g, const sf_value *x, unsigned rank,
                        const int32_t *dim);
/* shift, round, each and mode, where the result is an integer. */
void sf_draw_division(sf_generator *g, sf_op *op, bool f32);
/* Operand 1, and 2 if there is a bias. */
void sf_set_constants(sf_generator *g, sf_op *op, const sf_type *weights,
                      bool bias);
sf_scalar sf_result_scalar(sf_generator *g, const sf_type *weights);

/* ---- generate_window.c ---- */
void sf_generate_conv(sf_generator *g, sf_op_kind kind);
void sf_generate_pool(sf_generator *g, sf_op_kind kind);
void sf_generate_reduce(sf_generator *g, sf_op_kind kind);

/* ---- generate_neuron.c, generate_mapping.c ---- */
sf_neuron *sf_generate_neuron(sf_generator *g);
void sf_generate_mapping(sf_generator *g);
void sf_generate_log(sf_generator *g);
void sf_draw_dict(sf_generator *g, sf_dict *dict);

#endif
