/* ranges_report.c - says what is not proved, what it could reach, and what
 * would prove it. */
#include "ir/ranges_private.h"

#include <inttypes.h>

typedef struct reach_text {
  char low[44], high[44], type[16];
  const char *from, *to;
} reach_text;

static void describe(sf_span span, sf_scalar type, reach_text *out) {
  bool unknown = span.high >= (sf_wide)1 << 126; /* made from f32 */
  out->from = unknown ? "-inf" : sf_wide_text(span.low, out->low);
  out->to = unknown ? "inf" : sf_wide_text(span.high, out->high);
  sf_scalar_text(type, out->type, sizeof out->type);
}

static void report_stmt(const sf_unproved_op *unproved,
                        const sf_stmt_reach *reach, sf_diag *diag) {
  const sf_neuron_ranges *neuron = unproved->neuron;
  const sf_stmt *stmt = reach->stmt;
  const char *mnemonic = sf_nop_info_get(stmt->kind)->mnemonic;
  char within[48] = "";
  if (neuron->unproved_step >= 0)
    snprintf(within, sizeof within, " within %" PRId64 " steps",
             neuron->unproved_step + 1);
  reach_text text;
  describe(reach->span, stmt->result->type, &text);
  (void)sf_error(diag, SF_DIAG_UNPROVED, unproved->op->loc,
                 "'%%%s' of neuron '@%s' could reach [%s, %s]%s in population "
                 "'%%%s', beyond %s",
                 stmt->result->name, unproved->op->neuron->name, text.from,
                 text.to, within, sf_op_result(unproved->op, 0)->name,
                 text.type);
  sf_note(diag, stmt->loc, "'%%%s' is computed here, without a mode",
          stmt->result->name);
  sf_help(diag,
          "write '%s.sat' or '%s.wrap', widen the result, clamp the operands "
          "with 'min' and 'max'%s",
          mnemonic, mnemonic,
          neuron->unproved_step < 0
              ? ", or bound the run with the network's attribute 'steps'"
              : "");
}

static void report_op(const sf_unproved_op *unproved, sf_diag *diag) {
  const sf_op *op = unproved->op;
  const char *mnemonic = sf_op_info_get(op->kind)->mnemonic;
  reach_text text;
  describe(unproved->reach, sf_op_result(op, 0)->type.scalar, &text);
  (void)sf_error(diag, SF_DIAG_UNPROVED, op->loc,
                 "'%%%s' of '%s' could reach [%s, %s], beyond %s",
                 sf_op_result(op, 0)->name, mnemonic, text.from, text.to,
                 text.type);
  sf_help(diag,
          "write '%s.sat' or '%s.wrap', a wider result type, or narrower "
          "operands",
          mnemonic, mnemonic);
}

void sf_ranges_report(const sf_ranges *ranges, sf_diag *diag) {
  for (uint32_t n = 0; n < ranges->unproved_count; n++) {
    const sf_unproved_op *unproved = &ranges->unproved[n];
    if (!unproved->neuron)
      report_op(unproved, diag);
    else
      for (uint32_t k = 0; k < unproved->neuron->unproved_count; k++)
        report_stmt(unproved, &unproved->neuron->unproved[k], diag);
  }
}
