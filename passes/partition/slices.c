/* slices.c - slices that the user gives: `slices=FILE`, to replay what another
 * compiler did or to try one's own.
 *
 *   # comment
 *   %dense7 [0:9]                  a line is a core
 *   %dense8 [0:50] %dense9 [0:10]  that may hold several boxes
 *
 * A population is named by its value or, in quotes, by its node in the model:
 * %"fc 1" [0:50]. Boxes of a population that the file names must tile it and
 * fit; all others are cut as usual. */
#include "passes/partition/plan.h"
#include "support/file.h"

#include <stdlib.h>
#include <string.h>

enum {
  BYTES_MAX = 1 << 26,
  PARTS_MAX = 64 /* boxes of one line */
};

typedef struct reader {
  sf_plan *plan;
  const char *at;
  sf_loc loc;
  uint32_t *capacity; /* of each population's boxes */
} reader;

static sf_result bad(const reader *r, const char *expected) {
  return sf_error(r->plan->diag, SF_DIAG_FILE_FORMAT, r->loc,
                  "slices: expected %s", expected);
}

static void skip_blanks(reader *r) {
  while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
    r->at++;
}

/* ---- Names. ---- */

static bool is_named(const sf_op *op, sf_slice name) {
  const char *value = op->results[0]->name, *node = op->loc.node;
  bool by_value =
      strlen(value) == name.size && memcmp(value, name.data, name.size) == 0;
  bool by_node = node && strlen(node) == name.size &&
                 memcmp(node, name.data, name.size) == 0;
  return by_value || by_node;
}

static sf_result find(const reader *r, sf_slice name, uint32_t *out) {
  for (uint32_t i = 0; i < r->plan->population_count; i++) {
    if (!is_named(r->plan->populations[i].op, name)) continue;
    *out = i;
    return SF_OK;
  }
  sf_error(r->plan->diag, SF_DIAG_MAPPING, r->loc,
           "slices: no population '%%%.*s' on chip", (int)name.size, name.data);
  return SF_FAIL;
}

static sf_result read_name(reader *r, uint32_t *out) {
  if (*r->at++ != '%') return bad(r, "'%' and the name of a population");
  bool quoted = *r->at == '"';
  if (quoted) r->at++;
  const char *begin = r->at;
  while (*r->at && *r->at != '\n' &&
         (quoted ? *r->at != '"' : *r->at != ' ' && *r->at != '['))
    r->at++;
  sf_slice name = {begin, (size_t)(r->at - begin)};
  if (name.size == 0) return bad(r, "a name after '%'");
  if (quoted && *r->at++ != '"') return bad(r, "'\"' behind the name");
  return find(r, name, out);
}

/* ---- Boxes. ---- */

static sf_result read_index(reader *r, int32_t most, int32_t *out) {
  skip_blanks(r);
  if (*r->at < '0' || *r->at > '9') return bad(r, "an index");
  int64_t value = 0;
  while (*r->at >= '0' && *r->at <= '9' && value <= most)
    value = 10 * value + (*r->at++ - '0');
  if (value > most) return bad(r, "an index inside the population");
  *out = (int32_t)value;
  skip_blanks(r);
  return SF_OK;
}

static sf_result read_box(reader *r, const sf_type *type, sf_box *box) {
  skip_blanks(r);
  *box = (sf_box){.rank = type->rank};
  if (*r->at++ != '[') return bad(r, "'[' and a box");
  for (unsigned i = 0; i < type->rank; i++) {
    if (i && *r->at++ != ',') return bad(r, "a range for each axis");
    SF_TRY(read_index(r, type->dim[i], &box->begin[i]));
    if (*r->at++ != ':') return bad(r, "':' between begin and end");
    SF_TRY(read_index(r, type->dim[i], &box->end[i]));
    if (box->begin[i] >= box->end[i]) return bad(r, "begin below end");
  }
  if (*r->at++ != ']') return bad(r, "']' behind the last range");
  return SF_OK;
}

