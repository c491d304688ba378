/* generate.h - random valid modules for tests, built through the public
 * builder.
 *
 * The grammar of docs/ir.md is walked with a seeded generator: every op, every
 * attribute, every mode and rounding has its turn. The same seed gives the same
 * module. Blobs named in files or elided exist as text only, unless
 * `runnable`. */
#ifndef SF_TEST_GENERATE_H
#define SF_TEST_GENERATE_H

#include "sf/ir.h"
#include "support/hash.h"

typedef struct sf_generate_options {
  uint64_t seed;
  uint32_t ops;  /* 0: 4 .. 12 */
  bool runnable; /* all blobs have their elements at hand */
  bool digital;  /* no analog ops */
} sf_generate_options;

/* One network @main, its neuron functions and blobs, sometimes a mapping and a
 * log. The caller destroys it. SF_OOM only. */
sf_result sf_generate_module(const sf_generate_options *options,
                             sf_module **out) SF_MUST_USE;

/* ---- What was seen. ---- */

enum {
  SF_COVERAGE_KINDS = 64,
  SF_COVERAGE_WORDS = 6, /* modes, roundings, kinds */
  SF_COVERAGE_SOURCES = 7
};

typedef struct sf_coverage {
  uint64_t op[SF_COVERAGE_KINDS], nop[SF_COVERAGE_KINDS];
  uint64_t op_mode[SF_COVERAGE_KINDS][SF_COVERAGE_WORDS];
  uint64_t nop_mode[SF_COVERAGE_KINDS][SF_COVERAGE_WORDS];
  uint64_t op_round[SF_COVERAGE_KINDS][SF_COVERAGE_WORDS];
  uint64_t nop_round[SF_COVERAGE_KINDS][SF_COVERAGE_WORDS];
  uint64_t attr[SF_COVERAGE_KINDS][SF_ATTR_ID_COUNT];
  uint64_t source[SF_COVERAGE_SOURCES];
} sf_coverage;

void sf_coverage_add(sf_coverage *coverage, const sf_module *module);
/* Writes a row for everything that ops.def allows and was seen fewer than
 * `least` times, then how many rows there are and the count of the rarest;
 * returns the number of rows that fell short. `out` NULL: counts only. */
size_t sf_coverage_report(const sf_coverage *coverage, uint64_t least,
                          FILE *out);

#endif
