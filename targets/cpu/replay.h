/* replay.h - a loaded library. Private to targets/cpu/run*.c.
 *
 * The structs are those of the generated header, <net>_port, <net>_desc and
 * <net>_config. */
#ifndef SF_TARGETS_CPU_REPLAY_H
#define SF_TARGETS_CPU_REPLAY_H

#include "targets/cpu/cpu.h"

typedef struct cpu_desc_port {
  const char *name;
  uint32_t kind, elements;
  uint64_t offset, bytes;
} cpu_desc_port;

typedef struct cpu_desc {
  uint32_t abi, numeric;
  uint32_t in_kind, out_kind;
  uint32_t in_size, in_words, out_size, out_words;
  uint32_t max_batch;
  uint32_t in_ports, out_ports, probes, states;
  uint64_t in_bytes, out_bytes;
  uint64_t state_bytes, scratch_bytes, align;
  uint8_t model_hash[32];
  const cpu_desc_port *inputs, *outputs, *probe_ports, *state_ports;
} cpu_desc;

typedef struct cpu_config {
  uint32_t abi, isa;
} cpu_config;

typedef struct cpu_replay {
  sf_diag *diag;
  char *path;
  void *library;
  const cpu_desc *info;
  int (*init)(void *state, size_t bytes, const cpu_config *config);
  int (*reset)(void *state);
  int (*step)(void *state, void *scratch, const void *in, void *out);
  const void *(*probe)(const void *scratch, const char *name);
  void *state, *scratch;
  unsigned char *in, *out;
} cpu_replay;

/* Loads DIRECTORY/cpu/lib<net>.so and starts it at `isa` (NULL: the best).
 * Errors: ARTEFACT, HELPER. */
sf_result cpu_replay_open(const char *directory, const sf_network *network,
                          const char *isa, sf_diag *diag,
                          cpu_replay *out) SF_MUST_USE;
void cpu_replay_close(cpu_replay *replay);
/* One step with the arguments' words of `golden`, zeros where there are none.
 */
sf_result cpu_replay_step(const cpu_replay *replay, const sf_network *network,
                          const sf_trace *golden, uint32_t step) SF_MUST_USE;

#endif
