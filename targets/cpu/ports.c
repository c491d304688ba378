/* ports.c - the caller's arrays: packing, the description, probes. */
#include "targets/cpu/interface.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Text with a terminator in .rodata. */
static LLVMValueRef constant_text(cpu_module *m, const char *text) {
  assert(text);
  return sf_code_bytes(m->cg, "text", text, strlen(text) + 1);
}

static LLVMValueRef port_pointer(cpu_module *m, const cpu_port *port,
                                 LLVMValueRef base) {
  return sf_code_at(m->cg, m->cg->i8, base, sf_code_index(m->cg, port->offset));
}

/* Byte of bit `i`, and the bit's place in it. */
static LLVMValueRef bit_place(cpu_module *m, LLVMValueRef i,
                              LLVMValueRef *shift) {
  LLVMBuilderRef b = m->cg->builder;
  LLVMValueRef low = LLVMBuildAnd(b, i, sf_code_index(m->cg, 7), "");
  *shift = LLVMBuildIntCast2(b, low, m->cg->i8, false, "");
  return LLVMBuildLShr(b, i, sf_code_index(m->cg, 3), "");
}

void cpu_unpack(cpu_module *m, const cpu_port *port, LLVMValueRef in) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef from = port_pointer(m, port, in), shift;
  LLVMValueRef to = cpu_value_pointer(m, port->value);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, port->elements));
  LLVMValueRef word;
  if (port->kind == CPU_BITS) {
    LLVMValueRef at = bit_place(m, loop.i, &shift);
    LLVMValueRef byte = sf_code_load(cg, cg->i8, from, at);
    byte = LLVMBuildAnd(b, LLVMBuildLShr(b, byte, shift, ""),
                        LLVMConstInt(cg->i8, 1, false), "");
    word = LLVMBuildZExt(b, byte, cg->i32, "");
  } else {
    word = sf_code_load(cg, cg->i32, from, loop.i);
  }
  sf_code_store(cg, word, to, loop.i);
  sf_code_loop_end(cg, &loop);
}

static void clear_bytes(cpu_module *m, LLVMValueRef to, uint64_t count) {
  sf_codegen *cg = m->cg;
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, count));
  sf_code_store(cg, LLVMConstInt(cg->i8, 0, false), to, loop.i);
  sf_code_loop_end(cg, &loop);
}

void cpu_pack(cpu_module *m, const cpu_port *port, LLVMValueRef out) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  LLVMValueRef to = port_pointer(m, port, out), shift;
  LLVMValueRef from = cpu_value_pointer(m, port->value);
  if (port->kind == CPU_BITS) clear_bytes(m, to, port->bytes);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, port->elements));
  LLVMValueRef word = sf_code_load(cg, cg->i32, from, loop.i);
  if (port->kind == CPU_BITS) {
    LLVMValueRef at = bit_place(m, loop.i, &shift);
    LLVMValueRef bit =
        LLVMBuildShl(b, LLVMBuildTrunc(b, word, cg->i8, ""), shift, "");
    LLVMValueRef old = sf_code_load(cg, cg->i8, to, at);
    sf_code_store(cg, LLVMBuildOr(b, old, bit, ""), to, at);
  } else {
    sf_code_store(cg, word, to, loop.i);
  }
  sf_code_loop_end(cg, &loop);
}

/* ---- Description.
 * -------------------------------------------------------------------
 */

/* struct { const char *name; u32 kind, elements; u64 offset, bytes; } */
static LLVMTypeRef port_type(cpu_module *m) {
  sf_codegen *cg = m->cg;
  LLVMTypeRef fields[] = {cg->pointer, cg->i32, cg->i32, cg->i64, cg->i64};
  return LLVMStructTypeInContext(cg->context, fields, SF_COUNT_OF(fields),
                                 false);
}

static LLVMValueRef port_constant(cpu_module *m, const cpu_port *port) {
  sf_codegen *cg = m->cg;
  LLVMValueRef fields[] = {constant_text(m, port->name),
                           LLVMConstInt(cg->i32, port->kind, false),
                           LLVMConstInt(cg->i32, port->elements, false),
                           LLVMConstInt(cg->i64, port->offset, false),
                           LLVMConstInt(cg->i64, port->bytes, false)};
  return LLVMConstStructInContext(cg->context, fields, SF_COUNT_OF(fields),
                                  false);
}

static LLVMValueRef constant_global(cpu_module *m, LLVMValueRef value,
                                    const char *name) {
  LLVMValueRef global = LLVMAddGlobal(m->cg->module, LLVMTypeOf(value), name);
  LLVMSetInitializer(global, value);
  LLVMSetGlobalConstant(global, true);
  LLVMSetLinkage(global, LLVMInternalLinkage);
  return global;
}

