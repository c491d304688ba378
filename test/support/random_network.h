/* random_network.h - random networks as text, for comparing the CPU target with
 * the interpreter: every op that it has, integers and f32, with modes, delays,
 * start and period. Every choice comes from one seeded source. */
#ifndef SF_TEST_RANDOM_NETWORK_H
#define SF_TEST_RANDOM_NETWORK_H

#include "sf/ir.h"
#include "support/buffer.h"
#include "support/hash.h"

#include <stdlib.h>
#include <string.h>

enum { NET_VALUES_MAX = 64 };

typedef struct net_value {
  char name[16];
  sf_type type;
} net_value;

typedef struct net_builder {
  sf_random random;
  sf_buffer blobs, ops;
  net_value values[NET_VALUES_MAX];
  unsigned count, names, feedback;
  net_value delayed; /* recurrence: defined above, its source below */
} net_builder;

static const char *const net_neurons =
    "  blob @sine : i8[9] = dense[0, 3, -5, 7, 100, -128, 127, 1, -1]\n"
    "  neuron @lif(%a: i24) -> (spike, i24) {\n"
    "    param %vth: i24 = 30   param %init: i24 = 3\n"
    "    state %v: i24 = %init\n"
    "    %l = shr %v {shift = 3, round = half-even} : i24\n"
    "    %k = sub.sat %v, %l : i24\n"
    "    %s = add.sat %k, %a : i24\n"
    "    %f = ge %s, %vth\n"
    "    %n = select %f, 0, %s\n"
    "    next %v = %n\n"
    "    emit %f, %n }\n"
    "  neuron @graded(%a: i24, %b: i24) -> i16 {\n"
    "    param %k: i16 = 300   state %c: i16 = 0   state %d: i32 = 5\n"
    "    %m = mulshr.sat %a, %k {shift = 7, round = half-away} : i24\n"
    "    %q = div.wrap %b, %c {round = half-up} : i24\n"
    "    %t = add.wrap %m, %q : i16\n"
    "    %i = lookup @sine, %c : i8\n"
    "    %c1 = add.wrap %c, %i : i16\n"
    "    %r = rand : i32\n"
    "    %r1 = shr %r {shift = 24, round = zero} : i9\n"
    "    %o = add.sat %t, %r1 : i16\n"
    "    %d1 = neg.wrap %d : i32\n"
    "    next %c = %c1   next %d = %d1\n"
    "    emit %o }\n"
    "  neuron @leaky(%x: f32) -> (spike, f32) {\n"
    "    param %beta: f32 = 0.9   param %theta: f32 = 1.0   state %v: f32 = "
    "0.25\n"
    "    %a = mul %beta, %v   %h = add %a, %x   %s = ge %h, %theta\n"
    "    %y = sub %h, %theta   %n = select %s, %y, %h\n"
    "    %g = neg %h   %e = abs %g   %w = neg %e   %z = exp %w\n"
    "    next %v = %n\n"
    "    emit %s, %z }\n";

static inline unsigned net_below(net_builder *b, unsigned bound) {
  return sf_random_below(&b->random, bound);
}

static inline const char *net_pick(net_builder *b, const char *const *words,
                                   unsigned count) {
  return words[net_below(b, count)];
}

static inline sf_type net_type(sf_scalar scalar, unsigned rank, int32_t a,
                               int32_t c, int32_t d) {
  const int32_t dim[3] = {a, c, d};
  return sf_type_make(scalar, rank, dim);
}

static inline bool net_is_float(const net_value *v) {
  return v->type.scalar.kind == SF_SCALAR_F32;
}

/* Records `%name = text : type` as a new value. */
static inline net_value *net_op(net_builder *b, const sf_type *type,
                                const char *text) {
  char shown[128];
  net_value *v = &b->values[b->count++];
  snprintf(v->name, sizeof v->name, "v%u", b->names++);
  v->type = *type;
  sf_type_text(type, shown, sizeof shown);
  sf_buffer_printf(&b->ops, "    %%%s = %s : %s\n", v->name, text, shown);
  return v;
}

