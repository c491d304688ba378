/* netx_hosted.c - encoders and read-outs: library neurons that run on the host.
 */
#include "frontend/netx/netx.h"

#include "ir/copy.h"
#include "support/number.h"

#include <string.h>

/* NAME or NAME{param=number,..}: where its parts are. */
typedef struct hosted_text {
  const char *option; /* "encode" */
  sf_slice name;
  const char *params; /* after the brace; NULL: none */
} hosted_text;

static sf_result bad_text(netx_builder *builder, const hosted_text *text,
                          const char *what) {
  return sf_error(builder->model->diag, SF_DIAG_USAGE, SF_NO_LOC,
                  "--%s %s; it is NAME or NAME{param=number,..}, such as "
                  "if_zero{theta=2.0}",
                  text->option, what);
}

static sf_neuron *find_model(netx_builder *builder, const char *whole,
                             hosted_text *text) {
  size_t length = strcspn(whole, "{");
  text->name = (sf_slice){whole, length};
  text->params = whole[length] ? whole + length + 1 : NULL;
  sf_neuron *neuron =
      sf_library_use(builder->model->module, text->name, builder->model->diag);
  if (!neuron) return NULL;
  if (neuron->input_count == 1 && neuron->emit_count == 1) return neuron;
  bad_text(builder, text,
           "names a model that has not one input and one output");
  return NULL;
}

static sf_result set_param(netx_builder *builder, const hosted_text *text,
                           sf_op *op, sf_slice name, sf_slice value) {
  sf_argument *argument = sf_op_argument(op, name);
  if (!argument) {
    sf_error(builder->model->diag, SF_DIAG_USAGE, SF_NO_LOC,
             "--%s: model '%s' has no param '%.*s'", text->option,
             op->neuron->name, (int)name.size, name.data);
    for (uint32_t i = 0; i < op->neuron->param_count; i++) {
      sf_note(builder->model->diag, SF_NO_LOC, "it has '%s'",
              op->neuron->params[i].value->name);
    }
    return SF_FAIL;
  }
  sf_param *param = sf_neuron_find_param(op->neuron, name);
  int64_t integer;
  double real;
  if (param->value->type.kind != SF_SCALAR_F32) {
    if (!sf_read_i64(value, &integer))
      return bad_text(builder, text, "gives an integer param another value");
    sf_argument_set_number(argument, sf_number_int(integer));
  } else {
    if (!sf_read_f64(value, &real))
      return bad_text(builder, text, "gives a param something not a number");
    sf_argument_set_number(argument, sf_number_double(real));
  }
  return SF_OK;
}

static sf_result set_params(netx_builder *builder, const hosted_text *text,
                            sf_op *op) {
  const char *next = text->params;
  while (next && *next != '}') {
    size_t name = strcspn(next, "=,}");
    if (next[name] != '=') return bad_text(builder, text, "is malformed");
    const char *value = next + name + 1;
    size_t length = strcspn(value, ",}");
    if (!value[length]) return bad_text(builder, text, "has no closing brace");
    SF_TRY(set_param(builder, text, op, (sf_slice){next, name},
                     (sf_slice){value, length}));
    next = value + length + (value[length] == ',');
  }
  if (next && next[1])
    return bad_text(builder, text, "goes on after the brace");
  return SF_OK;
}

static sf_result add_population(netx_builder *builder, const hosted_text *text,
                                sf_neuron *neuron, sf_value *operand,
                                const char *name, sf_loc loc) {
  sf_op *op = sf_op_create(builder->network, NULL, SF_OP_NEURONS, 1, loc);
  if (!op) return SF_OOM;
  sf_op_set_operand(op, 0, operand);
  SF_TRY(sf_op_set_neuron(op, neuron));
  sf_type type = operand->type;
  type.scalar = neuron->emit_types[0];
  builder->stream = sf_op_add_result(op, name, &type);
  if (!builder->stream) return SF_OOM;
  SF_TRY(sf_op_set_int(op, SF_ATTR_on, SF_ON_HOST));
  return set_params(builder, text, op);
}

sf_result sf_netx_build_encoder(netx_builder *builder, const netx_layer *layer,
                                sf_scalar wanted, unsigned rank,
                                const int64_t *shape) {
  hosted_text text = {.option = "encode"};
  sf_neuron *neuron =
      find_model(builder, builder->model->options.encode, &text);
  if (!neuron) return SF_FAIL;
  sf_scalar sent = neuron->emit_types[0];
  bool fits = wanted.kind == SF_SCALAR_SPIKE ? sent.kind == SF_SCALAR_SPIKE
                                             : sent.kind == SF_SCALAR_INT;
  if (!fits) {
    char need[32], have[32];
    sf_scalar_text(wanted, need, sizeof need);
    sf_scalar_text(sent, have, sizeof have);
    return sf_error(builder->model->diag, SF_DIAG_USAGE, layer->loc,
                    "--encode %s sends %s, but '%s' takes %s", neuron->name,
                    have, layer->path, need);
  }
  int32_t dims[SF_RANK_MAX];
  for (unsigned i = 0; i < rank; i++)
    dims[i] = (int32_t)shape[i];
  sf_type type = sf_type_make(neuron->inputs[0]->type, rank, dims);
  sf_value *argument = sf_network_add_argument(builder->network, "x", &type);
  if (!argument) return SF_OOM;
  return add_population(builder, &text, neuron, argument, "encoded",
                        layer->loc);
}

sf_result sf_netx_build_readout(netx_builder *builder) {
  const char *whole = builder->model->options.readout;
  if (!whole) return SF_OK;
  hosted_text text = {.option = "readout"};
  sf_neuron *neuron = find_model(builder, whole, &text);
  if (!neuron) return SF_FAIL;
  if (!sf_scalar_equal(neuron->inputs[0]->type, builder->stream->type.scalar)) {
    char need[32], have[32];
    sf_scalar_text(neuron->inputs[0]->type, need, sizeof need);
    sf_scalar_text(builder->stream->type.scalar, have, sizeof have);
    return sf_error(builder->model->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--readout %s takes %s, but the network sends %s",
                    neuron->name, need, have);
  }
  return add_population(builder, &text, neuron, builder->stream, "readout",
                        builder->stream->op->loc);
}

sf_neuron *sf_netx_delta_variant(netx_builder *builder, sf_neuron *delta) {
  int64_t exponent = builder->model->options.spike_exp + NETX_STATE_EXP;
  if (exponent == NETX_SPIKE_EXP + NETX_STATE_EXP) return delta;
  sf_neuron *copy = sf_neuron_copy(builder->model->module, delta);
  if (!copy) return NULL;
  sf_neuron_erase(delta);
  for (uint32_t i = 0; i < copy->stmt_count; i++) {
    if (copy->stmts[i].kind != SF_NOP_SHL) continue;
    copy->stmts[i].shift = (uint8_t)exponent;
    copy->stmts[i].mode = SF_MODE_WRAP; /* Lava's state is int32 */
  }
  return copy;
}
