/* llvm_targets.c - the targets of libspikeformer-llvm. */
#include "sf/target.h"

/* Each target's descriptor stands at the end of its own folder. */
extern const sf_target sf_target_cpu, sf_target_spinnaker2;

const sf_target *const *sf_llvm_targets(void) {
  static const sf_target *const targets[] = {&sf_target_cpu,
                                             &sf_target_spinnaker2, NULL};
  return targets;
}
