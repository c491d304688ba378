/* unread.c - erases ops that nothing reads. */
#include "passes/rewrite/unread.h"

static bool is_read(const sf_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++)
    if (op->results[i]->first_use) return true;
  return false;
}

/* Backwards, so that readers go before what they read; a reader that stands
 * before what it reads, as a delay in a loop, takes another round. */
void sf_erase_unread(sf_network *network) {
  for (bool erased = true; erased;) {
    erased = false;
    for (sf_op *op = network->last, *before; op; op = before) {
      before = op->prev;
      if (is_read(op)) continue;
      sf_op_erase(op);
      erased = true;
    }
  }
}
