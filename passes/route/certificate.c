/* certificate.c - the channels of all routes of a mapping block, and the text
 * that gives each its rank (docs/certificate.md), or the circle in which
 * packets may wait for each other. */
#include "passes/route/rows.h"
#include "sf/pass.h"
#include "support/buffer.h"

#include <stdlib.h>
#include <string.h>

/* ---- Text. ---- */

typedef struct line {
  sf_channel channel;
  uint32_t rank;
} line;

static int by_channel(const void *a, const void *b) {
  const line *p = a, *q = b;
  return sf_channel_compare(&p->channel, &q->channel);
}

static void write_channel(sf_buffer *out, const sf_machine *machine,
                          const sf_channel *c) {
  static const char *const kinds[] = {"inject", "link", "eject"};
  sf_buffer_printf(out, "%s %d %d ", kinds[c->kind], c->x, c->y);
  if (c->kind == SF_CHANNEL_LINK)
    sf_buffer_text(out, sf_direction_text(machine->topology, c->port));
  else
    sf_buffer_printf(out, "%d", c->port);
}

static sf_result write_text(const sf_mapping *mapping,
                            const sf_machine *machine, const sf_rows *rows,
                            const sf_verdict *verdict, char **out) {
  uint32_t n = rows->channels.count;
  line *lines = SF_NEW_ARRAY(rows->waits.arena, line, n + (size_t)1);
  if (!lines) return SF_OOM;
  for (uint32_t i = 0; i < n; i++)
    lines[i] = (line){rows->channels.items[i], verdict->ranks[i]};
  if (n) qsort(lines, n, sizeof *lines, by_channel);
  sf_buffer text = {0};
  sf_buffer_printf(&text,
                   "spikeformer-certificate 1 switching=%s "
                   "endpoints=drain virtual-channels=1\n"
                   "machine %s\nnetwork %s\nchannels %u\n",
                   rows->switching == SF_SWITCHING_WORMHOLE
                       ? "wormhole"
                       : "packet-per-branch",
                   machine->name, mapping->network, n);
  for (uint32_t i = 0; i < n; i++) {
    write_channel(&text, machine, &lines[i].channel);
    sf_buffer_printf(&text, " %u\n", lines[i].rank);
  }
  sf_buffer_text(&text, "end\n");
  *out = sf_buffer_take(&text);
  return *out ? SF_OK : SF_OOM;
}

/* ---- A circle. ---- */

static const char *route_name(const sf_rows *rows, uint32_t route) {
  const sf_mop_argument *name = sf_mop_find(rows->routes[route], SF_MOP_SYMBOL);
  return name ? name->text : "?";
}

static sf_result report_circle(const sf_mapping *mapping,
                               const sf_machine *machine, sf_diag *diag,
                               const sf_rows *rows, const sf_verdict *verdict) {
  enum { LINES_MAX = 64 };
  sf_error(diag, SF_DIAG_MAPPING, mapping->loc,
           "routes of '@%s' may wait for each other in a circle of %u channels",
           mapping->network, verdict->cycle_count);
  for (uint32_t i = 0; i < verdict->cycle_count && i < LINES_MAX; i++) {
    const sf_wait *wait = &verdict->cycle[i];
    sf_buffer from = {0}, to = {0};
    write_channel(&from, machine, &rows->channels.items[wait->from]);
    write_channel(&to, machine, &rows->channels.items[wait->to]);
    if (from.data && to.data)
      sf_note(diag, rows->routes[wait->route]->loc,
              "route '@%s' holds %s while it waits for %s%s",
              route_name(rows, wait->route), from.data, to.data,
              wait->sibling ? ", on another branch" : "");
    sf_buffer_destroy(&from);
    sf_buffer_destroy(&to);
  }
  sf_help(diag, rows->switching == SF_SWITCHING_WORMHOLE
                    ? "trees that branch over common channels are safe only "
                      "when each copy moves on by itself: switching=packet"
                    : "run route, whose routes form no circle");
  return SF_FAIL;
}

/* ---- All of it. ---- */

static sf_result judge(const sf_mapping *mapping, const sf_machine *machine,
                       sf_diag *diag, sf_arena *arena, char **out) {
  sf_rows rows;
  sf_verdict verdict;
  SF_TRY(sf_rows_read(mapping, machine, diag, arena, &rows));
  SF_TRY(sf_waits_solve(&rows.waits, &verdict));
  if (!verdict.acyclic)
    return report_circle(mapping, machine, diag, &rows, &verdict);
  return out ? write_text(mapping, machine, &rows, &verdict, out) : SF_OK;
}

sf_result sf_route_certificate(const sf_mapping *mapping,
                               const sf_machine *machine, sf_diag *diag,
                               char **out) {
  if (out) *out = NULL;
  sf_arena *arena = sf_arena_create();
  if (!arena) return SF_OOM;
  sf_result result = judge(mapping, machine, diag, arena, out);
  sf_arena_destroy(arena);
  return result;
}
