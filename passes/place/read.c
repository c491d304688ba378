/* read.c - from a mapping block to clusters and packets; see place.h. */
#include "passes/mapping/flow.h"
#include "passes/mapping/rows.h"
#include "passes/place/place.h"
#include "support/number.h"

#include <stdlib.h>
#include <string.h>

enum { STEPS = SF_PLACE_STEPS };

/* A part of a population on a core. */
typedef struct host {
  uint32_t core;       /* row in order of the text, later the cluster */
  uint32_t population; /* number among those on chip */
  sf_box box;
} host;

typedef struct core {
  sf_mop *row;
  uint32_t first, count; /* hosts */
  uint32_t cluster;
} core;

typedef struct population {
  const sf_op *op;
  uint32_t rate; /* packets of a neuron in STEPS steps, one result */
  uint32_t hosts;
  bool shared; /* a core of it holds another population too */
} population;

typedef struct reader {
  const sf_mapping *mapping;
  const sf_network *network;
  sf_arena *arena;
  uint32_t core_count, host_count, population_count;
  core *cores;
  host *hosts;
  population *populations;
  sf_place_mapping *out;
} reader;

/* ---- Rates. ---- */

static sf_result bad_rates(sf_diag *diag, const char *text) {
  sf_error(diag, SF_DIAG_PASS_OPTION, SF_NO_LOC,
           "option 'rates' of pass 'place' is not NAME=RATE, ..: '%s'", text);
  sf_help(diag, "a rate is spikes of a neuron a step, from 0 to 1, as in "
                "rates=\"h1=0.05, h2=0.2\"");
  return SF_FAIL;
}

sf_result sf_place_rates_read(const char *text, sf_arena *arena, sf_diag *diag,
                              sf_place_rates *out) {
  size_t most = 1;
  for (const char *c = text; *c; c++)
    most += *c == ',';
  sf_place_rate *rates = SF_NEW_ARRAY(arena, sf_place_rate, most);
  *out = (sf_place_rates){0, rates};
  if (!rates) return SF_OOM;
  for (const char *at = text; *at;) {
    at += strspn(at, " ");
    const char *equals = strchr(at, '=');
    if (!equals || equals == at) return bad_rates(diag, text);
    size_t size = strcspn(equals + 1, ", ");
    double rate;
    if (!sf_read_f64((sf_slice){equals + 1, size}, &rate) ||
        !(rate >= 0 && rate <= 1))
      return bad_rates(diag, text);
    char *name = sf_arena_text(arena, (sf_slice){at, (size_t)(equals - at)});
    if (!name) return SF_OOM;
    rates[out->count++] =
        (sf_place_rate){name, (uint32_t)(rate * (double)STEPS + 0.5)};
    at = equals + 1 + size;
    at += strspn(at, " ");
    if (*at == ',')
      at++;
    else if (*at)
      return bad_rates(diag, text);
  }
  return SF_OK;
}

static uint32_t rate_of(const sf_place_rates *rates, const char *name) {
  for (uint32_t i = 0; i < rates->count; i++)
    if (strcmp(rates->rates[i].name, name) == 0) return rates->rates[i].packets;
  return STEPS;
}

/* ---- Cores and hosts. ---- */

/* Number of the population whose neurons a row names; SF_PLACE_NONE: none. */
static uint32_t population_of(const reader *r, const sf_mop *row) {
  const sf_op *op = sf_mapping_hosted(r->network, row);
  for (uint32_t i = 0; i < r->population_count && op; i++)
    if (r->populations[i].op == op) return i;
  return SF_PLACE_NONE;
}

static sf_result read_populations(reader *r, const sf_place_rates *rates) {
  r->populations =
      SF_NEW_ARRAY(r->arena, population, r->network->op_count + (size_t)1);
  if (!r->populations) return SF_OOM;
  for (const sf_op *op = r->network->first; op; op = op->next) {
    if (!sf_flow_is_on_chip(op)) continue;
    r->populations[r->population_count++] =
        (population){.op = op, .rate = rate_of(rates, op->results[0]->name)};
  }
  return SF_OK;
}

