/* spinnaker2.c - multicast: a block of keys for each core that sends, a tree
 * between chips for each block, and each chip's table.
 *
 * Cores of one chip whose keys go to the same chips share one tree, so that
 * their entries may merge. */
#include "passes/route/keys.h"
#include "passes/route/tables.h"

#include <stdlib.h>
#include <string.h>

/* A core that sends, and where to: chips ascending. */
typedef struct sender {
  uint32_t core, router;
  uint32_t chip_count;
  const uint32_t *chips;
} sender;

typedef struct plan {
  sf_route_job *job;
  const sf_route_flows *flows;
  sf_key_block *keys;
  uint64_t *places; /* of each target: router << 32 | PE, sorted by source */
  uint32_t *chips;  /* distinct routers of each source's places */
  uint32_t sender_count;
  sender *senders;
  uint32_t entry_count;
  sf_chip_entry *entries;
} plan;

static int by_tree(const void *a, const void *b) {
  const sender *p = a, *q = b;
  if (p->router != q->router) return p->router < q->router ? -1 : 1;
  if (p->chip_count != q->chip_count)
    return p->chip_count < q->chip_count ? -1 : 1;
  for (uint32_t i = 0; i < p->chip_count; i++)
    if (p->chips[i] != q->chips[i]) return p->chips[i] < q->chips[i] ? -1 : 1;
  return 0;
}

static int by_tree_and_core(const void *a, const void *b) {
  int order = by_tree(a, b);
  if (order != 0) return order;
  const sender *p = a, *q = b;
  return p->core < q->core ? -1 : p->core > q->core;
}

static sf_result find_senders(plan *p) {
  const sf_route_flows *f = p->flows;
  uint32_t pairs = f->first[f->core_count];
  p->places = SF_NEW_ARRAY(p->job->scratch, uint64_t, pairs + (size_t)1);
  p->chips = SF_NEW_ARRAY(p->job->scratch, uint32_t, pairs + (size_t)1);
  p->senders = SF_NEW_ARRAY(p->job->scratch, sender, f->core_count + (size_t)1);
  if (!p->places || !p->chips || !p->senders) return SF_OOM;
  for (uint32_t c = 0; c < f->core_count; c++) {
    uint32_t first = f->first[c], count = f->first[c + 1] - first, chips = 0;
    if (count == 0 || p->keys[c].mask == 0) continue;
    uint64_t *places = &p->places[first];
    for (uint32_t i = 0; i < count; i++) {
      const sf_route_core *to = &f->cores[f->targets[first + i]];
      places[i] = (uint64_t)sf_route_router(p->job, to) << 32 | (uint32_t)to->p;
    }
    sf_numbers_sort(places, count);
    for (uint32_t i = 0; i < count; i++)
      if (i == 0 || places[i] >> 32 != places[i - 1] >> 32)
        p->chips[first + chips++] = (uint32_t)(places[i] >> 32);
    p->senders[p->sender_count++] = (sender){
        c, sf_route_router(p->job, &f->cores[c]), chips, &p->chips[first]};
  }
  qsort(p->senders, p->sender_count, sizeof *p->senders, by_tree_and_core);
  return SF_OK;
}

/* One net for senders that share a tree; net_of[s] is that of sender s. */
static sf_result make_nets(const plan *p, sf_net **out, uint32_t *out_count,
                           uint32_t *net_of) {
  *out = SF_NEW_ARRAY(p->job->scratch, sf_net, p->sender_count + (size_t)1);
  *out_count = 0;
  if (!*out) return SF_OOM;
  for (uint32_t s = 0; s < p->sender_count; s++) {
    const sender *one = &p->senders[s];
    if (s == 0 || by_tree(one - 1, one) != 0)
      (*out)[(*out_count)++] =
          (sf_net){one->router, one->chip_count, one->chips, 0};
    net_of[s] = *out_count - 1;
    (*out)[net_of[s]].weight += p->flows->cores[one->core].keys;
  }
  return SF_OK;
}

static sf_result no_path(const plan *p, const sf_unrouted *missed,
                         const uint32_t *net_of) {
  uint32_t s = 0, i;
  while (net_of[s] != missed->net)
    s++;
  const sf_route_flows *f = p->flows;
  uint32_t c = p->senders[s].core;
  for (i = f->first[c]; i + 1 < f->first[c + 1]; i++)
    if (sf_route_router(p->job, &f->cores[f->targets[i]]) == missed->sink)
      break;
  return sf_route_no_path(
      p->job, &f->cores[c], &f->cores[f->targets[i]],
      p->job->algorithm <= SF_ALGORITHM_ODD_EVEN
          ? "place the network on chips that hang together, or take "
            "route{algorithm=legal-ner}, which goes round faults"
          : "place the network on chips that hang together");
}

/* ---- Entries. ---- */

