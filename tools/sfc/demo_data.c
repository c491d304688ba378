/* demo_data.c - finds the demo's files relative to the running program, so that
 * an installed tree can be moved. */
#include "tools/sfc/demo_data.h"

#include "support/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const places[] = {
    "../share/spikeformer/demo",          /* installed */
    "../../../test/data/netx_mnist_mlp"}; /* build/PRESET/bin */

static char *program_folder(void) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return NULL;
  path[length] = '\0';
  return sf_path_directory(path);
}

static sf_result take(const char *folder, sfc_demo_data *out) {
  out->model = sf_path_join(folder, "trained_mnist_network.net");
  out->images = sf_path_join(folder, "images.npy");
  out->labels = sf_path_join(folder, "labels.npy");
  out->encoder = "if_zero";
  return out->model && out->images && out->labels ? SF_OK : SF_OOM;
}

sf_result sfc_demo_data_find(sf_diag *diag, sfc_demo_data *out) {
  *out = (sfc_demo_data){0};
  char *program = program_folder();
  sf_result result = SF_FAIL;
  for (size_t i = 0; program && i < SF_COUNT_OF(places); i++) {
    char *folder = sf_path_join(program, places[i]);
    if (folder && sf_path_is_directory(folder)) {
      result = take(folder, out);
      free(folder);
      break;
    }
    free(folder);
  }
  free(program);
  if (result == SF_FAIL) {
    sf_error(diag, SF_DIAG_FILE_OPEN, SF_NO_LOC,
             "the demo's files are not beside the program");
    sf_help(diag, "they are installed to share/spikeformer/demo");
  }
  return result;
}

void sfc_demo_data_destroy(sfc_demo_data *data) {
  free(data->model);
  free(data->images);
  free(data->labels);
  *data = (sfc_demo_data){0};
}
