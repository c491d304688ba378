/* repair.c - losses of layers do not quite add up: whole
 * allocations are measured, and neighbours tried that should lose less. */
#include "passes/allocate_bits/allocate_bits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 4 }; /* neighbours measured before it stops */

/* Another option for one layer, or for two. */
typedef struct move {
  uint32_t layer[2];
  uint8_t option[2];
  uint32_t changes;
  double gain; /* of the sum of losses, by the table */
} move;

static sf_result measure(sf_repair *r, const uint8_t *chosen, sf_loss *out) {
  uint32_t layers = r->problem->layers;
  unsigned *bits = calloc(layers + 1u, sizeof *bits);
  if (!bits) return SF_OOM;
  for (uint32_t i = 0; i < layers; i++)
    bits[i] = r->widths->bits[chosen[i]];
  sf_result result = sf_subject_together(r->subject, bits, out);
  free(bits);
  r->runs++;
  return result;
}

static const sf_choice *choice_of(const sf_repair *r, uint32_t layer,
                                  uint32_t option) {
  return &r->problem->choices[(size_t)layer * r->problem->options + option];
}

/* ---- Neighbours. ---- */

typedef struct move_list {
  uint32_t count;
  move moves[TRIES]; /* the largest gains, descending */
} move_list;

static void offer(move_list *list, const move *m) {
  uint32_t at = list->count;
  while (at > 0 && m->gain > list->moves[at - 1].gain)
    at--;
  if (at == TRIES) return;
  uint32_t end = list->count < TRIES ? list->count : TRIES - 1;
  memmove(&list->moves[at + 1], &list->moves[at],
          (end - at) * sizeof list->moves[0]);
  list->moves[at] = *m;
  list->count = end + 1;
}

static void apply(const move *m, uint8_t *chosen) {
  for (uint32_t i = 0; i < m->changes; i++)
    chosen[m->layer[i]] = m->option[i];
}

static double gain_of(const sf_repair *r, const uint8_t *chosen,
                      const move *m) {
  double gain = 0;
  for (uint32_t i = 0; i < m->changes; i++)
    gain += choice_of(r, m->layer[i], chosen[m->layer[i]])->loss -
            choice_of(r, m->layer[i], m->option[i])->loss;
  return gain;
}

static void consider(const sf_repair *r, const uint8_t *chosen,
                     uint8_t *scratch, move m, move_list *list) {
  memcpy(scratch, chosen, r->problem->layers);
  apply(&m, scratch);
  m.gain = gain_of(r, chosen, &m);
  if (sf_allocation_fits(r->problem, scratch)) offer(list, &m);
}

/* One layer a step wider; where that does not fit, another one a step narrower
 * for it. Options come with the widest first. */
static void find_moves(const sf_repair *r, const uint8_t *chosen,
                       uint8_t *scratch, move_list *list) {
  *list = (move_list){0};
  uint32_t layers = r->problem->layers;
  for (uint32_t i = 0; i < layers; i++) {
    if (chosen[i] == 0) continue;
    move up = {
        .layer = {i}, .option = {(uint8_t)(chosen[i] - 1)}, .changes = 1};
    consider(r, chosen, scratch, up, list);
    for (uint32_t j = 0; j < layers; j++) {
      if (j == i || chosen[j] + 1u == r->problem->options) continue;
      move swap = up;
      swap.layer[1] = j;
      swap.option[1] = (uint8_t)(chosen[j] + 1);
      swap.changes = 2;
      consider(r, chosen, scratch, swap, list);
    }
  }
}

/* ---- Repair. ---- */

static sf_result try_uniform(sf_repair *r, uint8_t *chosen, uint8_t *scratch) {
  uint32_t layers = r->problem->layers;
  for (uint32_t o = 0; o < r->problem->options; o++) {
    memset(scratch, (int)o, layers);
    if (!sf_allocation_fits(r->problem, scratch)) continue;
    sf_loss loss;
    SF_TRY(measure(r, scratch, &loss));
    if (loss.divergence < r->loss.divergence) {
      r->loss = loss;
      memcpy(chosen, scratch, layers);
    }
    break; /* narrower ones lose more */
  }
  return SF_OK;
}

static sf_result step(sf_repair *r, uint8_t *chosen, uint8_t *scratch,
                      bool *moved) {
  move_list list;
  find_moves(r, chosen, scratch, &list);
  *moved = false;
  for (uint32_t n = 0; n < list.count && !*moved; n++) {
    memcpy(scratch, chosen, r->problem->layers);
    apply(&list.moves[n], scratch);
    sf_loss loss;
    SF_TRY(measure(r, scratch, &loss));
    if (loss.divergence >= r->loss.divergence) continue;
    r->loss = loss;
    memcpy(chosen, scratch, r->problem->layers);
    *moved = true;
  }
  return SF_OK;
}

sf_result sf_allocation_repair(sf_repair *repair, uint8_t *chosen) {
  uint8_t *scratch = calloc(repair->problem->layers + 1u, 1);
  if (!scratch) return SF_OOM;
  sf_result result = measure(repair, chosen, &repair->loss);
  if (result == SF_OK) result = try_uniform(repair, chosen, scratch);
  bool moved = true;
  for (uint32_t n = 0; n < repair->problem->layers && moved; n++) {
    moved = false;
    if (result == SF_OK) result = step(repair, chosen, scratch, &moved);
  }
  free(scratch);
  return result;
}
