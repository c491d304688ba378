/* net_harness.c - uses a generated network `net` as a stranger would: through
 * its header only. Prints every output word of a fixed input pattern, one step
 * a line, and fails where a promise of the header is broken. Valid C11 and
 * C++17.
 *
 * Runs here and under qemu-aarch64. */
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 24, GUARD = 64 };

static int failures;

static void expect(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "broken promise: %s\n", what);
  failures++;
}

/* Aligned memory between guards of a known pattern. */
typedef struct {
  unsigned char *all, *data;
  size_t size;
} guarded;

static guarded guarded_create(size_t size) {
  guarded g;
  size_t rounded = (size + 63) / 64 * 64;
  g.all = (unsigned char *)aligned_alloc(64, rounded + 2 * GUARD);
  g.data = g.all + GUARD;
  g.size = size;
  if (!g.all) abort();
  memset(g.all, 0xa5, rounded + 2 * GUARD);
  return g;
}

static void guarded_check(const guarded *g, const char *what) {
  int fine = 1;
  for (size_t i = 0; i < GUARD; i++)
    if (g->all[i] != 0xa5 || g->data[g->size + i] != 0xa5) fine = 0;
  expect(fine, what);
}

/* A fixed pattern for every input port. */
static void fill_input(unsigned char *in, unsigned step) {
  const net_desc *d = net_info();
  memset(in, 0, (size_t)d->in_bytes);
  for (uint32_t p = 0; p < d->in_ports; p++) {
    const net_port *port = &d->inputs[p];
    for (uint32_t i = 0; i < port->elements; i++) {
      unsigned r = (step * 7919u + i * 104729u + p * 31u) % 97u;
      unsigned char *at = in + port->offset;
      if (port->kind == net_BITS) {
        if (r < 40) at[i / 8] = (unsigned char)(at[i / 8] | 1u << i % 8);
      } else if (port->kind == net_I32) {
        int32_t word = r < 50 ? (int32_t)r - 25 : 0;
        memcpy(at + 4 * i, &word, 4);
      } else {
        float word = r < 50 ? (float)r / 16.0f - 1.5f : 0.0f;
        memcpy(at + 4 * i, &word, 4);
      }
    }
  }
}

static void print_output(const unsigned char *out) {
  for (size_t i = 0; i < net_info()->out_bytes; i += 4) {
    uint32_t word;
    memcpy(&word, out + i, 4);
    printf("%08x ", (unsigned)word);
  }
  printf("\n");
}

static void check_errors(net_state *state, void *scratch,
                         unsigned char *bytes) {
  const net_desc *d = net_info();
  net_config config = {net_ABI + 1, net_ISA_AUTO};
  size_t size = (size_t)d->state_bytes;
  expect(net_init(NULL, size, NULL) == net_E_NULL, "NULL state");
  expect(net_init(state, size - 1, NULL) == net_E_SIZE, "short state");
  expect(net_init(state, size, &config) == net_E_ABI, "another ABI");
  config.abi = net_ABI;
  config.isa = 77;
  expect(net_init(state, size, &config) == net_E_ISA, "unknown level");
  expect(net_init((net_state *)(void *)(bytes + 4), size, NULL) == net_E_ALIGN,
         "alignment");
  memset(state, 0, 64);
  expect(net_reset(state) == net_E_STATE, "reset before init");
  expect(net_step(state, scratch, bytes, bytes) == net_E_STATE,
         "step before init");
}

int main(int count, char **words) {
  const net_desc *d = net_info();
  guarded state = guarded_create((size_t)d->state_bytes);
  guarded scratch = guarded_create((size_t)d->scratch_bytes);
  guarded other = guarded_create((size_t)d->state_bytes);
  size_t in_bytes = (size_t)d->in_bytes, out_bytes = (size_t)d->out_bytes;
  unsigned char *in = (unsigned char *)calloc(STEPS, in_bytes + 8);
  guarded out = guarded_create(out_bytes * STEPS);
  guarded again = guarded_create(out_bytes * STEPS);
  net_state *s = (net_state *)(void *)state.data;
  net_config config = {net_ABI, count > 1 ? (uint32_t)atoi(words[1]) : 0};
  if (!in) return 1;
  for (unsigned t = 0; t < STEPS; t++)
    fill_input(in + t * in_bytes, t);

  expect(d->abi == net_ABI && d->align == 64, "description");
  expect(net_STATE_BYTES == d->state_bytes, "sizes in the header");
  check_errors(s, scratch.data, other.data);
  int error = net_init(s, (size_t)d->state_bytes, &config);
  if (error != 0) {
    fprintf(stderr, "init: %d\n", error);
    return 3;
  }
  for (unsigned t = 0; t < STEPS; t++) /* step by step */
    expect(net_step(s, scratch.data, in + t * in_bytes,
                    out.data + t * out_bytes) == 0,
           "step");
  for (unsigned t = 0; t < STEPS; t++)
    print_output(out.data + t * out_bytes);

  /* Any split of a window gives the same, also over a snapshot. */
  expect(net_reset(s) == 0, "reset");
  expect(net_run(s, scratch.data, 5, in, in_bytes, again.data, out_bytes) == 0,
         "run");
  memcpy(other.data, state.data, (size_t)d->state_bytes);
  memset(scratch.data, 0x5a, (size_t)d->scratch_bytes);
  net_state *copy = (net_state *)(void *)other.data;
  expect(net_run(copy, scratch.data, 1, in + 5 * in_bytes, in_bytes,
                 again.data + 5 * out_bytes, out_bytes) == 0,
         "run");
  expect(net_stage_count() == 1 && net_stage_tasks(0, 8) == 1, "stages");
  expect(net_stage_run(copy, scratch.data, 0, 0, 1, STEPS - 6,
                       in + 6 * in_bytes, in_bytes, again.data + 6 * out_bytes,
                       out_bytes) == 0,
         "stage");
  expect(net_stage_run(copy, scratch.data, 1, 0, 1, 0, in, 0, out.data, 0) ==
             net_E_STAGE,
         "no such stage");
  expect(memcmp(out.data, again.data, out_bytes * STEPS) == 0,
         "a split window differs");
  expect(net_run(copy, scratch.data, 0, in, 0, again.data, 0) == 0, "0 steps");
  expect(net_probe(scratch.data, d->outputs[0].name) != NULL, "probe");
  expect(net_probe(scratch.data, "no such value") == NULL, "unknown probe");

  expect(d->states > 0 && net_peek(copy, d->state_ports[0].name) ==
                              other.data + d->state_ports[0].offset,
         "peek");
  expect(net_peek(copy, "u.") == NULL, "unknown state");

  guarded_check(&state, "state overrun");
  guarded_check(&scratch, "scratch overrun");
  guarded_check(&other, "state overrun");
  guarded_check(&out, "output overrun");
  guarded_check(&again, "output overrun");
  free(state.all);
  free(scratch.all);
  free(other.all);
  free(out.all);
  free(again.all);
  free(in);
  return failures != 0;
}
