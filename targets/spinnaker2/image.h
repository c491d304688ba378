/* image.h - object and image of one PE. */
#ifndef SF_SPINNAKER2_IMAGE_H
#define SF_SPINNAKER2_IMAGE_H

#include "targets/spinnaker2/plan.h"

/* Paths of one PE's files. Borrowed. */
typedef struct s2_image_files {
  const char *core;
  const char *object, *elf, *raw;
} s2_image_files;

enum { S2_CODE_KEY_MAX = 65 };

/* The code of one PE before it is compiled: pe_functions, pe_work,
 * pe_work_words (runtime/spinnaker2/pe.h) and each slice's fused function. PEs
 * with equal keys have equal objects. */
typedef struct s2_code {
  struct sf_codegen *cg;
  char key[S2_CODE_KEY_MAX]; /* SHA-256 of its text */
} s2_code;

sf_result sf_s2_code_build(const s2_core *core, uint32_t work_words,
                           sf_diag *diag, s2_code *out) SF_MUST_USE;
/* Compiles it into an object file; once. */
sf_result sf_s2_code_emit(s2_code *code, const char *path,
                          sf_diag *diag) SF_MUST_USE;
void sf_s2_code_destroy(s2_code *code);
/* Links object and runtime into ELF and raw image. Errors: HELPER when ld.lld
 * is missing, CAPACITY when code or data are too large. */
sf_result sf_s2_link(const s2_image_files *files, sf_diag *diag) SF_MUST_USE;

#endif
