/* kernels.c - convolutions and sum pools: the kernel once a core, and a
 * population axon for each slice of the source that its window touches. */
#include "targets/loihi2/fabric.h"

typedef struct kernel {
  const sf_op *op;
  const sf_type *in;
  uint32_t axes;                                /* of the image: 1 or 2 */
  int64_t k[2], stride[2], dilation[2], pad[2]; /* y, x */
  int64_t groups, inner, outer;                 /* channels inside a group */
} kernel;

static kernel kernel_of(const sf_op *op) {
  kernel k = {.op = op, .in = &sf_op_operand(op, 0)->type};
  uint32_t skip;
  int64_t pads[4] = {0};
  k.axes = k.in->rank - 1u;
  skip = 2 - k.axes;
  k.k[0] = k.stride[0] = k.dilation[0] = k.dilation[1] = 1;
  sf_op_ints(op, SF_ATTR_stride, k.axes, k.stride + skip);
  sf_op_ints(op, SF_ATTR_pad, 2 * k.axes, pads);
  for (uint32_t axis = 0; axis < k.axes; axis++)
    k.pad[skip + axis] = pads[axis];
  sf_op_ints(op, SF_ATTR_dilation, k.axes, k.dilation + skip);
  if (op->kind == SF_OP_POOL) {
    sf_op_ints(op, SF_ATTR_kernel, k.axes, k.k + skip);
    k.groups = k.in->dim[0];
  } else {
    k.groups = sf_op_int(op, SF_ATTR_groups);
    const sf_type *w = &sf_op_operand_blob(op, 1)->type;
    for (uint32_t axis = 0; axis < k.axes; axis++)
      k.k[skip + axis] = w->dim[2 + axis];
  }
  k.inner = k.in->dim[0] / k.groups;
  k.outer = sf_op_result(op, 0)->type.dim[0] / k.groups;
  return k;
}

/* Begin and end of an image's box along y (axis 0) or x; one row when 1-d. */
static void span(const sf_box *box, int axis, int64_t *begin, int64_t *end) {
  int at = box->rank - 2 + axis;
  *begin = at < 1 ? 0 : box->begin[at];
  *end = at < 1 ? 1 : box->end[at];
}

/* Can a neuron of `source` reach one of `target`? */
static bool touches(const kernel *k, const sf_box *source,
                    const sf_box *target) {
  int64_t first = target->begin[0] / k->outer * k->inner;
  int64_t end = ((target->end[0] - 1) / k->outer + 1) * k->inner;
  if (source->end[0] <= first || source->begin[0] >= end) return false;
  for (int axis = 0; axis < 2; axis++) {
    int64_t from, to, low, high;
    span(source, axis, &from, &to);
    span(target, axis, &low, &high);
    int64_t lowest = low * k->stride[axis] - k->pad[axis];
    int64_t highest = (high - 1) * k->stride[axis] - k->pad[axis] +
                      (k->k[axis] - 1) * k->dilation[axis];
    if (to <= lowest || from > highest) return false;
  }
  return true;
}

static sf_result write_geometry(const kernel *k, xmlNode *entry) {
  xmlNode *node;
  SF_TRY(sf_l2_child(entry, "conv", &node));
  SF_TRY(sf_l2_attr_number(node, "kx", k->k[1]));
  SF_TRY(sf_l2_attr_number(node, "ky", k->k[0]));
  SF_TRY(sf_l2_attr_number(node, "cin", k->in->dim[0]));
  SF_TRY(sf_l2_attr_number(node, "cout", k->outer * k->groups));
  SF_TRY(sf_l2_attr_number(node, "strideX", k->stride[1]));
  SF_TRY(sf_l2_attr_number(node, "strideY", k->stride[0]));
  SF_TRY(sf_l2_attr_number(node, "padX", k->pad[1]));
  SF_TRY(sf_l2_attr_number(node, "padY", k->pad[0]));
  SF_TRY(sf_l2_attr_number(node, "dilX", k->dilation[1]));
  SF_TRY(sf_l2_attr_number(node, "dilY", k->dilation[0]));
  return sf_l2_attr_number(node, "groups", k->groups);
}

