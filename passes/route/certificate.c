/* certificate.c - the channels of all routes of a mapping block, and the text
 * that gives each its rank. */
#include "passes/route/route.h"
#include "sf/pass.h"
#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

/* ---- Cores by name. ---- */

typedef struct seat {
  const char *name;
  sf_position router;
  int32_t p;
} seat;

typedef struct reader {
  const sf_mapping *mapping;
  const sf_machine *machine;
  sf_diag *diag;
  sf_ranks *ranks;
  uint32_t seat_count;
  seat *seats; /* sorted by name */
  /* SPINNAKER2: what one packet has passed. */
  uint32_t pending_count, pending_capacity;
  struct pending *pending;
} reader;

static int by_name(const void *a, const void *b) {
  const seat *p = a, *q = b;
  return strcmp(p->name, q->name);
}

static sf_result bad_row(const reader *r, const sf_mop *row, const char *what) {
  return sf_error(r->diag, SF_DIAG_MAPPING, row->loc, "this %s %s",
                  row->keyword, what);
}

static sf_result read_seats(reader *r) {
  uint32_t count = 0;
  for (const sf_mop *m = r->mapping->first; m; m = m->next)
    count++;
  r->seats = SF_NEW_ARRAY(r->ranks->arena, seat, count + (size_t)1);
  if (!r->seats) return SF_OOM;
  for (const sf_mop *m = r->mapping->first; m; m = m->next) {
    const sf_mop_argument *name = sf_mop_find(m, SF_MOP_SYMBOL);
    if (strcmp(m->keyword, "core") != 0 || !name) continue;
    seat *s = &r->seats[r->seat_count++];
    s->name = name->text;
    s->p = (int32_t)sf_dict_int(&m->attrs, "p", -1);
    if (!sf_core_router(r->machine, sf_dict_int(&m->attrs, "chip", -1),
                        sf_dict_int(&m->attrs, "x", -1),
                        sf_dict_int(&m->attrs, "y", -1), &s->router) ||
        s->p < 0) {
      return bad_row(r, m, "is not placed on the machine");
    }
  }
  if (r->seat_count) qsort(r->seats, r->seat_count, sizeof *r->seats, by_name);
  return SF_OK;
}

static const seat *find_seat(const reader *r, const sf_item *item) {
  if (!item || item->kind != SF_ITEM_SYMBOL || r->seat_count == 0) return NULL;
  seat key = {.name = item->text};
  return bsearch(&key, r->seats, r->seat_count, sizeof key, by_name);
}

static uint32_t port_channel(reader *r, sf_channel_kind kind,
                             sf_position router, int32_t p) {
  sf_channel channel = {kind, router.x, router.y, p};
  return sf_ranks_channel(r->ranks, channel);
}

/* ---- Loihi 2: a path. ---- */

static sf_result read_path(reader *r, const sf_mop *row) {
  const seat *from = find_seat(r, sf_dict_find(&row->attrs, "from"));
  const sf_item *to = sf_dict_find(&row->attrs, "to");
  const sf_item *path = sf_dict_find(&row->attrs, "path");
  bool shaped = to && to->kind == SF_ITEM_LIST && to->count == 1 && path &&
                path->kind == SF_ITEM_LIST;
  const seat *target = shaped ? find_seat(r, &to->items[0]) : NULL;
  if (!from || !target)
    return bad_row(r, row, "needs a source, one destination and a path");
  sf_position at = from->router;
  uint32_t channel = port_channel(r, SF_CHANNEL_INJECT, at, from->p);
  for (uint32_t i = 0; i < path->count; i++) {
    const char *hop = path->items[i].text;
    int32_t d = hop ? sf_direction_find(r->machine->topology, hop) : -1;
    if (d < 0) return bad_row(r, row, "has a hop of an unknown direction");
    uint32_t next = port_channel(r, SF_CHANNEL_LINK, at, d);
    SF_TRY(sf_ranks_edge(r->ranks, channel, next));
    sf_position v = sf_direction_vector(r->machine->topology, d);
    at = (sf_position){at.x + v.x, at.y + v.y};
    if (!sf_router_exists(r->machine, at))
      return bad_row(r, row, "leaves the machine");
    channel = next;
  }
  if (at.x != target->router.x || at.y != target->router.y)
    return bad_row(r, row, "does not end at its destination");
  return sf_ranks_edge(r->ranks, channel,
                       port_channel(r, SF_CHANNEL_EJECT, at, target->p));
}

