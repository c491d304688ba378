/* machine_chips.c - the chips of a description: numbers, places, and how they
 * are found again. */
#include "machine/machine_load.h"

#include <stdlib.h>
#include <string.h>

enum { CHIPS_MAX = 65536, FAULTS_MAX = 65536, ROUTERS_MAX = 1 << 22 };

static sf_result add_chip(sf_loader *l, sf_chip chip) {
  sf_machine *m = l->machine;
  if (m->chip_count >= CHIPS_MAX)
    return sf_loader_too_many(l, "chips", CHIPS_MAX);
  m->chips =
      sf_loader_grow(m->arena, m->chips, m->chip_count, sizeof *m->chips);
  if (!m->chips) return SF_OOM;
  m->chips[m->chip_count++] = chip;
  return SF_OK;
}

static sf_chip read_place(sf_loader *l) {
  return (sf_chip){
      .id = (uint32_t)sf_xml_int(l->xml, "id", 0),
      .x = (int32_t)sf_xml_int(l->xml, "x", 0),
      .y = (int32_t)sf_xml_int(l->xml, "y", 0),
      .z = (int32_t)sf_xml_int(l->xml, "z", 0),
  };
}

sf_result sf_loader_read_chip(sf_loader *l) {
  sf_chip chip = read_place(l);
  chip.dead = sf_loader_is_true(l, "dead");
  return add_chip(l, chip);
}

/* columns x rows chips, numbered row by row from `id`. */
sf_result sf_loader_read_block(sf_loader *l) {
  sf_chip first = read_place(l);
  int64_t columns = sf_xml_int(l->xml, "columns", 1);
  int64_t rows = sf_xml_int(l->xml, "rows", 1);
  if (columns < 1 || rows < 1 || columns > CHIPS_MAX || rows > CHIPS_MAX ||
      columns * rows > CHIPS_MAX) {
    return sf_loader_too_many(l, "chips", CHIPS_MAX);
  }
  for (int64_t i = 0; i < columns * rows; i++) {
    sf_chip chip = first;
    chip.id += (uint32_t)i;
    chip.x += (int32_t)(i % columns);
    chip.y += (int32_t)(i / columns);
    SF_TRY(add_chip(l, chip));
  }
  return SF_OK;
}

sf_result sf_loader_read_dead(sf_loader *l) {
  if (l->fault_count >= FAULTS_MAX)
    return sf_loader_too_many(l, "faults", FAULTS_MAX);
  l->faults = sf_loader_grow(l->machine->arena, l->faults, l->fault_count,
                             sizeof *l->faults);
  if (!l->faults) return SF_OOM;
  sf_fault fault = {sf_xml_int(l->xml, "chip", -1), sf_xml_int(l->xml, "x", -1),
                    sf_xml_int(l->xml, "y", -1), -1};
  const char *link = sf_xml_attribute(l->xml, "link");
  if (link) {
    fault.direction = sf_direction_find(l->machine->topology, link);
    if (fault.direction < 0) {
      return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                      "'%s' is no link of this topology", link);
    }
  } else if (fault.x >= 0 || fault.y >= 0) {
    return sf_error(l->diag, SF_DIAG_MACHINE, sf_xml_loc(l->xml),
                    "a dead router is not modelled: name one of its links");
  }
  l->faults[l->fault_count++] = fault;
  return SF_OK;
}

/* ---- Numbers and places. ----------------------------------------------------
 */

static int by_place(const void *a, const void *b) {
  const sf_chip *p = a, *q = b;
  if (p->z != q->z) return p->z < q->z ? -1 : 1;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  return p->x < q->x ? -1 : p->x > q->x;
}

static int by_id(const void *a, const void *b) {
  const sf_chip *p = a, *q = b;
  return p->id < q->id ? -1 : p->id > q->id;
}

static sf_result check_places(const sf_loader *l) {
  const sf_machine *m = l->machine;
  for (uint32_t i = 0; i < m->chip_count; i++) {
    const sf_chip *chip = &m->chips[i];
    if (i > 0 && by_place(chip - 1, chip) == 0) {
      return sf_loader_complain(l, "chips %u and %u stand at the same place",
                                chip[-1].id, chip->id);
    }
    bool inside = chip->x < m->width && chip->y < m->height;
    if (m->family == SF_FAMILY_SPINNAKER2 && !inside)
      return sf_loader_complain(l, "chip %u stands outside the grid", chip->id);
    if (chip->z != 0) {
      return sf_loader_complain(
          l, "chip %u: only boards with z = 0 are modelled", chip->id);
    }
  }
  return SF_OK;
}

/* Chips by place, so that a look-up is one step; the routers of the board. */
static sf_result index_places(sf_loader *l) {
  sf_machine *m = l->machine;
  for (uint32_t i = 0; i < m->chip_count; i++) {
    if (m->chips[i].x >= m->columns) m->columns = m->chips[i].x + 1;
    if (m->chips[i].y >= m->rows) m->rows = m->chips[i].y + 1;
  }
  bool chips = m->family == SF_FAMILY_SPINNAKER2;
  if (chips && m->wrap) {
    m->columns = m->width;
    m->rows = m->height;
  }
  int64_t width = (int64_t)m->columns * (chips ? 1 : m->width);
  int64_t height = (int64_t)m->rows * (chips ? 1 : m->height);
  if (width > SF_FABRIC_SIDE_MAX || height > SF_FABRIC_SIDE_MAX ||
      width * height > ROUTERS_MAX) {
    return sf_loader_complain(l, "a board of %lld x %lld routers is too large",
                              (long long)width, (long long)height);
  }
  size_t places = (size_t)m->columns * (size_t)m->rows;
  m->chip_at = SF_NEW_ARRAY(m->arena, uint32_t, places);
  if (!m->chip_at) return SF_OOM;
  for (uint32_t i = 0; i < m->chip_count; i++) {
    const sf_chip *chip = &m->chips[i];
    m->chip_at[chip->y * m->columns + chip->x] = i + 1;
  }
  return SF_OK;
}

sf_result sf_loader_check_chips(sf_loader *l) {
  sf_machine *m = l->machine;
  if (m->chip_count == 0)
    return sf_loader_complain(l, "a machine needs a chip");
  qsort(m->chips, m->chip_count, sizeof *m->chips, by_place);
  SF_TRY(check_places(l));
  qsort(m->chips, m->chip_count, sizeof *m->chips, by_id);
  for (uint32_t i = 1; i < m->chip_count; i++)
    if (m->chips[i].id == m->chips[i - 1].id)
      return sf_loader_complain(l, "chip %u is given twice", m->chips[i].id);
  return index_places(l);
}