static sf_result add_box(reader *r, uint32_t population, const sf_box *box) {
  sf_plan_population *p = &r->plan->populations[population];
  uint32_t *capacity = &r->capacity[population];
  p->given = p->fits = true;
  if (p->box_count == *capacity) {
    *capacity = *capacity ? 2 * *capacity : 16;
    sf_box *boxes = SF_NEW_ARRAY(r->plan->arena, sf_box, *capacity);
    if (!boxes) return SF_OOM;
    if (p->box_count) memcpy(boxes, p->boxes, p->box_count * sizeof *boxes);
    p->boxes = boxes;
  }
  p->boxes[p->box_count++] = *box;
  return SF_OK;
}

/* ---- Checks. ---- */

/* Boxes lie inside; disjoint ones that hold as many elements tile. */
static sf_result check_tiling(const reader *r, const sf_plan_population *p) {
  uint64_t elements = 0;
  bool apart = true;
  for (uint32_t i = 0; i < p->box_count; i++) {
    elements += sf_box_elements(&p->boxes[i]);
    for (uint32_t k = 0; k < i && apart; k++) {
      sf_box shared;
      apart = !sf_box_intersect(&p->boxes[i], &p->boxes[k], &shared);
    }
  }
  const sf_value *value = p->op->results[0];
  uint64_t whole = sf_type_elements(&value->type);
  if (apart && elements == whole) return SF_OK;
  return sf_error(r->plan->diag, SF_DIAG_MAPPING, p->op->loc,
                  "slices: the boxes of '%%%s' do not tile it: %llu of %llu "
                  "neurons%s",
                  value->name, (unsigned long long)elements,
                  (unsigned long long)whole, apart ? "" : ", some twice");
}

static sf_result check_core(const reader *r, const sf_plan_part *parts,
                            uint32_t count) {
  uint64_t used[SF_PLAN_NEEDS_MAX] = {0};
  for (uint32_t i = 0; i < count; i++) {
    const sf_plan_population *p = &r->plan->populations[parts[i].population];
    sf_plan_use use;
    SF_TRY(sf_plan_use_of(r->plan, p->op, &p->boxes[parts[i].box], &use));
    for (uint32_t k = 0; k < use.need_count; k++) {
      sf_plan_need need = use.needs[k];
      used[k] = (need.pooled ? used[k] : 0) + need.needed;
      if (used[k] <= need.available) continue;
      return sf_error(r->plan->diag, SF_DIAG_CAPACITY, r->loc,
                      "slices: this core needs %llu %s of %s; '%s' has %llu",
                      (unsigned long long)used[k], need.unit, need.resource,
                      r->plan->machine->name,
                      (unsigned long long)need.available);
    }
  }
  return SF_OK;
}

static sf_result read_line(reader *r) {
  sf_plan_part parts[PARTS_MAX];
  uint32_t count = 0;
  for (skip_blanks(r); *r->at && *r->at != '\n' && *r->at != '#';
       skip_blanks(r)) {
    if (count == PARTS_MAX) return bad(r, "at most 64 boxes a core");
    uint32_t population = 0;
    sf_box box;
    SF_TRY(read_name(r, &population));
    const sf_plan_population *p = &r->plan->populations[population];
    SF_TRY(read_box(r, &p->op->results[0]->type, &box));
    parts[count++] = (sf_plan_part){population, p->box_count};
    SF_TRY(add_box(r, population, &box));
  }
  while (*r->at && *r->at != '\n')
    r->at++;
  if (count == 0) return SF_OK;
  SF_TRY(check_core(r, parts, count));
  return sf_plan_add_core(r->plan, parts, count);
}

sf_result sf_plan_read_slices(sf_plan *plan) {
  char *text;
  size_t size;
  SF_TRY(
      sf_file_read(plan->options.slices, BYTES_MAX, plan->diag, &text, &size));
  reader r = {.plan = plan, .at = text};
  r.loc = (sf_loc){.file = plan->options.slices, .line = 1};
  r.capacity =
      SF_NEW_ARRAY(plan->arena, uint32_t, plan->population_count + (size_t)1);
  sf_result result = r.capacity ? SF_OK : SF_OOM;
  while (result == SF_OK && *r.at) {
    result = read_line(&r);
    if (*r.at == '\n') r.at++;
    r.loc.line++;
  }
  if (result == SF_OK && (size_t)(r.at - text) != size)
    result = bad(&r, "text, found a byte 0");
  for (uint32_t i = 0; result == SF_OK && i < plan->population_count; i++)
    if (plan->populations[i].given)
      result = check_tiling(&r, &plan->populations[i]);
  free(text);
  return result;
}
