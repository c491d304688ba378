/* synapse.c - synapse lists and input axons of a core, all references checked,
 * so that delivery needs no bounds. */
#include "tools/sf-loihi2-sim/core.h"

#include <string.h>

enum { SHIFT_MAX = 16 };

/* Value of a stored weight: stored * 2^(8 - bits + exponent + mixed), the rule
 * in the documentation of Lava's Dense process; loihi2.md 2.3. */
static sf_result read_exponent(const sf_sim_document *document,
                               const xmlNode *node, sf_sim_entry *entry) {
  uint32_t bits;
  int32_t exponent;
  const char *mode;
  SF_TRY(sf_sim_number(document, node, "weightBits", 8, &bits));
  SF_TRY(sf_sim_integer(document, node, "weightExp", &exponent));
  SF_TRY(sf_sim_text(document, node, "signMode", &mode));
  if (bits < 1 || exponent < -SHIFT_MAX || exponent > SHIFT_MAX)
    return sf_sim_bad(document, node, "weight format is out of range");
  entry->exponent = 8 - (int32_t)bits + exponent + (strcmp(mode, "mixed") == 0);
  return SF_OK;
}

static sf_result read_conv(const sf_sim_document *document, const xmlNode *node,
                           sf_sim_entry *entry) {
  const xmlNode *conv = sf_sim_child(node, "conv");
  if (!conv) return sf_sim_bad(document, node, "'conv' is missing");
  const uint32_t max = 1 << 20;
  sf_sim_conv *c = &entry->conv;
  SF_TRY(sf_sim_number(document, conv, "kx", 4096, &c->kx));
  SF_TRY(sf_sim_number(document, conv, "ky", 4096, &c->ky));
  SF_TRY(sf_sim_number(document, conv, "cin", max, &c->cin));
  SF_TRY(sf_sim_number(document, conv, "cout", max, &c->cout));
  SF_TRY(sf_sim_number(document, conv, "strideX", 4096, &c->stride_x));
  SF_TRY(sf_sim_number(document, conv, "strideY", 4096, &c->stride_y));
  SF_TRY(sf_sim_number(document, conv, "padX", 4096, &c->pad_x));
  SF_TRY(sf_sim_number(document, conv, "padY", 4096, &c->pad_y));
  SF_TRY(sf_sim_number(document, conv, "dilX", 4096, &c->dil_x));
  SF_TRY(sf_sim_number(document, conv, "dilY", 4096, &c->dil_y));
  SF_TRY(sf_sim_number(document, conv, "groups", max, &c->groups));
  if (!c->kx || !c->ky || !c->cin || !c->cout || !c->stride_x || !c->stride_y ||
      !c->dil_x || !c->dil_y || !c->groups || c->cin % c->groups ||
      c->cout % c->groups)
    return sf_sim_bad(document, conv, "convolution is not well-formed");
  return SF_OK;
}

/* A convolution's group is a box of channels, rows, columns (two axes: one
 * row). */
static sf_result read_conv_weights(const sf_sim_document *document,
                                   const xmlNode *node,
                                   const sf_sim_group *group,
                                   sf_sim_entry *entry) {
  SF_TRY(read_conv(document, node, entry));
  const sf_sim_conv *c = &entry->conv;
  if ((group->rank != 3 && group->rank != 2) || group->end[0] > c->cout)
    return sf_sim_bad(document, node, "the group is not a convolution's box");
  uint64_t channels = group->end[0] - group->begin[0];
  uint64_t count = (uint64_t)c->kx * c->ky * (c->cin / c->groups) * channels;
  SF_TRY(sf_sim_data(document, sf_sim_child(node, "weights"), count,
                     &entry->weights));
  if (sf_sim_child(node, "delays"))
    return sf_sim_bad(document, node, "a kernel has no delays of its own");
  return SF_OK;
}

