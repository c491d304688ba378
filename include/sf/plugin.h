/* plugin.h - a pass outside the tree: the same C file plus this function.
 *
 *   sf_result sf_plugin_init(uint32_t abi, sf_registry *registry, sf_diag *d) {
 *     (void)abi;
 *     return sf_registry_add_pass(registry, &sf_pass_my_pass, d);
 *   }
 *
 * Built as a shared object against the installed headers (CMake package
 * `spikeformer` or pkg-config), loaded with `sf-opt --load-pass-plugin FILE`.
 */
#ifndef SF_PLUGIN_H
#define SF_PLUGIN_H

#include "sf/pass.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every plug-in exports this constant: SF_ABI when it was built. */
#define SF_PLUGIN_ABI const uint32_t sf_plugin_abi = SF_ABI

/* The function that every plug-in exports: adds its passes to the registry.
 * `host_abi` is SF_ABI of the library that loads it, already checked. What it
 * returns is what sf_registry_load_plugin returns. */
typedef sf_result (*sf_plugin_init_function)(uint32_t host_abi,
                                             sf_registry *registry,
                                             sf_diag *diag);
sf_result sf_plugin_init(uint32_t host_abi, sf_registry *registry,
                         sf_diag *diag); /* as sf_plugin_init_function */

#ifdef __cplusplus
}
#endif
#endif
