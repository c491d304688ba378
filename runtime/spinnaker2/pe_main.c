/* pe_main.c - the steps of one PE: update, send, receive.
 *
 * A packet of step t is added to ring slot t + delay and read in that step, so
 * the least delay is 1: the order that the hardware has without a barrier
 * inside the step. Sums are exact in 32 bits, which the compiler proved, or
 * wanted modulo 2^32 only. */
#include "pe.h"

enum { PE_EXIT_REGION = 2, PE_SLICES_MAX = 8 };

static const pe_header *header(void) {
  return (const pe_header *)PE_REGION_ADDRESS;
}

static const void *at(uint32_t offset) {
  return (const char *)PE_REGION_ADDRESS + offset;
}

static const pe_slice *slice(uint32_t index) {
  return (const pe_slice *)at(header()->slices) + index;
}

/* What region offset `inputs` of a slice holds for each input. */
typedef struct pe_ring {
  uint32_t work;  /* first word in pe_work: slots x count */
  uint32_t slots; /* power of two */
} pe_ring;

static const pe_ring *ring(const pe_slice *s, uint32_t input) {
  return (const pe_ring *)at(s->inputs) + input;
}

/* ---- Regions. ---- */

static int regions_are_sound(void) {
  const pe_header *h = header();
  if (h->magic != PE_MAGIC || h->layout != PE_LAYOUT) return 0;
  if (h->bytes > PE_REGION_BYTES || h->bytes < sizeof *h) return 0;
  if (h->slice_count > PE_SLICES_MAX) return 0;
  uint32_t sum = 0;
  for (uint32_t i = sizeof *h; i < h->bytes; i += 4)
    sum += *(const uint32_t *)at(i);
  return sum == h->checksum;
}

/* ---- Synapses. ---- */

static int32_t weight(const uint8_t *weights, uint32_t bytes, uint32_t i) {
  if (bytes == 1) return ((const int8_t *)weights)[i];
  if (bytes == 2) return ((const int16_t *)weights)[i];
  return ((const int32_t *)weights)[i];
}

/* round(value / 2^shift); rounding numbers are those of the IR. */
static int32_t round_shift(int64_t value, uint32_t shift, uint32_t mode) {
  if (shift == 0) return (int32_t)value;
  int64_t low = value >> shift;
  int64_t rest = value - low * ((int64_t)1 << shift);
  int64_t half = (int64_t)1 << (shift - 1);
  int up = 0;
  switch (mode) {
  case 0:
    break; /* floor */
  case 1:
    up = rest != 0;
    break; /* ceil */
  case 2:
    up = rest != 0 && value < 0;
    break; /* zero */
  case 3:
    up = rest >= half;
    break; /* half-up */
  case 4:
    up = rest > half || (rest == half && value >= 0);
    break;
  default:
    up = rest > half || (rest == half && (low & 1));
    break;
  }
  return (int32_t)(low + up);
}

typedef struct pe_event {
  const pe_projection *projection;
  uint32_t time; /* slot of delay 0 of the synapse */
  int32_t payload;
} pe_event;

static void add_one(const pe_event *e, uint32_t count, const pe_ring *r,
                    uint32_t target, int32_t w, uint32_t delay) {
  int64_t product = (int64_t)w * e->payload;
  int32_t value =
      round_shift(product, e->projection->shift, e->projection->round);
  uint32_t slot = (e->time + delay) & (r->slots - 1);
  int32_t *sum = &pe_work[r->work + slot * count + target];
  *sum = (int32_t)((uint32_t)*sum + (uint32_t)value);
}

static void add_dense(const pe_event *e, const uint8_t *row) {
  const pe_projection *p = e->projection;
  const pe_slice *s = slice(p->slice);
  const pe_ring *r = ring(s, p->input);
  const uint8_t *delays = row + ((s->count * p->weight_bytes + 3) & ~3u);
  for (uint32_t i = 0; i < s->count; i++) {
    add_one(e, s->count, r, i, weight(row, p->weight_bytes, i),
            p->has_delays ? delays[i] : 0);
  }
}

static void add_sparse(const pe_event *e, const uint8_t *row) {
  const pe_projection *p = e->projection;
  const pe_slice *s = slice(p->slice);
  const pe_ring *r = ring(s, p->input);
  uint32_t n = *(const uint32_t *)(const void *)row;
  const uint16_t *targets = (const uint16_t *)(const void *)(row + 4);
  const uint8_t *weights = row + 4 + ((2 * n + 3) & ~3u);
  const uint8_t *delays = weights + ((n * p->weight_bytes + 3) & ~3u);
  for (uint32_t i = 0; i < n; i++) {
    add_one(e, s->count, r, targets[i], weight(weights, p->weight_bytes, i),
            p->has_delays ? delays[i] : 0);
  }
}