/* ---- SpiNNaker2: a tree, read from the tables. ---- */

typedef struct pending {
  sf_position chip;
  uint32_t channel; /* by which the packet came */
} pending;

static const sf_mop *find_table(const reader *r, sf_position chip) {
  for (const sf_mop *m = r->mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "table") != 0) continue;
    const sf_mop_argument *at = sf_mop_find(m, SF_MOP_TUPLE);
    if (at && at->count == 2 && at->numbers[0].i == chip.x &&
        at->numbers[1].i == chip.y) {
      return m;
    }
  }
  return NULL;
}

static const sf_mop *match(const sf_mop *table, uint32_t key) {
  for (const sf_mop *e = table ? table->first_child : NULL; e; e = e->next) {
    if (e->argument_count < 2 || e->arguments[0].kind != SF_MOP_NUMBER ||
        e->arguments[1].kind != SF_MOP_NUMBER) {
      continue;
    }
    uint32_t want = (uint32_t)e->arguments[0].numbers[0].i;
    uint32_t mask = (uint32_t)e->arguments[1].numbers[0].i;
    if ((key & mask) == want) return e;
  }
  return NULL;
}

static sf_result push(reader *r, pending item, const sf_mop *row) {
  if (r->pending_count == r->pending_capacity)
    return bad_row(r, row, "runs in a circle");
  r->pending[r->pending_count++] = item;
  return SF_OK;
}

static sf_result follow_links(reader *r, const sf_mop *row, const sf_mop *entry,
                              pending from) {
  const sf_item *links = sf_dict_find(&entry->attrs, "links");
  for (uint32_t i = 0; links && i < links->count; i++) {
    const char *text = links->items[i].text;
    int32_t d = text ? sf_direction_find(SF_TOPOLOGY_HEX, text) : -1;
    if (d < 0) return bad_row(r, entry, "has a link of an unknown direction");
    uint32_t next = port_channel(r, SF_CHANNEL_LINK, from.chip, d);
    SF_TRY(sf_ranks_edge(r->ranks, from.channel, next));
    sf_position v = sf_direction_vector(SF_TOPOLOGY_HEX, d);
    pending item = {{from.chip.x + v.x, from.chip.y + v.y}, next};
    SF_TRY(push(r, item, row));
  }
  const sf_item *cores = sf_dict_find(&entry->attrs, "cores");
  for (uint32_t i = 0; cores && i < cores->count; i++) {
    int32_t p = (int32_t)cores->items[i].number.i;
    uint32_t eject = port_channel(r, SF_CHANNEL_EJECT, from.chip, p);
    SF_TRY(sf_ranks_edge(r->ranks, from.channel, eject));
  }
  return SF_OK;
}

static sf_result read_tree(reader *r, const sf_mop *row) {
  const seat *from = find_seat(r, sf_dict_find(&row->attrs, "from"));
  int64_t key = sf_dict_int(&row->attrs, "key", -1);
  if (!from || key < 0) return bad_row(r, row, "needs a source and a key");
  r->pending_count = 0;
  uint32_t inject = port_channel(r, SF_CHANNEL_INJECT, from->router, from->p);
  SF_TRY(push(r, (pending){from->router, inject}, row));
  for (uint32_t i = 0; i < r->pending_count; i++) {
    pending at = r->pending[i];
    const sf_mop *entry = match(find_table(r, at.chip), (uint32_t)key);
    if (!entry) return bad_row(r, row, "meets a chip without an entry");
    SF_TRY(follow_links(r, row, entry, at));
  }
  return SF_OK;
}

