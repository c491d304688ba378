/* loihi2_check.c - cores, memory sums, axons: derived again from the rows of
 * config.xml and compared with what it claims and with the machine. */
#include "machine/loihi2_memory.h"
#include "tools/sf-check/loihi2.h"

#include <stdlib.h>
#include <string.h>

enum { AXONS_MAX = 1 << 24 }; /* of one core */

/* ---- Cores. ---- */

static int by_place(const void *a, const void *b) {
  const l2_core *p = a, *q = b;
  if (p->chip != q->chip) return p->chip < q->chip ? -1 : 1;
  return p->id < q->id ? -1 : p->id > q->id;
}

const l2_core *sf_check_loihi2_core(const l2_config *config, uint64_t chip,
                                    uint64_t id) {
  l2_core key = {.chip = chip, .id = id};
  if (config->core_count == 0) return NULL;
  return bsearch(&key, config->cores, config->core_count, sizeof key, by_place);
}

static void check_core_place(sf_check *check, const l2_core *core) {
  const sf_machine *m = check->machine;
  uint64_t number =
      (core->y * (uint64_t)m->width + core->x) * m->cores_per_router + core->p;
  if (!sf_machine_core_usable(m, (int64_t)core->chip, (int64_t)core->x,
                              (int64_t)core->y, (int64_t)core->p)) {
    sf_check_fail(check, sf_check_loihi2_file, core->line,
                  "core @%s: '%s' has no usable core (%llu, %llu, %llu) on "
                  "chip %llu",
                  core->name, m->name, (unsigned long long)core->x,
                  (unsigned long long)core->y, (unsigned long long)core->p,
                  (unsigned long long)core->chip);
  } else if (number != core->id) {
    sf_check_fail(check, sf_check_loihi2_file, core->line,
                  "core @%s: number %llu does not belong to its place",
                  core->name, (unsigned long long)core->id);
  }
}

static void check_chips(sf_check *check, const l2_config *config) {
  for (uint32_t i = 0; i < config->chip_count; i++) {
    const l2_chip *chip = &config->chips[i];
    const sf_chip *known = sf_machine_chip(check->machine, (int64_t)chip->id);
    if (!known || known->x != chip->x || known->y != chip->y ||
        known->z != chip->z) {
      sf_check_fail(check, sf_check_loihi2_file, chip->line,
                    "chip %llu stands elsewhere on '%s'",
                    (unsigned long long)chip->id, check->machine->name);
    }
    if (chip->cores != chip->cores_used) {
      sf_check_fail(check, sf_check_loihi2_file, chip->line,
                    "chip %llu: %llu cores are listed, %llu stated",
                    (unsigned long long)chip->id,
                    (unsigned long long)chip->cores,
                    (unsigned long long)chip->cores_used);
    }
  }
}

/* ---- Memory. ---- */

static uint64_t entry_words(const sf_check *check, const l2_config *config,
                            const l2_core *core, const l2_entry *e) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(check->machine);
  unsigned bits = e->weight_bits > 64 ? 64 : (unsigned)e->weight_bits;
  if (e->format == L2_SPARSE) return e->list_words;
  if (e->format == L2_DENSE) {
    return e->rows *
           sf_loihi2_list_words(&limits, e->targets, bits, e->delay_bits > 0);
  }
  if (e->group >= core->group_count || e->groups == 0) return 0;
  uint64_t hosted = config->groups[core->group_first + e->group].channels;
  uint64_t rows = e->kx * e->ky * (e->cin / e->groups);
  return sf_loihi2_kernel_words(&limits, rows, hosted, bits, e->stride_x == 2);
}

static void check_entries(sf_check *check, const l2_config *config,
                          const l2_core *core, sf_loihi2_usage *usage) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(check->machine);
  for (uint32_t i = 0; i < core->entry_count; i++) {
    const l2_entry *e = &config->entries[core->entry_first + i];
    if (e->group >= core->group_count) {
      sf_check_fail(check, sf_check_loihi2_file, e->line,
                    "core @%s: entry %u feeds a group that is not there",
                    core->name, i);
    }
    uint64_t words = entry_words(check, config, core, e);
    if (words != e->words) {
      sf_check_fail(check, sf_check_loihi2_file, e->line,
                    "core @%s: entry %u takes %llu words, it claims %llu",
                    core->name, i, (unsigned long long)words,
                    (unsigned long long)e->words);
    }
    usage->synapses += words;
    if (e->format == L2_CONV) usage->axon_in += limits.conv_axon_words;
  }
}

static bool read_by_host(const l2_config *config, uint64_t layer) {
  for (uint32_t i = 0; i < config->output_count; i++)
    if (config->outputs[i] == layer) return true;
  return false;
}