/* A blob of small numbers, mostly non-zero; returns its number. */
static inline unsigned net_blob(net_builder *b, const sf_type *type,
                                int32_t low, int32_t high) {
  char shown[128];
  unsigned name = b->names++;
  size_t count = sf_type_elements(type);
  sf_type_text(type, shown, sizeof shown);
  sf_buffer_printf(&b->blobs, "  blob @b%u : %s = dense[", name, shown);
  for (size_t i = 0; i < count; i++) {
    int32_t value = low + (int32_t)net_below(b, (unsigned)(high - low + 1));
    if (type->scalar.kind == SF_SCALAR_F32)
      sf_buffer_printf(&b->blobs, "%s%d.%u", i ? ", " : "", value,
                       net_below(b, 1000));
    else
      sf_buffer_printf(&b->blobs, "%s%d", i ? ", " : "", value);
  }
  sf_buffer_text(&b->blobs, "]\n");
  return name;
}

static inline net_value *net_any(net_builder *b) {
  return &b->values[net_below(b, b->count)];
}

static const char *const net_modes[] = {".wrap", ".sat"};
static const char *const net_rounds[] = {"floor",   "ceil",      "zero",
                                         "half-up", "half-away", "half-even"};
static const char *const net_shifts[] = {"-2", "0", "0", "3", "7"};

static inline const char *net_mode(net_builder *b, const net_value *x) {
  return net_is_float(x) ? "" : net_pick(b, net_modes, 2);
}

/* {shift, round, each} of an integer projection, after `more`. */
static inline void net_sum_attrs(net_builder *b, const net_value *x,
                                 const char *more, char *out, size_t size) {
  if (net_is_float(x)) {
    snprintf(out, size, "%s%s%s", *more ? " {" : "", more, *more ? "}" : "");
    return;
  }
  snprintf(out, size, " {%s%sshift = %s, round = %s, each = %s}", more,
           *more ? ", " : "", net_pick(b, net_shifts, 5),
           net_pick(b, net_rounds, 6), net_below(b, 2) ? "true" : "false");
}

static inline sf_scalar net_sum_scalar(net_builder *b, const net_value *x) {
  static const unsigned bits[] = {8, 16, 24, 32};
  return net_is_float(x) ? sf_f32() : sf_int(bits[net_below(b, 4)]);
}

static inline sf_scalar net_weight(net_builder *b, const net_value *x) {
  return net_is_float(x) ? sf_f32() : sf_int(net_below(b, 2) ? 8 : 12);
}

/* Sums of few small inputs always fit 24 bits, and are proved to. */
static inline const char *net_sum_mode(net_builder *b, const net_value *x,
                                       sf_scalar y) {
  if (x->type.scalar.bits <= 6 && y.bits >= 24 && net_below(b, 2)) return "";
  return net_mode(b, x);
}

static inline void net_linear(net_builder *b, net_value *x) {
  char text[256], attrs[160], delays[48] = "", bias[24] = "";
  int32_t n = x->type.dim[x->type.rank - 1], m = 1 + (int32_t)net_below(b, 9);
  sf_type w = net_type(net_weight(b, x), 2, m, n, 1);
  sf_type y = x->type;
  y.dim[y.rank - 1] = m;
  y.scalar = net_sum_scalar(b, x);
  unsigned weights = net_blob(b, &w, -9, 9);
  if (net_below(b, 3) == 0) {
    sf_type d = net_type(sf_int(7), 2, m, n, 1);
    snprintf(delays, sizeof delays, "delays = @b%u", net_blob(b, &d, 0, 4));
  }
  if (net_below(b, 2)) {
    sf_type c = net_type(net_is_float(x) ? sf_f32() : sf_int(16), 1, m, 1, 1);
    snprintf(bias, sizeof bias, ", @b%u", net_blob(b, &c, -20, 20));
  }
  net_sum_attrs(b, x, "", attrs, sizeof attrs);
  if (delays[0] && net_is_float(x))
    snprintf(attrs, sizeof attrs, " {%s}", delays);
  else if (delays[0])
    snprintf(attrs + strlen(attrs) - 1, 56, ", %s}", delays);
  snprintf(text, sizeof text, "linear%s %%%s, @b%u%s%s",
           net_sum_mode(b, x, y.scalar), x->name, weights, bias, attrs);
  net_op(b, &y, text);
}

