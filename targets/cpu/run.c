/* run.c - loads the emitted library and replays the network's inputs. */
#include "targets/cpu/cpu.h"
#include "targets/cpu/replay.h"

#include "support/file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A POSIX symbol that is a function. */
typedef union symbol {
  void *object;
  int (*init)(void *, size_t, const cpu_config *);
  int (*reset)(void *);
  int (*step)(void *, void *, const void *, void *);
  const void *(*probe)(const void *, const char *);
  const cpu_desc *(*info)(void);
} symbol;

static sf_result damaged(const cpu_replay *r, const char *what) {
  return sf_error(r->diag, SF_DIAG_ARTEFACT, SF_NO_LOC, "'%s': %s", r->path,
                  what);
}

static sf_result find(cpu_replay *r, const char *prefix, const char *suffix,
                      symbol *out) {
  char name[SF_NAME_MAX + 32], text[SF_NAME_MAX + 64];
  snprintf(name, sizeof name, "%s_%s", prefix, suffix);
  out->object = dlsym(r->library, name);
  if (out->object) return SF_OK;
  snprintf(text, sizeof text, "no function '%s'", name);
  return damaged(r, text);
}

static sf_result find_functions(cpu_replay *r, const char *prefix) {
  symbol s;
  SF_TRY(find(r, prefix, "info", &s));
  r->info = s.info();
  SF_TRY(find(r, prefix, "init", &s));
  r->init = s.init;
  SF_TRY(find(r, prefix, "reset", &s));
  r->reset = s.reset;
  SF_TRY(find(r, prefix, "step", &s));
  r->step = s.step;
  SF_TRY(find(r, prefix, "probe", &s));
  r->probe = s.probe;
  return SF_OK;
}

/* The artefact was made from this network: the same ports, in order. */
static sf_result check_ports(const cpu_replay *r, const sf_network *network) {
  const cpu_desc *d = r->info;
  if (d->abi != CPU_ABI) return damaged(r, "made by another version");
  if (d->in_ports != network->argument_count)
    return damaged(r, "other inputs than the network's");
  for (uint32_t i = 0; i < d->in_ports; i++) {
    const sf_value *argument = network->arguments[i];
    if (strcmp(d->inputs[i].name, argument->name) != 0 ||
        d->inputs[i].elements != sf_type_elements(&argument->type))
      return damaged(r, "other inputs than the network's");
  }
  return SF_OK;
}

static uint32_t isa_number(const char *isa) {
  if (!isa) return 0;
  for (unsigned i = 0; i < SF_CODE_X86_LEVELS; i++)
    if (strcmp(isa, sf_code_x86_levels[i].name) == 0 ||
        strcmp(isa, sf_code_x86_levels[i].cpu) == 0)
      return sf_code_x86_levels[i].number;
  return strcmp(isa, "aarch64") == 0 ? CPU_ISA_AARCH64 : UINT32_MAX;
}

static void *aligned(uint64_t bytes) {
  uint64_t rounded = (bytes + CPU_ALIGN - 1) / CPU_ALIGN * CPU_ALIGN;
  void *memory = aligned_alloc(CPU_ALIGN, rounded ? rounded : CPU_ALIGN);
  if (memory) memset(memory, 0, rounded);
  return memory;
}

static sf_result start(cpu_replay *r, const char *isa) {
  const cpu_desc *d = r->info;
  r->state = aligned(d->state_bytes);
  r->scratch = aligned(d->scratch_bytes);
  r->in = aligned(d->in_bytes);
  r->out = aligned(d->out_bytes);
  if (!r->state || !r->scratch || !r->in || !r->out) return SF_OOM;
  const cpu_config config = {CPU_ABI, isa_number(isa)};
  int error = r->init(r->state, d->state_bytes, &config);
  if (error == 0) return SF_OK;
  if (error == CPU_E_ISA)
    return sf_error(r->diag, SF_DIAG_HELPER, SF_NO_LOC,
                    "this processor, or the artefact, has no instruction set "
                    "'%s'",
                    isa ? isa : "x86-64-v2");
  return damaged(r, "its init function failed");
}

void cpu_replay_close(cpu_replay *r) {
  free(r->state);
  free(r->scratch);
  free(r->in);
  free(r->out);
  if (r->library) dlclose(r->library);
  free(r->path);
}

static sf_result open_library(cpu_replay *r, const char *directory,
                              const char *prefix) {
  char name[SF_NAME_MAX + 32];
  snprintf(name, sizeof name, "cpu/lib%s.so", prefix);
  r->path = sf_path_join(directory, name);
  if (!r->path) return SF_OOM;
  if (!sf_path_exists(r->path)) return damaged(r, "missing");
  /* A path with a slash, else the loader searches its own folders. */
  char *full = realpath(r->path, NULL);
  if (full) r->library = dlopen(full, RTLD_NOW | RTLD_LOCAL);
  free(full);
  if (!r->library) return damaged(r, "cannot be loaded on this machine");
  return find_functions(r, prefix);
}

sf_result cpu_replay_open(const char *directory, const sf_network *network,
                          const char *isa, sf_diag *diag, cpu_replay *out) {
  *out = (cpu_replay){.diag = diag};
  char *prefix = cpu_prefix(network->name);
  sf_result result = prefix ? open_library(out, directory, prefix) : SF_OOM;
  free(prefix);
  if (result == SF_OK) result = check_ports(out, network);
  if (result == SF_OK) result = start(out, isa);
  if (result != SF_OK) cpu_replay_close(out);
  return result;
}

/* ---- One step. ---- */

static void put_input(const cpu_replay *r, uint32_t i, const sf_word *words) {
  const cpu_desc_port *port = &r->info->inputs[i];
  unsigned char *to = r->in + port->offset;
  memset(to, 0, port->bytes);
  if (!words) return;
  if (port->kind != CPU_BITS) {
    memcpy(to, words, port->bytes);
    return;
  }
  for (uint32_t k = 0; k < port->elements; k++)
    if (words[k].i) to[k / 8] = (unsigned char)(to[k / 8] | 1u << k % 8);
}

static const sf_word *input_words(const sf_trace *golden,
                                  const sf_value *argument, uint32_t step) {
  const sf_series *series = sf_trace_find(golden, argument->name);
  if (!series || step >= series->steps) return NULL;
  return series->data + (size_t)step * sf_type_elements(&argument->type);
}

sf_result cpu_replay_step(const cpu_replay *r, const sf_network *network,
                          const sf_trace *golden, uint32_t step) {
  for (uint32_t i = 0; i < network->argument_count; i++)
    put_input(r, i, input_words(golden, network->arguments[i], step));
  if (r->step(r->state, r->scratch, r->in, r->out) == 0) return SF_OK;
  return damaged(r, "its step function failed");
}
