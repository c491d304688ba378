/* noc.c - the cycle: every packet at the head of a channel asks for the
 * channels that it goes on to, and moves flits into those it owns. */
#include "test/noc/noc.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* Packet in a channel: `arrived` flits came in, `gone` were handed on by every
 * branch and left the queue. */
typedef struct packet {
  uint32_t tree, step;
  uint32_t from; /* channel that its flits come from; NONE: entered here */
  unsigned arrived, gone;
  unsigned sent[NOC_BRANCHES_MAX]; /* flits handed to each branch */
  bool owns[NOC_BRANCHES_MAX];
  uint64_t moved; /* cycle in which its last flit came in */
} packet;

/* Packets in a channel, oldest first: at most depth of them hold flits, and one
 * more may have its head on the way. */
typedef struct channel {
  packet *queue;
  uint32_t first, count;
  unsigned used;     /* flits in the queue */
  bool busy;         /* a packet owns the entrance: its tail has not come */
  uint64_t received; /* cycle + 1 of the last flit: one a cycle */
} channel;

typedef struct simulation {
  const noc_network *network;
  noc_discipline discipline;
  channel *channels;
  packet *packets; /* storage of all queues */
  uint32_t slots;  /* of one queue */
  uint32_t *left;  /* packets that a tree has still to send */
  uint32_t *turn;  /* tree that a shared entry port serves next */
  uint64_t cycle, delivered, held;
  bool progress;
} simulation;

static packet *front(const simulation *s, const channel *c) {
  return c->count ? &c->queue[c->first % s->slots] : NULL;
}

static packet *back(const simulation *s, const channel *c) {
  return &c->queue[(c->first + c->count - 1) % s->slots];
}

static const noc_step *step_of(const simulation *s, const packet *p) {
  return &s->network->trees[p->tree].steps[p->step];
}

static channel *target_of(simulation *s, const packet *p, unsigned branch) {
  const noc_tree *tree = &s->network->trees[p->tree];
  return &s->channels[tree->steps[step_of(s, p)->branches[branch]].channel];
}

static unsigned room(const simulation *s, const channel *c) {
  return s->discipline.depth - c->used;
}

static bool may_own(const simulation *s, const channel *c) {
  unsigned need = s->discipline.reserve ? s->discipline.flits : 1;
  return !c->busy && c->count < s->slots && room(s, c) >= need;
}

static void own(simulation *s, packet *p, unsigned branch) {
  channel *to = target_of(s, p, branch);
  to->busy = true;
  to->count++;
  *back(s, to) = (packet){.tree = p->tree,
                          .step = step_of(s, p)->branches[branch],
                          .from = step_of(s, p)->channel};
  p->owns[branch] = true;
  s->progress = true;
}

static void acquire(simulation *s, packet *p) {
  const noc_step *step = step_of(s, p);
  bool all = true;
  for (unsigned b = 0; b < step->branch_count; b++)
    all = all && (p->owns[b] || may_own(s, target_of(s, p, b)));
  if (s->discipline.branches == NOC_ATOMIC && !all) return;
  for (unsigned b = 0; b < step->branch_count; b++)
    if (!p->owns[b] && may_own(s, target_of(s, p, b))) own(s, p, b);
}

/* The next flit for a branch is here, was not moved in this cycle already, and
 * the channel behind the branch takes one now. */
static bool can_send(simulation *s, packet *p, unsigned branch) {
  channel *to = target_of(s, p, branch);
  bool here = p->sent[branch] + (p->moved == s->cycle ? 1 : 0) < p->arrived;
  return p->owns[branch] && here && p->sent[branch] < s->discipline.flits &&
         room(s, to) > 0 && to->received != s->cycle + 1;
}

static void send(simulation *s, packet *p, unsigned branch) {
  channel *to = target_of(s, p, branch);
  packet *copy = back(s, to);
  copy->arrived++;
  copy->moved = s->cycle;
  to->used++;
  to->received = s->cycle + 1;
  if (copy->arrived == s->discipline.flits) to->busy = false;
  p->sent[branch]++;
  s->held++;
  s->progress = true;
}

/* Flits that every branch has are gone; a packet whose tail is gone leaves. */
static void retire(simulation *s, channel *c, packet *p) {
  const noc_step *step = step_of(s, p);
  unsigned least = step->branch_count ? s->discipline.flits : p->arrived;
  for (unsigned b = 0; b < step->branch_count; b++)
    if (p->sent[b] < least) least = p->sent[b];
  unsigned freed = least - p->gone;
  if (step->branch_count == 0) s->delivered += freed;
  p->gone = least;
  c->used -= freed;
  s->held -= freed;
  if (freed) s->progress = true;
  if (p->gone < s->discipline.flits) return;
  c->first = (c->first + 1) % s->slots;
  c->count--;
}

static void advance(simulation *s, channel *c) {
  packet *p = front(s, c);
  if (!p || p->arrived == 0) return;
  const noc_step *step = step_of(s, p);
  acquire(s, p);
  bool all = true;
  for (unsigned b = 0; b < step->branch_count; b++)
    all = all && can_send(s, p, b);
  for (unsigned b = 0; b < step->branch_count; b++) {
    bool free = s->discipline.branches == NOC_INDEPENDENT;
    if (free ? can_send(s, p, b) : all) send(s, p, b);
  }
  retire(s, c, p);
}

/* ---- Sources. ---- */

/* An entry port with nothing in it takes the next packet, whole: what has not
 * entered the network yet takes no room in it. */
