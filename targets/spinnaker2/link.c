/* link.c - the image of one PE: its object, the runtime, the linker script. Own
 * pages would blow the file up, so lld is told that a page is 4 bytes
 * (spinnaker2.md 9.2). */
#include "support/file.h"
#include "support/process.h"
#include "targets/spinnaker2/image.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static const char *const runtime_files[] = {"pe_start.o", "pe_main.o",
                                            "pe_hal_semihosting.o"};

/* The runtime lies beside the library: lib/../share/spikeformer/spinnaker2, in
 * the build folder as in an installed tree. malloc'ed. */
static char *runtime_folder(void) {
  Dl_info info;
  if (!dladdr((const void *)runtime_files, &info) || !info.dli_fname)
    return NULL;
  char *library = realpath(info.dli_fname, NULL);
  char *folder = library ? sf_path_directory(library) : NULL;
  char *out =
      folder ? sf_path_join(folder, "../share/spikeformer/spinnaker2") : NULL;
  free(library);
  free(folder);
  return out;
}

static sf_result run_linker(const char *const *arguments, const char *core,
                            sf_diag *diag) {
  sf_process_options options = {
      .arguments = arguments, .output_limit = 1 << 20, .timeout_seconds = 120};
  sf_process_result run = {0};
  sf_result result = sf_process_run(&options, diag, &run);
  if (result == SF_OK && run.exit_code != 0) {
    bool large = run.errors && strstr(run.errors, "will not fit in region");
    result = sf_error(diag, large ? SF_DIAG_CAPACITY : SF_DIAG_HELPER,
                      SF_NO_LOC, "the image of PE '@%s' does not link: %.600s",
                      core, run.errors ? run.errors : "");
  }
  sf_process_result_destroy(&run);
  return result;
}

/* `format` NULL: ELF; "binary": raw image from address 0. */
static sf_result link_as(const char *linker, const char *runtime,
                         const s2_image_files *files, const char *format,
                         const char *output, sf_diag *diag) {
  char *paths[SF_COUNT_OF(runtime_files) + 1] = {0};
  const char *arguments[16] = {linker, "-z", "max-page-size=4",
                               "--build-id=none", "-T"};
  size_t n = 5;
  char *script = sf_path_join(runtime, "pe.ld");
  arguments[n++] = script;
  sf_result result = script ? SF_OK : SF_OOM;
  for (size_t i = 0; i < SF_COUNT_OF(runtime_files); i++) {
    paths[i] = sf_path_join(runtime, runtime_files[i]);
    if (!paths[i]) result = SF_OOM;
    arguments[n++] = paths[i];
  }
  arguments[n++] = files->object;
  if (format) {
    arguments[n++] = "--oformat";
    arguments[n++] = format;
  }
  arguments[n++] = "-o";
  arguments[n++] = output;
  arguments[n] = NULL;
  if (result == SF_OK) result = run_linker(arguments, files->core, diag);
  for (size_t i = 0; i < SF_COUNT_OF(runtime_files); i++)
    free(paths[i]);
  free(script);
  return result;
}

sf_result sf_s2_link(const s2_image_files *files, sf_diag *diag) {
  char *linker = sf_program_find("ld.lld-19");
  if (!linker) linker = sf_program_find("ld.lld");
  if (!linker) {
    sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
             "ld.lld is not in PATH; the images are linked with it");
    sf_help(diag, "install the package lld-19");
    return SF_FAIL;
  }
  char *runtime = runtime_folder();
  sf_result result = runtime ? SF_OK : SF_OOM;
  if (result == SF_OK && !sf_path_is_directory(runtime)) {
    result =
        sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC,
                 "the PE runtime is not beside the library, at '%s'", runtime);
  }
  if (result == SF_OK)
    result = link_as(linker, runtime, files, NULL, files->elf, diag);
  if (result == SF_OK)
    result = link_as(linker, runtime, files, "binary", files->raw, diag);
  free(runtime);
  free(linker);
  return result;
}