static sf_result count_rows(reader *r) {
  for (const sf_mop *m = r->mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "core")) continue;
    r->core_count++;
    for (const sf_mop *h = m->first_child; h; h = h->next)
      r->host_count++;
  }
  r->cores = SF_NEW_ARRAY(r->arena, core, r->core_count + (size_t)1);
  r->hosts = SF_NEW_ARRAY(r->arena, host, r->host_count + (size_t)1);
  return r->cores && r->hosts ? SF_OK : SF_OOM;
}

static sf_result read_cores(reader *r) {
  SF_TRY(count_rows(r));
  r->core_count = r->host_count = 0;
  for (sf_mop *m = r->mapping->first; m; m = m->next) {
    if (!sf_mapping_is_row(m, "core")) continue;
    core *c = &r->cores[r->core_count];
    *c = (core){.row = m, .first = r->host_count};
    for (const sf_mop *h = m->first_child; h; h = h->next) {
      uint32_t p = population_of(r, h);
      if (p == SF_PLACE_NONE) continue;
      const sf_mop_argument *box = sf_mop_find(h, SF_MOP_BOX);
      r->hosts[r->host_count++] =
          (host){r->core_count, p,
                 box ? box->box
                     : sf_box_whole(&r->populations[p].op->results[0]->type)};
      c->count++;
      r->populations[p].hosts++;
    }
    for (uint32_t i = c->first; i < r->host_count; i++)
      r->populations[r->hosts[i].population].shared |= c->count > 1;
    r->core_count++;
  }
  return SF_OK;
}

/* ---- Clusters. ---- */

/* Axes of a box in the order of clusters: an image's rows and columns, then its
 * channels, which stand first in the type. */
static unsigned axis_of(unsigned rank, unsigned i) {
  return rank < 3 ? i : (i + 1) % rank;
}

/* Axes beyond SF_PLACE_AXES make the box longer there, never shorter: a window
 * then meets a few clusters too many. */
static sf_place_box plain_box(const sf_box *box) {
  sf_place_box out = {{0}, {0}};
  for (unsigned i = 0; i < box->rank && i < SF_PLACE_AXES; i++) {
    out.begin[i] = box->begin[axis_of(box->rank, i)];
    out.end[i] = box->end[axis_of(box->rank, i)];
  }
  return out;
}

static uint32_t axes_of(const sf_box *box) {
  return box->rank < SF_PLACE_AXES ? box->rank : SF_PLACE_AXES;
}

static int compare_boxes(const sf_box *a, const sf_box *b) {
  for (unsigned i = 0; i < a->rank && i < b->rank; i++) {
    int32_t x = a->begin[axis_of(a->rank, i)];
    int32_t y = b->begin[axis_of(b->rank, i)];
    if (x != y) return x < y ? -1 : 1;
  }
  return 0;
}

/* By population, box, row of the text. */
static int compare_hosts(const void *x, const void *y) {
  const host *a = x, *b = y;
  if (a->population != b->population)
    return a->population < b->population ? -1 : 1;
  int order = compare_boxes(&a->box, &b->box);
  return order ? order : (a->core > b->core) - (a->core < b->core);
}

/* Numbers cores in the order of their first hosts; those without any come last.
 * Hosts are sorted, and cores no longer refer to them. */