/* Output side: a word a neuron that sends discrete spikes or is read by the
 * host, a word a population axon. */
static uint64_t axon_map(const l2_config *config, const l2_core *core,
                         const l2_group *group, uint64_t each) {
  bool discrete = read_by_host(config, group->layer);
  uint64_t words = 0;
  for (uint32_t i = 0; i < core->out_count; i++) {
    const l2_axon_out *out = &config->outs[core->out_first + i];
    if (out->first < group->base || out->first - group->base >= group->count)
      continue;
    if (out->population)
      words++;
    else
      discrete = true;
  }
  return words + (discrete ? group->count * each : 0);
}

static void add_groups(sf_check *check, const l2_config *config,
                       const l2_core *core, sf_loihi2_usage *usage) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(check->machine);
  uint64_t base = 0;
  usage->groups = core->group_count;
  for (uint32_t i = 0; i < core->group_count; i++) {
    const l2_group *g = &config->groups[core->group_first + i];
    sf_loihi2_state kept = {.bits = g->register_bits,
                            .whole = g->state_words * limits.neuron_state_bits,
                            .own = g->own_bits,
                            .biased = g->biased};
    usage->neuron_words += sf_loihi2_neuron_words(
        &limits, g->count, sf_loihi2_state_bits(&limits, &kept));
    usage->axon_map += axon_map(config, core, g, limits.axon_map_words);
    if (g->count != g->elements || g->base != base) {
      sf_check_fail(check, sf_check_loihi2_file, core->line,
                    "core @%s: group %u does not hold the neurons of its box",
                    core->name, i);
    }
    base += g->count;
  }
}

static void compare_sum(sf_check *check, const l2_core *core, const char *what,
                        uint64_t derived, uint64_t claimed) {
  if (derived == claimed) return;
  sf_check_fail(check, sf_check_loihi2_file, core->line,
                "core @%s: %s are %llu by its contents, %llu by its claim",
                core->name, what, (unsigned long long)derived,
                (unsigned long long)claimed);
}

static void compare_limit(sf_check *check, const l2_core *core,
                          const char *what, uint64_t used, uint64_t limit) {
  if (used <= limit) return;
  sf_check_fail(check, sf_check_loihi2_file, core->line,
                "core @%s: %llu %s, a core of '%s' has %llu", core->name,
                (unsigned long long)used, what, check->machine->name,
                (unsigned long long)limit);
}

static void check_memory(sf_check *check, const l2_config *config,
                         const l2_core *core) {
  sf_loihi2_limits limits = sf_loihi2_limits_of(check->machine);
  sf_loihi2_usage usage = {.axon_mem = core->axon_mem};
  add_groups(check, config, core, &usage);
  check_entries(check, config, core, &usage);
  for (uint32_t i = 0; i < core->in_count; i++) {
    const l2_axon_in *in = &config->ins[core->in_first + i];
    if (!in->population) usage.axon_in += in->count * limits.axon_in_words;
  }
  compare_sum(check, core, "neuron words", usage.neuron_words,
              core->neuron_words);
  compare_sum(check, core, "words of input axons", usage.axon_in,
              core->axon_in);
  compare_sum(check, core, "synapse words", usage.synapses, core->synapses);
  compare_sum(check, core, "words of output axons", usage.axon_map,
              core->axon_map);
  compare_sum(check, core, "neuron groups", usage.groups, core->groups);
  compare_limit(check, core, "neuron words", usage.neuron_words,
                limits.neuron_words);
  compare_limit(check, core, "words of axons and synapses",
                sf_loihi2_pool_words(&usage), limits.pool_words);
  compare_limit(check, core, "neuron groups", usage.groups, limits.groups);
}

/* ---- Axons. ---- */

/* Input axons of a core: numbered without gaps, each on a row that exists. */
static uint64_t check_axons_in(sf_check *check, const l2_config *config,
                               const l2_core *core) {
  uint64_t next = 0;
  for (uint32_t i = 0; i < core->in_count; i++) {
    const l2_axon_in *in = &config->ins[core->in_first + i];
    bool known = in->entry < core->entry_count;
    const l2_entry *e =
        known ? &config->entries[core->entry_first + in->entry] : NULL;
    bool conv = e && e->format == L2_CONV;
    bool inside =
        e && (conv ? in->count == 1
                   : in->row <= e->rows && in->count <= e->rows - in->row);
    if (in->id != next || !inside || conv != in->population || in->count == 0) {
      sf_check_fail(check, sf_check_loihi2_file, in->line,
                    "core @%s: input axon %llu leads to no list of its core",
                    core->name, (unsigned long long)in->id);
    }
    next += in->count;
    if (next > AXONS_MAX) break;
  }
  return next;
}

