/* noc.h - a network on chip with finite buffers, simulated flit by flit: does
 * what the routes claim to be free of deadlock drain?
 *
 * Written from mapping.md 4.2, apart from the passes and from the checker of
 * certificates. A channel is a directed link, the port by which packets enter
 * at a router, or the port by which they leave for a core; each is a queue of
 * `depth` flits that takes one flit a cycle, and belongs to one packet from its
 * head to its tail. A packet of several branches is copied where they part. */
#ifndef SF_TEST_NOC_H
#define SF_TEST_NOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { NOC_BRANCHES_MAX = 8 };

/* How a packet leaves a router by several channels. */
typedef enum noc_branches {
  NOC_INDEPENDENT, /* each branch takes flits as it can */
  NOC_LOCK_STEP,   /* a flit moves when all branches can take it; channels are
                      acquired one by one and held meanwhile */
  NOC_ATOMIC       /* lock step, and channels are acquired all at once */
} noc_branches;

typedef struct noc_discipline {
  unsigned flits; /* of a packet */
  unsigned depth; /* of a channel, in flits */
  noc_branches branches;
  bool reserve; /* the head moves only where the whole packet has room: virtual
                   cut-through */
} noc_discipline;

/* Where the packets of one tree go from one channel. */
typedef struct noc_step {
  uint32_t channel;
  uint32_t branch_count;
  uint32_t branches[NOC_BRANCHES_MAX]; /* steps of the same tree; none: a core
                                          takes the packet in */
} noc_step;

/* One source and all its destinations; steps[0] is the entry port. */
typedef struct noc_tree {
  uint32_t step_count, packets;
  noc_step *steps;
} noc_tree;

typedef struct noc_network {
  uint32_t channel_count;
  uint32_t tree_count;
  noc_tree *trees;
} noc_network;

typedef struct noc_outcome {
  bool drained;
  uint64_t cycles;     /* until empty, or until nothing moved any more */
  uint64_t delivered;  /* flits that cores took in */
  uint64_t held;       /* flits that are left in channels */
  uint32_t wait_count; /* a circle of channels, each of which waits for the
                          next; 0 when none was found */
  uint32_t waits[64];
} noc_outcome;

/* Sends tree->packets packets along every tree. Entry ports that several trees
 * share take turns, starting at a tree that `seed` picks. false: out of memory
 * or a network that is not one (a step out of range). */
bool noc_run(const noc_network *network, const noc_discipline *discipline,
             uint64_t seed, noc_outcome *out);

/* ---- Text, noc_read.c. -----------------------------------------------------
 *
 *   fabric mesh|hex WIDTH HEIGHT wrap|open
 *   dead X Y DIRECTION            a link, both ways
 *   tree NAME PACKETS X Y         starts a tree at router (X, Y)
 *   hop X Y DIRECTION             the tree leaves (X, Y); parents come first
 *   eject X Y PORT                and enters core PORT there
 *
 * '#' starts a comment. Directions: e n w s, or e ne n w sw s. */

typedef struct noc_port {
  int32_t x, y, port; /* port -1: where packets enter */
} noc_port;

typedef struct noc_text {
  noc_network network;
  bool hex, wrap;
  int32_t width, height;
  bool *dead;      /* of each link, (y * width + x) * 6 + direction: the
                      numbers of the first channels */
  noc_port *ports; /* the channels behind them */
  uint32_t port_count, port_capacity;
  uint32_t tree_capacity; /* private */
} noc_text;

/* Prints on stderr what is wrong and in which line: no format, a tree that
 * meets a dead link, leaves an open fabric or comes to a router twice. */
bool noc_read(FILE *file, const char *name, noc_text *out);
void noc_text_free(noc_text *text);
/* "link 3 4 e", "enter 3 4", "core 3 4 7" */
void noc_print_channel(const noc_text *text, uint32_t channel, FILE *file);

#endif