static sf_result number_clusters(reader *r) {
  sf_place_block *blocks =
      SF_NEW_ARRAY(r->arena, sf_place_block, r->population_count + (size_t)1);
  r->out->rows = SF_NEW_ARRAY(r->arena, sf_mop *, r->core_count + (size_t)1);
  if (!blocks || !r->out->rows) return SF_OOM;
  if (r->host_count)
    qsort(r->hosts, r->host_count, sizeof *r->hosts, compare_hosts);
  for (uint32_t c = 0; c < r->core_count; c++)
    r->cores[c].cluster = SF_PLACE_NONE;
  uint32_t count = 0, host_at = 0;
  for (uint32_t p = 0; p <= r->population_count; p++) {
    blocks[p].first = count;
    for (; host_at < r->host_count && r->hosts[host_at].population == p;
         host_at++) {
      core *c = &r->cores[r->hosts[host_at].core];
      if (c->cluster != SF_PLACE_NONE) continue;
      r->out->rows[count] = c->row;
      c->cluster = count++;
    }
    for (uint32_t c = 0; c < r->core_count && p == r->population_count; c++) {
      if (r->cores[c].cluster != SF_PLACE_NONE) continue;
      r->out->rows[count] = r->cores[c].row;
      r->cores[c].cluster = count++;
    }
    blocks[p].count = count - blocks[p].first;
  }
  for (uint32_t i = 0; i < r->host_count; i++)
    r->hosts[i].core = r->cores[r->hosts[i].core].cluster;
  r->out->graph.cluster_count = count;
  r->out->graph.blocks = blocks;
  r->out->graph.block_count = r->population_count + 1;
  return SF_OK;
}

static sf_result make_tilings(reader *r) {
  sf_place_tiling *tilings =
      SF_NEW_ARRAY(r->arena, sf_place_tiling, r->population_count + (size_t)1);
  sf_place_box *boxes =
      SF_NEW_ARRAY(r->arena, sf_place_box, r->host_count + (size_t)1);
  uint32_t *cluster =
      SF_NEW_ARRAY(r->arena, uint32_t, r->host_count + (size_t)1);
  uint32_t *packets =
      SF_NEW_ARRAY(r->arena, uint32_t, r->core_count + (size_t)1);
  r->out->neurons = SF_NEW_ARRAY(r->arena, uint64_t, r->core_count + (size_t)1);
  if (!tilings || !boxes || !cluster || !packets || !r->out->neurons)
    return SF_OOM;
  for (uint32_t i = 0; i < r->host_count; i++) {
    const host *h = &r->hosts[i];
    sf_place_tiling *t = &tilings[h->population];
    if (t->count++ == 0) {
      t->boxes = boxes + i;
      t->cluster = cluster + i;
      t->axes = axes_of(&h->box);
    }
    boxes[i] = plain_box(&h->box);
    cluster[i] = h->core;
    int32_t length = boxes[i].end[0] - boxes[i].begin[0];
    if (length > t->longest) t->longest = length;
    size_t neurons = sf_box_elements(&h->box);
    packets[h->core] += (uint32_t)neurons * r->populations[h->population].rate;
    r->out->neurons[h->core] += neurons;
  }
  r->out->graph.packets = packets;
  r->out->graph.tilings = tilings;
  r->out->graph.tiling_count = r->population_count;
  return SF_OK;
}

/* ---- Who reads what. ---- */

typedef struct windows {
  uint32_t count, capacity;
  sf_place_window *rows;
  uint32_t relation_count, relation_capacity;
  sf_place_relation *relations;
  /* Windows of the present target population that cover all of each source. */
  uint32_t *whole; /* of each population */
} windows;

static sf_result add_window(reader *r, windows *w, sf_place_window row) {
  if (w->count == w->capacity) {
    uint32_t capacity = w->capacity ? 2 * w->capacity : 256;
    sf_place_window *rows = SF_NEW_ARRAY(r->arena, sf_place_window, capacity);
    if (!rows) return SF_OOM;
    if (w->count) memcpy(rows, w->rows, w->count * sizeof *rows);
    w->rows = rows;
    w->capacity = capacity;
  }
  w->rows[w->count++] = row;
  return SF_OK;
}