/* ky, kx, channel inside the group, channel of the slice. */
static sf_result write_weights(sf_l2_fabric *fabric, const kernel *k,
                               const sf_l2_connection *c, const sf_box *box,
                               xmlNode *entry) {
  uint32_t hosted = (uint32_t)(box->end[0] - box->begin[0]);
  int64_t taps = k->k[0] * k->k[1];
  sf_l2_numbers numbers = {.rank = 4,
                           .dim = {(uint32_t)k->k[0], (uint32_t)k->k[1],
                                   (uint32_t)k->inner, hosted}};
  size_t count = (size_t)(taps * k->inner) * hosted, at = 0;
  int32_t *values = SF_NEW_ARRAY(fabric->scratch, int32_t, count);
  if (!values) return SF_OOM;
  const sf_blob *blob =
      k->op->kind == SF_OP_POOL ? NULL : sf_op_operand_blob(k->op, 1);
  for (int64_t tap = 0; tap < taps; tap++)
    for (int64_t i = 0; i < k->inner; i++)
      for (int64_t o = box->begin[0]; o < box->end[0]; o++) {
        size_t index = (size_t)((o * k->inner + i) * taps + tap);
        values[at++] = blob ? sf_blob_i32(blob, index) >> c->weights.strip : 1;
      }
  numbers.values = values;
  xmlNode *node;
  SF_TRY(sf_l2_child(entry, "weights", &node));
  return sf_l2_tables_add(&fabric->tables, node, &numbers);
}

static sf_box region_of(const sf_box *box) {
  sf_box region = {.rank = 3};
  region.begin[0] = box->begin[0];
  region.end[0] = box->end[0];
  for (int axis = 0; axis < 2; axis++) {
    int64_t begin, end;
    span(box, axis, &begin, &end);
    region.begin[1 + axis] = (int32_t)begin;
    region.end[1 + axis] = (int32_t)end;
  }
  return region;
}

/* A population axon for the senders in `box`; UINT32_MAX slice: an input. */
static sf_result add_axon(sf_l2_fabric *fabric, const sf_l2_connection *c,
                          uint32_t slice, uint32_t sender, const sf_box *box,
                          uint32_t first) {
  const sf_l2_plan *plan = fabric->plan;
  uint32_t core = plan->slices[slice].core;
  sf_l2_site *site = &fabric->sites[core];
  uint32_t atoms = (uint32_t)sf_box_elements(box);
  sf_box region = region_of(box);
  xmlNode *axon;
  SF_TRY(sf_l2_child(site->node, "axonIn", &axon));
  SF_TRY(sf_l2_attr_number(axon, "id", site->axon_count));
  SF_TRY(sf_l2_attr_number(axon, "count", 1));
  SF_TRY(sf_l2_attr_number(axon, "entry", site->entry_count - 1));
  SF_TRY(sf_l2_attr_number(axon, "atoms", atoms));
  SF_TRY(sf_l2_attr_box(axon, "region", &region));
  SF_TRY(sf_l2_attr_number(axon, "delay", c->delay));
  SF_TRY(sf_l2_attr_number(
      axon, "payloadBits",
      sf_l2_payload_bits(sf_l2_source_value(plan, c)->type.scalar)));
  sf_l2_out out = {first, atoms, core, site->axon_count++, true};
  return sf_l2_out_add(fabric, c, sender, out);
}

static sf_result add_axons(sf_l2_fabric *fabric, const kernel *k,
                           const sf_l2_connection *c, uint32_t slice) {
  const sf_l2_plan *plan = fabric->plan;
  const sf_box *target = &plan->slices[slice].box;
  if (c->from_input) {
    sf_box whole = sf_box_whole(&plan->inputs[c->source].value->type);
    return add_axon(fabric, c, slice, 0, &whole, 0);
  }
  const sf_l2_layer *source = &plan->layers[c->source];
  for (uint32_t i = 0; i < source->slice_count; i++) {
    const sf_l2_slice *s = &plan->slices[source->slices[i]];
    if (touches(k, &s->box, target))
      SF_TRY(add_axon(fabric, c, slice, source->slices[i], &s->box, s->base));
  }
  return SF_OK;
}

sf_result sf_l2_place_kernel(sf_l2_fabric *fabric, uint32_t index,
                             uint32_t slice) {
  const sf_l2_connection *c = &fabric->plan->connections[index];
  const sf_box *box = &fabric->plan->slices[slice].box;
  kernel k = kernel_of(c->op);
  uint64_t words = sf_loihi2_kernel_words(
      &fabric->limits, (uint64_t)(k.k[0] * k.k[1] * k.inner),
      (uint64_t)(box->end[0] - box->begin[0]), c->weights.bits,
      k.stride[1] == 2);
  xmlNode *entry;
  SF_TRY(sf_l2_entry_create(fabric, index, slice, words, &entry));
  SF_TRY(write_geometry(&k, entry));
  SF_TRY(write_weights(fabric, &k, c, box, entry));
  fabric->sites[fabric->plan->slices[slice].core].usage.axon_in +=
      fabric->limits.conv_axon_words;
  return add_axons(fabric, &k, c, slice);
}