typedef struct arrivals {
  uint64_t *first; /* of each core, into `hits` */
  uint8_t *hits;   /* how often each input axon is sent to, at most 2 */
} arrivals;

static const l2_axon_in *find_in(const l2_config *config, const l2_core *core,
                                 uint64_t axon) {
  for (uint32_t i = 0; i < core->in_count; i++) {
    const l2_axon_in *in = &config->ins[core->in_first + i];
    if (axon >= in->id && axon - in->id < in->count) return in;
  }
  return NULL;
}

static void check_axon_out(sf_check *check, const l2_config *config,
                           const char *from, const l2_axon_out *out,
                           const arrivals *a) {
  const l2_core *to = sf_check_loihi2_core(config, out->chip, out->core);
  check->axons++;
  if (!to) {
    sf_check_fail(check, sf_check_loihi2_file, out->line,
                  "%s sends to core %llu of chip %llu, which is not there",
                  from, (unsigned long long)out->core,
                  (unsigned long long)out->chip);
    return;
  }
  size_t index = (size_t)(to - config->cores);
  uint64_t total = a->first[index + 1] - a->first[index];
  uint64_t span = out->population ? 1 : out->count;
  const l2_axon_in *in = find_in(config, to, out->axon);
  bool same = in && in->population == out->population &&
              (!in->population || in->atoms == out->count);
  if (!same || span == 0 || out->axon > total || span > total - out->axon) {
    sf_check_fail(check, sf_check_loihi2_file, out->line,
                  "%s sends to axon %llu of core @%s, which does not exist or "
                  "is of another kind",
                  from, (unsigned long long)out->axon, to->name);
    return;
  }
  for (uint64_t i = 0; i < span; i++) {
    uint8_t *hit = &a->hits[a->first[index] + out->axon + i];
    if (*hit < 2) ++*hit;
  }
}

static void check_hits(sf_check *check, const l2_config *config,
                       const arrivals *a) {
  for (uint32_t c = 0; c < config->core_count; c++) {
    uint64_t bad = 0, count = a->first[c + 1] - a->first[c], first = 0;
    for (uint64_t i = 0; i < count; i++) {
      if (a->hits[a->first[c] + i] == 1) continue;
      if (bad == 0) first = i;
      bad++;
    }
    if (bad == 0) continue;
    sf_check_fail(check, sf_check_loihi2_file, config->cores[c].line,
                  "core @%s: input axon %llu is sent to %s (%llu such axons)",
                  config->cores[c].name, (unsigned long long)first,
                  a->hits[a->first[c] + first] ? "twice" : "by nobody",
                  (unsigned long long)bad);
  }
}

static sf_result check_axons(sf_check *check, const l2_config *config) {
  arrivals a;
  a.first = SF_NEW_ARRAY(check->arena, uint64_t, config->core_count + 2u);
  if (!a.first) return SF_OOM;
  for (uint32_t c = 0; c < config->core_count; c++) {
    a.first[c + 1] =
        a.first[c] + check_axons_in(check, config, &config->cores[c]);
  }
  a.hits = SF_NEW_ARRAY(check->arena, uint8_t, a.first[config->core_count] + 1);
  if (!a.hits) return SF_OOM;
  for (uint32_t i = 0; i < config->input_outs; i++)
    check_axon_out(check, config, "an input", &config->outs[i], &a);
  for (uint32_t c = 0; c < config->core_count; c++) {
    const l2_core *core = &config->cores[c];
    char *from = sf_arena_printf(check->arena, "core @%s", core->name);
    if (!from) return SF_OOM;
    for (uint32_t i = 0; i < core->out_count; i++) {
      check_axon_out(check, config, from, &config->outs[core->out_first + i],
                     &a);
    }
  }
  check_hits(check, config, &a);
  return SF_OK;
}

sf_result sf_check_loihi2(sf_check *check) {
  l2_config config;
  SF_TRY(sf_check_loihi2_read(check, &config));
  check_chips(check, &config);
  if (config.core_count)
    qsort(config.cores, config.core_count, sizeof *config.cores, by_place);
  for (uint32_t i = 0; i < config.core_count; i++) {
    const l2_core *core = &config.cores[i];
    if (i > 0 && by_place(core - 1, core) == 0) {
      sf_check_fail(check, sf_check_loihi2_file, core->line,
                    "core @%s: its place is taken by @%s", core->name,
                    core[-1].name);
    }
    check_core_place(check, core);
    check_memory(check, &config, core);
    check->cores++;
  }
  SF_TRY(check_axons(check, &config));
  sf_check_loihi2_gates(check, &config);
  sf_check_loihi2_routes(check, &config);
  return SF_OK;
}
