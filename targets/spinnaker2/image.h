/* image.h - object and image of one PE. */
#ifndef SF_SPINNAKER2_IMAGE_H
#define SF_SPINNAKER2_IMAGE_H

#include "targets/spinnaker2/plan.h"

/* Paths of one PE's files. Borrowed. */
typedef struct s2_image_files {
  const char *core;
  const char *object, *elf, *raw;
} s2_image_files;

/* Emits the object: pe_functions, pe_work, pe_work_words
 * (runtime/spinnaker2/pe.h) and the code of each slice's fused function. */
sf_result sf_s2_object_emit(const s2_core *core, uint32_t work_words,
                            const char *path, sf_diag *diag) SF_MUST_USE;
/* Links object and runtime into ELF and raw image. Errors: HELPER when ld.lld
 * is missing, CAPACITY when code or data are too large. */
sf_result sf_s2_link(const s2_image_files *files, sf_diag *diag) SF_MUST_USE;

#endif
