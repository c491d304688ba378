/* use.c - linking uses to what they use. */
#include "ir/use.h"

static void link_use(sf_use *use, sf_value *value) {
  use->value = value;
  use->next = NULL;
  if (value->first_use) {
    use->prev = value->first_use->prev;
    use->prev->next = use;
    value->first_use->prev = use;
  } else {
    use->prev = use;
    value->first_use = use;
  }
}

static void unlink_use(sf_use *use) {
  sf_value *value = use->value;
  if (!value) return;
  if (use->next)
    use->next->prev = use->prev;
  else if (value->first_use != use)
    value->first_use->prev = use->prev; /* the last one leaves */
  if (value->first_use == use)
    value->first_use = use->next;
  else
    use->prev->next = use->next;
  use->value = NULL;
  use->prev = use->next = NULL;
}

void sf_blob_count_user(sf_blob *blob, int change) {
  if (blob) blob->users = (uint32_t)((int64_t)blob->users + change);
}

void sf_use_set(sf_use *use, sf_value *value, sf_blob *blob) {
  unlink_use(use);
  sf_blob_count_user(use->blob, -1);
  use->blob = blob;
  sf_blob_count_user(blob, 1);
  if (value) link_use(use, value);
}

void sf_value_replace_all_uses(sf_value *old_value, sf_value *new_value) {
  if (old_value == new_value) return;
  while (old_value->first_use) {
    sf_use *use = old_value->first_use;
    unlink_use(use);
    link_use(use, new_value);
  }
}

bool sf_value_has_one_use(const sf_value *value) {
  return value->first_use && !value->first_use->next;
}