static inline void net_sparse(net_builder *b, net_value *x) {
  char text[256], attrs[160], more[64];
  if (x->type.rank != 1) return;
  int32_t n = x->type.dim[0], m = 1 + (int32_t)net_below(b, 7), e = 0;
  unsigned index = b->names++;
  sf_buffer edges = {0};
  for (int32_t i = 0; i < m; i++)
    for (int32_t j = 0; j < n; j++)
      for (unsigned k = net_below(b, 3); k > 1; k--, e++)
        sf_buffer_printf(&edges, "%s%d, %d", e ? ", " : "", i, j);
  if (e > 0) {
    sf_buffer_printf(&b->blobs, "  blob @b%u : i32[%d, 2] = dense[%s]\n", index,
                     e, edges.data);
    sf_type w = net_type(net_weight(b, x), 1, e, 1, 1);
    sf_type y = net_type(net_sum_scalar(b, x), 1, m, 1, 1);
    unsigned weights = net_blob(b, &w, -9, 9);
    snprintf(more, sizeof more, "rows = %d", m);
    net_sum_attrs(b, x, more, attrs, sizeof attrs);
    if (net_below(b, 2)) {
      sf_type d = net_type(sf_int(7), 1, e, 1, 1);
      snprintf(attrs + strlen(attrs) - 1, 40, ", delays = @b%u}",
               net_blob(b, &d, 0, 3));
    }
    snprintf(text, sizeof text, "sparse%s %%%s, @b%u, @b%u%s",
             net_sum_mode(b, x, y.scalar), x->name, index, weights, attrs);
    net_op(b, &y, text);
  }
  sf_buffer_destroy(&edges);
}

static inline void net_conv(net_builder *b, net_value *x, bool transposed) {
  char text[256], attrs[160], more[96];
  if (x->type.rank != 3) return;
  int32_t c = x->type.dim[0], h = x->type.dim[1], w = x->type.dim[2];
  int32_t groups = c % 2 == 0 && net_below(b, 2) ? 2 : 1;
  int32_t o = groups * (1 + (int32_t)net_below(b, 3));
  int32_t ky = 1 + (int32_t)net_below(b, 3), kx = 1 + (int32_t)net_below(b, 2);
  int32_t s = 1 + (int32_t)net_below(b, 2), p = (int32_t)net_below(b, 2);
  int32_t d = 1 + (int32_t)net_below(b, 2);
  int32_t ry = d * (ky - 1) + 1, rx = d * (kx - 1) + 1; /* reach */
  int32_t oh = transposed ? (h - 1) * s + ry - 2 * p : (h + 2 * p - ry) / s + 1;
  int32_t ow = transposed ? (w - 1) * s + rx - 2 * p : (w + 2 * p - rx) / s + 1;
  if (oh < 1 || ow < 1 || h + 2 * p < ry || w + 2 * p < rx) return;
  const int32_t dims[4] = {o, c / groups, ky, kx};
  sf_type weights = sf_type_make(net_weight(b, x), 4, dims);
  sf_type y = net_type(net_sum_scalar(b, x), 3, o, oh, ow);
  unsigned blob = net_blob(b, &weights, -7, 7);
  sf_type bias = net_type(net_is_float(x) ? sf_f32() : sf_int(16), 1, o, 1, 1);
  unsigned bias_blob = net_blob(b, &bias, -9, 9);
  snprintf(more, sizeof more,
           "stride = %d, pad = %d, dilation = %d, groups = %d", s, p, d,
           groups);
  net_sum_attrs(b, x, more, attrs, sizeof attrs);
  snprintf(text, sizeof text, "%s%s %%%s, @b%u, @b%u%s",
           transposed ? "convt" : "conv", net_sum_mode(b, x, y.scalar), x->name,
           blob, bias_blob, attrs);
  net_op(b, &y, text);
}

