/* machine_load.h - the loader of machine descriptions. Private to machine. */
#ifndef SF_MACHINE_LOAD_H
#define SF_MACHINE_LOAD_H

#include "machine/fabric.h"
#include "machine/xml.h"

/* <dead>: a chip, or one of its links, or a link of one of its routers. */
typedef struct sf_fault {
  int64_t chip, x, y; /* router of the chip; -1: all at that edge */
  int32_t direction;  /* -1: the whole chip */
} sf_fault;

typedef struct sf_loader {
  sf_xml *xml;
  sf_diag *diag;
  sf_machine *machine;
  bool in_constants;
  uint32_t depth;   /* of descriptions that build on one another */
  sf_machine *base; /* NULL: stands alone */
  uint32_t fault_count;
  sf_fault *faults;
} sf_loader;

/* Room for one more item in an array that doubles; NULL: out of memory. */
void *sf_loader_grow(sf_arena *arena, void *items, uint32_t count, size_t size);
/* A complaint about the element that is read, or about the whole file. */
sf_result sf_loader_too_many(sf_loader *l, const char *what, unsigned limit);
sf_result sf_loader_complain(const sf_loader *l, const char *format, ...)
    SF_PRINTF(2, 3);
bool sf_loader_is_true(sf_loader *l, const char *attribute);

/* ---- machine_chips.c: elements, and what the schema cannot say of them. ----
 */
sf_result sf_loader_read_chip(sf_loader *l);  /* <chip> */
sf_result sf_loader_read_block(sf_loader *l); /* <block> */
sf_result sf_loader_read_dead(sf_loader *l);  /* <dead> */
/* Two chips with one number or one place; chips outside the grid. Leaves the
 * chips sorted by number and indexed by place. */
sf_result sf_loader_check_chips(sf_loader *l);

/* ---- machine_faults.c: applies <dead>; a chip that is cut off from the
 * largest part of the machine is reported and counts as dead. ---- */
sf_result sf_loader_apply_faults(sf_loader *l);

#endif
