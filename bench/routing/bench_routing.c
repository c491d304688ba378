/* bench_routing.c - random placements: legal-ner against plain NER, both judged
 * by the same checker; link loads of unicast flows; one case as a file.
 * README.md beside it says how to run it; results stand in bench/README.md. */
#include "bench/routing/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

sf_result bench_judge(const sf_route_task *task, const sf_routing *routing,
                      sf_arena *arena, sf_verdict *out) {
  sf_waits waits = {.arena = arena};
  SF_TRY(sf_waits_of_trees(task, routing, SF_SWITCHING_PACKET, &waits));
  return sf_waits_solve(&waits, out);
}

static int usage(void) {
  fputs(
      "usage: bench_routing [--placements N] [--fabric 0..4] [--loads]\n"
      "         [--dump FILE] [--algorithm xy|odd-even|adaptive|legal-ner|ner]"
      "\n         [--faults PERCENT] [--nets N] [--seed N]\n",
      stderr);
  return 2;
}

static void read_row(const char *value, uint32_t *number, bool *given) {
  *number = (uint32_t)strtoul(value, NULL, 10);
  *given = true;
}

static bool read_option(bench_options *o, const char *name, const char *value) {
  if (strcmp(name, "--placements") == 0)
    o->placements = (uint32_t)strtoul(value, NULL, 10);
  else if (strcmp(name, "--fabric") == 0)
    o->fabric = (int)strtol(value, NULL, 10);
  else if (strcmp(name, "--faults") == 0)
    read_row(value, &o->faults, &o->one_fault);
  else if (strcmp(name, "--nets") == 0)
    read_row(value, &o->nets, &o->one_net);
  else if (strcmp(name, "--seed") == 0)
    o->seed = strtoull(value, NULL, 10);
  else if (strcmp(name, "--dump") == 0)
    o->dump = value;
  else if (strcmp(name, "--algorithm") == 0)
    return (o->plain = strcmp(value, "ner") == 0) ||
           sf_algorithm_find(value, &o->algorithm);
  else
    return false;
  return o->fabric < CASE_FABRICS && o->nets > 0 && o->faults <= 50;
}

int main(int argc, char **argv) {
  bench_options o = {.placements = 50,
                     .fabric = -1,
                     .nets = 48,
                     .algorithm = SF_ALGORITHM_LEGAL_NER,
                     .seed = 1};
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--loads") == 0) {
      o.loads = true;
      continue;
    }
    if (i + 1 == argc || !read_option(&o, argv[i], argv[i + 1])) return usage();
    i++;
  }
  if (o.dump) return bench_dump(&o) == SF_OK ? 0 : 1;
  if (o.loads) return bench_loads() == SF_OK ? 0 : 1;
  return bench_placements(&o) == SF_OK ? 0 : 1;
}