static inline void net_pool(net_builder *b, net_value *x) {
  static const char *const kinds[] = {"sum", "max", "avg"};
  char text[160];
  if (x->type.rank != 3 || x->type.dim[1] < 2 || x->type.dim[2] < 2) return;
  const char *kind = net_pick(b, kinds, net_is_float(x) ? 3 : 2);
  bool sum = strcmp(kind, "sum") == 0;
  sf_type y = x->type;
  y.dim[1] = (y.dim[1] + 2 - 2) / 2 + 1; /* pad 1, kernel 2, stride 2 */
  y.dim[2] = (y.dim[2] + 2 - 2) / 2 + 1;
  if (!net_is_float(x) && sum) y.scalar = sf_int(8);
  snprintf(text, sizeof text,
           "pool%s %%%s {kind = %s, kernel = 2, stride = 2, pad = 1%s}",
           sum && !net_is_float(x) ? ".sat" : "", x->name, kind,
           strcmp(kind, "avg") == 0 && net_below(b, 2) ? ", count_pad = true"
                                                       : "");
  net_op(b, &y, text);
}

static inline void net_pair(net_builder *b, net_value *x) {
  static const char *const ops[] = {"add", "sub", "mul", "min", "max"};
  const char *name = net_pick(b, ops, 5);
  char text[128];
  sf_type y = x->type;
  if (!net_is_float(x)) y.scalar = sf_int(net_below(b, 2) ? 16 : 24);
  if (net_below(b, 2)) { /* one operand a channel from a blob */
    sf_type c = x->type;
    for (unsigned axis = 1; axis < c.rank; axis++)
      c.dim[axis] = 1;
    if (!net_is_float(x)) c.scalar = sf_int(8);
    snprintf(text, sizeof text, "%s%s %%%s, @b%u", name, net_mode(b, x),
             x->name, net_blob(b, &c, -9, 9));
  } else {
    snprintf(text, sizeof text, "%s%s %%%s, %%%s", name, net_mode(b, x),
             x->name, x->name);
  }
  net_op(b, &y, text);
}

static inline void net_reduce(net_builder *b, net_value *x) {
  static const char *const kinds[] = {"sum", "max", "mean"};
  char text[128];
  const char *kind = net_pick(b, kinds, net_is_float(x) ? 3 : 2);
  unsigned axis = net_below(b, x->type.rank);
  sf_type y = x->type;
  y.dim[axis] = 1;
  if (!net_is_float(x)) y.scalar = sf_int(16);
  snprintf(text, sizeof text,
           "reduce%s %%%s {kind = %s, axes = [%u], keep = true}",
           net_mode(b, x), x->name, kind, axis);
  net_op(b, &y, text);
}

static inline void net_move(net_builder *b, net_value *x) {
  char text[160];
  sf_type y = x->type;
  switch (net_below(b, 4)) {
  case 0:
    y = net_type(y.scalar, 1, (int32_t)sf_type_elements(&y), 1, 1);
    snprintf(text, sizeof text, "reshape %%%s", x->name);
    break;
  case 1:
    if (y.rank != 3) return;
    y.dim[0] = x->type.dim[2];
    y.dim[2] = x->type.dim[0];
    snprintf(text, sizeof text, "transpose %%%s {perm = [2, 1, 0]}", x->name);
    break;
  case 2:
    y.dim[0] *= 2;
    snprintf(text, sizeof text, "concat %%%s, %%%s {axis = 0}", x->name,
             x->name);
    break;
  default:
    if (y.rank != 1 || y.dim[0] < 3) return;
    snprintf(text, sizeof text,
             "slice %%%s {begin = [1], end = [%d], step = [2]}", x->name,
             y.dim[0]);
    y.dim[0] = y.dim[0] / 2;
    break;
  }
  net_op(b, &y, text);
}

