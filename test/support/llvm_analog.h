/* llvm_analog.h - one step of a network as generated code, on each machine that
 * code is for. */
#ifndef SF_TEST_LLVM_ANALOG_H
#define SF_TEST_LLVM_ANALOG_H

#include "test/support/llvm_compile.h"

#include <math.h>

typedef struct analog_machine {
  const char *name, *isa, *number;
} analog_machine;

static const analog_machine analog_machines[] = {
    {"x86-64-v2", "v2", "2"},
    {"x86-64-v3", "v3", "3"},
    {"x86-64-v4", "v4", "4"},
    {"aarch64", "aarch64", "8"},
};

static inline bool analog_available(const analog_machine *machine) {
  if (machine->number[0] == '8') return true;
#if defined(__x86_64__)
  return machine->number[0] == '2' ||
         (machine->number[0] == '3' && __builtin_cpu_supports("avx2")) ||
         (machine->number[0] == '4' && __builtin_cpu_supports("avx512bw"));
#else
  return false;
#endif
}

#define ANALOG_HARNESS SF_TEST_SOURCE "/test/support/llvm/net_files.c"

/* Compiles network @net of `text`, runs a step on the words of its arguments
 * and returns those of its results, one after the other; free them. Ports have
 * an even number of words. */
static inline sf_word *analog_run(const analog_machine *machine,
                                  const char *text, const sf_word *in,
                                  size_t in_words, size_t out_words) {
  const char *here[] = {"clang-19", "-O1", "-I.", ANALOG_HARNESS,
                        "net.o",    "-o",  "run", NULL};
  const char *there[] = {"aarch64-linux-gnu-gcc",
                         "-O1",
                         "-static",
                         "-I.",
                         ANALOG_HARNESS,
                         "net.o",
                         "-o",
                         "run",
                         NULL};
  const char *run_here[] = {"./run", machine->number, NULL};
  const char *run_there[] = {"qemu-aarch64", "./run", machine->number, NULL};
  bool foreign = machine->number[0] == '8';
  compiled c;
  compile_network(&c, text, machine->isa);
  char *path = sf_path_join(c.directory, "cpu/in.bin"), *bytes;
  size_t size;
  assert_int_equal(sf_file_write(path, in, in_words * sizeof *in, c.diag),
                   SF_OK);
  free(path);
  free(run_in_artefact(&c, foreign ? there : here));
  free(run_in_artefact(&c, foreign ? run_there : run_here));
  path = sf_path_join(c.directory, "cpu/out.bin");
  assert_int_equal(sf_file_read(path, 0, c.diag, &bytes, &size), SF_OK);
  assert_int_equal(size, out_words * sizeof *in);
  free(path);
  compiled_destroy(&c);
  return (sf_word *)(void *)bytes;
}

/* `got` is `want` but for a relative error; the smallest step of f32 is always
 * allowed, except for `tolerance` 0: the same number then, any NaN for NaN. */
static inline bool analog_close(float got, double want, double tolerance) {
  float nearest = (float)want;
  if (isnan(want)) return isnan(got);
  if (got == nearest) /* zeros have signs */
    return got != 0.0f || !signbit(got) == !signbit(nearest);
  if (tolerance == 0 || isinf(nearest) || isinf(got)) return false;
  return fabs((double)got - want) <= tolerance * fabs(want) + 0x1p-149;
}

/* ---- Numbers. ---- */

static const float analog_edges[64] = {0.0f,
                                       -0.0f,
                                       INFINITY,
                                       -INFINITY,
                                       NAN,
                                       0x1p-149f,
                                       -0x1p-149f,
                                       0x1.8p-127f,
                                       -0x1.8p-127f,
                                       0x1p-126f,
                                       -0x1p-126f,
                                       0x1.fffffep127f,
                                       -0x1.fffffep127f,
                                       1.0f,
                                       -1.0f,
                                       0x1.fffffep-1f,
                                       0x1.000002p0f,
                                       0.5f,
                                       -0.5f,
                                       0.75f,
                                       2.0f,
                                       -2.0f,
                                       3.0f,
                                       -3.0f,
                                       6.0f,
                                       -6.0f,
                                       2.5f,
                                       -2.5f,
                                       88.72284f,
                                       88.72283f,
                                       -87.336f,
                                       -103.9f,
                                       -104.5f,
                                       709.5f,
                                       -708.5f,
                                       0.34657f,
                                       -0.34657f,
                                       1.41421f,
                                       -1.41421f,
                                       5.0f,
                                       -5.0f,
                                       8.0f,
                                       -8.0f,
                                       -12.9f,
                                       13.1f,
                                       27.5f,
                                       -27.5f,
                                       38.5f,
                                       -38.5f,
                                       100.0f,
                                       -100.0f,
                                       16777216.0f,
                                       -16777216.0f,
                                       16777215.0f,
                                       0x1p30f,
                                       -0x1p31f,
                                       1e-8f,
                                       -1e-8f,
                                       1e30f,
                                       -1e30f,
                                       0.3333333f,
                                       -0.3333333f,
                                       1e-3f,
                                       -1e-3f};

static inline uint32_t analog_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (uint32_t)(*state >> 32);
}

static inline float analog_between(uint64_t *state, double low, double high) {
  return (float)(low + (double)analog_random(state) / 0x1p32 * (high - low));
}

/* The edges, then any bits and numbers of the usual sizes in turn. */
static inline void analog_fill(sf_word *out, size_t count) {
  uint64_t state = 1;
  for (size_t i = 0; i < count; i++)
    if (i < SF_COUNT_OF(analog_edges))
      out[i].f = analog_edges[i];
    else if (i % 3 == 0)
      out[i].i = (int32_t)analog_random(&state);
    else
      out[i].f = i % 3 == 1 ? analog_between(&state, -12, 12)
                            : analog_between(&state, -2, 2);
}

#endif