static sf_result add_relation(reader *r, windows *w, uint32_t from,
                              uint32_t to) {
  if (w->relation_count == w->relation_capacity) {
    uint32_t capacity = w->relation_capacity ? 2 * w->relation_capacity : 64;
    sf_place_relation *rows =
        SF_NEW_ARRAY(r->arena, sf_place_relation, capacity);
    if (!rows) return SF_OOM;
    if (w->relation_count)
      memcpy(rows, w->relations, w->relation_count * sizeof *rows);
    w->relations = rows;
    w->relation_capacity = capacity;
  }
  w->relations[w->relation_count++] = (sf_place_relation){from, to};
  return SF_OK;
}

static bool is_whole(const sf_flow_hit *hit) {
  return sf_box_elements(&hit->box) == sf_type_elements(&hit->value->type);
}

static sf_result add_hits(reader *r, const sf_flow *flow, const host *target,
                          windows *w) {
  for (uint32_t i = 0; i < flow->count; i++) {
    const sf_flow_hit *hit = &flow->hits[i];
    if (!hit->value->op || !sf_flow_is_on_chip(hit->value->op)) continue;
    uint32_t from = 0;
    while (r->populations[from].op != hit->value->op)
      from++;
    if (r->populations[from].hosts == 0) continue;
    w->whole[from] += is_whole(hit);
    sf_place_window row = {from, target->core, r->populations[from].rate,
                           plain_box(&hit->box)};
    SF_TRY(add_window(r, w, row));
  }
  return SF_OK;
}

/* All of one population to all of another, when no core of theirs holds
 * anything else: a relation in place of the windows since `first`. */
static sf_result relate(reader *r, uint32_t target, uint32_t first,
                        windows *w) {
  const population *to = &r->populations[target];
  uint32_t kept = first;
  for (uint32_t p = 0; p < r->population_count; p++) {
    const population *from = &r->populations[p];
    bool all = !to->shared && !from->shared && w->whole[p] == to->hosts &&
               from->op->result_count == 1 && to->hosts > 1;
    w->whole[p] = all;
    if (all) SF_TRY(add_relation(r, w, p, target));
  }
  for (uint32_t i = first; i < w->count; i++)
    if (!w->whole[w->rows[i].from]) w->rows[kept++] = w->rows[i];
  w->count = kept;
  return SF_OK;
}

static sf_result read_traffic(reader *r) {
  windows w = {.whole = SF_NEW_ARRAY(r->arena, uint32_t,
                                     r->population_count + (size_t)1)};
  if (!w.whole) return SF_OOM;
  sf_place_graph *g = &r->out->graph;
  sf_flow flow = {.arena = r->arena};
  for (uint32_t at = 0; at < r->host_count;) {
    uint32_t target = r->hosts[at].population, first = w.count;
    memset(w.whole, 0, r->population_count * sizeof *w.whole);
    for (; at < r->host_count && r->hosts[at].population == target; at++) {
      SF_TRY(
          sf_flow_trace(&flow, r->populations[target].op, &r->hosts[at].box));
      SF_TRY(add_hits(r, &flow, &r->hosts[at], &w));
    }
    SF_TRY(relate(r, target, first, &w));
  }
  g->windows = w.rows;
  g->window_count = w.count;
  g->relations = w.relations;
  g->relation_count = w.relation_count;
  return SF_OK;
}

sf_result sf_place_read(const sf_mapping *mapping, const sf_place_rates *rates,
                        sf_arena *arena, sf_diag *diag, sf_place_mapping *out) {
  *out = (sf_place_mapping){0};
  reader r = {.mapping = mapping, .arena = arena, .out = out};
  r.network = sf_mapping_network(mapping);
  if (!r.network) {
    return sf_error(diag, SF_DIAG_MAPPING, mapping->loc,
                    "there is no network '@%s'", mapping->network);
  }
  SF_TRY(read_populations(&r, rates));
  SF_TRY(read_cores(&r));
  SF_TRY(number_clusters(&r));
  SF_TRY(make_tilings(&r));
  return read_traffic(&r);
}