static inline void net_matmul(net_builder *b, net_value *x) {
  char text[128], flat[16];
  int32_t n = (int32_t)sf_type_elements(&x->type);
  if (n > 40) return;
  sf_type column = net_type(x->type.scalar, 2, n, 1, 1);
  snprintf(text, sizeof text, "reshape %%%s", x->name);
  snprintf(flat, sizeof flat, "%s", net_op(b, &column, text)->name);
  sf_type row = net_type(x->type.scalar, 2, 1, n, 1);
  net_value *second = net_op(b, &row, text);
  sf_type y = net_type(net_sum_scalar(b, x), 2, n, n, 1);
  snprintf(text, sizeof text, "matmul%s %%%s, %%%s", net_mode(b, x), flat,
           second->name);
  net_op(b, &y, text);
}

static inline void net_convert(net_builder *b, net_value *x) {
  static const char *const scales[] = {"1.0",  "0.37",  "-12.5",
                                       "1e-5", "3.1e6", "0.015625"};
  char text[128];
  sf_type y = x->type;
  bool to_float = !net_is_float(x) && net_below(b, 2) == 0;
  y.scalar = to_float ? sf_f32() : sf_int(net_below(b, 2) ? 12 : 24);
  snprintf(text, sizeof text, "convert%s %%%s {scale = %s, round = %s}",
           to_float ? "" : net_pick(b, net_modes, 2), x->name,
           net_pick(b, scales, 6), net_pick(b, net_rounds, 6));
  net_op(b, &y, text);
}

/* Brings a value to the type of a neuron's input. */
static inline const char *net_as(net_builder *b, net_value *x,
                                 sf_scalar scalar) {
  char text[96];
  if (sf_scalar_equal(x->type.scalar, scalar)) return x->name;
  sf_type y = x->type;
  y.scalar = scalar;
  snprintf(text, sizeof text, "convert%s %%%s",
           scalar.kind == SF_SCALAR_F32 ? "" : ".sat", x->name);
  return net_op(b, &y, text)->name;
}

static inline void net_results(net_builder *b, const net_value *x,
                               sf_scalar first, sf_scalar second,
                               const char *text) {
  char types[2][96];
  net_value *v = &b->values[b->count];
  for (unsigned i = 0; i < 2; i++) {
    snprintf(v[i].name, sizeof v[i].name, "v%u", b->names++);
    v[i].type = x->type;
    v[i].type.scalar = i ? second : first;
    sf_type_text(&v[i].type, types[i], sizeof types[i]);
  }
  b->count += 2;
  sf_buffer_printf(&b->ops, "    %%%s, %%%s = %s : (%s, %s)\n", v[0].name,
                   v[1].name, text, types[0], types[1]);
}

static inline void net_neurons_op(net_builder *b, net_value *given) {
  char text[192], params[96] = "";
  net_value copy = *given, *x = &copy; /* net_as adds values */
  unsigned start = net_below(b, 3);
  sf_type channel = x->type;
  for (unsigned axis = 1; axis < channel.rank; axis++)
    if (net_below(b, 2)) channel.dim[axis] = 1;
  if (net_is_float(x)) {
    snprintf(text, sizeof text,
             "neurons @leaky(%%%s) {theta = 1.5, start = %u}",
             net_as(b, x, sf_f32()), start);
    net_results(b, x, sf_spike(), sf_f32(), text);
    return;
  }
  if (net_below(b, 2)) {
    channel.scalar = sf_int(24);
    snprintf(params, sizeof params, "vth = @b%u, init = %d, ",
             net_blob(b, &channel, 1, 60), (int)net_below(b, 40));
    snprintf(text, sizeof text, "neurons @lif(%%%s) {%sstart = %u}",
             net_as(b, x, sf_int(24)), params, start);
    net_results(b, x, sf_spike(), sf_int(24), text);
    return;
  }
  const char *in = net_as(b, x, sf_int(24));
  sf_type y = x->type;
  y.scalar = sf_int(16);
  snprintf(text, sizeof text,
           "neurons @graded(%%%s, %%%s) {k = %d, start = %u, seed = %u}", in,
           in, (int)net_below(b, 4000) - 2000, start, net_below(b, 1000000));
  net_op(b, &y, text);
}

