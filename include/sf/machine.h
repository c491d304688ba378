/* machine.h - a chip or board as data: topology, resources, constants.
 *
 * Descriptions are machines/NAME.xml, validated by machines/machine.rng; each
 * number carries its source. A new chip of a known family needs no C. */
#ifndef SF_MACHINE_H
#define SF_MACHINE_H

#include "sf/diag.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum sf_family { SF_FAMILY_LOIHI2, SF_FAMILY_SPINNAKER2 } sf_family;

/* Grid of routers. MESH: e, w, n, s. HEX: e, ne, n, w, sw, s between chips. */
typedef enum sf_topology { SF_TOPOLOGY_MESH, SF_TOPOLOGY_HEX } sf_topology;

typedef struct sf_quantity {
  const char *name; /* "pool-words", "spike-energy" */
  double value;
  const char *unit;   /* "word", "pJ", "ns" */
  const char *basis;  /* measured, documented, derived, estimate */
  const char *source; /* where the number comes from */
} sf_quantity;

typedef struct sf_chip {
  uint32_t id;
  int32_t x, y, z;   /* on the board */
  bool dead;
} sf_chip;

typedef struct sf_machine {
  const char *name;    /* "kapoho-point" */
  const char *summary;
  sf_family family;
  sf_topology topology;   /* of the routers inside one chip (LOIHI2: mesh) or
                             between chips (SPINNAKER2: hex) */
  bool wrap;              /* torus */
  uint32_t chip_count;
  sf_chip *chips;
  int32_t width, height;  /* routers of a chip (LOIHI2); chips (SPINNAKER2) */
  uint32_t cores_per_router;
  uint32_t cores_per_chip; /* usable ones; <= width * height * cores_per_router
                              on LOIHI2 */
  uint32_t resource_count; /* capacities of one core, limits of a chip */
  sf_quantity *resources;
  uint32_t constant_count; /* energy, time, power */
  sf_quantity *constants;
  sf_arena *arena;
} sf_machine;

/* By name (searches `machines/` beside the library, SF_MACHINES, the source
 * tree) or by path of an .xml. Errors: MACHINE, with the known names. */
sf_result sf_machine_load(const char *name_or_path, sf_diag *diag,
                          sf_machine **out) SF_MUST_USE;
void sf_machine_destroy(sf_machine *machine);
/* Names of the bundled machines, sorted; the caller frees with
 * sf_machine_names_free. */
sf_result sf_machine_names(sf_diag *diag, char ***out_names,
                           uint32_t *out_count) SF_MUST_USE;
void sf_machine_names_free(char **names, uint32_t count);
/* A resource or constant; aborts the load, not the call, when a family's
 * required row is missing, so required names always succeed. */
double sf_machine_value(const sf_machine *machine, const char *name);
const sf_quantity *sf_machine_quantity(const sf_machine *machine,
                                       const char *name); /* NULL: none */

#ifdef __cplusplus
}
#endif
#endif
