/* Builds a module through the installed headers and prints it. */
#include <sf/ir.h>

#include <stdio.h>
#include <stdlib.h>

int main(void) {
  sf_module *module = sf_module_create("built");
  if (!module) return 1;
  sf_network *network = sf_network_create(module, "main", SF_NO_LOC);
  int32_t dim[] = {4};
  sf_type type = sf_type_make(sf_spike(), 1, dim);
  sf_value *x = sf_network_add_argument(network, "x", &type);
  if (!x || sf_network_set_returns(network, 1, &x) != SF_OK) return 1;
  char *text = NULL;
  if (sf_print(module, NULL, &text) != SF_OK) return 1;
  fputs(text, stdout);
  free(text);
  sf_module_destroy(module);
  return 0;
}
