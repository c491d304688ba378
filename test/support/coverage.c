/* coverage.c - which rows of ops.def modules have used. */
#include "test/support/generate.h"

static void add_op(sf_coverage *c, const sf_op *op) {
  const sf_op_info *info = sf_op_info_get(op->kind);
  c->op[op->kind]++;
  c->op_mode[op->kind][op->mode]++;
  for (uint32_t i = 0; i < info->attr_count; i++) {
    const sf_attr_info *attr = &info->attrs[i];
    if (sf_op_has_attr(op, attr->id)) c->attr[op->kind][attr->id]++;
    if (attr->kind == SF_KIND_ROUND)
      c->op_round[op->kind][sf_op_int(op, attr->id)]++;
  }
}

static void add_stmt(sf_coverage *c, const sf_stmt *stmt) {
  const sf_nop_info *info = sf_nop_info_get(stmt->kind);
  c->nop[stmt->kind]++;
  c->nop_mode[stmt->kind][stmt->mode]++;
  if (info->traits & SF_NOP_TRAIT_ROUND)
    c->nop_round[stmt->kind][stmt->round]++;
}

void sf_coverage_add(sf_coverage *coverage, const sf_module *module) {
  for (const sf_network *n = module->first_network; n; n = n->next)
    SF_FOREACH_OP(op, n)
      add_op(coverage, op);
  for (const sf_neuron *n = module->first_neuron; n; n = n->next)
    for (uint32_t i = 0; i < n->stmt_count; i++)
      add_stmt(coverage, &n->stmts[i]);
  for (const sf_blob *b = module->first_blob; b; b = b->next)
    coverage->source[b->source]++;
}

typedef struct report {
  uint64_t least;
  FILE *out;
  size_t rows, short_rows;
  uint64_t rarest; /* count of the row seen least */
} report;

static void row(report *r, const char *op, const char *what, const char *word,
                uint64_t seen) {
  if (!r->rows++ || seen < r->rarest) r->rarest = seen;
  if (seen >= r->least) return;
  r->short_rows++;
  if (r->out)
    fprintf(r->out, "%s %s%s: %llu\n", op, what, word,
            (unsigned long long)seen);
}

static void report_op(report *r, const sf_coverage *c, const sf_op_info *info) {
  row(r, info->mnemonic, "", "", c->op[info->kind]);
  if (info->traits & SF_TRAIT_MODE)
    for (int mode = 0; mode <= SF_MODE_SAT; mode++)
      row(r, info->mnemonic, "mode ", sf_mode_text((sf_mode)mode),
          c->op_mode[info->kind][mode]);
  for (uint32_t i = 0; i < info->attr_count; i++) {
    const sf_attr_info *attr = &info->attrs[i];
    row(r, info->mnemonic, attr->name, "", c->attr[info->kind][attr->id]);
    if (attr->kind != SF_KIND_ROUND) continue;
    for (int round = 0; round <= SF_ROUND_HALF_EVEN; round++)
      row(r, info->mnemonic, "round ", sf_round_text((sf_round)round),
          c->op_round[info->kind][round]);
  }
}

static void report_nop(report *r, const sf_coverage *c,
                       const sf_nop_info *info) {
  row(r, info->mnemonic, "(neuron)", "", c->nop[info->kind]);
  if (info->traits & SF_NOP_TRAIT_MODE)
    for (int mode = 0; mode <= SF_MODE_SAT; mode++)
      row(r, info->mnemonic, "(neuron) mode ", sf_mode_text((sf_mode)mode),
          c->nop_mode[info->kind][mode]);
  if (info->traits & SF_NOP_TRAIT_ROUND)
    for (int round = 0; round <= SF_ROUND_HALF_EVEN; round++)
      row(r, info->mnemonic, "(neuron) round ", sf_round_text((sf_round)round),
          c->nop_round[info->kind][round]);
}

size_t sf_coverage_report(const sf_coverage *coverage, uint64_t least,
                          FILE *out) {
  report r = {.least = least, .out = out};
  for (size_t i = 0; i < sf_op_info_count(); i++)
    report_op(&r, coverage, sf_op_info_at(i));
  for (size_t i = 0; i < sf_nop_info_count(); i++)
    report_nop(&r, coverage, sf_nop_info_at(i));
#define SF_SOURCE(NUMBER, ID, text)                                            \
  if (SF_SOURCE_##ID != SF_SOURCE_DENSE)                                       \
    row(&r, "blob", text, "", coverage->source[NUMBER]);
#include "sf/types.def"
  if (out)
    fprintf(out,
            "coverage: %zu ops, attributes, modes, roundings and sources; %zu "
            "seen fewer than %llu times; the rarest %llu times\n",
            r.rows, r.short_rows, (unsigned long long)least,
            (unsigned long long)r.rarest);
  return r.short_rows;
}
