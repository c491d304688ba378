/* cost.h - energy and latency, by term, from a machine, where a network lies on
 * it, and what happened in a run. Plain structs; knows no IR.
 *
 * These are estimates: each term says on what its constant rests. A term's
 * basis is the weakest of its constants: measured, documented, derived, fit,
 * estimate. Input and output through the host are not in it. */
#ifndef SF_MACHINE_COST_H
#define SF_MACHINE_COST_H

#include "sf/counts.h"
#include "sf/machine.h"

typedef enum sf_cost_format {
  SF_COST_DENSE,
  SF_COST_SPARSE,
  SF_COST_CONV
} sf_cost_format;

/* A population on the machine. Numbers a spike are means over its cores. */
typedef struct sf_cost_layer {
  const char *name;      /* as in sf_population_counts; others are skipped */
  uint32_t cores;        /* at least 1 */
  sf_cost_format format; /* of the synapses into it */
  double messages; /* packets a spike: one a destination core (LOIHI2), one
                      (SPINNAKER2) */
  double hops_x, hops_y, chip_hops; /* links a spike, all its packets */
} sf_cost_layer;

typedef struct sf_cost_layout {
  uint32_t cores, routers, chips; /* in use */
  uint32_t layer_count;
  const sf_cost_layer *layers;
  /* Switched off, on chips in use. */
  uint64_t cores_off, routers_off, banks_off;
} sf_cost_layout;

typedef struct sf_cost_term {
  const char *name; /* "synapses", "hops", "static" */
  double value;     /* joules, or seconds */
  const char *basis;
  const char *source; /* of the constant that decides the basis */
} sf_cost_term;

enum { SF_COST_TERMS_MAX = 8 };

/* Of one sample; 0 when counts->samples is 0. */
typedef struct sf_cost {
  double energy;     /* joules */
  double latency;    /* seconds, all steps */
  double step;       /* seconds a step, mean */
  const char *basis; /* the weakest of all terms */
  uint32_t energy_count, latency_count;
  sf_cost_term energy_terms[SF_COST_TERMS_MAX];
  sf_cost_term latency_terms[SF_COST_TERMS_MAX]; /* they add up to latency */
} sf_cost;

sf_cost sf_cost_estimate(const sf_machine *machine,
                         const sf_cost_layout *layout, const sf_counts *counts);

/* The weaker of two bases: measured, documented, derived, fit, estimate. */
const char *sf_cost_weaker(const char *a, const char *b);

/* ---- Families; private. ---- */

/* What a population did in one sample, and where. */
typedef struct sf_cost_load {
  const sf_cost_layer *layer;
  double events, spikes, updates; /* of the whole population, one sample */
} sf_cost_load;

/* Adds to the term `name`, which takes the weakest basis of its constants. */
void sf_cost_add(sf_cost_term *terms, uint32_t *count, const char *name,
                 double value, const sf_machine *machine, const char *constant);
/* Adds the term "switched off", which is not positive: the leakage of what is
 * off, `seconds` long, as far as the machine states it and the term "static"
 * holds it. */
void sf_cost_add_off(const sf_machine *machine, const sf_cost_layout *layout,
                     double seconds, sf_cost *out);
void sf_cost_loihi2(const sf_machine *machine, const sf_cost_layout *layout,
                    const sf_cost_load *loads, uint32_t load_count,
                    double steps, sf_cost *out);
void sf_cost_spinnaker2(const sf_machine *machine, const sf_cost_layout *layout,
                        const sf_cost_load *loads, uint32_t load_count,
                        double steps, sf_cost *out);

#endif