static sf_result read_sparse_rows(const sf_sim_document *document,
                                  const xmlNode *node,
                                  const sf_sim_group *group,
                                  sf_sim_entry *entry) {
  const xmlNode *rows = sf_sim_child(node, "rows");
  const xmlNode *indices = sf_sim_child(node, "indices");
  if (!rows || !indices)
    return sf_sim_bad(document, node, "'rows' or 'indices' is missing");
  uint32_t rank, dim[8], elements;
  SF_TRY(sf_sim_shape(document, sf_sim_child(rows, "data"), &rank, dim,
                      &elements));
  SF_TRY(sf_sim_data(document, rows, elements, &entry->first));
  entry->rows = elements - 1;
  bool rising = entry->first[0] == 0;
  for (uint32_t r = 0; rising && r < entry->rows; r++)
    rising = entry->first[r] <= entry->first[r + 1];
  if (!rising) return sf_sim_bad(document, rows, "offsets must rise from 0");
  entry->synapses = (uint32_t)entry->first[entry->rows];
  if (!entry->synapses)
    return sf_sim_bad(document, rows, "an empty synapse list");
  SF_TRY(sf_sim_data(document, indices, entry->synapses, &entry->index));
  for (uint32_t i = 0; i < entry->synapses; i++)
    if (entry->index[i] < 0 || (uint32_t)entry->index[i] >= group->count)
      return sf_sim_bad(document, indices, "synapse %u ends at neuron %d of %u",
                        i, entry->index[i], group->count);
  return SF_OK;
}

static sf_result read_dense_rows(const sf_sim_document *document,
                                 const xmlNode *node, const sf_sim_group *group,
                                 sf_sim_entry *entry) {
  uint32_t rank, dim[8];
  const xmlNode *data = sf_sim_child(sf_sim_child(node, "weights"), "data");
  SF_TRY(sf_sim_shape(document, data, &rank, dim, &entry->synapses));
  if (entry->synapses % group->count)
    return sf_sim_bad(document, node, "a row must hold %u weights",
                      group->count);
  entry->rows = entry->synapses / group->count;
  return SF_OK;
}

static sf_result read_delays(const sf_sim_document *document,
                             const xmlNode *node, sf_sim_entry *entry) {
  const xmlNode *delays = sf_sim_child(node, "delays");
  if (!delays) return SF_OK;
  SF_TRY(sf_sim_data(document, delays, entry->synapses, &entry->delays));
  for (uint32_t i = 0; i < entry->synapses; i++) {
    int32_t delay = entry->delays[i];
    if (delay < 0 || delay > SF_SIM_DELAY_MAX)
      return sf_sim_bad(document, delays, "delay %d of synapse %u", delay, i);
    if ((uint32_t)delay > entry->delay_max) entry->delay_max = (uint32_t)delay;
  }
  return SF_OK;
}

static sf_result read_entry(const sf_sim_document *document,
                            const xmlNode *node, const sf_sim_core *core,
                            sf_sim_entry *entry) {
  const char *format;
  SF_TRY(sf_sim_number(document, node, "group", core->group_count - 1,
                       &entry->group));
  SF_TRY(sf_sim_number(document, node, "port", SF_SIM_PORTS - 1, &entry->port));
  SF_TRY(sf_sim_text(document, node, "format", &format));
  SF_TRY(read_exponent(document, node, entry));
  const sf_sim_group *group = &core->groups[entry->group];
  if (!group->ring[entry->port].slots)
    return sf_sim_bad(document, node, "port %u has no accumulator",
                      entry->port);
  if (strcmp(format, "conv") == 0) {
    entry->format = SF_SIM_CONV;
    return read_conv_weights(document, node, group, entry);
  }
  bool dense = strcmp(format, "dense") == 0;
  entry->format = dense ? SF_SIM_DENSE : SF_SIM_SPARSE;
  SF_TRY(dense ? read_dense_rows(document, node, group, entry)
               : read_sparse_rows(document, node, group, entry));
  SF_TRY(sf_sim_data(document, sf_sim_child(node, "weights"), entry->synapses,
                     &entry->weights));
  return read_delays(document, node, entry);
}

