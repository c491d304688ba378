/* chip.h - what the simulator knows of a board: cores as the configuration
 * lists them. Everything lives in the board's arena.
 *
 * One step t of a core: each neuron group takes slot t of its accumulators,
 * runs its program and sends; after the barrier the spikes of t arrive through
 * input axon and synapse list in slot t + 1 + delay (loihi2.md 2.1). */
#ifndef SF_LOIHI2_SIM_CHIP_H
#define SF_LOIHI2_SIM_CHIP_H

#include "sf/diag.h"

enum {
  SF_SIM_PORTS = 2,  /* RF has a real and an imaginary input */
  SF_SIM_STATES = 4, /* of a listing; sigma, act, res */
  SF_SIM_OWN = 8,    /* parameters p0 .. p7 of a listing */
  SF_SIM_DELAY_MAX = 62
};

/* Bytes of targets/loihi2/config.rng. */
extern const unsigned char sf_sim_schema[];
extern const size_t sf_sim_schema_size;

typedef enum sf_sim_param_id {
  SF_SIM_DU,
  SF_SIM_DV,
  SF_SIM_VTH,
  SF_SIM_BIAS,
  SF_SIM_BIAS_EXP,
  SF_SIM_RESET_INTERVAL,
  SF_SIM_RESET_FIRST,
  SF_SIM_SPIKE_EXP,
  SF_SIM_STATE_EXP,
  SF_SIM_COS,
  SF_SIM_SIN,
  SF_SIM_INITIAL,   /* of the potential */
  SF_SIM_COUNT_MIN, /* least and most of the running sum of spikes */
  SF_SIM_COUNT_MAX,
  SF_SIM_DIVISOR,
  SF_SIM_OFFSET,     /* added before the division, or in every step */
  SF_SIM_GAIN,       /* of the input; absent: 1 */
  SF_SIM_RESET_MODE, /* 0 zero, 1 subtract */
  SF_SIM_P0,         /* of a listing, by number */
  SF_SIM_PARAM_COUNT = SF_SIM_P0 + SF_SIM_OWN
} sf_sim_param_id;

/* One value for the group, or one a neuron. */
typedef struct sf_sim_param {
  bool present;
  int32_t value;
  const int32_t *each; /* NULL: value */
} sf_sim_param;

/* Sums by the step in which they are read: slots x neurons, modulo 2^32. */
typedef struct sf_sim_ring {
  uint32_t slots; /* 0: no accumulator */
  uint32_t bits;  /* of the sum when read: wraps, two's complement */
  uint32_t *sums;
  const int32_t *offset; /* added when read, one a neuron; NULL: none */
} sf_sim_ring;

struct sf_sim_group;
/* Runs one step of all neurons: `in` per port (NULL: no accumulator, zeros),
 * `sent` the payload of each neuron, 0 = silent. */
typedef void (*sf_sim_update)(struct sf_sim_group *group,
                              const int32_t *const in[SF_SIM_PORTS],
                              int32_t *sent);

/* One neuron program, written from loihi2.md 2. */
typedef struct sf_sim_program {
  const char *name;
  uint32_t ports, states;
  uint32_t needs; /* bits 1 << sf_sim_param_id */
  sf_sim_update update;
} sf_sim_program;

/* One that the configuration lists itself: code.h. */
typedef struct sf_sim_listing {
  sf_sim_program program;
  const struct sf_sim_code *code;
} sf_sim_listing;

const sf_sim_program *sf_sim_program_find(const char *name);

typedef struct sf_sim_group {
  uint32_t layer;
  uint32_t base, count; /* neurons of the core */
  uint32_t start;       /* first step in which the program runs */
  const sf_sim_program *program;
  const struct sf_sim_code *code; /* of a listing; NULL: a known program */
  sf_sim_param params[SF_SIM_PARAM_COUNT];
  uint32_t *element; /* of the layer, for each neuron */
  uint32_t rank;
  uint32_t begin[8], end[8]; /* box of the layer */
  sf_sim_ring ring[SF_SIM_PORTS];
  int32_t *state[SF_SIM_STATES];
} sf_sim_group;

