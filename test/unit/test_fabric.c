/* Closed-form distances against breadth-first search on every small fabric;
 * links that are cut are gone both ways. */
#include "machine/fabric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* CMocka needs the four headers above. */
#include <cmocka.h>

enum { SIDE = 7, ROUTERS = SIDE * SIDE };

static void search(const sf_fabric *f, uint32_t root, uint32_t *distance) {
  uint32_t queue[ROUTERS], count = 0;
  for (uint32_t r = 0; r < f->router_count; r++)
    distance[r] = UINT32_MAX;
  distance[root] = 0;
  queue[count++] = root;
  for (uint32_t i = 0; i < count; i++) {
    for (uint32_t d = 0; d < f->degree; d++) {
      int32_t next = f->neighbours[queue[i] * f->degree + d];
      if (next < 0 || distance[next] != UINT32_MAX) continue;
      distance[next] = distance[queue[i]] + 1;
      queue[count++] = (uint32_t)next;
    }
  }
}

static void check_fabric(sf_topology topology, bool wrap, int32_t width,
                         int32_t height) {
  sf_arena *arena = sf_arena_create();
  sf_fabric f;
  assert_int_equal(sf_fabric_create(topology, wrap, width, height, arena, &f),
                   SF_OK);
  for (uint32_t from = 0; from < f.router_count; from++) {
    uint32_t distance[ROUTERS];
    search(&f, from, distance);
    for (uint32_t to = 0; to < f.router_count; to++)
      assert_int_equal(sf_fabric_distance(&f, from, to), distance[to]);
  }
  sf_arena_destroy(arena);
}

static void distances_are_shortest_paths(void **state) {
  (void)state;
  for (int32_t w = 1; w <= SIDE; w++) {
    for (int32_t h = 1; h <= SIDE; h++) {
      for (int wrap = 0; wrap < 2; wrap++) {
        check_fabric(SF_TOPOLOGY_MESH, wrap != 0, w, h);
        check_fabric(SF_TOPOLOGY_HEX, wrap != 0, w, h);
      }
    }
  }
}

static void a_cut_link_is_gone_both_ways(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_fabric f;
  assert_int_equal(sf_fabric_create(SF_TOPOLOGY_HEX, true, 4, 4, arena, &f),
                   SF_OK);
  sf_fabric_cut(&f, 0, 1); /* ne: (0, 0) to (1, 1) */
  assert_int_equal(f.neighbours[0 * 6 + 1], SF_FABRIC_NONE);
  assert_int_equal(f.neighbours[5 * 6 + 4], SF_FABRIC_NONE);
  assert_int_equal(f.neighbours[5 * 6 + 1], 10);
  sf_arena_destroy(arena);
}

static void parts_of_a_torn_mesh(void **state) {
  (void)state;
  sf_arena *arena = sf_arena_create();
  sf_fabric f;
  assert_int_equal(sf_fabric_create(SF_TOPOLOGY_MESH, false, 5, 3, arena, &f),
                   SF_OK);
  for (uint32_t y = 0; y < 3; y++)
    sf_fabric_kill(&f, y * 5 + 2);
  bool part[15];
  uint32_t queue[15];
  assert_int_equal(sf_fabric_part_of(&f, 0, part, queue), 6);
  assert_true(part[6] && !part[7] && !part[8]);
  assert_int_equal(sf_fabric_part_of(&f, 2, part, queue), 0);
  assert_int_equal(sf_fabric_part_of(&f, 14, part, queue), 6);
  sf_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_are_shortest_paths),
      cmocka_unit_test(a_cut_link_is_gone_both_ways),
      cmocka_unit_test(parts_of_a_torn_mesh),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
