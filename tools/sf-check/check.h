/* check.h - what sf-check looks at, and how it says what is wrong.
 *
 *   files.c            manifest.json: every file there, right size, right hash
 *   loihi2_config.c    config.xml as flat rows
 *   loihi2_check.c     cores, memory sums, axons
 *   loihi2_routes.c    paths and their ranks
 *   spinnaker2*.c      keys through the tables, ranks along every tree
 *   ranges.c           wormhole: trees that branch keep apart
 *   main.c             the command line
 *
 * Knows no IR: it reads an artefact's files and the machine's description, and
 * trusts neither the compiler nor the artefact. */
#ifndef SF_CHECK_CHECK_H
#define SF_CHECK_CHECK_H

#include "machine/certificate.h"
#include "sf/machine.h"

typedef struct sf_check {
  const char *directory;
  const char *given; /* machine of the command line; NULL: the manifest's */
  sf_diag *diag;
  sf_arena *arena;
  sf_machine *machine;         /* NULL: the target has none */
  sf_certificate *certificate; /* NULL: the target has none */
  char *target;                /* of the manifest, in `arena` */
  uint64_t files, cores, axons, routes, keys, entries; /* looked at */
} sf_check;

/* Reports (exit code 4) and lets the next check go on. */
void sf_check_fail(sf_check *check, const char *file, uint32_t line,
                   const char *format, ...) SF_PRINTF(4, 5);

/* DIRECTORY/relative, malloc'ed; NULL: out of memory. */
char *sf_check_path(const sf_check *check, const char *relative);
/* Ranks must rise; reports and returns false when they do not. `what` is the
 * route or key for the message. */
bool sf_check_rises(sf_check *check, const char *what, int64_t *rank,
                    sf_port_kind kind, int64_t x, int64_t y, const char *port);
/* Ranks below the first branching of a sender's tree (docs/certificate.md,
 * switching=wormhole): `any` false, none. */
typedef struct sf_check_range {
  const char *name; /* sender */
  int64_t low, high;
  bool any;
} sf_check_range;
void sf_check_range_add(sf_check_range *range, int64_t rank);
/* Where the certificate says wormhole, ranges must not overlap; reports the
 * first two that do. Sorts `ranges`. */
void sf_check_ranges(sf_check *check, const char *file, uint32_t count,
                     sf_check_range *ranges);
/* The same array with room for one more; NULL: out of memory. */
void *sf_check_grow(sf_arena *arena, void *items, uint32_t count, size_t size);

/* Reads the manifest: target and machine; compares sizes and hashes of all
 * files but those of ir/, which is no part of what runs. SF_FAIL: the manifest
 * itself is unreadable. */
sf_result sf_check_files(sf_check *check) SF_MUST_USE;
/* SF_FAIL: a file is unreadable; findings alone return SF_OK. */
sf_result sf_check_loihi2(sf_check *check) SF_MUST_USE;
sf_result sf_check_spinnaker2(sf_check *check) SF_MUST_USE;

#endif