static sf_result read_region(const sf_sim_document *document,
                             const xmlNode *node, const sf_sim_entry *entry,
                             sf_sim_axon *axon) {
  uint32_t rank, begin[8], end[8];
  if (!sf_sim_has(node, "region") || entry->format != SF_SIM_CONV)
    return sf_sim_bad(document, node, "only a kernel has a region");
  SF_TRY(
      sf_sim_number(document, node, "atoms", SF_SIM_RANGE_MAX, &axon->atoms));
  SF_TRY(sf_sim_box(document, node, "region", &rank, begin, end));
  uint64_t atoms = 1;
  bool good = rank == 3 && axon->count == 1;
  for (uint32_t i = 0; good && i < 3; i++) {
    axon->begin[i] = begin[i];
    axon->end[i] = end[i];
    atoms *= end[i] - begin[i];
    good = end[i] <= 1 << 20;
  }
  if (!good || atoms != axon->atoms || end[0] > entry->conv.cin)
    return sf_sim_bad(document, node, "region does not fit its kernel");
  return SF_OK;
}

static sf_result read_axon(const sf_sim_document *document, const xmlNode *node,
                           const sf_sim_core *core, sf_sim_axon *axon) {
  const uint32_t max = SF_SIM_RANGE_MAX;
  if (!core->entry_count)
    return sf_sim_bad(document, node, "input axon without a synapse list");
  SF_TRY(sf_sim_number(document, node, "id", max, &axon->id));
  SF_TRY(sf_sim_number(document, node, "count", max, &axon->count));
  SF_TRY(sf_sim_number(document, node, "entry", core->entry_count - 1,
                       &axon->entry));
  SF_TRY(
      sf_sim_number(document, node, "delay", SF_SIM_DELAY_MAX, &axon->delay));
  const sf_sim_entry *entry = &core->entries[axon->entry];
  uint32_t slots = core->groups[entry->group].ring[entry->port].slots;
  if (axon->delay + entry->delay_max + 2 > slots)
    return sf_sim_bad(document, node,
                      "delay %u does not fit an accumulator of %u slots",
                      axon->delay + entry->delay_max, slots);
  if (entry->format == SF_SIM_CONV)
    return read_region(document, node, entry, axon);
  if (!sf_sim_has(node, "row"))
    return sf_sim_bad(document, node, "'row' is missing");
  SF_TRY(sf_sim_number(document, node, "row", max, &axon->row));
  if (!axon->count || axon->row >= entry->rows ||
      axon->count > entry->rows - axon->row)
    return sf_sim_bad(document, node, "axons %u .. of row %u, the list has %u",
                      axon->id, axon->row, entry->rows);
  return SF_OK;
}

/* Axon ids of a core are dense: each range starts where the last one ended. */
static sf_result number_axons(const sf_sim_document *document,
                              const xmlNode *node, sf_sim_core *core) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < core->axon_count; i++) {
    if (core->axons[i].id != total)
      return sf_sim_bad(document, node, "input axon %u where %u is next",
                        core->axons[i].id, (uint32_t)total);
    total += core->axons[i].count;
    if (total > SF_SIM_RANGE_MAX)
      return sf_sim_bad(document, node, "too many input axons");
  }
  uint32_t *of = SF_NEW_ARRAY(document->arena, uint32_t, total ? total : 1);
  if (!of) return SF_OOM;
  for (uint32_t i = 0; i < core->axon_count; i++)
    for (uint32_t j = 0; j < core->axons[i].count; j++)
      of[core->axons[i].id + j] = i;
  core->axon_ids = (uint32_t)total;
  core->axon_of_id = of;
  return SF_OK;
}

sf_result sf_sim_read_synapses(const sf_sim_document *document,
                               const xmlNode *node, sf_sim_core *core) {
  core->entry_count = sf_sim_child_count(node, "synapseEntry");
  core->axon_count = sf_sim_child_count(node, "axonIn");
  core->entries =
      SF_NEW_ARRAY(document->arena, sf_sim_entry, core->entry_count + 1);
  core->axons =
      SF_NEW_ARRAY(document->arena, sf_sim_axon, core->axon_count + 1);
  if (!core->entries || !core->axons) return SF_OOM;
  uint32_t i = 0;
  for (const xmlNode *e = sf_sim_child(node, "synapseEntry"); e;
       e = sf_sim_next(e, "synapseEntry"))
    SF_TRY(read_entry(document, e, core, &core->entries[i++]));
  i = 0;
  for (const xmlNode *a = sf_sim_child(node, "axonIn"); a;
       a = sf_sim_next(a, "axonIn"))
    SF_TRY(read_axon(document, a, core, &core->axons[i++]));
  return number_axons(document, node, core);
}