static void inject(simulation *s, uint32_t tree) {
  uint32_t entry = s->network->trees[tree].steps[0].channel;
  channel *c = &s->channels[entry];
  if (c->count || !s->left[tree] || s->turn[entry] != tree) return;
  s->left[tree]--;
  c->count = 1;
  c->used = s->discipline.flits;
  s->held += s->discipline.flits;
  *front(s, c) = (packet){.tree = tree,
                          .from = NONE,
                          .arrived = s->discipline.flits,
                          .moved = UINT64_MAX};
  s->progress = true;
}

/* The next tree of the same entry port that has something left. */
static void take_turns(simulation *s) {
  uint32_t n = s->network->tree_count;
  for (uint32_t t = 0; t < n; t++) {
    uint32_t entry = s->network->trees[t].steps[0].channel;
    if (s->turn[entry] != t || s->channels[entry].count) continue;
    for (uint32_t k = 1; k <= n; k++) {
      uint32_t other = (t + k) % n;
      if (s->network->trees[other].steps[0].channel != entry) continue;
      if (!s->left[other]) continue;
      s->turn[entry] = other;
      break;
    }
  }
}

static bool waiting_packets(const simulation *s) {
  for (uint32_t t = 0; t < s->network->tree_count; t++)
    if (s->left[t]) return true;
  return false;
}

/* ---- The circle. ---- */

/* A channel that the front packet of channel `c` waits for: one behind a
 * branch, or the one that holds the rest of its flits. */
static uint32_t waits_for(simulation *s, uint32_t c) {
  packet *p = front(s, &s->channels[c]);
  if (!p) return NONE;
  const noc_step *step = step_of(s, p);
  for (unsigned b = 0; b < step->branch_count; b++) {
    if (p->sent[b] == s->discipline.flits) continue;
    if (p->owns[b] && p->sent[b] < p->arrived &&
        room(s, target_of(s, p, b)) == 0)
      return (uint32_t)(target_of(s, p, b) - s->channels);
    if (!p->owns[b] && !may_own(s, target_of(s, p, b)))
      return (uint32_t)(target_of(s, p, b) - s->channels);
  }
  return p->arrived < s->discipline.flits ? p->from : NONE;
}

static void find_circle(simulation *s, noc_outcome *out) {
  uint32_t n = s->network->channel_count, at = NONE;
  for (uint32_t c = 0; c < n && at == NONE; c++)
    if (waits_for(s, c) != NONE) at = c;
  for (uint32_t i = 0; i < n && at != NONE; i++)
    at = waits_for(s, at);
  if (at == NONE) return;
  uint32_t start = at;
  do {
    if (out->wait_count == sizeof out->waits / sizeof *out->waits) break;
    out->waits[out->wait_count++] = at;
    at = waits_for(s, at);
  } while (at != start && at != NONE);
}

/* ---- Set-up. ---- */

static bool sound(const noc_network *network) {
  for (uint32_t t = 0; t < network->tree_count; t++) {
    const noc_tree *tree = &network->trees[t];
    if (tree->step_count == 0) return false;
    for (uint32_t i = 0; i < tree->step_count; i++) {
      const noc_step *step = &tree->steps[i];
      if (step->channel >= network->channel_count) return false;
      if (step->branch_count > NOC_BRANCHES_MAX) return false;
      for (uint32_t b = 0; b < step->branch_count; b++)
        if (step->branches[b] <= i || step->branches[b] >= tree->step_count)
          return false;
    }
  }
  return true;
}

static bool set_up(simulation *s, uint64_t seed) {
  const noc_network *n = s->network;
  s->slots = s->discipline.depth + 2;
  s->channels = calloc(n->channel_count + 1u, sizeof *s->channels);
  s->packets =
      calloc((size_t)(n->channel_count + 1u) * s->slots, sizeof *s->packets);
  s->left = calloc(n->tree_count + 1u, sizeof *s->left);
  s->turn = calloc(n->channel_count + 1u, sizeof *s->turn);
  if (!s->channels || !s->packets || !s->left || !s->turn) return false;
  for (uint32_t c = 0; c < n->channel_count; c++)
    s->channels[c].queue = s->packets + (size_t)c * s->slots;
  for (uint32_t k = 0; k < n->tree_count; k++) {
    uint32_t t = (uint32_t)((k + seed) % n->tree_count);
    s->left[t] = n->trees[t].packets;
    s->turn[n->trees[t].steps[0].channel] = t;
  }
  return true;
}

static void run_to_the_end(simulation *s) {
  do {
    s->progress = false;
    take_turns(s);
    for (uint32_t t = 0; t < s->network->tree_count; t++)
      inject(s, t);
    /* A rotating start keeps arbitration fair. */
    uint32_t n = s->network->channel_count;
    for (uint32_t i = 0; i < n; i++)
      advance(s, &s->channels[(i + s->cycle) % n]);
    s->cycle++;
  } while (s->progress);
}

bool noc_run(const noc_network *network, const noc_discipline *discipline,
             uint64_t seed, noc_outcome *out) {
  *out = (noc_outcome){0};
  if (!sound(network)) return false;
  simulation s = {.network = network, .discipline = *discipline};
  bool ready = set_up(&s, seed);
  if (ready) {
    run_to_the_end(&s);
    out->drained = s.held == 0 && !waiting_packets(&s);
    out->cycles = s.cycle;
    out->delivered = s.delivered;
    out->held = s.held;
    if (!out->drained) find_circle(&s, out);
  }
  free(s.channels);
  free(s.packets);
  free(s.left);
  free(s.turn);
  return ready;
}
