/* sfc.h - what the verbs share: the command line, the session, the model. */
#ifndef SFC_H
#define SFC_H

#include "sf/frontend.h"
#include "sf/target.h"

#include <jansson.h>

enum {
#define SFC_VERB(BIT, ID, function, name, arguments, positional, summary)      \
  SFC_##ID = 1 << BIT,
#include "tools/sfc/verbs.def"
  SFC_ALL = 0xffff,
  SFC_LIST_MAX = 64
};

typedef struct sfc_list {
  uint32_t count;
  const char *items[SFC_LIST_MAX];
} sfc_list;

/* The command line, parsed. Strings are argv's. Counts are -1 when not given.
 */
typedef struct sfc_arguments {
  const char *positional, *second; /* second: verbs of two models only */
  const char *target, *machine, *passes, *slices, *output, *labels, *decide,
      *isa;
  const char *format, *network, *keep, *input_scale, *calib_labels;
  sfc_list inputs, outputs, records, calib;
  int64_t steps, samples, seed, threads, calib_samples;
  bool json, help, locations, no_batch, every_step, list_ops;
  uint32_t import_count;
  sf_import_option imports[SFC_LIST_MAX];
} sfc_arguments;

/* One run of the program. */
typedef struct sfc_session {
  sfc_arguments arguments;
  sf_diag *diag;
  bool terminal; /* standard output is one: hints are printed */
  sf_diag_id last_error;
} sfc_session;

typedef struct sfc_verb {
  uint32_t bit;
  const char *name, *arguments, *summary;
  int positional; /* most that may be given */
  sf_result (*run)(sfc_session *session);
} sfc_verb;

const sfc_verb *sfc_verb_find(const char *name); /* NULL: none */

/* Parses argv after the verb. Errors: USAGE, with the nearest known option. */
sf_result sfc_arguments_parse(const sfc_verb *verb, int argc, char **argv,
                              sf_diag *diag, sfc_arguments *out) SF_MUST_USE;
void sfc_print_help(const sfc_verb *verb); /* NULL: of the program */
unsigned sfc_threads(const sfc_session *session);

#define SFC_VERB(BIT, ID, function, name, arguments, positional, summary)      \
  sf_result sfc_verb_##function(sfc_session *session);
#include "tools/sfc/verbs.def"

/* ---- Model. ---- */

/* A model file of any format, or a compiled folder. */
typedef struct sfc_model {
  sf_import import;
  sf_network *network;
  /* Compiled folders only: */
  bool is_folder;
  const sf_target *target;
  sf_machine *machine; /* NULL: the target needs none */
} sfc_model;

/* Reads `path`; the network is the first, or --network. Errors as the readers;
 * ARTEFACT for a damaged folder. Destroy in either case. */
sf_result sfc_model_load(sfc_session *session, const char *path,
                         sfc_model *out) SF_MUST_USE;
void sfc_model_destroy(sfc_model *model);
/* What the reader chose where the file leaves it open, a line each, with the
 * reason. */
void sfc_print_choices(const sfc_model *model);

/* Whether the last error reported was of this id. */
bool sfc_last_error_is(const sfc_session *session, sf_diag_id id);
/* USAGE where the output is the very file that is read: it would be lost. */
sf_result sfc_model_keep(sfc_session *session) SF_MUST_USE;

/* Prints `object` to standard output on one line and releases it. */
void sfc_print_json(json_t *object);
/* `next: sfc ...`, on a terminal and without --json. */
void sfc_print_next(const sfc_session *session, const char *format, ...)
    SF_PRINTF(2, 3);

#endif
