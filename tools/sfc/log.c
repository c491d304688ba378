/* log.c - the module's log, as the closing lines of `sfc compile`. Lists, such
 * as the error of each layer, stay in ir/model.sf. */
#include "tools/sfc/log.h"

static const struct {
  const char *attribute, *name, *samples_name;
  size_t offset;
} stages[] = {
    {"float_accuracy", "float", "float_samples",
     offsetof(sfc_accuracy, float_model)},
    {"accuracy", "integer", "integer_samples",
     offsetof(sfc_accuracy, integer_model)},
    {"emitted_accuracy", "emitted", "emitted_samples",
     offsetof(sfc_accuracy, emitted)},
};

static sfc_measured *stage_of(sfc_accuracy *accuracy, size_t index) {
  return (sfc_measured *)(void *)((char *)accuracy + stages[index].offset);
}

sfc_accuracy sfc_log_accuracy(const sf_module *module) {
  sfc_accuracy out = {{0, -1}, {0, -1}, {0, -1}};
  for (const sf_log_entry *e = module->first_log; e; e = e->next) {
    for (size_t i = 0; i < SF_COUNT_OF(stages); i++) {
      const sf_item *item = sf_dict_find(&e->attrs, stages[i].attribute);
      if (!item || item->kind != SF_ITEM_NUMBER) continue;
      int64_t samples = sf_dict_int(&e->attrs, "samples", 0);
      if (samples > 0)
        *stage_of(&out, i) = (sfc_measured){samples, item->number.d};
    }
  }
  return out;
}

/* "accuracy on 256 calibration samples: float 98.83 %, emitted 98.00 % of the
 * first 100": a number of samples that is not the first one's is said. */
static void print_accuracy(sfc_accuracy accuracy) {
  int64_t samples = 0;
  for (size_t i = 0; i < SF_COUNT_OF(stages); i++) {
    const sfc_measured *stage = stage_of(&accuracy, i);
    if (stage->fraction < 0) continue;
    if (samples == 0) {
      samples = stage->samples;
      printf("accuracy on %lld calibration samples:", (long long)samples);
    } else {
      putchar(',');
    }
    printf(" %s %.2f %%", stages[i].name, 100.0 * stage->fraction);
    if (stage->samples != samples)
      printf(" of the first %lld", (long long)stage->samples);
  }
  if (samples > 0) putchar('\n');
}

static void print_attribute(const sf_entry *entry, const char *separator) {
  const sf_item *item = &entry->item;
  if (item->kind != SF_ITEM_NUMBER)
    printf("%s%s = %s", separator, entry->name, item->text);
  else if (item->number.is_float)
    printf("%s%s = %.4g", separator, entry->name, item->number.d);
  else
    printf("%s%s = %lld", separator, entry->name, (long long)item->number.i);
}

static bool is_short(const sf_entry *entry) {
  return entry->item.kind != SF_ITEM_LIST && entry->item.kind != SF_ITEM_TYPE;
}

void sfc_log_print(const sf_module *module) {
  for (const sf_log_entry *e = module->first_log; e; e = e->next) {
    if (e->exactness != SF_APPROXIMATE) continue;
    printf("approximate: %s", e->text);
    const char *separator = " {";
    for (uint32_t i = 0; i < e->attrs.count; i++) {
      if (!is_short(&e->attrs.entries[i])) continue;
      print_attribute(&e->attrs.entries[i], separator);
      separator = ", ";
    }
    puts(separator[0] == ',' ? "}" : "");
  }
  print_accuracy(sfc_log_accuracy(module));
}

/* ---- JSON. ---- */

static json_t *attribute_json(const sf_item *item) {
  if (item->kind != SF_ITEM_NUMBER) return json_string(item->text);
  return item->number.is_float ? json_real(item->number.d)
                               : json_integer((json_int_t)item->number.i);
}

static json_t *entry_json(const sf_log_entry *entry) {
  json_t *attributes = json_object();
  for (uint32_t i = 0; i < entry->attrs.count; i++) {
    const sf_entry *attribute = &entry->attrs.entries[i];
    if (!is_short(attribute)) continue;
    json_object_set_new(attributes, attribute->name,
                        attribute_json(&attribute->item));
  }
  return json_pack("{s:s,s:o}", "text", entry->text, "attributes", attributes);
}

static json_t *accuracy_json(sfc_accuracy accuracy) {
  json_t *out = json_null();
  int64_t samples = 0;
  for (size_t i = 0; i < SF_COUNT_OF(stages); i++) {
    const sfc_measured *stage = stage_of(&accuracy, i);
    if (stage->fraction < 0) continue;
    if (samples == 0) {
      samples = stage->samples;
      out = json_pack("{s:I}", "samples", (json_int_t)samples);
    }
    json_object_set_new(out, stages[i].name, json_real(stage->fraction));
    if (stage->samples != samples) {
      json_t *others = json_integer((json_int_t)stage->samples);
      json_object_set_new(out, stages[i].samples_name, others);
    }
  }
  return out;
}

json_t *sfc_log_json(const sf_module *module) {
  json_t *rows = json_array();
  for (const sf_log_entry *e = module->first_log; e; e = e->next)
    if (e->exactness == SF_APPROXIMATE)
      json_array_append_new(rows, entry_json(e));
  return json_pack("{s:o,s:o}", "approximations", rows, "accuracy",
                   accuracy_json(sfc_log_accuracy(module)));
}
