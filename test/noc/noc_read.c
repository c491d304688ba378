/* noc_read.c - fabrics and trees as text; noc.h has the format. */
#include "test/noc/noc.h"

#include <stdlib.h>
#include <string.h>

enum { LINKS = 6, SIDE_MAX = 1024, STEPS_MAX = 1 << 20 };
#define NONE UINT32_MAX

typedef struct direction {
  const char *name;
  int32_t x, y;
} direction;

static const direction MESH[] = {
    {"e", 1, 0}, {"n", 0, 1}, {"w", -1, 0}, {"s", 0, -1}};
static const direction HEX[] = {{"e", 1, 0},  {"ne", 1, 1},   {"n", 0, 1},
                                {"w", -1, 0}, {"sw", -1, -1}, {"s", 0, -1}};

typedef struct reader {
  noc_text *text;
  const char *name;
  unsigned line;
  noc_tree *tree;    /* that hop lines extend */
  uint32_t *step_at; /* router -> step by which the tree comes there */
  uint32_t step_capacity;
} reader;

static bool wrong(const reader *r, const char *what) {
  fprintf(stderr, "%s:%u: %s\n", r->name, r->line, what);
  return false;
}

static unsigned degree(const noc_text *t) { return t->hex ? 6 : 4; }
static const direction *directions(const noc_text *t) {
  return t->hex ? HEX : MESH;
}

static int find_direction(const noc_text *t, const char *name) {
  for (unsigned d = 0; d < degree(t); d++)
    if (strcmp(directions(t)[d].name, name) == 0) return (int)d;
  return -1;
}

/* Router behind a link; NONE: outside. */
static uint32_t behind(const noc_text *t, int32_t x, int32_t y, unsigned d) {
  x += directions(t)[d].x;
  y += directions(t)[d].y;
  if (t->wrap) {
    x = (x + t->width) % t->width;
    y = (y + t->height) % t->height;
  }
  if (x < 0 || y < 0 || x >= t->width || y >= t->height) return NONE;
  return (uint32_t)(y * t->width + x);
}

static bool inside(const noc_text *t, int32_t x, int32_t y) {
  return x >= 0 && y >= 0 && x < t->width && y < t->height;
}

/* Doubles an array; NULL: out of memory, the old one is still there. */
static void *grown(void *array, uint32_t *capacity, size_t size) {
  uint32_t more = *capacity ? 2 * *capacity : 16;
  void *bigger = realloc(array, more * size);
  if (bigger) *capacity = more;
  return bigger;
}

static uint32_t port_channel(noc_text *t, int32_t x, int32_t y, int32_t port) {
  uint32_t links = (uint32_t)(t->width * t->height * LINKS);
  for (uint32_t i = t->port_count; i-- > 0;) {
    const noc_port *p = &t->ports[i];
    if (p->x == x && p->y == y && p->port == port) return links + i;
  }
  if (t->port_count == t->port_capacity) {
    noc_port *ports = grown(t->ports, &t->port_capacity, sizeof *ports);
    if (!ports) return NONE;
    t->ports = ports;
  }
  t->ports[t->port_count] = (noc_port){x, y, port};
  t->network.channel_count = links + t->port_count + 1;
  return links + t->port_count++;
}

/* ---- Lines. ---- */

static bool read_fabric(reader *r, const char *line) {
  noc_text *t = r->text;
  char kind[8], edge[8];
  if (t->width) return wrong(r, "a second fabric");
  if (sscanf(line, "fabric %7s %d %d %7s", kind, &t->width, &t->height, edge) !=
      4)
    return wrong(r, "expected 'fabric mesh|hex WIDTH HEIGHT wrap|open'");
  t->hex = strcmp(kind, "hex") == 0;
  t->wrap = strcmp(edge, "wrap") == 0;
  if ((!t->hex && strcmp(kind, "mesh") != 0) ||
      (!t->wrap && strcmp(edge, "open") != 0) || t->width < 1 ||
      t->height < 1 || t->width > SIDE_MAX || t->height > SIDE_MAX)
    return wrong(r, "no such fabric");
  uint32_t routers = (uint32_t)(t->width * t->height);
  t->network.channel_count = routers * LINKS;
  t->dead = calloc((size_t)routers * LINKS, sizeof *t->dead);
  r->step_at = malloc(routers * sizeof *r->step_at);
  return t->dead && r->step_at ? true : wrong(r, "out of memory");
}

static bool read_dead(reader *r, const char *line) {
  noc_text *t = r->text;
  int32_t x, y;
  char name[8];
  if (sscanf(line, "dead %d %d %7s", &x, &y, name) != 3 || !inside(t, x, y))
    return wrong(r, "expected 'dead X Y DIRECTION'");
  int d = find_direction(t, name);
  if (d < 0) return wrong(r, "no such direction");
  t->dead[(y * t->width + x) * LINKS + d] = true;
  uint32_t other = behind(t, x, y, (unsigned)d);
  unsigned back = ((unsigned)d + degree(t) / 2) % degree(t);
  if (other != NONE) t->dead[other * LINKS + back] = true;
  return true;
}

