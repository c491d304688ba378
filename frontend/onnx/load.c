/* load.c - from a path to unpacked messages: map, check and reduce, unpack. */
#include "frontend/onnx/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { UNPACKED_MAX = 1 << 30 /* bytes of messages in memory */ };

/* protobuf-c asks here for every message, string and list. */
typedef struct unpack_memory {
  sf_arena *arena;
  size_t used;
  bool over_limit, failed;
} unpack_memory;

static void *unpack_alloc(void *data, size_t size) {
  unpack_memory *memory = data;
  if (size > UNPACKED_MAX - memory->used) {
    memory->over_limit = true;
    return NULL;
  }
  memory->used += size;
  void *item = sf_arena_alloc(memory->arena, size ? size : 1);
  memory->failed |= item == NULL;
  return item;
}

static void unpack_free(void *data, void *item) {
  (void)data; /* all of it goes with the arena */
  (void)item;
}

static sf_result unpack(onnx_import *import) {
  unpack_memory memory = {.arena = import->unpacked};
  ProtobufCAllocator allocator = {unpack_alloc, unpack_free, &memory};
  const sf_buffer *reduced = &import->wire.reduced;
  import->model = onnx__model_proto__unpack(&allocator, reduced->size,
                                            (const uint8_t *)reduced->data);
  sf_buffer_destroy(&import->wire.reduced);
  if (memory.failed) return SF_OOM;
  if (memory.over_limit)
    return sf_error(import->diag, SF_DIAG_FILE_LIMIT, import->loc,
                    "the model needs more than %d bytes without its weights",
                    (int)UNPACKED_MAX);
  if (!import->model)
    return sf_error(import->diag, SF_DIAG_FILE_FORMAT, import->loc,
                    "the messages of the model cannot be unpacked");
  if (!import->model->graph)
    return sf_error(import->diag, SF_DIAG_IMPORT, import->loc,
                    "the model has no graph");
  return SF_OK;
}

/* Blobs name files relative to the folder of the model's real file, so that a
 * link to a model elsewhere works; external data lie beside the given name. */
static sf_result set_folders(onnx_import *import, const char *path) {
  char *real = realpath(path, NULL);
  if (!real)
    return errno == ENOMEM ? SF_OOM
                           : sf_error(import->diag, SF_DIAG_FILE_OPEN,
                                      import->loc, "cannot read '%s': %s", path,
                                      sf_system_reason(errno));
  char *beside = sf_path_directory(path);
  char *folder = sf_path_directory(real);
  const char *base = sf_path_base(real);
  sf_result result = SF_OOM;
  if (beside && folder) {
    import->directory = sf_arena_text(import->arena, sf_slice_of(beside));
    import->name = sf_arena_text(import->module->arena, sf_slice_of(base));
    import->module->directory =
        sf_arena_text(import->module->arena, sf_slice_of(folder));
    char *real_beside = realpath(beside, NULL);
    import->foreign = !real_beside || strcmp(real_beside, folder) != 0;
    free(real_beside);
    if (import->directory && import->name && import->module->directory)
      result = SF_OK;
  }
  free(beside);
  free(folder);
  free(real);
  return result;
}

sf_result sf_onnx_load(onnx_import *import, const char *path) {
  onnx_file *file = SF_NEW(import->arena, onnx_file);
  if (!file) return SF_OOM;
  SF_TRY(sf_file_map(path, import->diag, &file->map));
  import->files = file;
  SF_TRY(set_folders(import, path));
  file->path = import->name;
  /* Constants may take some times the room that the file takes. */
  import->computed_max = ((uint64_t)1 << 27) + 4 * (uint64_t)file->map.size;
  import->work_max = ((uint64_t)1 << 27) + 64 * (uint64_t)file->map.size;
  SF_TRY(sf_onnx_wire_reduce(file->map.data, file->map.size, import->loc.file,
                             import->diag, &import->wire));
  return unpack(import);
}

void sf_onnx_unload(onnx_import *import) {
  for (onnx_file *file = import->files; file; file = file->next)
    sf_file_unmap(&file->map);
  sf_onnx_blocks_destroy(import->blocks);
  sf_onnx_wire_destroy(&import->wire);
  sf_arena_destroy(import->unpacked);
  sf_arena_destroy(import->arena);
}