static inline void net_delay(net_builder *b, net_value *x) {
  char text[64];
  snprintf(text, sizeof text, "delay %%%s {steps = %u}", x->name,
           1 + net_below(b, 4));
  net_op(b, &x->type, text);
}

static inline void net_step(net_builder *b) {
  net_value x = *net_any(b);
  if (sf_type_elements(&x.type) > 300) return;
  switch (net_below(b, 13)) {
  case 0:
    net_sparse(b, &x);
    break;
  case 1:
  case 2:
    net_conv(b, &x, net_below(b, 3) == 0);
    break;
  case 3:
    net_pool(b, &x);
    break;
  case 4:
    net_pair(b, &x);
    break;
  case 5:
    net_reduce(b, &x);
    break;
  case 6:
    net_move(b, &x);
    break;
  case 7:
    net_matmul(b, &x);
    break;
  case 8:
    net_convert(b, &x);
    break;
  case 9:
    net_delay(b, &x);
    break;
  case 10:
    net_linear(b, &x);
    break;
  default:
    net_neurons_op(b, &x);
    break;
  }
}

/* The text of network `seed`; malloc'ed. Every value is returned. */
static inline char *net_text(uint64_t seed) {
  net_builder b = {.random = sf_random_seeded(seed)};
  static const unsigned kinds = 3;
  const sf_scalar scalar[] = {sf_spike(), sf_int(6), sf_f32()};
  char shown[128];
  sf_buffer out = {0}, types = {0}, names = {0};
  sf_type image = net_type(scalar[net_below(&b, kinds)], 3,
                           1 + (int32_t)net_below(&b, 4), 5, 4);
  sf_type vector = net_type(scalar[net_below(&b, kinds)], 1, 7, 1, 1);
  b.values[b.count++] = (net_value){"x", image};
  b.values[b.count++] = (net_value){"z", vector};
  /* A cycle: the delayed membrane feeds the population that makes it. */
  sf_type looped = net_type(sf_int(24), 1, 6, 1, 1);
  sf_buffer_text(&b.ops, "    %back = delay %u {steps = 2} : i24[6]\n");
  b.values[b.count++] = (net_value){"back", looped};
  for (unsigned i = 0; i < 14 && b.count < NET_VALUES_MAX - 6; i++)
    net_step(&b);
  sf_buffer_text(&b.ops, "    %bias = add.sat %back, @seven : i24[6]\n"
                         "    %s, %u = neurons @lif(%bias) : "
                         "(spike[6], i24[6])\n");
  sf_buffer_text(&out, "module @random {\n");
  sf_buffer_text(&out, net_neurons);
  sf_buffer_text(&out, "  blob @seven : i24[6] = splat 7\n");
  sf_buffer_text(&out, b.blobs.data ? b.blobs.data : "");
  for (unsigned i = 2; i < b.count; i++) {
    sf_type_text(&b.values[i].type, shown, sizeof shown);
    sf_buffer_printf(&types, "%s, ", shown);
    sf_buffer_printf(&names, "%%%s, ", b.values[i].name);
  }
  char image_text[64], vector_text[64];
  sf_type_text(&image, image_text, sizeof image_text);
  sf_type_text(&vector, vector_text, sizeof vector_text);
  sf_buffer_printf(&out,
                   "  network @net(%%x: %s, %%z: %s) -> (%sspike[6]) "
                   "{steps = 12%s} {\n%s    return %s%%s\n  }\n}\n",
                   image_text, vector_text, types.data,
                   net_below(&b, 3) == 0 ? ", period = 5" : "", b.ops.data,
                   names.data);
  sf_buffer_destroy(&b.blobs);
  sf_buffer_destroy(&b.ops);
  sf_buffer_destroy(&types);
  sf_buffer_destroy(&names);
  return sf_buffer_take(&out);
}

#endif
