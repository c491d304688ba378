/* net_files.c - one step of a generated network `net`: in.bin to out.bin, as
 * its ports lie in memory. Runs here and under qemu-aarch64.
 *
 *   net_files ISA */
#include "net.h"

#include <stdio.h>
#include <stdlib.h>

static void *memory(size_t size) {
  void *made = aligned_alloc(64, (size + 127) / 64 * 64);
  if (!made) exit(1);
  return made;
}

int main(int count, char **words) {
  const net_desc *d = net_info();
  net_config config = {net_ABI, count > 1 ? (uint32_t)atoi(words[1]) : 0};
  net_state *state = memory((size_t)d->state_bytes);
  void *scratch = memory((size_t)d->scratch_bytes);
  void *in = memory((size_t)d->in_bytes), *out = memory((size_t)d->out_bytes);
  FILE *file = fopen("in.bin", "rb");
  if (!file || fread(in, 1, (size_t)d->in_bytes, file) != d->in_bytes) return 2;
  fclose(file);
  if (net_init(state, (size_t)d->state_bytes, &config)) return 3;
  if (net_step(state, scratch, in, out)) return 4;
  file = fopen("out.bin", "wb");
  if (!file || fwrite(out, 1, (size_t)d->out_bytes, file) != d->out_bytes)
    return 5;
  return fclose(file) != 0;
}