/* Copies of a sender's packets for one chip. */
static uint32_t copies_on(const plan *p, const sender *s, uint32_t router,
                          const uint64_t **out) {
  uint32_t first = p->flows->first[s->core];
  uint32_t end = p->flows->first[s->core + 1], low = first, high = end;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (p->places[middle] >> 32 < router)
      low = middle + 1;
    else
      high = middle;
  }
  uint32_t count = 0;
  while (low + count < end && p->places[low + count] >> 32 == router)
    count++;
  *out = &p->places[low];
  return count;
}

/* What the tree does on each of its chips: `links` and `entry`, of each router,
 * are scratch and cleared again. */
static void add_entries(plan *p, const sender *s, const sf_tree *tree,
                        uint32_t *links, int32_t *entry) {
  const sf_fabric *f = &p->job->fabric;
  sf_key_block block = p->keys[s->core];
  for (uint32_t i = 0; i < tree->hop_count; i++) {
    uint32_t link = tree->hops[i].link;
    links[link / f->degree] |= 1u << link % f->degree;
    entry[f->neighbours[link]] = (int32_t)(link % f->degree);
  }
  for (uint32_t i = 0; i <= tree->hop_count; i++) {
    uint32_t router =
        i ? (uint32_t)f->neighbours[tree->hops[i - 1].link] : s->router;
    sf_chip_entry *e = &p->entries[p->entry_count++];
    *e = (sf_chip_entry){.router = router,
                         .key = block.key,
                         .mask = block.mask,
                         .links = links[router]};
    e->count = copies_on(p, s, router, &e->cores);
    e->straight = i > 0 && e->count == 0 && e->links == 1u << entry[router];
    p->job->hops += i > 0;
  }
  for (uint32_t i = 0; i < tree->hop_count; i++)
    links[tree->hops[i].link / f->degree] = 0;
}

static sf_result collect_entries(plan *p, const uint32_t *net_of,
                                 const sf_routing *routing) {
  size_t most = 1, routers = p->job->fabric.router_count;
  for (uint32_t s = 0; s < p->sender_count; s++)
    most += routing->trees[net_of[s]].hop_count + (size_t)1;
  p->entries = SF_NEW_ARRAY(p->job->scratch, sf_chip_entry, most);
  uint32_t *links = SF_NEW_ARRAY(p->job->scratch, uint32_t, routers + 1);
  int32_t *entry = SF_NEW_ARRAY(p->job->scratch, int32_t, routers + 1);
  if (!p->entries || !links || !entry) return SF_OOM;
  for (uint32_t s = 0; s < p->sender_count; s++)
    add_entries(p, &p->senders[s], &routing->trees[net_of[s]], links, entry);
  return SF_OK;
}

/* ---- Rows. ---- */

static sf_result write_route(plan *p, uint32_t source, sf_item *to) {
  sf_arena *arena = p->job->mapping->module->arena;
  const sf_route_flows *f = p->flows;
  sf_dict *attrs;
  uint32_t count = 0;
  for (uint32_t i = f->first[source]; i < f->first[source + 1]; i++)
    to[count++] = sf_route_symbol(&f->cores[f->targets[i]]);
  SF_TRY(sf_route_add_row(p->job, &f->cores[source], count, to, &attrs));
  p->job->routes++;
  SF_TRY(sf_dict_set_int(arena, attrs, "key", p->keys[source].key));
  return sf_dict_set_int(arena, attrs, "mask", p->keys[source].mask);
}

static sf_result write_routes(plan *p) {
  uint32_t cores = p->flows->core_count;
  sf_item *to = SF_NEW_ARRAY(p->job->scratch, sf_item, cores + (size_t)1);
  if (!to) return SF_OOM;
  for (uint32_t c = 0; c < cores; c++)
    if (p->keys[c].mask != 0) SF_TRY(write_route(p, c, to));
  return SF_OK;
}

sf_result sf_route_spinnaker2(sf_route_job *job, const sf_route_flows *flows) {
  plan p = {.job = job, .flows = flows};
  sf_net *nets;
  SF_TRY(sf_route_keys(job, flows, &p.keys));
  SF_TRY(find_senders(&p));
  uint32_t *net_of =
      SF_NEW_ARRAY(job->scratch, uint32_t, p.sender_count + (size_t)1);
  if (!net_of) return SF_OOM;
  sf_route_task task = {.fabric = &job->fabric,
                        .algorithm = job->algorithm,
                        .sweeps = job->sweeps};
  SF_TRY(make_nets(&p, &nets, &task.net_count, net_of));
  task.nets = nets;
  sf_routing routing;
  SF_TRY(sf_route_nets(&task, job->scratch, &routing));
  job->escaped += routing.escaped_count;
  if (routing.unrouted_count) return no_path(&p, routing.unrouted, net_of);
  SF_TRY(collect_entries(&p, net_of, &routing));
  SF_TRY(write_routes(&p));
  return sf_route_tables(job, p.entry_count, p.entries);
}
