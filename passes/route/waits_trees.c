/* waits_trees.c - the waits of trees on a fabric. */
#include "passes/route/waits.h"

#include <string.h>

typedef struct reader {
  const sf_fabric *fabric;
  uint32_t classes;   /* virtual channels */
  uint32_t links;     /* first number that is no link's */
  uint32_t *channel;  /* by which each router was entered */
  uint32_t *inside;   /* tree that has entered each router, from 1 on */
  uint32_t *leaving;  /* links and ejections of the tree that leave a router */
  uint32_t *siblings; /* scratch */
  sf_waits *waits;
} reader;

static uint32_t injection(const reader *r, uint32_t router) {
  return r->links + router;
}

static uint32_t ejection(const reader *r, uint32_t router) {
  return r->links + r->fabric->router_count + router;
}

static bool is_sink(const sf_net *net, uint32_t router) {
  for (uint32_t i = 0; i < net->sink_count; i++)
    if (net->sinks[i] == router) return true;
  return false;
}

static sf_result read_hop(reader *r, uint32_t n, const sf_hop *hop) {
  uint32_t tail = hop->link / r->fabric->degree;
  if (hop->link >= r->fabric->router_count * r->fabric->degree ||
      hop->vc >= r->classes || r->inside[tail] != n + 1) {
    return SF_FAIL;
  }
  int32_t head = r->fabric->neighbours[hop->link];
  if (head == SF_FABRIC_NONE || r->inside[head] == n + 1) return SF_FAIL;
  uint32_t channel = hop->link * r->classes + hop->vc;
  r->inside[head] = n + 1;
  r->channel[head] = channel;
  r->leaving[head] = 0;
  r->leaving[tail]++;
  return sf_waits_edge(r->waits, r->channel[tail], channel, n);
}

/* Every channel that a branching is above of. */
static sf_result read_siblings(reader *r, uint32_t n, const sf_net *net,
                               const sf_tree *tree) {
  uint32_t count = 0, at = net->source, next = 0;
  while (next < tree->hop_count && r->leaving[at] == 1)
    at = (uint32_t)r->fabric->neighbours[tree->hops[next++].link];
  for (uint32_t i = next; i < tree->hop_count; i++)
    r->siblings[count++] = tree->hops[i].link * r->classes + tree->hops[i].vc;
  if (count == 0) return SF_OK;
  for (uint32_t i = next; i < tree->hop_count; i++) {
    uint32_t head = (uint32_t)r->fabric->neighbours[tree->hops[i].link];
    if (is_sink(net, head)) r->siblings[count++] = ejection(r, head);
  }
  if (is_sink(net, at)) r->siblings[count++] = ejection(r, at);
  return sf_waits_siblings(r->waits, n, count, r->siblings);
}

static sf_result read_tree(reader *r, uint32_t n, const sf_net *net,
                           const sf_tree *tree, sf_switching switching) {
  r->inside[net->source] = n + 1;
  r->channel[net->source] = injection(r, net->source);
  r->leaving[net->source] = 0;
  for (uint32_t i = 0; i < tree->hop_count; i++)
    SF_TRY(read_hop(r, n, &tree->hops[i]));
  for (uint32_t i = 0; i < net->sink_count; i++) {
    uint32_t sink = net->sinks[i];
    if (r->inside[sink] != n + 1) continue; /* asked for by the caller */
    SF_TRY(sf_waits_edge(r->waits, r->channel[sink], ejection(r, sink), n));
  }
  if (switching != SF_SWITCHING_WORMHOLE) return SF_OK;
  for (uint32_t i = 0; i < tree->hop_count; i++) {
    uint32_t head = (uint32_t)r->fabric->neighbours[tree->hops[i].link];
    r->leaving[head] += is_sink(net, head);
  }
  r->leaving[net->source] += is_sink(net, net->source);
  return read_siblings(r, n, net, tree);
}

/* Sinks that no tree enters must be those that the routing lists. */
static bool all_reached(const reader *r, uint32_t n, const sf_net *net,
                        const sf_routing *routing) {
  uint32_t missed = 0, listed = 0;
  for (uint32_t i = 0; i < net->sink_count; i++)
    missed += r->inside[net->sinks[i]] != n + 1;
  for (uint32_t i = 0; missed && i < routing->unrouted_count; i++)
    listed += routing->unrouted[i].net == n;
  return missed <= listed;
}

sf_result sf_waits_of_trees(const sf_route_task *task,
                            const sf_routing *routing, sf_switching switching,
                            sf_waits *w) {
  const sf_fabric *f = task->fabric;
  size_t routers = f->router_count + (size_t)1;
  reader r = {.fabric = f,
              .classes =
                  task->virtual_channels > 1 ? task->virtual_channels : 1,
              .channel = SF_NEW_ARRAY(w->arena, uint32_t, routers),
              .inside = SF_NEW_ARRAY(w->arena, uint32_t, routers),
              .leaving = SF_NEW_ARRAY(w->arena, uint32_t, routers),
              .siblings = SF_NEW_ARRAY(w->arena, uint32_t, 2 * routers),
              .waits = w};
  if (!r.channel || !r.inside || !r.leaving || !r.siblings) return SF_OOM;
  r.links = f->router_count * f->degree * r.classes;
  w->channel_count = r.links + 2 * f->router_count;
  for (uint32_t n = 0; n < task->net_count; n++) {
    SF_TRY(read_tree(&r, n, &task->nets[n], &routing->trees[n], switching));
    if (!all_reached(&r, n, &task->nets[n], routing)) return SF_FAIL;
  }
  return SF_OK;
}