static sf_result port_table(cpu_module *m, const cpu_port *ports,
                            uint32_t count, LLVMValueRef *out) {
  LLVMValueRef *rows = calloc(count + 1u, sizeof(LLVMValueRef));
  if (!rows) return SF_OOM;
  for (uint32_t i = 0; i < count; i++)
    rows[i] = port_constant(m, &ports[i]);
  *out =
      constant_global(m, LLVMConstArray2(port_type(m), rows, count), "ports");
  free(rows);
  return SF_OK;
}

static bool has_float(const sf_network *network) {
  for (uint32_t i = 0; i < network->argument_count; i++)
    if (network->arguments[i]->type.scalar.kind == SF_SCALAR_F32) return true;
  SF_FOREACH_OP(op, network)
    for (uint32_t i = 0; i < op->result_count; i++)
      if (op->results[i]->type.scalar.kind == SF_SCALAR_F32) return true;
  return false;
}

static unsigned hex(char c) {
  return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10u;
}

static sf_result hash_constant(cpu_module *m, LLVMValueRef *out) {
  char text[65], bytes[32];
  SF_TRY(cpu_model_hash(m->network, text));
  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = (char)(hex(text[2 * i]) << 4 | hex(text[2 * i + 1]));
  *out = LLVMConstStringInContext2(m->cg->context, bytes, sizeof bytes, true);
  return SF_OK;
}

static cpu_kind word_kind(sf_scalar scalar) {
  return scalar.kind == SF_SCALAR_F32 ? CPU_F32 : CPU_I32;
}

/* Every value of the network, as it lies in scratch. */
static sf_result probe_table(cpu_module *m, LLVMValueRef *out) {
  cpu_port *ports = calloc(m->plan.value_count + 1u, sizeof *ports);
  if (!ports) return SF_OOM;
  for (uint32_t i = 0; i < m->plan.value_count; i++) {
    const cpu_value *v = &m->plan.values[i];
    size_t elements = sf_type_elements(&v->value->type);
    ports[i] =
        (cpu_port){v->value->name, v->value,   word_kind(v->value->type.scalar),
                   elements,       v->scratch, elements * 4};
  }
  sf_result result = port_table(m, ports, m->plan.value_count, out);
  free(ports);
  return result;
}

static uint32_t state_count(const sf_network *network) {
  uint32_t count = 0;
  SF_FOREACH_OP(op, network)
    if (op->kind == SF_OP_NEURONS) count += op->neuron->state_count;
  return count;
}

/* The states of one population: `<first result>.<state>`. */
static sf_result state_ports(cpu_module *m, const sf_op *op, uint64_t offset,
                             cpu_port *out) {
  const sf_value *result = sf_op_result(op, 0);
  size_t elements = sf_type_elements(&result->type);
  for (uint32_t i = 0; i < op->neuron->state_count; i++) {
    const sf_nvalue *state = op->neuron->states[i].value;
    char *name = sf_arena_printf(m->arena, "%s.%s", result->name, state->name);
    if (!name) return SF_OOM;
    out[i] = (cpu_port){name,
                        NULL,
                        word_kind(state->type),
                        elements,
                        offset + i * cpu_state_stride(elements),
                        elements * 4};
  }
  return SF_OK;
}

/* Every state of the network, as it lies in the state. */
static sf_result state_table(cpu_module *m, LLVMValueRef *out) {
  uint32_t count = state_count(m->network), used = 0, index = 0;
  cpu_port *ports = calloc(count + 1u, sizeof *ports);
  if (!ports) return SF_OOM;
  sf_result result = SF_OK;
  SF_FOREACH_OP(op, m->network) {
    uint64_t offset = m->plan.ops[index++].states;
    if (op->kind != SF_OP_NEURONS || result != SF_OK) continue;
    result = state_ports(m, op, offset, ports + used);
    used += op->neuron->state_count;
  }
  if (result == SF_OK) result = port_table(m, ports, count, out);
  free(ports);
  return result;
}

static uint64_t port_words(const cpu_port *port) {
  return port->kind == CPU_BITS ? port->bytes / 8 : port->elements;
}

