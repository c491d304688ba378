/* loihi2_memory.h - what one Loihi 2 core can hold, in 64-bit words.
 *
 * Derived from the tables that Intel's compiler printed (docs: loihi2.md 1.6);
 * the formulas are fits. Neuron memory is separate; AxonIn, Synapses, AxonMap
 * and AxonMem share one pool. */
#ifndef SF_MACHINE_LOIHI2_MEMORY_H
#define SF_MACHINE_LOIHI2_MEMORY_H

#include "sf/machine.h"

/* Limits and cost factors of one core, read from a machine once. Words and
 * bits. */
typedef struct sf_loihi2_limits {
  uint64_t neuron_words, pool_words, groups;
  uint64_t neuron_state_bits; /* of state that fit one word */
  /* Of state and bias that fit half a word, and of a bias; 0: whole words only
   */
  uint64_t half_word_bits, bias_bits;
  uint64_t index_bits, list_header_bits, conv_header_bits, delay_bits;
  uint64_t axon_in_words;     /* an input axon of a dense or sparse slice */
  uint64_t conv_axon_words;   /* all axons of a convolution slice */
  uint64_t axon_map_words;    /* a neuron of a dense slice */
  uint64_t conv_map_permille; /* words a thousand neurons, both output maps */
  /* Parts of the pool that are limited on their own: Loihi 1, whose memories
   * have fixed sizes (loihi2.md 1.5). UINT64_MAX: only the pool is. */
  uint64_t synapse_words, axon_in_limit, axon_out_limit;
  uint64_t list_block; /* synapses a block of a list, each block with its header
                          and whole words; 0: a list is one block */
} sf_loihi2_limits;

sf_loihi2_limits sf_loihi2_limits_of(const sf_machine *machine);

/* Bits that a weight of `bits` is stored in: the next of 1 2 3 4 5 6 8; 0 when
 * it is wider than 9 bits with sign (8 bits of magnitude take 8 stored bits).
 */
unsigned sf_loihi2_stored_bits(unsigned bits);

/* Words of one input axon's list with n synapses of `bits` stored bits, with or
 * without a delay field: ceil((n (index + bits + delay) + header) / 64), block
 * by block; 0 for n = 0. */
uint64_t sf_loihi2_list_words(const sf_loihi2_limits *limits, uint64_t n,
                              unsigned bits, bool delays);
/* Words of a convolution kernel: `rows` = kx ky c_in / groups rows of `c_out`
 * weights; a stride of 2 along x costs one more bit a weight. */
uint64_t sf_loihi2_kernel_words(const sf_loihi2_limits *limits, uint64_t rows,
                                uint64_t c_out, unsigned bits,
                                bool x_stride_two);
/* What a neuron keeps. */
typedef struct sf_loihi2_state {
  uint64_t bits;  /* of its state variables, each as wide as it is declared */
  uint64_t whole; /* the same as they share whole words: what a whole word is
                     fitted to hold, the bias included */
  uint64_t own;   /* of parameters of its own, the bias not counted */
  bool biased;    /* a bias of its own */
} sf_loihi2_state;
/* Bits for sf_loihi2_neuron_words: at most half_word_bits where state and bias
 * fit half a word, else more. Own parameters stand behind whole words. */
uint64_t sf_loihi2_state_bits(const sf_loihi2_limits *limits,
                              const sf_loihi2_state *state);
/* Words that `neurons` neurons with `state_bits` of state each take; two share
 * a word where half a word is enough. */
uint64_t sf_loihi2_neuron_words(const sf_loihi2_limits *limits,
                                uint64_t neurons, uint64_t state_bits);

/* What a core holds. */
typedef struct sf_loihi2_usage {
  uint64_t neuron_words, groups;
  uint64_t axon_in, synapses, axon_map, axon_mem; /* words of the pool */
} sf_loihi2_usage;

uint64_t sf_loihi2_pool_words(const sf_loihi2_usage *usage);
/* Total% as Intel's compiler prints it: 0.2 neurons + 0.8 pool, in percent. */
double sf_loihi2_total_percent(const sf_loihi2_limits *limits,
                               const sf_loihi2_usage *usage);
bool sf_loihi2_fits(const sf_loihi2_limits *limits,
                    const sf_loihi2_usage *usage);

/* A dense slice: `axons` inputs, each reaching all of n neurons. */
sf_loihi2_usage sf_loihi2_dense_slice(const sf_loihi2_limits *limits,
                                      uint64_t axons, uint64_t n, unsigned bits,
                                      bool delays);
/* Largest n <= wanted for which a dense slice fits; 0: not even one neuron. */
uint64_t sf_loihi2_dense_neurons(const sf_loihi2_limits *limits, uint64_t axons,
                                 uint64_t wanted, unsigned bits, bool delays);

#endif
