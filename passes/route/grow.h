/* grow.h - one multicast tree at a time, grown sink by sink.
 *
 * A grower knows the tree that is being built, the loads of all links, and by
 * which rule a packet may go from link to link: fixed turns, or any dependency
 * that closes no cycle (cdg.h). Edges of mode A, mapping.md 4.2. */
#ifndef SF_PASSES_ROUTE_GROW_H
#define SF_PASSES_ROUTE_GROW_H

#include "passes/route/cdg.h"
#include "passes/route/nets.h"

/* May a packet that came over `link` go on in `direction`? */
typedef bool (*sf_turn_rule)(const sf_fabric *fabric, uint32_t link,
                             uint32_t direction);

typedef struct sf_branch {
  uint32_t hop_count;
  uint32_t *links; /* from a router of the tree to the sink */
} sf_branch;

typedef struct sf_grower {
  const sf_fabric *fabric;
  sf_turn_rule turns; /* NULL: whatever `cdg` allows */
  sf_cdg *cdg;        /* counts the tree's dependencies; NULL: with `turns` */
  uint64_t *loads;    /* of each link: weights of the trees on it */
  double scale;       /* load that costs 1, to the twelfth power */
  double hop_price;   /* a hop costs price * s * (1 + s), s = weight / scale;
                         0 at first */
  uint32_t weight;    /* of the present net */
  /* The tree: routers in order of entry, and the link by which each was
   * entered (SF_FABRIC_NONE at the source). */
  uint32_t router_count;
  uint32_t *routers;
  int32_t *entry;     /* of each router; valid where `inside` is `tree` */
  uint32_t tree;      /* number of the present tree */
  uint32_t *inside;   /* of each router: tree that it is in */
  sf_branch branch;   /* found last; room for all routers */
  uint32_t ban_count; /* dependencies that a commit refused */
  uint64_t bans[16];
  /* Private: searches. */
  struct sf_grow_state *states; /* of each link and excess; roots after */
  uint32_t now, *layer, *next_layer;
  struct sf_grow_heap *heap;
} sf_grower;

/* `loads` zeroed. Everything in `arena`. Errors: OOM. */
sf_result sf_grower_create(const sf_fabric *fabric, sf_turn_rule turns,
                           sf_cdg *cdg, sf_arena *arena,
                           sf_grower *out) SF_MUST_USE;

/* Starts a tree that holds its source alone. */
void sf_grow_begin(sf_grower *g, const sf_net *net);
bool sf_grow_holds(const sf_grower *g, uint32_t router);
/* The sink, not yet inside, that is nearest to the tree by the closed form;
 * SF_FABRIC_NONE: all are inside. skip[i]: leave sink i out. */
int64_t sf_grow_nearest(const sf_grower *g, const sf_net *net,
                        const bool *skip);

/* A branch of links that all bring it nearer, from the tree's nearest routers,
 * of the least cost in added (load / scale)^12: a dynamic programme over
 * distances (mapping.md 4.5). false: the rule allows none. */
bool sf_grow_minimal(sf_grower *g, uint32_t sink);
/* The same with ways of up to two hops more. */
bool sf_grow_detour(sf_grower *g, uint32_t sink);
/* The shortest branch that the rule allows, around faults as well; among equal
 * ones those that need no new dependency first, then lightly loaded links. A
 * branch may not cross itself, so a way may be missed (then escape.h). */
bool sf_grow_shortest(sf_grower *g, uint32_t sink);

/* Adds the branch to the tree, its load and dependencies. false: two of its
 * dependencies close a cycle together; nothing is added, and the culprit is
 * banned until the next branch is added or sf_grow_begin. */
bool sf_grow_commit(sf_grower *g);

/* Takes a finished tree's load and dependencies away; puts them back, which
 * always succeeds while the rest has not grown. */
void sf_grow_remove(sf_grower *g, const sf_net *net, const sf_tree *tree);
bool sf_grow_restore(sf_grower *g, const sf_net *net, const sf_tree *tree);
/* Sum over the tree's links of the added (load / scale)^12 and hop prices. */
double sf_grow_cost(const sf_grower *g, const sf_net *net, const sf_tree *tree);
/* The tree's links in order of entry, into `hops`, which has room for all
 * routers; returns how many. */
uint32_t sf_grow_copy(const sf_grower *g, sf_hop *hops);

#endif
