/* convert.h - what the files of convert-to-spiking share.
 *
 * A *site* is where analog becomes integer: a `quantize` with the chain of f32
 * ops before it. What the chain does to an integer accumulator is asked of the
 * interpreter, on the chain itself, so a population that takes its place is
 * exact for every value that the accumulator can have. */
#ifndef SF_PASSES_CONVERT_H
#define SF_PASSES_CONVERT_H

#include "ir/ranges.h"
#include "sf/pass.h"

typedef enum sf_form {
  SF_FORM_INTEGER, /* stateless populations, one step */
  SF_FORM_STBIF,   /* ternary spikes until nothing changes */
  SF_FORM_GRADED,  /* integer, one step from population to population */
  SF_FORM_RATE     /* binary spikes, T steps */
} sf_form;

typedef struct sf_convert_options {
  const char *form;
  int64_t levels, steps, samples, read_out_delay;
  bool correct_bias;
} sf_convert_options;

enum { SF_CHAIN_MAX = 64 };

/* x -> clip(floor((gain x + half) / divisor), low, high), or a table of x. */
typedef struct sf_site {
  sf_op *quantize;
  uint32_t chain_count;
  sf_op *chain[SF_CHAIN_MAX]; /* from the source to `quantize` itself */
  sf_op
      *pool; /* pool{max} of accumulators, which moves behind the site; NULL */
  sf_value *source; /* integer, or, of an input site, the f32 argument */
  bool input;
  bool whole;     /* form stbif: a function of whole values, see domains.c */
  sf_type shape;  /* of the numbers below: extent 1 where they do not differ */
  uint32_t count; /* of each of them */
  int32_t *gain, *divisor, *half, *low, *high; /* NULL: a table */
  int32_t table_first, table_size;
  int32_t *table;    /* count rows of table_size */
  int32_t *constant; /* one an element of the source: its value for zero
                        spikes; NULL: not asked for */
  sf_value *emitted; /* by the population */
  sf_value *result;  /* the same, behind a pool that moved */
} sf_site;

/* Form stbif: a population from spikes to whole values, or back. */
typedef struct sf_bridge {
  sf_value *from;
  sf_op *population; /* @total, else @change */
  bool is_total;
  struct sf_bridge *next;
} sf_bridge;

typedef struct sf_converter {
  sf_pass_run *run;
  const sf_convert_options *options;
  sf_form form;
  sf_network *network;
  sf_arena *arena;
  sf_module *reference; /* the module before conversion, for questions */
  sf_network *before;   /* its network of the same name */
  sf_ranges *ranges;    /* of `before` */
  uint32_t site_count;
  sf_site *sites;     /* in text order */
  const char **names; /* of the sites' results, before and after */
  bool *covered;      /* by order: f32 ops that sites and results account for */
  const sf_op **whole; /* by order: ops on whole values; NULL: other forms */
  uint32_t whole_count;
  sf_scalar *scalars;  /* by order: of result 0, before sums were widened */
  bool *whole_returns; /* one a result, before populations */
  sf_bridge *bridges;
  bool failed;
  uint64_t populations, dropped;
  int64_t read_out_delay; /* rate: steps that results leave out */
  uint64_t corrected;     /* rate: layers with corrected biases */
  const char *dropped_names;
  float delta;            /* what a unit of result 0 is worth */
  sf_module *model;       /* the module before conversion, left alone */
  const sf_value *wanted; /* its integers behind result 0; NULL: moved */
} sf_converter;

/* Reports an obstacle; the pass goes on to find the others. */
void sf_convert_refuse(sf_converter *c, const sf_op *op, const char *help,
                       const char *format, ...) SF_PRINTF(4, 5);

/* sites.c: every quantize with its chain. */
sf_result sf_convert_find_sites(sf_converter *c) SF_MUST_USE;
/* solve.c: the integer function of a site. */
sf_result sf_convert_solve(sf_converter *c, sf_site *site) SF_MUST_USE;
/* obstacles.c: everything else that is analog, and what the form cannot do. */
sf_result sf_convert_find_obstacles(sf_converter *c) SF_MUST_USE;

/* domains.c: form stbif: what works on whole values, and not on spikes. */
sf_result sf_convert_find_domains(sf_converter *c) SF_MUST_USE;
bool sf_convert_is_whole(const sf_converter *c, const sf_op *op);
bool sf_convert_value_is_whole(const sf_converter *c, sf_value *value);
/* The same of an op in any form: a maximum of rounded values; a sum with a
 * constant that is as large; something that reads or makes f32. */
bool sf_convert_is_rounded_maximum(const sf_op *op);
bool sf_convert_adds_constant(const sf_op *op);
bool sf_convert_works_on_f32(const sf_op *op);
/* bridge.c: populations where spikes meet whole values. Their first values are
 * set by sf_convert_constants. Errors: OOM; NOT_NORMAL for a value whose
 * changes have too many bits. */
sf_result sf_convert_bridge(sf_converter *c) SF_MUST_USE;

/* probe.c: the chain of a site as a network of its own in the reference. */
typedef struct sf_probe {
  sf_interp *interp;
  const sf_value *result;
  sf_word *input;
  uint32_t count;
} sf_probe;
sf_result sf_probe_create(sf_converter *c, const sf_site *site,
                          sf_probe *out) SF_MUST_USE;
