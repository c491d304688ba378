/* noc_main.c - noc-sim FILE: do the trees of a file drain? Exit code 0 when
 * they do, 4 when packets wait for each other, 2 for wrong usage, 1 for a wrong
 * file. */
#include "test/noc/noc.h"

#include <stdlib.h>
#include <string.h>

static const char USAGE[] =
    "usage: noc-sim FILE [--flits N] [--depth N] [--reserve]\n"
    "               [--branches independent|lock-step|atomic] [--seed N]\n"
    "               [--packets N]\n"
    "Sends the packets of all trees of FILE through a network whose channels\n"
    "hold `depth` flits (default 4 of 1-flit packets, independent branches).\n"
    "--packets sends N packets a tree whatever the file says.\n";

typedef struct arguments {
  const char *file;
  noc_discipline discipline;
  uint64_t seed;
  unsigned packets; /* 0: as the file says */
} arguments;

static bool parse_number(const char *text, unsigned least, unsigned *out) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || value < least || value > 1000000)
    return false;
  *out = (unsigned)value;
  return true;
}

static bool parse_branches(const char *text, noc_branches *out) {
  static const char *const names[] = {"independent", "lock-step", "atomic"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(names[i], text) != 0) continue;
    *out = (noc_branches)i;
    return true;
  }
  return false;
}

static bool parse_option(arguments *a, const char *name, const char *value) {
  unsigned seed;
  if (!value) return false;
  if (strcmp(name, "--flits") == 0)
    return parse_number(value, 1, &a->discipline.flits);
  if (strcmp(name, "--depth") == 0)
    return parse_number(value, 1, &a->discipline.depth);
  if (strcmp(name, "--packets") == 0)
    return parse_number(value, 1, &a->packets);
  if (strcmp(name, "--branches") == 0)
    return parse_branches(value, &a->discipline.branches);
  if (strcmp(name, "--seed") != 0 || !parse_number(value, 0, &seed))
    return false;
  a->seed = seed;
  return true;
}

static bool parse(int count, char **words, arguments *a) {
  for (int i = 1; i < count; i++) {
    if (strcmp(words[i], "--reserve") == 0) {
      a->discipline.reserve = true;
    } else if (words[i][0] != '-') {
      if (a->file) return false;
      a->file = words[i];
    } else {
      const char *value = i + 1 < count ? words[i + 1] : NULL;
      if (!parse_option(a, words[i], value)) return false;
      i++;
    }
  }
  bool fits = a->discipline.depth >= a->discipline.flits;
  return a->file && (!a->discipline.reserve || fits);
}

static void print_circle(const noc_text *text, const noc_outcome *o) {
  for (uint32_t i = 0; i < o->wait_count; i++) {
    printf("  ");
    noc_print_channel(text, o->waits[i], stdout);
    printf(" waits for\n");
  }
}

int main(int count, char **words) {
  arguments a = {.discipline = {.flits = 1, .depth = 4}};
  if (count == 2 && strcmp(words[1], "--help") == 0)
    return fputs(USAGE, stdout) < 0;
  if (!parse(count, words, &a)) {
    fputs(USAGE, stderr);
    return 2;
  }
  FILE *file = fopen(a.file, "r");
  if (!file) {
    perror(a.file);
    return 1;
  }
  noc_text text;
  bool good = noc_read(file, a.file, &text);
  fclose(file);
  if (!good) return 1;
  for (uint32_t t = 0; a.packets && t < text.network.tree_count; t++)
    text.network.trees[t].packets = a.packets;
  noc_outcome o;
  good = noc_run(&text.network, &a.discipline, a.seed, &o);
  if (good) {
    printf("%s after %llu cycles: %llu flits delivered, %llu held\n",
           o.drained ? "drained" : "deadlock", (unsigned long long)o.cycles,
           (unsigned long long)o.delivered, (unsigned long long)o.held);
    print_circle(&text, &o);
  }
  noc_text_free(&text);
  if (!good) return 5;
  return o.drained ? 0 : 4;
}
