/* lif_edges.h - the edges of Lava's fixed-point LIF (the project's Loihi 2
 * reference, section 2.2): u wraps once at +-2^23 and keeps 2^23 itself, v
 * stops at +-(2^23 - 1), both decays truncate toward zero. The numbers are
 * Lava's. */
#ifndef SF_TEST_LIF_EDGES_H
#define SF_TEST_LIF_EDGES_H

#include <stdint.h>

/* One step of `loihi_lif`: u and v before, effective decays (du = di - 1) and
 * input, u and v after. */
typedef struct lif_edge {
  int32_t u, v, di, dv, input, u_after, v_after;
} lif_edge;

static const lif_edge lif_edges[] = {
    {8388000, 0, 0, 0, 100, -8382816, -8382816},
    {-8388000, 0, 0, 0, -100, 8382816, 8382816},
    {8388544, 0, 0, 0, 1, 8388608, 8388607}, /* 2^23 stays; v saturates */
    {8388607, 8388000, 0, 0, 0, 8388607, 8388607},
    {-8388607, -8388000, 0, 0, 0, -8388607, -8388607},
    {-5, 0, 4096 - 3686, 0, 0, -4, -4},
    {0, -5, 0, 409, 0, 0, -4},
    {7, -5, 0, 409, 0, 7, 3}, /* -4, then + u */
};

enum { LIF_EDGES = sizeof lif_edges / sizeof *lif_edges };

#endif
