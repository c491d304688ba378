/* generate.c - a random module, whole. */
#include "test/support/generate_private.h"

/* Every kind but one is as likely as any other, so that ten thousand modules
 * see each row of the table many times. */
static sf_op_kind draw_kind(sf_generator *g) {
  /* A neuron function holds a dozen statements of 33 kinds, in many forms. */
  if (sf_chance(g, 15)) return SF_OP_NEURONS;
  for (;;) {
    const sf_op_info *info =
        sf_op_info_at(sf_draw(g, (uint32_t)sf_op_info_count()));
    if (!g->digital || !(info->traits & SF_TRAIT_ANALOG)) return info->kind;
  }
}

/* Closes a loop: a delay may read a value of the same type further down. */
static void close_loops(sf_generator *g) {
  SF_FOREACH_OP(op, g->network) {
    if (op->kind != SF_OP_DELAY) continue;
    for (sf_op *later = op; later; later = later->next) {
      sf_value *value = later->results[0];
      if (sf_type_equal(&value->type, &op->results[0]->type) &&
          sf_chance(g, 50))
        sf_op_set_operand(op, 0, value);
    }
  }
}

static void set_attributes(sf_generator *g) {
  sf_network *network = g->network;
  if (sf_chance(g, 40)) network->steps = sf_draw_between(g, 1, 100);
  if (sf_chance(g, 40)) network->dt = 0.001 / (1 + (double)sf_draw(g, 7));
  if (sf_chance(g, 40)) network->lag = sf_draw(g, 5);
  if (sf_chance(g, 40)) network->period = sf_draw_between(g, 1, 9);
  sf_draw_dict(g, &g->module->attrs);
}

/* Up to three results: the last values, or an argument. */
static void set_returns(sf_generator *g) {
  sf_value *values[3];
  uint32_t count = 0;
  for (sf_op *op = g->network->last; op && count < 3; op = op->prev)
    if (sf_chance(g, 70)) values[count++] = op->results[0];
  if (count < 3 && g->network->argument_count && sf_chance(g, 10))
    values[count++] = g->network->arguments[0];
  if (sf_network_set_returns(g->network, count, values) != SF_OK)
    g->out_of_memory = true;
}

static void generate(sf_generator *g, uint32_t ops) {
  if (ops == 0) ops = 4 + sf_draw(g, 9);
  for (uint32_t i = 0; i < ops && !g->out_of_memory; i++)
    sf_generate_op(g, draw_kind(g));
  if (g->out_of_memory) return;
  close_loops(g);
  set_attributes(g);
  set_returns(g);
  if (sf_chance(g, 30)) sf_generate_mapping(g);
  sf_generate_log(g);
}

sf_result sf_generate_module(const sf_generate_options *options,
                             sf_module **out) {
  sf_generator g = {.random = sf_random_seeded(options->seed),
                    .runnable = options->runnable,
                    .digital = options->digital};
  *out = NULL;
  g.module = sf_module_create("random");
  if (!g.module) return SF_OOM;
  g.network = sf_network_create(g.module, "main", SF_NO_LOC);
  if (g.network)
    generate(&g, options->ops);
  else
    g.out_of_memory = true;
  if (g.out_of_memory) {
    sf_module_destroy(g.module);
    return SF_OOM;
  }
  *out = g.module;
  return SF_OK;
}
