/* verb_compare.c - `sfc compare A B --input X`: what each of two models costs
 * on the same data. Both run by the same options; neither is the right one. */
#include "tools/sfc/cost.h"
#include "tools/sfc/report.h"
#include "tools/sfc/run.h"

#include <string.h>

typedef struct side {
  const char *path;
  sfc_session session; /* the command line with this model alone */
  sfc_runnable what;
  sfc_dataset dataset;
  sfc_tally tally;
  sfc_cost cost;
} side;

/* Sums over the populations of a model. */
typedef struct totals {
  uint64_t neurons, events_in, spikes_out, updates, hops;
} totals;

static sf_result run_side(side *s) {
  SF_TRY(sfc_runnable_open(&s->session, &s->what));
  const sfc_model *model = &s->what.model;
  SF_TRY(sfc_dataset_open(&s->session, model->network, &s->dataset));
  SF_TRY(sfc_tally_create(&s->session, model->network, &s->dataset, &s->tally));
  SF_TRY(sfc_run_all(&s->session, &s->what, &s->dataset, &s->tally));
  return sfc_cost_of(model, &s->tally.counts, s->session.diag, &s->cost);
}

static void close_side(side *s) {
  sfc_tally_destroy(&s->tally);
  sfc_dataset_destroy(&s->dataset);
  sfc_runnable_destroy(&s->what);
}

static totals add_up(const sf_counts *counts) {
  totals t = {0};
  for (uint32_t i = 0; i < counts->population_count; i++) {
    const sf_population_counts *p = &counts->populations[i];
    t.neurons += p->neurons;
    t.events_in += p->events_in;
    t.spikes_out += p->spikes_out;
    t.updates += p->updates;
    t.hops += p->hops;
  }
  return t;
}

static uint64_t correct(const side *s) {
  return s->tally.steps ? s->tally.correct[s->tally.steps - 1] : 0;
}

/* ---- JSON. ---- */

static json_t *side_json(const side *s) {
  const sf_counts *counts = &s->tally.counts;
  totals t = add_up(counts);
  json_t *object = json_pack(
      "{s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "model", s->path, "neurons",
      (json_int_t)t.neurons, "events_in", (json_int_t)t.events_in, "spikes_out",
      (json_int_t)t.spikes_out, "updates", (json_int_t)t.updates, "hops",
      (json_int_t)t.hops, "lag", (json_int_t)s->tally.lag);
  if (s->tally.labelled) {
    json_object_set_new(
        object, "accuracy",
        sfc_accuracy_json(s->tally.correct, s->tally.steps, s->tally.samples));
  }
  json_object_set_new(object, "counts", sfc_counts_json(counts));
  json_object_set_new(object, "cost", sfc_cost_json(&s->cost));
  return object;
}

/* ---- Text. ---- */

static void print_row(const char *name, const char *format, double a,
                      double b) {
  char left[32], right[32];
  snprintf(left, sizeof left, format, a);
  snprintf(right, sizeof right, format, b);
  printf("%-24s %16s %16s\n", name, left, right);
}

static void print_energy(const side *a, const side *b) {
  if (!a->cost.known || !b->cost.known) {
    puts("energy: known for compiled models; --target loihi2 or spinnaker2");
    return;
  }
  print_row("energy, uJ", "%.4g", a->cost.cost.energy * 1e6,
            b->cost.cost.energy * 1e6);
  print_row("latency, us", "%.4g", a->cost.cost.latency * 1e6,
            b->cost.cost.latency * 1e6);
}

/* Populations that both have by name: where the difference comes from. */
static void print_populations(const sf_counts *a, const sf_counts *b) {
  for (uint32_t i = 0; i < a->population_count; i++)
    for (uint32_t j = 0; j < b->population_count; j++) {
      const sf_population_counts *p = &a->populations[i];
      const sf_population_counts *q = &b->populations[j];
      if (strcmp(p->name, q->name) != 0) continue;
      char name[64];
      snprintf(name, sizeof name, "spikes of %%%s", p->name);
      print_row(name, "%.1f", (double)p->spikes_out / (double)a->samples,
                (double)q->spikes_out / (double)b->samples);
    }
}

static void print_table(const side *a, const side *b) {
  const sf_counts *left = &a->tally.counts, *right = &b->tally.counts;
  totals t = add_up(left), u = add_up(right);
  double m = (double)left->samples, n = (double)right->samples;
  printf("A: %s\nB: %s\n%-24s %16s %16s\n", a->path, b->path, "", "A", "B");
  if (a->tally.labelled) {
    print_row("accuracy, %", "%.2f", 100.0 * (double)correct(a) / m,
              100.0 * (double)correct(b) / n);
  }
  print_row("neurons", "%.0f", (double)t.neurons, (double)u.neurons);
  print_row("spikes", "%.1f", (double)t.spikes_out / m,
            (double)u.spikes_out / n);
  print_populations(left, right);
  print_row("events in", "%.1f", (double)t.events_in / m,
            (double)u.events_in / n);
  print_row("updates", "%.1f", (double)t.updates / m, (double)u.updates / n);
  print_row("hops", "%.1f", (double)t.hops / m, (double)u.hops / n);
  print_energy(a, b);
  printf("per sample, over %llu samples, %.1f and %.1f steps each\n",
         (unsigned long long)left->samples, (double)left->steps / m,
         (double)right->steps / n);
}

static sf_result check_samples(const side *a, const side *b) {
  if (a->tally.counts.samples > 0 &&
      a->tally.counts.samples == b->tally.counts.samples)
    return SF_OK;
  return sf_error(a->session.diag, SF_DIAG_INPUT_SHAPE, SF_NO_LOC,
                  "the data are %llu samples for '%s' and %llu for '%s'",
                  (unsigned long long)a->tally.counts.samples, a->path,
                  (unsigned long long)b->tally.counts.samples, b->path);
}

sf_result sfc_verb_compare(sfc_session *session) {
  side sides[2] = {{.path = session->arguments.positional},
                   {.path = session->arguments.second}};
  sf_result result = SF_OK;
  for (int i = 0; i < 2; i++) {
    sides[i].session = *session;
    sides[i].session.arguments.positional = sides[i].path;
    if (result == SF_OK) result = run_side(&sides[i]);
  }
  if (result == SF_OK) result = check_samples(&sides[0], &sides[1]);
  if (result == SF_OK && session->arguments.json) {
    sfc_print_json(json_pack("{s:o,s:o}", "a", side_json(&sides[0]), "b",
                             side_json(&sides[1])));
  } else if (result == SF_OK) {
    print_table(&sides[0], &sides[1]);
  }
  close_side(&sides[0]);
  close_side(&sides[1]);
  return result;
}