typedef enum sf_sim_format {
  SF_SIM_DENSE,
  SF_SIM_SPARSE,
  SF_SIM_CONV
} sf_sim_format;

typedef struct sf_sim_conv {
  uint32_t kx, ky, cin, cout, stride_x, stride_y, pad_x, pad_y, dil_x, dil_y,
      groups;
} sf_sim_conv;

/* A synapse list. A product is weight * payload * 2^exponent; a negative
 * exponent rounds each product half away from zero (loihi2.md 2.5). */
typedef struct sf_sim_entry {
  sf_sim_format format;
  uint32_t group, port;
  int32_t exponent;
  uint32_t rows;
  uint32_t synapses;
  const int32_t *first;   /* SPARSE: rows + 1 offsets */
  const int32_t *index;   /* SPARSE: neuron of the group */
  const int32_t *weights; /* DENSE: rows x neurons; CONV: ky, kx, cin, cout */
  const int32_t *delays;  /* steps of each synapse, or NULL */
  uint32_t delay_max;     /* of `delays` */
  sf_sim_conv conv;
} sf_sim_entry;

/* Input axons id .. id + count - 1. */
typedef struct sf_sim_axon {
  uint32_t id, count;
  uint32_t entry;
  uint32_t delay;            /* steps, for all synapses */
  uint32_t row;              /* of the list, for axon `id` */
  uint32_t atoms;            /* population axon: senders; 0: discrete */
  uint32_t begin[3], end[3]; /* CONV: senders' box, channel, y, x */
} sf_sim_axon;

/* Where the spikes of neurons first .. first + count - 1 go. */
typedef struct sf_sim_out {
  uint32_t first, count;
  uint32_t chip, core_id, axon;
  bool population; /* all to axon `axon`, as atoms; else to axon + offset */
  /* Resolved by sf_sim_link: */
  uint32_t target; /* core in the board's array */
  uint32_t hops;
} sf_sim_out;

typedef struct sf_sim_core {
  uint32_t chip, id, x, y, p;
  const char *name;
  uint32_t neuron_count, group_count, entry_count, axon_count, out_count;
  sf_sim_group *groups;
  sf_sim_entry *entries;
  sf_sim_axon *axons;
  sf_sim_out *outs;
  uint32_t axon_ids;          /* ids in use: 0 .. axon_ids - 1 */
  const uint32_t *axon_of_id; /* index in `axons` */
} sf_sim_core;

typedef struct sf_sim_input {
  const char *name;
  uint32_t elements;
  uint32_t bits; /* 1: spike */
  uint32_t out_count;
  sf_sim_out *outs;
} sf_sim_input;

typedef struct sf_sim_layer {
  const char *name;
  uint32_t elements;
  uint32_t bits; /* 1: spike */
  uint32_t rank;
  uint32_t dim[8];
  bool output;
} sf_sim_layer;

typedef struct sf_sim_route {
  uint32_t from, to; /* cores in the board's array */
  uint32_t hops;
} sf_sim_route;

typedef struct sf_sim_board {
  const char *network;
  uint32_t lag, period;
  uint32_t input_count, layer_count, core_count, route_count, listing_count;
  sf_sim_input *inputs;
  sf_sim_listing *listings;
  sf_sim_layer *layers;
  sf_sim_core *cores;   /* sorted by chip, then id */
  sf_sim_route *routes; /* sorted by from, then to */
  sf_arena *arena;
} sf_sim_board;

/* Reads DIRECTORY/config.xml and tables.bin (or the same below
 * DIRECTORY/loihi2), checks schema, seals, hashes, sizes and links. Errors:
 * FILE_OPEN, ARTEFACT, with the element and its line. */
sf_result sf_sim_load(const char *directory, sf_diag *diag,
                      sf_sim_board *out) SF_MUST_USE;
void sf_sim_unload(sf_sim_board *board);

#endif