void sf_probe_destroy(sf_probe *probe);
/* y[i] = f_i(x[i]) for the `count` numbers of the site. */
sf_result sf_probe_run(sf_probe *probe, const int32_t *x,
                       int32_t *y) SF_MUST_USE;

/* fit.c: gain, divisor and half such that floor((gain x + half) / divisor)
 * passes level first + i exactly at threshold[i], for x in low .. high. */
typedef struct sf_staircase {
  int64_t low, high;           /* of x */
  int32_t first;               /* level below the first threshold */
  uint32_t count;              /* thresholds, ascending */
  const int32_t *threshold;    /* least x at level first + i + 1 */
  bool open_low, open_high;    /* is `first` (the last level) clipped anyway? */
  int32_t gain, divisor, half; /* out */
} sf_staircase;
bool sf_fit_levels(sf_staircase *fit);

/* constants.c: what accumulators hold when no spike arrives, for all sites and
 * results; takes biases out of the network. `returns`: one array a result, NULL
 * for what is no integer. */
sf_result sf_convert_constants(sf_converter *c, int32_t **returns) SF_MUST_USE;

/* populate.c: populations in the place of sites. */
sf_result sf_convert_populate(sf_converter *c) SF_MUST_USE;
/* Sets a param of a population: one number, or a blob with extent 1 where
 * `values` (one an element of `type`) do not differ. */
sf_result sf_convert_argument(sf_op *op, const char *param, const sf_type *type,
                              const int32_t *values) SF_MUST_USE;
/* Numbers of a site, one an element of its source, in the pass's arena. NULL:
 * out of memory. */
int32_t *sf_convert_spread(const sf_converter *c, const sf_site *site,
                           const int32_t *numbers);
/* Its numbers, one an element of its source from now on. */
sf_result sf_convert_spread_site(const sf_converter *c,
                                 sf_site *site) SF_MUST_USE;
/* `value`, written as i32: a sum as it is, a stream through a projection. */
sf_value *sf_convert_current(sf_value *value, sf_op *before);

/* affine.c: constants that are added to, or multiply, a site's sum become its
 * population's numbers: source, gain and half change. */
sf_result sf_convert_fold_affine(sf_converter *c, sf_site *site) SF_MUST_USE;
/* An integer product with constants that differ inside a channel, and the
 * population in its place. */
bool sf_convert_is_factor(const sf_op *op);
sf_result sf_convert_factor(sf_converter *c, sf_op *op) SF_MUST_USE;

/* input.c: the host population of an input site. */
sf_result sf_convert_input(sf_converter *c, sf_site *site) SF_MUST_USE;
/* Can an op of an input's chain be repeated in a neuron function? */
bool sf_convert_input_is_known(const sf_op *op);
/* Does a concatenation read the site, whose operands share one type? */
bool sf_convert_is_joined(const sf_site *site);
/* Steps that a table's differences take beyond the first, form stbif. */
int64_t sf_convert_table_settling(const sf_site *site);
/* table.c: a population that looks its value up. */
sf_result sf_convert_table(sf_converter *c, sf_site *site,
                           sf_value *current) SF_MUST_USE;

/* linear.c: products with constants, differences and sums over axes as
 * projections. */
sf_result sf_convert_linear(sf_converter *c) SF_MUST_USE;
/* maxima.c: trees of populations in the form's own neurons. */
sf_result sf_convert_maxima(sf_converter *c) SF_MUST_USE;
/* results.c: what the network returns; before the populations, and after. */
sf_result sf_convert_results(sf_converter *c) SF_MUST_USE;
/* What the moves that results.c added for a result start with. */
sf_value *sf_convert_before_moves(sf_value *value);
sf_result sf_convert_accumulate(sf_converter *c,
                                int32_t *const *constants) SF_MUST_USE;
/* types.c: moved streams take the type of what they move. */
sf_result sf_convert_types(sf_converter *c) SF_MUST_USE;
/* rate.c: corrects the rate form by samples and delays its results. Errors:
 * OOM; PASS_OPTION for a delay that leaves no step; those of the interpreter.
 */
sf_result sf_convert_tune_rate(sf_converter *c) SF_MUST_USE;
/* timing.c: steps and lag of the form. */
sf_result sf_convert_timing(sf_converter *c) SF_MUST_USE;

/* Largest level of the spikes that make up a value (rate form); 0: none. */
int64_t sf_convert_unit(const sf_converter *c, const sf_value *value,
                        bool *agrees);

/* prepare.c: runs calibrate and quantize where they are missing and samples are
 * at hand. */
sf_result sf_convert_prepare(sf_pass_run *run, int64_t levels) SF_MUST_USE;
/* Runs another pass on the module, with its default options but for one
 * (`option` NULL: none). *found false: there is no such pass. */
sf_result sf_convert_run_pass(sf_pass_run *run, const char *name,
                              const char *option, const char *value,
                              bool *found) SF_MUST_USE;
/* report.c: samples that figures and corrections are measured on; 0: none. */
uint64_t sf_convert_sample_count(const sf_converter *c);
/* report.c: accuracy and rounding of the emitted form, for the log. */
sf_result sf_convert_report(sf_converter *c) SF_MUST_USE;

#endif
