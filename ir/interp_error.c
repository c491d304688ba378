/* interp_error.c - fitting of integer results, and what is said when they do
 * not fit: op, element, step and value. */
#include "ir/interp_node.h"

#include <inttypes.h>

void sf_interp_place(const sf_type *type, size_t element, char *out,
                     size_t size) {
  size_t stride = sf_type_elements(type), length = 0;
  out[0] = '\0';
  for (unsigned axis = 0; axis < type->rank && length < size; axis++) {
    stride /= (size_t)type->dim[axis];
    int written = snprintf(out + length, size - length, "%s%zu",
                           axis ? ", " : "[", element / stride);
    element %= stride;
    length += written > 0 ? (size_t)written : 0;
  }
  if (length < size)
    snprintf(out + length, size - length, "%s", type->rank ? "]" : "[]");
}

sf_result sf_interp_overflow(const sf_interp *interp,
                             const sf_interp_node *node, size_t element,
                             const char *value) {
  const sf_value *result = sf_op_result(node->op, 0);
  const char *mnemonic = sf_op_info_get(node->op->kind)->mnemonic;
  char place[128], type[16];
  sf_interp_place(&result->type, element, place, sizeof place);
  sf_scalar_text(result->type.scalar, type, sizeof type);
  sf_result failed = sf_error(
      interp->diag, SF_DIAG_OVERFLOW, node->op->loc,
      "'%%%s' of '%s' is %s at %s in step %" PRId64 ", which does not fit %s",
      result->name, mnemonic, value, place, interp->time, type);
  sf_help(interp->diag, "write '%s.sat' or '%s.wrap', or a wider result type",
          mnemonic, mnemonic);
  return failed;
}

sf_result sf_interp_store(const sf_interp *interp, const sf_interp_node *node,
                          size_t element, int64_t value) {
  int64_t fitted;
  if (!sf_fit(value, sf_op_result(node->op, 0)->type.scalar, node->op->mode,
              &fitted)) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, value);
    return sf_interp_overflow(interp, node, element, text);
  }
  node->results[0][element].i = (int32_t)fitted;
  return SF_OK;
}
