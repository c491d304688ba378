/* cost_spinnaker2.c - cycles of the PEs at 0.5 V, 150 MHz. A step takes the
 * fixed period, or what the busiest PE needs when it misses its deadline.
 * PEs without work sleep, unless they are switched off. */
#include "machine/cost.h"

static const double PICO = 1e-12, NANO = 1e-9, MILLI = 1e-3, MEGA = 1e6;

static double synapse_cycles(const sf_machine *m, const sf_cost_load *l) {
  return l->events * sf_machine_value(m, "event-cycles");
}

static double neuron_cycles(const sf_machine *m, const sf_cost_load *l) {
  return l->updates * sf_machine_value(m, "update-cycles");
}

/* Packets are handled where they start and where they end; what ends here is
 * another population's, of the same order. */
static double packet_cycles(const sf_machine *m, const sf_cost_load *l) {
  return 2 * l->spikes * sf_machine_value(m, "packet-cycles");
}

static void add_cycles(const sf_machine *m, sf_cost *out, const char *term,
                       double cycles, const char *constant) {
  double joules = cycles * sf_machine_value(m, "cycle-energy") * PICO;
  sf_cost_add(out->energy_terms, &out->energy_count, term, joules, m,
              "cycle-energy");
  sf_cost_add(out->energy_terms, &out->energy_count, term, 0, m, constant);
}

static void dynamic_energy(const sf_machine *m, const sf_cost_load *l,
                           double steps, sf_cost *out) {
  add_cycles(m, out, "synapses", synapse_cycles(m, l), "event-cycles");
  add_cycles(m, out, "neurons", neuron_cycles(m, l), "update-cycles");
  add_cycles(m, out, "packets", packet_cycles(m, l), "packet-cycles");
  add_cycles(m, out, "step loop",
             steps * l->layer->cores * sf_machine_value(m, "step-cycles"),
             "step-cycles");
  sf_cost_add(out->energy_terms, &out->energy_count, "network",
              l->spikes * sf_machine_value(m, "packet-energy") * PICO, m,
              "packet-energy");
}

/* Seconds of one sample that the busiest PE works. */
static double busiest(const sf_machine *m, const sf_cost_load *loads,
                      uint32_t count, double steps) {
  double most = 0, clock = sf_machine_value(m, "clock") * MEGA;
  for (uint32_t i = 0; i < count; i++) {
    const sf_cost_load *l = &loads[i];
    double cycles =
        synapse_cycles(m, l) + neuron_cycles(m, l) + packet_cycles(m, l);
    double cores = l->layer->cores ? l->layer->cores : 1;
    double seconds =
        (cycles / cores + steps * sf_machine_value(m, "step-cycles")) / clock;
    if (seconds > most) most = seconds;
  }
  return most;
}

void sf_cost_spinnaker2(const sf_machine *machine, const sf_cost_layout *layout,
                        const sf_cost_load *loads, uint32_t load_count,
                        double steps, sf_cost *out) {
  for (uint32_t i = 0; i < load_count; i++)
    dynamic_energy(machine, &loads[i], steps, out);
  double period = steps * sf_machine_value(machine, "step-period") * NANO;
  double late = busiest(machine, loads, load_count, steps) - period;
  sf_cost_add(out->latency_terms, &out->latency_count, "step period", period,
              machine, "step-period");
  if (late > 0) {
    sf_cost_add(out->latency_terms, &out->latency_count, "missed deadlines",
                late, machine, "event-cycles");
  }
  double seconds = period + (late > 0 ? late : 0);
  double pes = (double)layout->chips * machine->cores_per_chip;
  double milliwatts = layout->chips * sf_machine_value(machine, "off-power") +
                      pes * sf_machine_value(machine, "sleep-power");
  sf_cost_add(out->energy_terms, &out->energy_count, "static",
              milliwatts * MILLI * seconds, machine, "sleep-power");
  sf_cost_add_off(machine, layout, seconds, out);
}