/* Fills `ranks` with the channels and dependencies of all routes of a mapping
 * block. Errors: MAPPING when a route leaves the machine. */
static sf_result collect_channels(const sf_mapping *mapping,
                                  const sf_machine *machine, sf_diag *diag,
                                  sf_ranks *ranks) {
  reader r = {.mapping = mapping,
              .machine = machine,
              .diag = diag,
              .ranks = ranks,
              .pending_capacity = machine->chip_count + 1};
  r.pending = SF_NEW_ARRAY(ranks->arena, pending, r.pending_capacity);
  if (!r.pending) return SF_OOM;
  SF_TRY(read_seats(&r));
  bool trees = machine->family == SF_FAMILY_SPINNAKER2;
  for (const sf_mop *m = mapping->first; m; m = m->next) {
    if (strcmp(m->keyword, "route") != 0) continue;
    SF_TRY(trees ? read_tree(&r, m) : read_path(&r, m));
  }
  return SF_OK;
}

/* ---- Text. ---- */

typedef struct line {
  sf_channel channel;
  uint32_t rank;
} line;

static int by_channel(const void *a, const void *b) {
  const line *p = a, *q = b;
  return sf_channel_compare(&p->channel, &q->channel);
}

static void write_line(sf_buffer *out, const sf_machine *machine,
                       const line *l) {
  static const char *const kinds[] = {"inject", "link", "eject"};
  sf_buffer_printf(out, "%s %d %d ", kinds[l->channel.kind], l->channel.x,
                   l->channel.y);
  if (l->channel.kind == SF_CHANNEL_LINK)
    sf_buffer_text(out, sf_direction_text(machine->topology, l->channel.port));
  else
    sf_buffer_printf(out, "%d", l->channel.port);
  sf_buffer_printf(out, " %u\n", l->rank);
}

static sf_result write_text(const sf_mapping *mapping,
                            const sf_machine *machine, const sf_ranks *ranks,
                            char **out) {
  uint32_t n = ranks->channel_count;
  line *lines = SF_NEW_ARRAY(ranks->arena, line, n + (size_t)1);
  if (!lines) return SF_OOM;
  for (uint32_t i = 0; i < n; i++)
    lines[i] = (line){ranks->channels[i], ranks->ranks[i]};
  if (n) qsort(lines, n, sizeof *lines, by_channel);
  sf_buffer text = {0};
  sf_buffer_printf(&text,
                   "spikeformer-certificate 1 switching=packet-per-branch "
                   "endpoints=drain virtual-channels=1\n"
                   "machine %s\nnetwork %s\nchannels %u\n",
                   machine->name, mapping->network, n);
  for (uint32_t i = 0; i < n; i++)
    write_line(&text, machine, &lines[i]);
  sf_buffer_text(&text, "end\n");
  *out = sf_buffer_take(&text);
  return *out ? SF_OK : SF_OOM;
}

static sf_result certify(const sf_mapping *mapping, const sf_machine *machine,
                         sf_diag *diag, sf_arena *arena, char **out) {
  sf_ranks ranks = {.arena = arena};
  bool acyclic;
  uint32_t stuck;
  SF_TRY(collect_channels(mapping, machine, diag, &ranks));
  SF_TRY(sf_ranks_solve(&ranks, &acyclic, &stuck));
  if (!acyclic) {
    const sf_channel *c = &ranks.channels[stuck];
    return sf_error(diag, SF_DIAG_INTERNAL, mapping->loc,
                    "routes of '@%s' wait for each other in a circle through "
                    "router (%d, %d)",
                    mapping->network, c->x, c->y);
  }
  return write_text(mapping, machine, &ranks, out);
}

sf_result sf_route_certificate(const sf_mapping *mapping,
                               const sf_machine *machine, sf_diag *diag,
                               char **out) {
  *out = NULL;
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_result result = certify(mapping, machine, diag, arena, out);
  sf_arena_destroy(arena);
  return result;
}