static void follow_link(const pe_link *link, uint32_t step, int32_t payload) {
  const pe_projection *p =
      (const pe_projection *)at(header()->projections) + link->projection;
  pe_event e = {p, step + link->delay, payload};
  if (p->format == PE_DENSE)
    add_dense(&e, at(link->row));
  else
    add_sparse(&e, at(link->row));
}

/* Blocks are sorted by key and do not overlap. */
static const pe_source *find_source(uint32_t key) {
  const pe_source *sources = at(header()->sources);
  uint32_t low = 0, high = header()->source_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (sources[middle].key <= key)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0) return 0;
  const pe_source *s = &sources[low - 1];
  return key - s->key < s->count ? s : 0;
}

/* The first link of `key` or of a later key. */
static uint32_t find_link(const pe_source *s, uint32_t key) {
  const pe_link *links = at(s->links);
  uint32_t low = 0, high = s->link_count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (links[middle].key < key)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void receive(uint32_t step) {
  uint32_t key;
  int32_t payload;
  while (pe_hal_receive(&key, &payload)) {
    const pe_source *s = find_source(key);
    if (!s) continue; /* not for us: routers may deliver a whole block */
    const pe_link *links = at(s->links);
    for (uint32_t i = find_link(s, key);
         i < s->link_count && links[i].key == key; i++)
      follow_link(&links[i], step, payload);
  }
}

/* ---- Neurons. ---- */

typedef struct pe_arrays {
  const int32_t *inputs[PE_PORTS_MAX];
  const int32_t *params[PE_PARAMS_MAX];
  int32_t *states[PE_PORTS_MAX];
  int32_t *results[PE_PORTS_MAX];
} pe_arrays;

/* Working memory of a slice behind its rings: states, then results. */
static int32_t *slice_memory(const pe_slice *s) {
  const pe_ring *last = ring(s, s->input_count);
  return pe_work + last->work;
}

static pe_call prepare(const pe_slice *s, uint32_t step, pe_arrays *a) {
  const pe_function *f = &pe_functions[s->function];
  const pe_param *params = at(s->params);
  int32_t *memory = slice_memory(s);
  for (uint32_t i = 0; i < s->input_count; i++) {
    const pe_ring *r = ring(s, i);
    a->inputs[i] = pe_work + r->work + (step & (r->slots - 1)) * s->count;
  }
  for (uint32_t i = 0; i < s->param_count; i++) {
    a->params[i] = params[i].per_neuron ? (const int32_t *)at(params[i].value)
                                        : (const int32_t *)&params[i].value;
  }
  for (uint32_t i = 0; i < f->state_count; i++, memory += s->count)
    a->states[i] = memory;
  for (uint32_t i = 0; i < s->result_count; i++, memory += s->count)
    a->results[i] = memory;
  return (pe_call){s->count,        step,      s->seed_low, s->seed_high,
                   at(s->elements), a->inputs, a->params,   a->states,
                   a->results};
}

static void clear_slot(const pe_slice *s, uint32_t step) {
  for (uint32_t i = 0; i < s->input_count; i++) {
    const pe_ring *r = ring(s, i);
    int32_t *slot = pe_work + r->work + (step & (r->slots - 1)) * s->count;
    for (uint32_t n = 0; n < s->count; n++)
      slot[n] = 0;
  }
}

static void send_results(const pe_slice *s, const pe_arrays *a) {
  const uint32_t *keys = at(s->keys);
  for (uint32_t r = 0; r < s->result_count; r++) {
    for (uint32_t n = 0; n < s->count; n++)
      if (a->results[r][n]) pe_hal_send(keys[r] + n, a->results[r][n]);
  }
}

static void update(const pe_slice *s, uint32_t step) {
  pe_arrays arrays;
  pe_call call = prepare(s, step, &arrays);
  const pe_function *f = &pe_functions[s->function];
  int32_t since = (int32_t)step - s->start;
  if (since >= 0) {
    if (s->period > 0 && since % s->period == 0) f->reset(&call);
    f->update(&call);
    send_results(s, &arrays);
  }
  clear_slot(s, step);
}

static void reset(void) {
  for (uint32_t i = 0; i < pe_work_words; i++)
    pe_work[i] = 0;
  for (uint32_t i = 0; i < header()->slice_count; i++) {
    pe_arrays arrays;
    pe_call call = prepare(slice(i), 0, &arrays);
    pe_functions[slice(i)->function].reset(&call);
  }
}

int pe_main(void) {
  pe_hal_start();
  if (!regions_are_sound()) return PE_EXIT_REGION;
  uint32_t steps;
  while (pe_hal_sample(&steps)) {
    reset();
    for (uint32_t t = 0; t < steps; t++) {
      for (uint32_t i = 0; i < header()->slice_count; i++)
        update(slice(i), t);
      receive(t);
      pe_hal_step_done();
    }
  }
  return 0;
}
