/* ir.h - the spiking IR: build, read, print, verify. The language is
 * docs/ir.md.
 *
 *   module.h   modules, mapping, log          network.h  ops and values
 *   neuron.h   neuron functions               blob.h     constant arrays
 *   types.h    scalars, shapes, numbers       interp.h   running it (the judge)
 */
#ifndef SF_IR_H
#define SF_IR_H

#include "sf/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Parses `text`. `file` names it in locations (base name printed) and gives the
 * folder of blob paths. All syntax and name errors of one run are reported;
 * NULL in *out on SF_FAIL. The result is verified. */
sf_result sf_parse(sf_slice text, const char *file, sf_diag *diag,
                   sf_module **out) SF_MUST_USE;
/* Reads and parses a file; "-" is standard input. Errors: FILE_OPEN,
 * FILE_LIMIT, and those of sf_parse. */
sf_result sf_parse_file(const char *path, sf_diag *diag,
                        sf_module **out) SF_MUST_USE;

typedef struct sf_print_options {
  bool locations; /* print loc(..) */
  /* Path of the companion safetensors file for derived blobs over 64 elements,
   * relative to the .sf file; NULL: they print `elided`. The file itself is
   * written by sf_write_module. */
  const char *companion;
} sf_print_options;

/* The canonical text (docs/ir.md 9). *out is malloc'ed and terminated; the
 * caller frees it. options NULL: defaults. SF_OOM is the only failure. */
sf_result sf_print(const sf_module *module, const sf_print_options *options,
                   char **out) SF_MUST_USE;
/* Writes X.sf and, if needed, X.safetensors beside it, each beside its final
 * name, then renamed; nothing half-written stays. Errors: FILE_WRITE, and those
 * of sf_blob_load for blobs that are copied into the companion. */
sf_result sf_write_module(const sf_module *module, const char *path,
                          const sf_print_options *options,
                          sf_diag *diag) SF_MUST_USE;

/* Everything that docs/ir.md demands of a module; reports all violations. */
sf_result sf_verify(const sf_module *module, sf_diag *diag) SF_MUST_USE;

/* ---- Ranges (interval analysis). docs/ir.md 6. ---- */

typedef struct sf_range {
  int64_t low, high; /* inclusive; of spikes and integers */
} sf_range;

/* Proves that every op without a mode fits. Reports UNPROVED for each that is
 * not: the op, what it could reach, what would prove it. SF_OK: all proved. */
sf_result sf_prove_ranges(const sf_network *network, sf_diag *diag) SF_MUST_USE;
/* Range of each value of the network, by sf_network_number order of its op; see
 * ir/ranges.h for the details that passes use. */
sf_result sf_value_range(const sf_network *network, const sf_value *value,
                         sf_diag *diag, sf_range *out) SF_MUST_USE;

#ifdef __cplusplus
}
#endif
#endif
