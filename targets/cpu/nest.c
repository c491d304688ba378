/* nest.c - loops over boxes: up to three arrays with strides of their own. */
#include "targets/cpu/cpu.h"

#include <inttypes.h>
#include <stdio.h>

void cpu_strides(const sf_type *type, int64_t *out) {
  int64_t step = 1;
  for (unsigned axis = type->rank; axis-- > 0;) {
    out[axis] = step;
    step *= type->dim[axis];
  }
}

void cpu_broadcast(const sf_type *from, const sf_type *to, int64_t *out) {
  int64_t own[SF_RANK_MAX];
  cpu_strides(from, own);
  for (unsigned axis = 0; axis < to->rank; axis++) {
    out[axis] = 0;
    unsigned back = to->rank - axis; /* aligned at the end */
    if (back > from->rank) continue;
    unsigned mine = from->rank - back;
    if (from->dim[mine] > 1) out[axis] = own[mine];
  }
}

static bool continues(const cpu_nest *nest, unsigned outer, unsigned inner) {
  for (unsigned a = 0; a < CPU_NEST_ARRAYS; a++)
    if (nest->stride[a][outer] != nest->stride[a][inner] * nest->dim[inner])
      return false;
  return true;
}

static void merge(cpu_nest *nest, unsigned outer, unsigned inner) {
  nest->dim[outer] *= nest->dim[inner];
  for (unsigned a = 0; a < CPU_NEST_ARRAYS; a++)
    nest->stride[a][outer] = nest->stride[a][inner];
}

void cpu_nest_collapse(cpu_nest *nest) {
  unsigned kept = 0;
  for (unsigned axis = 0; axis < nest->rank; axis++) {
    if (nest->dim[axis] == 1) continue;
    nest->dim[kept] = nest->dim[axis];
    for (unsigned a = 0; a < CPU_NEST_ARRAYS; a++)
      nest->stride[a][kept] = nest->stride[a][axis];
    if (kept > 0 && continues(nest, kept - 1, kept))
      merge(nest, kept - 1, kept);
    else
      kept++;
  }
  nest->rank = kept;
}

void cpu_nest_begin(cpu_module *m, cpu_nest *nest) {
  sf_codegen *cg = m->cg;
  for (unsigned a = 0; a < CPU_NEST_ARRAYS; a++)
    nest->index[a] =
        LLVMConstInt(cg->index, (unsigned long long)nest->offset[a], true);
  for (unsigned axis = 0; axis < nest->rank; axis++) {
    nest->loops[axis] =
        sf_code_loop_begin(cg, sf_code_index(cg, (uint64_t)nest->dim[axis]));
    for (unsigned a = 0; a < CPU_NEST_ARRAYS; a++) {
      LLVMValueRef stride = LLVMConstInt(
          cg->index, (unsigned long long)nest->stride[a][axis], true);
      LLVMValueRef part =
          LLVMBuildMul(cg->builder, nest->loops[axis].i, stride, "");
      nest->index[a] = LLVMBuildAdd(cg->builder, nest->index[a], part, "");
    }
  }
}

void cpu_nest_end(cpu_module *m, cpu_nest *nest) {
  for (unsigned axis = nest->rank; axis-- > 0;)
    sf_code_loop_end(m->cg, &nest->loops[axis]);
}

size_t cpu_nest_key(const cpu_nest *nest, char *out, size_t size) {
  size_t used = 0;
  for (unsigned a = 0; a < CPU_NEST_ARRAYS && used < size; a++)
    used +=
        (size_t)snprintf(out + used, size - used, "@%" PRId64, nest->offset[a]);
  for (unsigned axis = 0; axis < nest->rank && used < size; axis++)
    used += (size_t)snprintf(out + used, size - used,
                             "/%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64,
                             nest->dim[axis], nest->stride[0][axis],
                             nest->stride[1][axis], nest->stride[2][axis]);
  return used;
}
