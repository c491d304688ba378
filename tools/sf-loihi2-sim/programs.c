/* programs.c - the neuron programs, from loihi2.md 2 and README.md beside the
 * schema. Written apart from the compiler's library of neuron functions: this
 * file is what that library is checked against. */
#include "tools/sf-loihi2-sim/chip.h"

#include <string.h>

static int32_t param(const sf_sim_group *group, sf_sim_param_id id,
                     uint32_t neuron) {
  const sf_sim_param *p = &group->params[id];
  return p->each ? p->each[neuron] : p->value;
}

static int32_t input(const int32_t *port, uint32_t neuron) {
  return port ? port[neuron] : 0;
}

/* Registers hold 32 bits, two's complement. */
static int32_t low32(int64_t x) { return (int32_t)(uint32_t)(uint64_t)x; }

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : x > high ? high : x;
}

/* D(x, f) = sgn(x) ((|x| f) >> 12): the kept part, truncated towards zero. */
static int64_t keep(int64_t x, int64_t fraction) {
  int64_t product = x * fraction;
  return product < 0 ? -(-product >> 12) : product >> 12;
}

static const int64_t edge = 1 << 23;

/* 2.2, rules 1 to 6, for one neuron. */
static int32_t lif_step(sf_sim_group *group, uint32_t n, int32_t a) {
  int64_t u = keep(group->state[0][n], 4096 - (param(group, SF_SIM_DU, n) + 1));
  u = low32(u + (int64_t)a * 64);
  if (u > edge)
    u -= 2 * edge;
  else if (u <= -edge)
    u += 2 * edge;
  int64_t bias = (int64_t)param(group, SF_SIM_BIAS, n) *
                 ((int64_t)1 << param(group, SF_SIM_BIAS_EXP, n));
  int64_t v = keep(group->state[1][n], 4096 - param(group, SF_SIM_DV, n));
  v = clamp(low32(v + u + bias), -(edge - 1), edge - 1);
  int64_t threshold = (int64_t)param(group, SF_SIM_VTH, n) * 64;
  bool fires = v > threshold;
  group->state[0][n] = low32(u);
  group->state[1][n] = fires ? 0 : (int32_t)v;
  return fires;
}

static void lif(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++)
    sent[n] = lif_step(group, n, input(in[0], n));
}

/* LIFReset: u = v = 0 first, in the group's step `resetFirst` and then every
 * `resetInterval` steps. State 2 counts the group's steps until then. */
static void lif_reset(sf_sim_group *group,
                      const int32_t *const in[SF_SIM_PORTS], int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *left = &group->state[2][n];
    if (*left == 0) {
      group->state[0][n] = group->state[1][n] = 0;
      *left = param(group, SF_SIM_RESET_INTERVAL, n);
    }
    --*left;
    sent[n] = lif_step(group, n, input(in[0], n));
  }
}

/* Sends the change of x once it reaches the threshold; 2.6. `act` and `res` are
 * what was last seen and what was not sent. */
static int32_t send_change(const sf_sim_group *group, uint32_t n, int64_t x,
                           int32_t *act, int32_t *res) {
  int32_t state_exp = param(group, SF_SIM_STATE_EXP, n);
  int32_t exponent = param(group, SF_SIM_SPIKE_EXP, n) + state_exp;
  int32_t threshold =
      low32((int64_t)param(group, SF_SIM_VTH, n) * ((int64_t)1 << exponent));
  int32_t d = low32((int64_t)low32(x - *act) + *res);
  int32_t size = low32(d < 0 ? -(int64_t)d : d);
  int32_t out = size >= threshold ? d : 0;
  *act = low32(x);
  *res = low32((int64_t)d - out);
  return out >> state_exp;
}

static void sigma_delta(sf_sim_group *group,
                        const int32_t *const in[SF_SIM_PORTS], int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *sig = &group->state[0][n];
    int32_t exponent =
        param(group, SF_SIM_SPIKE_EXP, n) + param(group, SF_SIM_STATE_EXP, n);
    int64_t bias =
        (int64_t)param(group, SF_SIM_BIAS, n) * ((int64_t)1 << exponent);
    *sig = low32((int64_t)*sig + input(in[0], n));
    int32_t x = low32(*sig + bias);
    sent[n] = send_change(group, n, x > 0 ? x : 0, &group->state[1][n],
                          &group->state[2][n]);
  }
}

static void delta(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                  int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t exponent =
        param(group, SF_SIM_SPIKE_EXP, n) + param(group, SF_SIM_STATE_EXP, n);
    int64_t x = (int64_t)input(in[0], n) * ((int64_t)1 << exponent);
    sent[n] =
        send_change(group, n, x, &group->state[0][n], &group->state[1][n]);
  }
}

