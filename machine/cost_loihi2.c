/* cost_loihi2.c - the runtime model of loihi2.md 5.5: a step takes a barrier
 * and what the busiest core needs, for neurons or for synapses, whichever is
 * more. Energy: Loihi 1 figures scaled, since none are public for Loihi 2. */
#include "machine/cost.h"

#include <math.h>

static const double PICO = 1e-12, NANO = 1e-9, MILLI = 1e-3;

static const char *synapse_energy(sf_cost_format format) {
  static const char *const names[] = {
      "synapse-dense-energy", "synapse-sparse-energy", "synapse-conv-energy"};
  return names[format];
}

static const char *synapse_time(sf_cost_format format) {
  static const char *const names[] = {
      "synapse-dense-time", "synapse-sparse-time", "synapse-conv-time"};
  return names[format];
}

static void add_energy(const sf_machine *m, sf_cost *out, const char *term,
                       double count, const char *constant) {
  sf_cost_add(out->energy_terms, &out->energy_count, term,
              count * sf_machine_value(m, constant) * PICO, m, constant);
}

static void dynamic_energy(const sf_machine *m, const sf_cost_load *load,
                           sf_cost *out) {
  const sf_cost_layer *l = load->layer;
  add_energy(m, out, "synapses", load->events, synapse_energy(l->format));
  add_energy(m, out, "neurons", load->updates, "neuron-access-energy");
  add_energy(m, out, "neurons", load->updates, "neuron-update-energy");
  add_energy(m, out, "spikes", load->spikes, "spike-energy");
  add_energy(m, out, "packets", load->spikes * l->messages, "axon-out-energy");
  add_energy(m, out, "hops", load->spikes * l->hops_x, "hop-x-energy");
  add_energy(m, out, "hops", load->spikes * l->hops_y, "hop-y-energy");
  add_energy(m, out, "hops", load->spikes * l->chip_hops, "chip-hop-energy");
}

static void add_time(const sf_machine *m, sf_cost *out, const char *term,
                     double seconds, const char *constant) {
  sf_cost_add(out->latency_terms, &out->latency_count, term, seconds, m,
              constant);
}

/* Seconds of one sample that the busiest core works. */
static void busiest_core(const sf_machine *m, const sf_cost_load *loads,
                         uint32_t count, sf_cost *out) {
  double most = 0;
  const char *term = "neurons", *constant = "neuron-update-time";
  for (uint32_t i = 0; i < count; i++) {
    const sf_cost_load *load = &loads[i];
    double cores = load->layer->cores ? load->layer->cores : 1;
    const char *per_event = synapse_time(load->layer->format);
    double synapses = load->events * sf_machine_value(m, per_event) * NANO;
    double neurons =
        (load->updates * sf_machine_value(m, "neuron-update-time") +
         load->spikes * sf_machine_value(m, "spike-time")) *
        NANO;
    if (synapses / cores > most) {
      most = synapses / cores;
      term = "synapses";
      constant = per_event;
    }
    if (neurons / cores > most) {
      most = neurons / cores;
      term = "neurons";
      constant = "neuron-update-time";
    }
  }
  add_time(m, out, term, most, constant);
}

static double latency_so_far(const sf_cost *out) {
  double sum = 0;
  for (uint32_t i = 0; i < out->latency_count; i++)
    sum += out->latency_terms[i].value;
  return sum;
}

static void latency(const sf_machine *m, const sf_cost_layout *layout,
                    const sf_cost_load *loads, uint32_t count, double steps,
                    sf_cost *out) {
  double doublings = layout->routers > 1 ? log2(layout->routers) : 0;
  double barrier = sf_machine_value(m, "barrier-time") +
                   doublings * sf_machine_value(m, "barrier-doubling-time");
  add_time(m, out, "barriers", steps * barrier * NANO, "barrier-time");
  busiest_core(m, loads, count, out);
  double floor = steps * sf_machine_value(m, "step-floor-time") * NANO;
  double missing = floor - latency_so_far(out);
  if (missing > 0)
    add_time(m, out, "shortest step", missing, "step-floor-time");
}

void sf_cost_loihi2(const sf_machine *machine, const sf_cost_layout *layout,
                    const sf_cost_load *loads, uint32_t load_count,
                    double steps, sf_cost *out) {
  for (uint32_t i = 0; i < load_count; i++)
    dynamic_energy(machine, &loads[i], out);
  latency(machine, layout, loads, load_count, steps, out);
  /* Two readings of one measurement: a floor a chip, or a share a core. */
  double chips = layout->chips * sf_machine_value(machine, "chip-static-power");
  double cores = layout->cores * sf_machine_value(machine, "core-static-power");
  sf_cost_add(out->energy_terms, &out->energy_count, "static",
              (chips > cores ? chips : cores) * MILLI * latency_so_far(out),
              machine, "chip-static-power");
  sf_cost_add_off(machine, layout, latency_so_far(out), out);
}
