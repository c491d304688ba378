/* layout.c - a table from the mapping block. */
#include "tools/sfc/layout.h"

#include <stdlib.h>
#include <string.h>

/* Attributes of `host` that count memory, one of which a machine family uses.
 */
static const char *const resources[] = {"words", "bytes"};

static sfc_layer *find_layer(sfc_layout *layout, const sf_network *network,
                             const char *name) {
  for (uint32_t i = 0; i < layout->layer_count; i++) {
    if (strcmp(layout->layers[i].value, name) == 0) return &layout->layers[i];
  }
  sfc_layer *layers =
      realloc(layout->layers, (layout->layer_count + 1) * sizeof *layers);
  if (!layers) return NULL;
  layout->layers = layers;
  const sf_value *value =
      sf_network_find_value(network, (sf_slice){name, strlen(name)});
  sfc_layer *layer = &layers[layout->layer_count++];
  *layer = (sfc_layer){.value = name};
  if (value) {
    layer->elements = sf_type_elements(&value->type);
    layer->is_population = value->op && value->op->kind == SF_OP_NEURONS;
  }
  return layer;
}

static sf_result add_host(sfc_layout *layout, const sf_network *network,
                          const sf_mop *host) {
  const sf_mop_argument *name = sf_mop_find(host, SF_MOP_VALUE);
  const sf_mop_argument *box = sf_mop_find(host, SF_MOP_BOX);
  if (!name) return SF_OK;
  sfc_layer *layer = find_layer(layout, network, name->text);
  if (!layer) return SF_OOM;
  layer->cores++;
  int64_t elements =
      box ? (int64_t)sf_box_elements(&box->box) : (int64_t)layer->elements;
  if (elements > layer->largest) layer->largest = elements;
  for (size_t i = 0; i < SF_COUNT_OF(resources); i++) {
    int64_t amount = sf_dict_int(&host->attrs, resources[i], -1);
    if (amount < 0) continue;
    layer->resource = resources[i];
    layer->total += amount;
    if (amount > layer->most) layer->most = amount;
  }
  return SF_OK;
}

sf_result sfc_layout_create(const sf_network *network,
                            const sf_mapping *mapping, sfc_layout *out) {
  *out = (sfc_layout){0};
  for (const sf_mop *m = mapping ? mapping->first : NULL; m; m = m->next) {
    if (strcmp(m->keyword, "core") != 0) continue;
    out->cores++;
    for (const sf_mop *h = m->first_child; h; h = h->next) {
      if (strcmp(h->keyword, "host") == 0) {
        SF_TRY(add_host(out, network, h));
      }
    }
  }
  return SF_OK;
}

void sfc_layout_destroy(sfc_layout *layout) {
  free(layout->layers);
  *layout = (sfc_layout){0};
}

static uint64_t machine_cores(const sf_machine *machine) {
  return machine ? (uint64_t)machine->chip_count * machine->cores_per_chip : 0;
}

void sfc_layout_print(const sfc_layout *layout, const sf_machine *machine) {
  if (layout->layer_count == 0) return;
  printf("%-24s %6s %10s %12s %18s %14s\n", "layer", "cores", "elements",
         "most a core", "memory", "most a core");
  for (uint32_t i = 0; i < layout->layer_count; i++) {
    const sfc_layer *l = &layout->layers[i];
    printf("%%%-23s %6u %10llu %12lld", l->value, l->cores,
           (unsigned long long)l->elements, (long long)l->largest);
    if (l->resource) {
      printf(" %12lld %-5s %14lld", (long long)l->total, l->resource,
             (long long)l->most);
    }
    putchar('\n');
  }
  uint64_t available = machine_cores(machine);
  printf("%u cores", layout->cores);
  if (available) {
    printf(" of %llu (%.1f %%) on %s", (unsigned long long)available,
           100.0 * layout->cores / (double)available, machine->name);
  }
  putchar('\n');
}

json_t *sfc_layout_json(const sfc_layout *layout, const sf_machine *machine) {
  json_t *rows = json_array();
  for (uint32_t i = 0; i < layout->layer_count; i++) {
    const sfc_layer *l = &layout->layers[i];
    json_t *row = json_pack(
        "{s:s,s:b,s:I,s:I,s:I}", "value", l->value, "population",
        (int)l->is_population, "elements", (json_int_t)l->elements, "cores",
        (json_int_t)l->cores, "most_elements", (json_int_t)l->largest);
    if (l->resource) {
      json_object_set_new(row, l->resource, json_integer(l->total));
      json_object_set_new(row, "most", json_integer(l->most));
    }
    json_array_append_new(rows, row);
  }
  return json_pack("{s:I,s:I,s:o}", "cores", (json_int_t)layout->cores,
                   "cores_available", (json_int_t)machine_cores(machine),
                   "layers", rows);
}
