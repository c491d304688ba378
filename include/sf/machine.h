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
  int32_t x, y, z; /* on the board */
  bool dead;
} sf_chip;

typedef struct sf_position {
  int32_t x, y;
} sf_position;

/* A link that must not be used: it leaves router (x, y) of the board. A link
 * that is dead one way counts as dead both ways, and stands here twice. */
typedef struct sf_dead_link {
  int32_t x, y;
  int32_t direction; /* its number: machine/routing.h */
} sf_dead_link;

typedef struct sf_machine {
  const char *name; /* "kapoho-point" */
  const char *summary;
  sf_family family;
  sf_topology topology; /* of the routers inside one chip (LOIHI2: mesh) or
                           between chips (SPINNAKER2: hex) */
  bool wrap;            /* torus; SPINNAKER2 only */
  uint32_t chip_count;
  sf_chip *chips;        /* by number */
  int32_t columns, rows; /* of chips on the board */
  uint32_t *chip_at;     /* index + 1 of the chip at y * columns + x; 0: none */
  uint32_t dead_link_count;
  sf_dead_link *dead_links; /* by y, x, direction */
  int32_t width, height;    /* routers of a chip (LOIHI2); chips (SPINNAKER2) */
  uint32_t cores_per_router;
  uint32_t cores_per_chip; /* usable ones; <= width * height * cores_per_router
                              on LOIHI2 */
  uint32_t quad_count;     /* SPINNAKER2: groups of cores_per_router PEs, in
                              order of PE numbers */
  sf_position *quads;      /* NoC position of each */
  uint32_t resource_count; /* capacities of one core, limits of a chip */
  sf_quantity *resources;
  uint32_t constant_count; /* energy, time, power */
  sf_quantity *constants;
  sf_arena *arena;
} sf_machine;

const char *sf_family_text(sf_family family); /* "loihi2" */
/* By name (searches `machines/` beside the library, SF_MACHINES, the source
 * tree) or by path of an .xml. Errors: MACHINE, with the known names. */
sf_result sf_machine_load(const char *name_or_path, sf_diag *diag,
                          sf_machine **out) SF_MUST_USE;
void sf_machine_destroy(sf_machine *machine); /* NULL is fine */
/* Names of the bundled machines, sorted; the caller frees with
 * sf_machine_names_free. */
sf_result sf_machine_names(sf_diag *diag, char ***out_names,
                           uint32_t *out_count) SF_MUST_USE;
/* Frees each name and the array. */
void sf_machine_names_free(char **names, uint32_t count);
/* A resource or constant; aborts the load, not the call, when a family's
 * required row is missing, so required names always succeed. */
double sf_machine_value(const sf_machine *machine, const char *name);
const sf_quantity *sf_machine_quantity(const sf_machine *machine,
                                       const char *name); /* NULL: none */

/* ---- Coordinates. ----------------------------------------------------------
 * LOIHI2: the meshes of chips that stand side by side on the board are joined
 * at their edges into one grid of routers; chip (cx, cy), router (x, y) is
 * router (cx * width + x, cy * height + y) of the board. Core p of router (x,
 * y) has number (y * width + x) * cores_per_router + p in its chip; numbers
 * below cores_per_chip are usable. SPINNAKER2: PE p of chip (x, y), 0 .. 151;
 * numbers below cores_per_chip are usable, quad p / cores_per_router. */

/* The chip of that number, borrowed; NULL: no such chip. */
const sf_chip *sf_machine_chip(const sf_machine *machine, int64_t id);
/* The chip in column x and row y of the board; NULL: none there. */
const sf_chip *sf_machine_chip_at(const sf_machine *machine, int64_t x,
                                  int64_t y);
/* True when core (x, y, p) of a live chip exists and may be used. On SPINNAKER2
 * x and y must be the chip's own. */
bool sf_machine_core_usable(const sf_machine *machine, int64_t chip, int64_t x,
                            int64_t y, int64_t p);
/* Vector of a hop's name: e w n s on a mesh; e ne n w sw s on a hexagonal one.
 * y grows to the north. false: no such hop. */
bool sf_hop_vector(sf_topology topology, const char *hop, sf_position *out);

#ifdef __cplusplus
}
#endif
#endif
