/* readout.c - decisions and labels. */
#include "tools/sfc/readout.h"

#include <string.h>

sf_result sfc_decide_choose(sfc_session *session, const sf_network *network,
                            sfc_decide *out) {
  const char *text = session->arguments.decide;
  if (!text) {
    bool spikes = network->return_count > 0 &&
                  network->return_types[0].scalar.kind == SF_SCALAR_SPIKE;
    *out = spikes ? SFC_DECIDE_SUM : SFC_DECIDE_LAST;
    return SF_OK;
  }
  if (strcmp(text, "sum") != 0 && strcmp(text, "last") != 0) {
    return sf_error(session->diag, SF_DIAG_USAGE, SF_NO_LOC,
                    "--decide is sum or last, got '%s'", text);
  }
  *out = strcmp(text, "sum") == 0 ? SFC_DECIDE_SUM : SFC_DECIDE_LAST;
  return SF_OK;
}

static double word_value(sf_scalar scalar, sf_word word) {
  return scalar.kind == SF_SCALAR_F32 ? (double)word.f : (double)word.i;
}

/* Sum of element `i` over steps 0 .. t, or its value in step t. Classes are few
 * and integers below 2^53 sum exactly, so the plain way is right. */
static double score(sfc_decide decide, sf_scalar scalar, const sf_word *outputs,
                    uint32_t t, size_t classes, size_t i) {
  if (decide == SFC_DECIDE_LAST)
    return word_value(scalar, outputs[(size_t)t * classes + i]);
  double sum = 0;
  for (uint32_t s = 0; s <= t; s++)
    sum += word_value(scalar, outputs[(size_t)s * classes + i]);
  return sum;
}

void sfc_decide_run(sfc_decide decide, sf_scalar scalar, const sf_word *outputs,
                    uint32_t steps, size_t classes, uint32_t *out_class) {
  for (uint32_t t = 0; t < steps; t++) {
    double best = 0;
    out_class[t] = 0;
    for (size_t i = 0; i < classes; i++) {
      double s = score(decide, scalar, outputs, t, classes, i);
      if (i == 0 || s > best) {
        best = s;
        out_class[t] = (uint32_t)i;
      }
    }
  }
}
