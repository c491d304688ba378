/* pe.h - what one processing element (PE) of SpiNNaker2 runs: data regions that
 * the compiler writes, and the contract between runtime and generated code.
 *
 * Freestanding C11 for Cortex-M4F. The region layout is our own; the memory map
 * is the one of the vendor's applications (vectors at 0, data at 0x8000,
 * regions at 0xE900, stack below 0x20000). */
#ifndef SF_RUNTIME_PE_H
#define SF_RUNTIME_PE_H

#include <stdint.h>

enum {
  PE_REGION_ADDRESS = 0xE900,
  PE_REGION_BYTES = 0x1F000 - 0xE900, /* 67,328 */
  PE_MAGIC = 0x32504653,              /* "SFP2" */
  PE_LAYOUT = 2,
  /* Of one slice: inputs, states, results; and params. */
  PE_PORTS_MAX = 16,
  PE_PARAMS_MAX = 32
};

/* Offsets are bytes from PE_REGION_ADDRESS, multiples of 4. */
typedef struct pe_header {
  uint32_t magic, layout;
  uint32_t slice_count, slices;           /* pe_slice[] */
  uint32_t projection_count, projections; /* pe_projection[] */
  uint32_t source_count, sources;         /* pe_source[], ascending key */
  uint32_t bytes;                         /* of all regions */
  uint32_t checksum; /* sum of all words behind the header, modulo 2^32 */
} pe_header;

/* A slice of a population: neurons [first, first + count) of it. */
typedef struct pe_slice {
  uint32_t count;    /* neurons here */
  uint32_t function; /* index into pe_functions */
  uint32_t elements; /* pe indices: count words, element number of each neuron
                        in the whole population (for `rand`) */
  uint32_t seed_low, seed_high; /* of the population, for `rand` */
  int32_t start;                /* first step in which it runs */
  int32_t period;               /* 0: states are never reset */
  uint32_t input_count, inputs; /* pe offsets: accumulator ring of each input */
  uint32_t param_count, params; /* pe_param[] */
  uint32_t result_count, keys;  /* first key of each result, uint32_t[] */
} pe_slice;

/* One parameter: a word for all neurons, or an array of `count` words. */
typedef struct pe_param {
  uint32_t per_neuron; /* 0, 1 */
  uint32_t value;      /* the word itself, or the offset of the array */
} pe_param;

/* A weighted sum into one input of a slice. Links name its rows. Weights are
 * 1, 2 or 4 bytes. */
typedef struct pe_projection {
  uint32_t slice, input;
  uint32_t format; /* pe_format */
  uint32_t weight_bytes;
  uint32_t has_delays; /* each synapse adds its own delay, uint8_t */
  uint32_t shift;      /* every product is rounded: round(w x / 2^shift) */
  uint32_t round;      /* sf_round */
} pe_projection;

/* DENSE row: weights[count], delays[count]. SPARSE row: uint32_t n, then
 * uint16_t target[n] padded to 4 bytes, weights[n] padded, delays[n] padded. */
typedef enum pe_format { PE_DENSE = 0, PE_SPARSE = 1 } pe_format;

/* A block of keys of one result of one source core. Its links are searched, not
 * indexed, so that memory grows with what a slice reads and not with the size
 * of the layer that it reads from. */
typedef struct pe_source {
  uint32_t key, count; /* keys [key, key + count) */
  uint32_t link_count;
  uint32_t links; /* offset of pe_link[], ascending key */
} pe_source;

/* What the event `key` does: add a row of a projection, `delay` steps later. */
typedef struct pe_link {
  uint32_t key;
  uint16_t projection;
  uint16_t delay; /* >= 1 */
  uint32_t row;   /* offset of the row */
} pe_link;

/* ---- Generated code. ---- */

typedef struct pe_call {
  uint32_t count, step, seed_low, seed_high;
  const uint32_t *elements;
  const int32_t *const *inputs;
  const int32_t *const *params; /* arrays, or one word */
  int32_t *const *states;
  int32_t *const *results;
} pe_call;

/* One neuron function over `call->count` neurons. */
typedef struct pe_function {
  void (*update)(const pe_call *call);
  /* Initial state of every neuron of the slice. */
  void (*reset)(const pe_call *call);
  uint32_t state_count;
} pe_function;

/* Both are in the object of this PE, written by the compiler. */
extern const pe_function pe_functions[];
/* Working memory: states, results and accumulator rings, in words. */
extern const uint32_t pe_work_words;
extern int32_t pe_work[];

/* ---- Hardware abstraction: the functions that a board's drivers replace. ----
 */

void pe_hal_start(void);
/* Opens the next sample; 0: no more. Writes the number of steps. */
int pe_hal_sample(uint32_t *steps);
/* The next packet of this step; 0: none left. */
int pe_hal_receive(uint32_t *key, int32_t *payload);
void pe_hal_send(uint32_t key, int32_t payload);
void pe_hal_step_done(void);
void pe_hal_stop(int code) __attribute__((noreturn));

/* pe_main.c */
int pe_main(void);

#endif