/* In the order of the header's struct. */
sf_result cpu_description(cpu_module *m, LLVMValueRef *out) {
  const cpu_plan *p = &m->plan;
  sf_codegen *cg = m->cg;
  const cpu_port none = {0}, *in = p->input_count ? p->inputs : &none;
  const cpu_port *output = p->output_count ? p->outputs : &none;
  const uint64_t words[] = {CPU_ABI,
                            has_float(m->network),
                            in->kind,
                            output->kind,
                            in->elements,
                            port_words(in),
                            output->elements,
                            port_words(output),
                            1, /* max_batch */
                            p->input_count,
                            p->output_count,
                            p->value_count,
                            state_count(m->network)};
  const uint64_t sizes[] = {p->in_bytes, p->out_bytes, p->state_bytes,
                            p->scratch_bytes, CPU_ALIGN};
  LLVMValueRef fields[SF_COUNT_OF(words) + SF_COUNT_OF(sizes) + 5];
  unsigned k = 0;
  for (unsigned i = 0; i < SF_COUNT_OF(words); i++)
    fields[k++] = LLVMConstInt(cg->i32, words[i], false);
  for (unsigned i = 0; i < SF_COUNT_OF(sizes); i++)
    fields[k++] = LLVMConstInt(cg->i64, sizes[i], false);
  SF_TRY(hash_constant(m, &fields[k++]));
  SF_TRY(port_table(m, p->inputs, p->input_count, &fields[k++]));
  SF_TRY(port_table(m, p->outputs, p->output_count, &fields[k++]));
  SF_TRY(probe_table(m, &fields[k++]));
  SF_TRY(state_table(m, &fields[k++]));
  *out = constant_global(
      m, LLVMConstStructInContext(cg->context, fields, k, false), "info");
  return SF_OK;
}

/* ---- probe and peek: words in scratch and in the state, by name.
 * ------------------------------------
 */

/* i1 same(a, b): both terminated. */
static LLVMValueRef build_same(cpu_module *m) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer};
  LLVMValueRef function =
      sf_code_function(cg, "same", cg->i1, types, 2, true, false);
  LLVMBasicBlockRef entry = LLVMGetInsertBlock(b);
  LLVMBasicBlockRef loop = sf_code_block(cg, "loop");
  LLVMBasicBlockRef equal = sf_code_block(cg, "equal");
  LLVMBasicBlockRef end = sf_code_block(cg, "end");
  LLVMBuildBr(b, loop);
  LLVMPositionBuilderAtEnd(b, loop);
  LLVMValueRef i = LLVMBuildPhi(b, cg->index, ""), zero = sf_code_index(cg, 0);
  LLVMValueRef x = sf_code_load(cg, cg->i8, sf_code_parameter(cg, 0), i);
  LLVMValueRef y = sf_code_load(cg, cg->i8, sf_code_parameter(cg, 1), i);
  LLVMValueRef matches = LLVMBuildICmp(b, LLVMIntEQ, x, y, "");
  LLVMBuildCondBr(b, matches, equal, end);
  LLVMPositionBuilderAtEnd(b, equal);
  LLVMValueRef next = LLVMBuildAdd(b, i, sf_code_index(cg, 1), "");
  LLVMValueRef done =
      LLVMBuildICmp(b, LLVMIntEQ, x, LLVMConstInt(cg->i8, 0, false), "");
  LLVMBuildCondBr(b, done, end, loop);
  LLVMAddIncoming(i, &zero, &entry, 1);
  LLVMAddIncoming(i, &next, &equal, 1);
  LLVMPositionBuilderAtEnd(b, end);
  LLVMBuildRet(b, LLVMBuildICmp(b, LLVMIntEQ, x, y, ""));
  return function;
}

/* Walks a table: names and offsets stand in it. */
static void build_finder(cpu_module *m, const char *suffix, LLVMValueRef same,
                         LLVMValueRef table, uint32_t count) {
  sf_codegen *cg = m->cg;
  LLVMBuilderRef b = cg->builder;
  const LLVMTypeRef types[] = {cg->pointer, cg->pointer};
  cpu_public(m, suffix, cg->pointer, types, 2);
  LLVMValueRef found = cpu_local(m, cg->pointer);
  LLVMBuildStore(b, LLVMConstNull(cg->pointer), found);
  sf_code_loop loop = sf_code_loop_begin(cg, sf_code_index(cg, count));
  LLVMValueRef row = sf_code_at(cg, port_type(m), table, loop.i);
  LLVMValueRef name = LLVMBuildLoad2(b, cg->pointer, row, "");
  LLVMValueRef offset = LLVMBuildLoad2(
      b, cg->i64, LLVMBuildStructGEP2(b, port_type(m), row, 3, ""), "");
  LLVMValueRef arguments[] = {name, sf_code_parameter(cg, 1)};
  LLVMValueRef matches =
      LLVMBuildCall2(b, LLVMGlobalGetValueType(same), same, arguments, 2, "");
  sf_code_if block = sf_code_if_begin(cg, matches);
  LLVMBuildStore(b, sf_code_at(cg, cg->i8, sf_code_parameter(cg, 0), offset),
                 found);
  sf_code_if_end(cg, &block);
  sf_code_loop_end(cg, &loop);
  LLVMBuildRet(b, LLVMBuildLoad2(b, cg->pointer, found, ""));
}

sf_result cpu_build_probe(cpu_module *m) {
  LLVMValueRef same = build_same(m), values, states;
  SF_TRY(probe_table(m, &values));
  SF_TRY(state_table(m, &states));
  build_finder(m, "probe", same, values, m->plan.value_count);
  build_finder(m, "peek", same, states, state_count(m->network));
  return SF_OK;
}