static void sigma(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                  int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *sig = &group->state[0][n];
    *sig = low32((int64_t)*sig + input(in[0], n));
    sent[n] = *sig;
  }
}

/* 2.7: rotates (re, im) by the decayed phase and adds the inputs. */
static void resonate(const sf_sim_group *group, uint32_t n,
                     const int32_t *const in[SF_SIM_PORTS], int64_t *re,
                     int64_t *im) {
  int64_t c = param(group, SF_SIM_COS, n), s = param(group, SF_SIM_SIN, n);
  int64_t re0 = group->state[0][n], im0 = group->state[1][n];
  *re = keep(c, re0) - keep(s, im0) + (int64_t)input(in[0], n) * 64;
  *im = keep(s, re0) + keep(c, im0) + (int64_t)input(in[1], n) * 64;
  *re = clamp(*re, -(edge - 1), edge - 1);
  *im = clamp(*im, -(edge - 1), edge - 1);
}

static void rf(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
               int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int64_t re, im;
    int32_t before = group->state[1][n];
    resonate(group, n, in, &re, &im);
    int64_t threshold = (int64_t)param(group, SF_SIM_VTH, n) * 64;
    sent[n] = re >= threshold && im >= 0 && before < 0;
    group->state[0][n] = (int32_t)re;
    group->state[1][n] = (int32_t)im;
  }
}

static void rf_iz(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                  int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int64_t re, im;
    resonate(group, n, in, &re, &im);
    int64_t threshold = (int64_t)param(group, SF_SIM_VTH, n) * 64;
    bool fires = im >= threshold;
    sent[n] = fires;
    group->state[0][n] = fires ? 0 : (int32_t)re;
    group->state[1][n] = (int32_t)(fires ? threshold - 1 : im);
  }
}

/* Integrate and fire with a 32-bit saturating potential and the decay of 2.2:
 * fires strictly above vth, then subtracts it or goes to zero. */
static void integrate(sf_sim_group *group,
                      const int32_t *const in[SF_SIM_PORTS], int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int64_t v = keep(group->state[0][n], 4096 - param(group, SF_SIM_DV, n)) +
                input(in[0], n);
    v = clamp(v, INT32_MIN, INT32_MAX);
    int64_t threshold = param(group, SF_SIM_VTH, n);
    sent[n] = v > threshold;
    if (sent[n]) v = param(group, SF_SIM_RESET_MODE, n) ? v - threshold : 0;
    group->state[0][n] = (int32_t)clamp(v, INT32_MIN, INT32_MAX);
  }
}

/* Input `port` times the gain. */
static int64_t gained(const sf_sim_group *group, const int32_t *port,
                      uint32_t n) {
  int64_t gain =
      group->params[SF_SIM_GAIN].present ? param(group, SF_SIM_GAIN, n) : 1;
  return input(port, n) * gain;
}

static int32_t saturated(int64_t x) {
  return (int32_t)clamp(x, INT32_MIN, INT32_MAX);
}

/* Ternary spikes (conversion.md 1.6): +1 while the charge is at least vth and
 * the running sum of spikes below its most, -1 while it is negative and the sum
 * above its least; a spike takes vth of the charge with it. */
static void st_bif(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                   int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *charge = &group->state[0][n], *sum = &group->state[1][n];
    int64_t size = param(group, SF_SIM_VTH, n);
    int64_t q =
        saturated(*charge + (int64_t)saturated(gained(group, in[0], n)));
    int32_t spike = 0;
    if (q >= size && *sum < param(group, SF_SIM_COUNT_MAX, n)) spike = 1;
    if (q < 0 && *sum > param(group, SF_SIM_COUNT_MIN, n)) spike = -1;
    *charge = saturated(q - spike * size);
    *sum = (int32_t)clamp(*sum + spike, INT16_MIN, INT16_MAX);
    sent[n] = spike;
  }
}

/* One activation of an integer network: the sum, divided, rounded down and cut
 * off, sent as one graded spike. */
static void quant(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                  int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int64_t divisor = param(group, SF_SIM_DIVISOR, n);
    int64_t x = gained(group, in[0], n) + param(group, SF_SIM_OFFSET, n);
    int64_t whole = x / divisor;
    if (x % divisor < 0) whole--;
    sent[n] = (int32_t)clamp(whole, param(group, SF_SIM_COUNT_MIN, n),
                             param(group, SF_SIM_COUNT_MAX, n));
  }
}

/* What a step adds to a saturating potential. */
static int64_t charge_of(const sf_sim_group *group, const int32_t *port,
                         uint32_t n) {
  return saturated((int64_t)saturated(gained(group, port, n)) +
                   param(group, SF_SIM_OFFSET, n));
}

