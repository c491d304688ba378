/* ranges.c - wormhole switching: what lies below the branchings of two trees
 * must not overlap in rank, so that waits between branches stay in one tree. */
#include "tools/sf-check/check.h"

#include <stdlib.h>

void sf_check_range_add(sf_check_range *range, int64_t rank) {
  if (!range->any || rank < range->low) range->low = rank;
  if (!range->any || rank > range->high) range->high = rank;
  range->any = true;
}

static int by_low(const void *a, const void *b) {
  const sf_check_range *p = a, *q = b;
  if (p->any != q->any) return p->any ? -1 : 1;
  return p->low < q->low ? -1 : p->low > q->low;
}

void sf_check_ranges(sf_check *check, const char *file, uint32_t count,
                     sf_check_range *ranges) {
  if (!check->certificate || !sf_certificate_is_wormhole(check->certificate))
    return;
  if (count) qsort(ranges, count, sizeof *ranges, by_low);
  for (uint32_t i = 1; i < count && ranges[i].any; i++) {
    if (ranges[i].low > ranges[i - 1].high) continue;
    sf_check_fail(check, file, 0,
                  "the trees of cores @%s and @%s branch over ranks %lld..%lld "
                  "and %lld..%lld: their branches may wait for each other",
                  ranges[i - 1].name, ranges[i].name,
                  (long long)ranges[i - 1].low, (long long)ranges[i - 1].high,
                  (long long)ranges[i].low, (long long)ranges[i].high);
    return;
  }
}
