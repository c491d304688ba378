/* loihi2_memory.c - the core memory model of loihi2_memory.h. */
#include "machine/loihi2_memory.h"

static uint64_t value(const sf_machine *machine, const char *name) {
  return (uint64_t)sf_machine_value(machine, name);
}

static uint64_t value_or(const sf_machine *machine, const char *name,
                         uint64_t otherwise) {
  const sf_quantity *row = sf_machine_quantity(machine, name);
  return row ? (uint64_t)row->value : otherwise;
}

sf_loihi2_limits sf_loihi2_limits_of(const sf_machine *machine) {
  return (sf_loihi2_limits){
      .neuron_words = value(machine, "neuron-words"),
      .pool_words = value(machine, "pool-words"),
      .groups = value(machine, "neuron-groups"),
      .neuron_state_bits = value(machine, "neuron-state-bits"),
      .half_word_bits = value_or(machine, "half-word-bits", 0),
      .bias_bits = value_or(machine, "bias-bits", 0),
      .index_bits = value(machine, "index-bits"),
      .list_header_bits = value(machine, "list-header-bits"),
      .conv_header_bits = value(machine, "conv-header-bits"),
      .delay_bits = value(machine, "delay-bits"),
      .axon_in_words = value(machine, "axon-in-words"),
      .conv_axon_words = value(machine, "conv-axon-words"),
      .axon_map_words = value(machine, "axon-map-words"),
      .conv_map_permille = value(machine, "conv-map-permille"),
      .synapse_words = value_or(machine, "synapse-words", UINT64_MAX),
      .axon_in_limit = value_or(machine, "axon-in-limit", UINT64_MAX),
      .axon_out_limit = value_or(machine, "axon-out-limit", UINT64_MAX),
      .list_block = value_or(machine, "list-block-synapses", 0),
  };
}

unsigned sf_loihi2_stored_bits(unsigned bits) {
  if (bits > 8) return 0;
  if (bits > 6) return 8; /* there is no 7-bit field */
  return bits == 0 ? 1 : bits;
}

static uint64_t words_of_bits(uint64_t bits) { return (bits + 63) / 64; }

uint64_t sf_loihi2_list_words(const sf_loihi2_limits *limits, uint64_t n,
                              unsigned bits, bool delays) {
  if (n == 0) return 0;
  uint64_t each = limits->index_bits + bits;
  if (delays) each += limits->delay_bits;
  uint64_t header = limits->list_header_bits, block = limits->list_block;
  if (block == 0 || n <= block) return words_of_bits(n * each + header);
  uint64_t rest = n % block;
  return n / block * words_of_bits(block * each + header) +
         (rest ? words_of_bits(rest * each + header) : 0);
}

uint64_t sf_loihi2_kernel_words(const sf_loihi2_limits *limits, uint64_t rows,
                                uint64_t c_out, unsigned bits,
                                bool x_stride_two) {
  uint64_t each = bits + (x_stride_two ? 1u : 0u);
  return rows * words_of_bits(c_out * each + limits->conv_header_bits);
}

static uint64_t word_bits(const sf_loihi2_limits *limits) {
  return limits->neuron_state_bits ? limits->neuron_state_bits : 64;
}

uint64_t sf_loihi2_state_bits(const sf_loihi2_limits *limits,
                              const sf_loihi2_state *state) {
  uint64_t word = word_bits(limits);
  uint64_t half = state->bits + (state->biased ? limits->bias_bits : 0);
  if (state->own == 0 && half <= limits->half_word_bits) return half;
  uint64_t words = (state->whole + word - 1) / word;
  uint64_t bits = words ? words * word : word;
  return bits + state->own;
}

uint64_t sf_loihi2_neuron_words(const sf_loihi2_limits *limits,
                                uint64_t neurons, uint64_t state_bits) {
  if (state_bits <= limits->half_word_bits && limits->half_word_bits)
    return (neurons + 1) / 2;
  uint64_t word = word_bits(limits);
  uint64_t each = (state_bits + word - 1) / word;
  return neurons * (each ? each : 1);
}

uint64_t sf_loihi2_pool_words(const sf_loihi2_usage *usage) {
  return usage->axon_in + usage->synapses + usage->axon_map + usage->axon_mem;
}

double sf_loihi2_total_percent(const sf_loihi2_limits *limits,
                               const sf_loihi2_usage *usage) {
  return 20.0 * (double)usage->neuron_words / (double)limits->neuron_words +
         80.0 * (double)sf_loihi2_pool_words(usage) /
             (double)limits->pool_words;
}

bool sf_loihi2_fits(const sf_loihi2_limits *limits,
                    const sf_loihi2_usage *usage) {
  return usage->neuron_words <= limits->neuron_words &&
         usage->groups <= limits->groups &&
         usage->synapses <= limits->synapse_words &&
         usage->axon_in <= limits->axon_in_limit &&
         usage->axon_map + usage->axon_mem <= limits->axon_out_limit &&
         sf_loihi2_pool_words(usage) <= limits->pool_words;
}

sf_loihi2_usage sf_loihi2_dense_slice(const sf_loihi2_limits *limits,
                                      uint64_t axons, uint64_t n, unsigned bits,
                                      bool delays) {
  return (sf_loihi2_usage){
      .neuron_words = n,
      .groups = 1,
      .axon_in = axons * limits->axon_in_words,
      .synapses = axons * sf_loihi2_list_words(limits, n, bits, delays),
      .axon_map = n * limits->axon_map_words,
  };
}

uint64_t sf_loihi2_dense_neurons(const sf_loihi2_limits *limits, uint64_t axons,
                                 uint64_t wanted, unsigned bits, bool delays) {
  uint64_t low = 0, high = wanted; /* the words grow with n */
  while (low < high) {
    uint64_t middle = low + (high - low + 1) / 2;
    sf_loihi2_usage u =
        sf_loihi2_dense_slice(limits, axons, middle, bits, delays);
    if (sf_loihi2_fits(limits, &u))
      low = middle;
    else
      high = middle - 1;
  }
  return low;
}