static void accumulate(sf_sim_group *group,
                       const int32_t *const in[SF_SIM_PORTS], int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *sum = &group->state[0][n];
    *sum = saturated(*sum + charge_of(group, in[0], n));
    sent[n] = *sum;
  }
}

/* At most one spike a step, at vth or above; it takes vth with it. */
static void rate(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                 int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *v = &group->state[0][n];
    int64_t size = param(group, SF_SIM_VTH, n);
    int64_t h = saturated(*v + charge_of(group, in[0], n));
    sent[n] = h >= size;
    *v = saturated(sent[n] ? h - size : h);
  }
}

/* Fires when the larger of the two numbers of spikes so far grows. The state is
 * how far port 0 leads. */
static void count_max(sf_sim_group *group,
                      const int32_t *const in[SF_SIM_PORTS], int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *lead = &group->state[0][n];
    int32_t a = input(in[0], n), b = input(in[1], n);
    sent[n] = (a > 0 && *lead >= 0) || (b > 0 && *lead <= 0);
    *lead = saturated((int64_t)*lead + a - b);
  }
}

/* What the larger of two running sums gains in this step, cut off at the width
 * of the payload; the state is how far that of port 0 leads. */
static void larger(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                   int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++) {
    int32_t *lead = &group->state[0][n];
    int64_t before = *lead > 0 ? *lead : 0;
    *lead = saturated((int64_t)*lead + input(in[0], n) - input(in[1], n));
    int32_t over = saturated((*lead > 0 ? *lead : 0) - before);
    sent[n] = (int32_t)clamp((int64_t)over + input(in[1], n),
                             param(group, SF_SIM_COUNT_MIN, n),
                             param(group, SF_SIM_COUNT_MAX, n));
  }
}

static void relay(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                  int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++)
    sent[n] = input(in[0], n);
}

static void product(sf_sim_group *group, const int32_t *const in[SF_SIM_PORTS],
                    int32_t *sent) {
  for (uint32_t n = 0; n < group->count; n++)
    sent[n] = low32((int64_t)input(in[0], n) * input(in[1], n));
}

enum {
  LIF_NEEDS = 1 << SF_SIM_DU | 1 << SF_SIM_DV | 1 << SF_SIM_VTH |
              1 << SF_SIM_BIAS | 1 << SF_SIM_BIAS_EXP,
  DELTA_NEEDS = 1 << SF_SIM_VTH | 1 << SF_SIM_SPIKE_EXP | 1 << SF_SIM_STATE_EXP,
  RF_NEEDS = 1 << SF_SIM_COS | 1 << SF_SIM_SIN | 1 << SF_SIM_VTH,
};

static const sf_sim_program programs[] = {
    {"lif", 1, 2, LIF_NEEDS, lif},
    {"lif-reset", 1, 3,
     LIF_NEEDS | 1 << SF_SIM_RESET_INTERVAL | 1 << SF_SIM_RESET_FIRST,
     lif_reset},
    {"sigma-delta", 1, 3, DELTA_NEEDS | 1 << SF_SIM_BIAS, sigma_delta},
    {"delta", 1, 2, DELTA_NEEDS, delta},
    {"sigma", 1, 1, 0, sigma},
    {"rf", 2, 2, RF_NEEDS, rf},
    {"rf-iz", 2, 2, RF_NEEDS, rf_iz},
    {"if", 1, 1, 1 << SF_SIM_DV | 1 << SF_SIM_VTH | 1 << SF_SIM_RESET_MODE,
     integrate},
    {"st-bif", 1, 2,
     1 << SF_SIM_VTH | 1 << SF_SIM_INITIAL | 1 << SF_SIM_COUNT_MIN |
         1 << SF_SIM_COUNT_MAX,
     st_bif},
    {"quant", 1, 0,
     1 << SF_SIM_DIVISOR | 1 << SF_SIM_OFFSET | 1 << SF_SIM_COUNT_MIN |
         1 << SF_SIM_COUNT_MAX,
     quant},
    {"accumulate", 1, 1, 1 << SF_SIM_OFFSET | 1 << SF_SIM_INITIAL, accumulate},
    {"rate", 1, 1, 1 << SF_SIM_VTH | 1 << SF_SIM_OFFSET | 1 << SF_SIM_INITIAL,
     rate},
    {"count-max", 2, 1, 0, count_max},
    {"larger", 2, 1,
     1 << SF_SIM_INITIAL | 1 << SF_SIM_COUNT_MIN | 1 << SF_SIM_COUNT_MAX,
     larger},
    {"relay", 1, 0, 0, relay},
    {"product", 2, 0, 0, product},
};

const sf_sim_program *sf_sim_program_find(const char *name) {
  for (size_t i = 0; i < SF_COUNT_OF(programs); i++)
    if (strcmp(programs[i].name, name) == 0) return &programs[i];
  return NULL;
}
