/* interp_broadcast.c - which element of an operand each element of a result
 * reads. docs/ir.md 3: the stream's rank, 1 on broadcast axes. */
#include "ir/interp_node.h"

void sf_position_next(const sf_type *type, int32_t *position) {
  for (unsigned axis = type->rank; axis-- > 0;) {
    if (++position[axis] < type->dim[axis]) return;
    position[axis] = 0;
  }
}

sf_result sf_broadcast_map(sf_interp *interp, const sf_type *from,
                           const sf_type *to, sf_index_map *out) {
  out->index = NULL;
  if (sf_type_same_shape(from, to)) return SF_OK;
  size_t elements = sf_type_elements(to), stride[SF_RANK_MAX] = {0}, step = 1;
  for (unsigned back = 1; back <= from->rank && back <= to->rank; back++) {
    int32_t extent = from->dim[from->rank - back];
    if (extent > 1) stride[to->rank - back] = step;
    step *= (size_t)extent;
  }
  uint32_t *index = SF_NEW_ARRAY(interp->arena, uint32_t, elements);
  if (!index) return SF_OOM;
  int32_t position[SF_RANK_MAX] = {0};
  for (size_t n = 0; n < elements; n++) {
    size_t source = 0;
    for (unsigned axis = 0; axis < to->rank; axis++)
      source += stride[axis] * (size_t)position[axis];
    index[n] = (uint32_t)source;
    sf_position_next(to, position);
  }
  out->index = index;
  return SF_OK;
}
