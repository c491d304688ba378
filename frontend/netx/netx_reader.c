/* netx_reader.c - the netx reader: helper, parse, build, verify. */
#include "frontend/netx/netx_reader.h"

#include "frontend/netx/netx.h"
#include "support/file.h"

#include <string.h>

/* "network.net" becomes module "network". */
static sf_module *create_module(const char *file) {
  char name[256];
  size_t length = strcspn(file, ".");
  if (length == 0 || length >= sizeof name) {
    file = "network";
    length = strlen(file);
  }
  memcpy(name, file, length);
  name[length] = '\0';
  return sf_module_create(name);
}

static sf_result read_model(netx_model *model, const char *path,
                            sf_import *out) {
  SF_TRY(sf_h5_tree_read(path, model->diag, &model->tree));
  SF_TRY(sf_netx_parse(model));
  SF_TRY(sf_netx_build(model, out));
  return sf_verify(model->module, model->diag);
}

static sf_result read_netx(const char *path, const sf_import_option *options,
                           uint32_t option_count, sf_diag *diag,
                           sf_import *out) {
  *out = (sf_import){0};
  netx_model model = {.diag = diag};
  SF_TRY(sf_netx_options_read(options, option_count, diag, &model.options));
  const char *file = sf_path_base(path);
  model.arena = sf_arena_create();
  model.module = create_module(file);
  sf_result result = SF_OOM;
  if (model.arena && model.module) {
    model.module->loc.file =
        sf_arena_text(model.module->arena, (sf_slice){file, strlen(file)});
    if (model.module->loc.file) result = read_model(&model, path, out);
  }
  sf_h5_tree_destroy(&model.tree);
  sf_arena_destroy(model.arena);
  if (result != SF_OK) {
    sf_module_destroy(model.module);
    *out = (sf_import){0};
    return result;
  }
  out->module = model.module;
  return SF_OK;
}

const sf_frontend sf_frontend_netx = {
    .size = sizeof(sf_frontend),
    .abi = SF_ABI,
    .name = "netx",
    .summary = "lava-dl network exchange, HDF5 (.net)",
    .options = sf_netx_option_table,
    .recognizes = sf_h5_recognizes,
    .read = read_netx,
};
