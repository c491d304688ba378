/* block.c - room for computed constants.
 *
 * Large ones lie in a file without a name below TMPDIR: a weight matrix that
 * must be turned round takes disk, not memory of the process, and its pages can
 * be dropped once it is written. Where no such file can be made, memory it is.
 */
#include "frontend/onnx/model.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAPPED_BYTES = 1 << 20 /* from here on in a file */ };

/* Zeroed and backed by disk, so that writing to it cannot fail; NULL: no. */
static void *map_nameless(size_t bytes) {
  const char *folder = getenv("TMPDIR");
  if (!folder || !*folder) folder = P_tmpdir;
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) return NULL;
  void *map = MAP_FAILED;
  if (posix_fallocate(fd, 0, (off_t)bytes) == 0)
    map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return map == MAP_FAILED ? NULL : map;
}

onnx_block *sf_onnx_block_create(size_t bytes) {
  onnx_block *block = calloc(1, sizeof *block);
  if (!block) return NULL;
  block->size = bytes;
  if (bytes >= MAPPED_BYTES) block->bytes = map_nameless(bytes);
  block->mapped = block->bytes != NULL;
  if (!block->mapped) block->bytes = calloc(1, bytes);
  if (block->bytes) return block;
  free(block);
  return NULL;
}

static void destroy(void *memory) {
  onnx_block *block = memory;
  if (block->mapped)
    munmap(block->bytes, block->size);
  else
    free(block->bytes);
  free(block);
}

void sf_onnx_blocks_destroy(onnx_block *first) {
  while (first) {
    onnx_block *next = first->next;
    if (!first->given) destroy(first);
    first = next;
  }
}

sf_result sf_onnx_block_give(onnx_block *block, sf_module *module) {
  if (block->given) return SF_OK;
  SF_TRY(sf_module_own(module, block, destroy));
  block->given = true;
  /* What was written comes back from the file when it is looked at. */
  if (block->mapped) (void)madvise(block->bytes, block->size, MADV_DONTNEED);
  return SF_OK;
}

void sf_onnx_drop_pages(const char *data, uint64_t bytes) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t from = ((uintptr_t)data + page - 1) / page * page;
  uintptr_t to = ((uintptr_t)data + bytes) / page * page;
  if (to > from) (void)madvise((void *)from, to - from, MADV_DONTNEED);
}
