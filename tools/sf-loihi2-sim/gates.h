/* gates.h - what the configuration switches off: nothing may go there. */
#ifndef SF_LOIHI2_SIM_GATES_H
#define SF_LOIHI2_SIM_GATES_H

#include "tools/sf-loihi2-sim/document.h"

/* A rectangle of routers of the board: the routers, or cores first .. first +
 * count - 1 of each. */
typedef struct sf_sim_gate {
  bool router;
  uint32_t x, y, columns, rows;
  uint32_t first, count;
} sf_sim_gate;

typedef struct sf_sim_gates {
  const xmlNode *node; /* NULL: everything is on */
  uint32_t count;
  const sf_sim_gate *items;
  uint32_t barrier_x, barrier_y, members;
} sf_sim_gates;

/* Memory banks are sf-check's question: the simulator knows no machine. */
sf_result sf_sim_gates_read(const sf_sim_document *document,
                            sf_sim_gates *out) SF_MUST_USE;
bool sf_sim_router_is_off(const sf_sim_gates *gates, int64_t x, int64_t y);
/* A core at router (x, y) of the board: neither it nor the routers of the X-Y
 * paths from where barriers gather, and back, may be off. */
sf_result sf_sim_gates_check_core(const sf_sim_document *document,
                                  const sf_sim_gates *gates, int64_t x,
                                  int64_t y,
                                  const sf_sim_core *core) SF_MUST_USE;

#endif
