/* null.c - the target: refuses what it cannot write, writes one text file.
 *
 * A real target has the same three steps: look at every op and report all that
 * stands in the way (check), turn the network into files (emit), and run them
 * on something that does not share this code (run). */
#include "targets/null/null.h"
#include "targets/null/listing.h"

#include "support/file.h"

#include <stdlib.h>

/* Everything is listed, also what cannot be: a user mends all of it at once. */
static sf_result check(const sf_emit_job *job) {
  sf_result result = SF_OK;
  for (const sf_blob *blob = job->module->first_blob; blob; blob = blob->next)
    if (blob->source == SF_SOURCE_ELIDED && !blob->data)
      result = sf_error(job->diag, SF_DIAG_BLOB_ELIDED, blob->loc,
                        "the data of @%s is not at hand", blob->name);
  return result;
}

static sf_result write_listing(const sf_emit_job *job, const char *folder) {
  sf_buffer text = {0};
  sf_null_list(job, &text);
  char *path = sf_path_join(folder, "listing.txt");
  sf_result result = SF_OOM;
  if (path && !text.failed)
    result = sf_file_write(path, text.data, text.size, job->diag);
  free(path);
  sf_buffer_destroy(&text);
  return result;
}

static sf_result emit(const sf_emit_job *job) {
  char *folder = sf_path_join(job->directory, "null");
  if (!folder) return SF_OOM;
  sf_result result = sf_make_directory(folder, job->diag);
  if (result == SF_OK) result = write_listing(job, folder);
  free(folder);
  return result;
}

/* Any machine will do: a mapping is listed, not obeyed. */
static const char *const machines[] = {"oheo-gulch", "kapoho-point",
                                       "spinnaker2-chip", "spin2-48chip", NULL};

const sf_target sf_target_null = {
    .size = sizeof(sf_target),
    .abi = SF_ABI,
    .name = "null",
    .summary = "A listing of what a target is given; the folder to copy",
    .pipeline = "canonicalize",
    .default_machine = "oheo-gulch",
    .machines = machines,
    .check = check,
    .emit = emit,
    .takes_analog = true,
};
