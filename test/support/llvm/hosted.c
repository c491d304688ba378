/* hosted.c - runs `batch` in a process: in.bin (word 0: output words; then
 * data) to out.bin. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void batch(const uint32_t *in, uint32_t *out);

int main(void) {
  FILE *file = fopen("in.bin", "rb");
  if (!file) return 1;
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  uint32_t *in = malloc(size);
  if (!in || fread(in, 1, size, file) != size) return 2;
  fclose(file);
  uint32_t *out = calloc(in[0] ? in[0] : 1, 4);
  if (!out) return 3;
  batch(in + 1, out);
  file = fopen("out.bin", "wb");
  if (!file || fwrite(out, 4, in[0], file) != in[0]) return 4;
  return fclose(file) != 0;
}
