/* dump.c - a placement and its trees as text, for simulators; README.md. */
#include "bench/routing/bench.h"

#include <stdio.h>

static void write_fabric(FILE *out, const sf_fabric *f,
                         const sf_fabric *whole) {
  fprintf(out, "fabric %s %d %d %s\n",
          f->topology == SF_TOPOLOGY_HEX ? "hex" : "mesh", f->width, f->height,
          f->wrap ? "wrap" : "open");
  for (uint32_t l = 0; l < f->router_count * f->degree; l++) {
    uint32_t r = l / f->degree;
    if (f->neighbours[l] == whole->neighbours[l]) continue;
    fprintf(out, "dead %d %d %s\n", (int32_t)r % f->width,
            (int32_t)r / f->width,
            sf_direction_text(f->topology, (int32_t)(l % f->degree)));
  }
}

static void write_tree(FILE *out, const sf_fabric *f, uint32_t n,
                       const sf_net *net, const sf_tree *tree) {
  int32_t width = f->width;
  fprintf(out, "tree %u %u %d %d\n", n, net->weight,
          (int32_t)net->source % width, (int32_t)net->source / width);
  for (uint32_t i = 0; i < tree->hop_count; i++) {
    uint32_t link = tree->hops[i].link;
    int32_t router = (int32_t)(link / f->degree);
    fprintf(out, "hop %d %d %s\n", router % width, router / width,
            sf_direction_text(f->topology, (int32_t)(link % f->degree)));
  }
  for (uint32_t i = 0; i < net->sink_count; i++) {
    bool reached = net->sinks[i] == net->source;
    for (uint32_t k = 0; k < tree->hop_count && !reached; k++)
      reached = f->neighbours[tree->hops[k].link] == (int32_t)net->sinks[i];
    if (reached)
      fprintf(out, "eject %d %d 0\n", (int32_t)net->sinks[i] % width,
              (int32_t)net->sinks[i] / width);
  }
}

static sf_result write_case(FILE *out, const bench_options *o,
                            sf_arena *arena) {
  case_fabric which = o->fabric < 0 ? CASE_BOARD : (case_fabric)o->fabric;
  sf_random random = sf_random_seeded(o->seed);
  sf_fabric fabric, whole;
  sf_net *nets;
  sf_routing routing;
  SF_TRY(case_fabric_create(which, o->faults, &random, arena, &fabric));
  SF_TRY(sf_fabric_create(fabric.topology, fabric.wrap, fabric.width,
                          fabric.height, arena, &whole));
  SF_TRY(case_nets_create(&fabric, o->nets, o->nets < 100 ? 4 : 8, &random,
                          arena, &nets));
  sf_route_task task = {.fabric = &fabric,
                        .algorithm = o->algorithm,
                        .sweeps =
                            o->algorithm == SF_ALGORITHM_LEGAL_NER ? 1 : 8,
                        .net_count = o->nets,
                        .nets = nets};
  SF_TRY(o->plain ? case_ner(&fabric, o->nets, nets, &random, arena, &routing)
                  : sf_route_nets(&task, arena, &routing));
  write_fabric(out, &fabric, &whole);
  for (uint32_t n = 0; n < o->nets; n++)
    write_tree(out, &fabric, n, &nets[n], &routing.trees[n]);
  return SF_OK;
}

sf_result bench_dump(const bench_options *o) {
  FILE *out = fopen(o->dump, "w");
  sf_arena *arena = sf_arena_create();
  sf_result result = out && arena ? write_case(out, o, arena) : SF_FAIL;
  sf_arena_destroy(arena);
  if (out && fclose(out) != 0) result = SF_FAIL;
  if (result != SF_OK) perror(o->dump);
  return result;
}
