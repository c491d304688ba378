/* loihi2.h - config.xml as flat rows. Private to sf-check. */
#ifndef SF_CHECK_LOIHI2_H
#define SF_CHECK_LOIHI2_H

#include "tools/sf-check/check.h"

/* RelaxNG of targets/loihi2/config.rng, part of the program. */
extern const unsigned char sf_check_loihi2_schema[];
extern const size_t sf_check_loihi2_schema_size;

typedef struct l2_program {
  char *name;
  uint64_t state_words;
} l2_program;

typedef struct l2_group {
  uint64_t layer, base, count, state_words, register_bits, own_bits;
  bool biased; /* a bias of each neuron's own, or a constant in its sums */
  uint64_t channels; /* extent of the box's first axis */
  uint64_t elements; /* of the box */
} l2_group;

typedef enum l2_format { L2_DENSE, L2_SPARSE, L2_CONV } l2_format;

typedef struct l2_entry {
  l2_format format;
  uint64_t group, weight_bits, delay_bits, words;
  uint64_t rows, targets; /* of the weights: dense; rows: sparse */
  uint64_t kx, ky, cin, groups, stride_x; /* conv */
  uint64_t list_words;                    /* sparse: summed over the rows */
  bool has_rows;
  uint32_t line;
} l2_entry;

typedef struct l2_axon_in {
  uint64_t id, count, entry, row, atoms;
  bool population;
  uint32_t line;
} l2_axon_in;

typedef struct l2_axon_out {
  uint64_t first, count, chip, core, axon;
  bool population;
  uint32_t line;
} l2_axon_out;

typedef struct l2_core {
  uint64_t chip, id, x, y, p;
  char *name;
  uint32_t line;
  uint32_t group_first, group_count;
  uint32_t entry_first, entry_count;
  uint32_t in_first, in_count;
  uint32_t out_first, out_count;
  uint64_t neuron_words, axon_in, synapses, axon_map, axon_mem, groups;
} l2_core;

typedef struct l2_route {
  uint64_t from_chip, from_core, to_chip, to_core, hops;
  char *path;
  uint32_t line;
} l2_route;

typedef struct l2_chip {
  uint64_t id, cores_used, cores;
  int64_t x, y, z;
  uint32_t line;
} l2_chip;

typedef enum l2_gate_kind {
  L2_CORE_OFF,
  L2_ROUTER_OFF,
  L2_BANK_OFF
} l2_gate_kind;

/* A rectangle of routers of the board. */
typedef struct l2_gate {
  l2_gate_kind kind;
  uint64_t x, y, columns, rows;
  uint64_t p, count, bank;
  uint32_t line;
} l2_gate;

typedef struct l2_config {
  uint32_t program_count, group_count, entry_count, in_count, out_count;
  uint32_t core_count, route_count, chip_count, output_count;
  l2_program *programs;
  l2_group *groups;
  l2_entry *entries;
  l2_axon_in *ins;
  l2_axon_out *outs;   /* of the inputs first, then core by core */
  uint32_t input_outs; /* how many of them are the inputs' */
  l2_core *cores;
  l2_route *routes;
  l2_chip *chips;
  uint64_t *outputs;               /* layers that the host reads */
  uint32_t gate_count, gates_line; /* line 0: nothing is switched off */
  l2_gate *gates;
  uint64_t barrier_x, barrier_y, members;
} l2_config;

/* Reads DIRECTORY/loihi2/config.xml (and row offsets in tables.bin). */
sf_result sf_check_loihi2_read(sf_check *check, l2_config *out) SF_MUST_USE;
void sf_check_loihi2_gates(sf_check *check, const l2_config *config);
bool sf_check_loihi2_router_off(const l2_config *config, sf_position router);
void sf_check_loihi2_routes(sf_check *check, const l2_config *config);
const l2_core *sf_check_loihi2_core(const l2_config *config, uint64_t chip,
                                    uint64_t id);

extern const char sf_check_loihi2_file[]; /* "loihi2/config.xml" */

#endif