static bool add_step(reader *r, uint32_t channel, uint32_t parent) {
  noc_tree *tree = r->tree;
  if (channel == NONE) return wrong(r, "out of memory");
  if (tree->step_count == STEPS_MAX) return wrong(r, "the tree is too long");
  if (tree->step_count == r->step_capacity) {
    noc_step *steps = grown(tree->steps, &r->step_capacity, sizeof *steps);
    if (!steps) return wrong(r, "out of memory");
    tree->steps = steps;
  }
  tree->steps[tree->step_count] = (noc_step){.channel = channel};
  if (parent != NONE) {
    noc_step *from = &tree->steps[parent];
    if (from->branch_count == NOC_BRANCHES_MAX)
      return wrong(r, "a router has too many branches of one tree");
    from->branches[from->branch_count++] = tree->step_count;
  }
  tree->step_count++;
  return true;
}

static bool read_tree(reader *r, const char *line) {
  noc_text *t = r->text;
  noc_network *n = &t->network;
  char name[64];
  uint32_t packets;
  int32_t x, y;
  if (sscanf(line, "tree %63s %u %d %d", name, &packets, &x, &y) != 4 ||
      !inside(t, x, y))
    return wrong(r, "expected 'tree NAME PACKETS X Y'");
  if (n->tree_count == t->tree_capacity) {
    noc_tree *trees = grown(n->trees, &t->tree_capacity, sizeof *trees);
    if (!trees) return wrong(r, "out of memory");
    n->trees = trees;
  }
  r->tree = &n->trees[n->tree_count++];
  *r->tree = (noc_tree){.packets = packets};
  r->step_capacity = 0;
  uint32_t routers = (uint32_t)(t->width * t->height);
  for (uint32_t i = 0; i < routers; i++)
    r->step_at[i] = NONE;
  r->step_at[y * t->width + x] = 0;
  return add_step(r, port_channel(t, x, y, -1), NONE);
}

static bool read_hop(reader *r, const char *line) {
  noc_text *t = r->text;
  int32_t x, y;
  char name[8];
  if (sscanf(line, "hop %d %d %7s", &x, &y, name) != 3 || !inside(t, x, y))
    return wrong(r, "expected 'hop X Y DIRECTION'");
  int d = find_direction(t, name);
  if (d < 0 || !r->tree) return wrong(r, "no such direction, or no tree yet");
  uint32_t parent = r->step_at[y * t->width + x];
  uint32_t link = (uint32_t)((y * t->width + x) * LINKS + d);
  uint32_t to = behind(t, x, y, (unsigned)d);
  if (parent == NONE) return wrong(r, "the tree has not come to this router");
  if (to == NONE || t->dead[link]) return wrong(r, "the link is dead");
  if (r->step_at[to] != NONE)
    return wrong(r, "the tree comes to a router a second time");
  r->step_at[to] = r->tree->step_count;
  return add_step(r, link, parent);
}

static bool read_eject(reader *r, const char *line) {
  noc_text *t = r->text;
  int32_t x, y, port;
  if (sscanf(line, "eject %d %d %d", &x, &y, &port) != 3 || !inside(t, x, y) ||
      port < 0)
    return wrong(r, "expected 'eject X Y PORT'");
  uint32_t parent = r->tree ? r->step_at[y * t->width + x] : NONE;
  if (parent == NONE) return wrong(r, "the tree has not come to this router");
  return add_step(r, port_channel(t, x, y, port), parent);
}

static bool read_line(reader *r, const char *line) {
  static const struct {
    const char *word;
    bool (*read)(reader *r, const char *line);
  } words[] = {{"fabric ", read_fabric},
               {"dead ", read_dead},
               {"tree ", read_tree},
               {"hop ", read_hop},
               {"eject ", read_eject}};
  if (*line == '#' || *line == '\n' || *line == 0) return true;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strncmp(line, words[i].word, strlen(words[i].word)) != 0) continue;
    if (i > 0 && !r->text->width) return wrong(r, "the fabric comes first");
    return words[i].read(r, line);
  }
  return wrong(r, "no such line");
}

bool noc_read(FILE *file, const char *name, noc_text *out) {
  *out = (noc_text){0};
  reader r = {.text = out, .name = name};
  char line[256];
  bool good = true;
  while (good && fgets(line, sizeof line, file)) {
    r.line++;
    good = read_line(&r, line);
  }
  if (good && !out->width) good = wrong(&r, "no fabric");
  free(r.step_at);
  if (!good) noc_text_free(out);
  return good;
}

void noc_text_free(noc_text *text) {
  for (uint32_t t = 0; t < text->network.tree_count; t++)
    free(text->network.trees[t].steps);
  free(text->network.trees);
  free(text->dead);
  free(text->ports);
  *text = (noc_text){0};
}

void noc_print_channel(const noc_text *t, uint32_t channel, FILE *file) {
  uint32_t links = (uint32_t)(t->width * t->height * LINKS);
  if (channel < links) {
    uint32_t router = channel / LINKS;
    fprintf(file, "link %u %u %s", router % (uint32_t)t->width,
            router / (uint32_t)t->width, directions(t)[channel % LINKS].name);
    return;
  }
  const noc_port *p = &t->ports[channel - links];
  if (p->port < 0)
    fprintf(file, "enter %d %d", p->x, p->y);
  else
    fprintf(file, "core %d %d %d", p->x, p->y, p->port);
}
