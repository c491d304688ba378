/* A plug-in with what a plug-in can have wrong, chosen by macros. */
#include "sf/plugin.h"

#ifndef NO_ABI
#ifdef OTHER_ABI
const uint32_t sf_plugin_abi = OTHER_ABI;
#else
SF_PLUGIN_ABI;
#endif
#endif

#ifndef PASS_ABI
#define PASS_ABI SF_ABI
#endif
#ifndef PASS_NAME
#define PASS_NAME "bad-pass"
#endif

/* Claims to be exact and is not; or breaks the IR; or just fails. */
static sf_result run_pass(sf_pass_run *run) {
  sf_network *network = run->module->first_network;
#if defined(INEXACT)
  SF_FOREACH_OP(op, network) {
    if (op->kind == SF_OP_DELAY) return sf_op_set_int(op, SF_ATTR_steps, 2);
  }
#elif defined(BREAKS)
  network->first->results[0]->type.dim[0]++;
#elif defined(CLAIMS)
  (void)network;
#else
  return sf_error(run->diag, SF_DIAG_IR_LIMIT, network->loc,
                  "this pass never works");
#endif
  return SF_OK;
}

static const sf_pass bad_pass = {
    .size = sizeof(sf_pass),
    .abi = PASS_ABI,
    .name = PASS_NAME,
    .summary = "do harm",
    .description = "For tests.",
#ifdef CLAIMS
    .gives = SF_FACT_BALANCED,
#endif
    .exactness = SF_EXACT,
    .run = run_pass,
};

#ifndef NO_INIT
sf_result sf_plugin_init(uint32_t host_abi, sf_registry *registry,
                         sf_diag *diag) {
  (void)host_abi;
  return sf_registry_add_pass(registry, &bad_pass, diag);
}
#endif
