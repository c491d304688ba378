/* loihi2_gates.c - what is switched off is not needed (mapping.md 6): no core
 * with neurons, no router that a route or a barrier crosses, no memory bank
 * with words in it. Derived from config.xml alone. */
#include "machine/loihi2_memory.h"
#include "machine/routing.h"
#include "tools/sf-check/loihi2.h"

static bool covers(const l2_gate *g, sf_position at) {
  return at.x >= 0 && at.y >= 0 && (uint64_t)at.x >= g->x &&
         (uint64_t)at.y >= g->y && (uint64_t)at.x - g->x < g->columns &&
         (uint64_t)at.y - g->y < g->rows;
}

bool sf_check_loihi2_router_off(const l2_config *config, sf_position router) {
  for (uint32_t i = 0; i < config->gate_count; i++) {
    const l2_gate *g = &config->gates[i];
    if (g->kind == L2_ROUTER_OFF && covers(g, router)) return true;
  }
  return false;
}

static bool holds(const l2_gate *g, sf_position at, const l2_core *core) {
  return covers(g, at) && core->p >= g->p && core->p - g->p < g->count;
}

/* ---- Each core in use. ---- */

static void check_core(sf_check *check, const l2_config *config,
                       const l2_core *core, sf_position at) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(check->machine);
  const sf_quantity *banks =
      sf_machine_quantity(check->machine, "memory-banks");
  uint64_t bank_count = banks && banks->value >= 1 ? (uint64_t)banks->value : 1;
  uint64_t each = limits.pool_words / bank_count;
  uint64_t used =
      core->axon_in + core->synapses + core->axon_map + core->axon_mem;
  for (uint32_t i = 0; i < config->gate_count; i++) {
    const l2_gate *g = &config->gates[i];
    if (g->kind == L2_ROUTER_OFF || !holds(g, at, core)) continue;
    uint64_t kept = each * g->bank; /* words of the banks below */
    if (g->kind == L2_CORE_OFF) {
      sf_check_fail(check, sf_check_loihi2_file, g->line,
                    "core @%s is switched off, but holds neurons", core->name);
    } else if (g->bank < bank_count && used > kept) {
      sf_check_fail(check, sf_check_loihi2_file, g->line,
                    "core @%s holds %llu words, the %llu banks that stay on "
                    "have %llu",
                    core->name, (unsigned long long)used,
                    (unsigned long long)g->bank, (unsigned long long)kept);
    }
  }
}

/* ---- Barriers, configuration, the host's events. ---- */

/* X, then Y; reports the first router that is off. */
static bool walk(sf_check *check, const l2_config *config, const l2_core *core,
                 sf_position at, sf_position to) {
  bool off = sf_check_loihi2_router_off(config, at);
  while (!off && (at.x != to.x || at.y != to.y)) {
    if (at.x != to.x)
      at.x += to.x > at.x ? 1 : -1;
    else
      at.y += to.y > at.y ? 1 : -1;
    off = sf_check_loihi2_router_off(config, at);
  }
  if (!off) return true;
  sf_check_fail(check, sf_check_loihi2_file, config->gates_line,
                "router (%d, %d) is switched off, but barriers of core @%s "
                "cross it",
                at.x, at.y, core->name);
  return false;
}

/* A gate must name something of the machine, once. */
static void check_extent(sf_check *check, const l2_config *config) {
  const sf_machine *m = check->machine;
  uint64_t width = (uint64_t)m->columns * (uint64_t)m->width;
  uint64_t height = (uint64_t)m->rows * (uint64_t)m->height;
  for (uint32_t i = 0; i < config->gate_count; i++) {
    const l2_gate *g = &config->gates[i];
    if (g->x < width && g->y < height && g->columns > 0 && g->rows > 0 &&
        g->columns <= width - g->x && g->rows <= height - g->y) {
      continue;
    }
    sf_check_fail(check, sf_check_loihi2_file, g->line,
                  "a gate reaches outside '%s'", m->name);
  }
}

void sf_check_loihi2_gates(sf_check *check, const l2_config *config) {
  if (config->gates_line == 0) return;
  check_extent(check, config);
  if (config->members != config->core_count) {
    sf_check_fail(check, sf_check_loihi2_file, config->gates_line,
                  "barriers wait for %llu cores, %u are in use",
                  (unsigned long long)config->members, config->core_count);
  }
  sf_position root = {(int32_t)config->barrier_x, (int32_t)config->barrier_y};
  if (!sf_router_exists(check->machine, root)) {
    sf_check_fail(check, sf_check_loihi2_file, config->gates_line,
                  "barriers gather at router (%d, %d), which is not there",
                  root.x, root.y);
    return;
  }
  for (uint32_t c = 0; c < config->core_count; c++) {
    const l2_core *core = &config->cores[c];
    sf_position at;
    if (!sf_core_router(check->machine, (int64_t)core->chip, (int64_t)core->x,
                        (int64_t)core->y, &at)) {
      continue; /* reported with the core's place */
    }
    check_core(check, config, core, at);
    if (!walk(check, config, core, root, at)) return;
    if (!walk(check, config, core, at, root)) return;
  }
}
