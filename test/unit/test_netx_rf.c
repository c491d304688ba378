/* The loader's lossy round trip of resonator constants, against the pairs and
 * the shares that the reference page counted. */
#include "frontend/netx/netx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void check_pair(int32_t sine, int32_t cosine, int32_t want_sine,
                       int32_t want_cosine) {
  int32_t s, c;
  sf_netx_rf_constants(sine, cosine, &s, &c);
  assert_int_equal(s, want_sine);
  assert_int_equal(c, want_cosine);
}

static void named_pairs(void **state) {
  (void)state;
  check_pair(2000, 3400, 1999, 3399);
  check_pair(1000, 3900, 1000, 3900);
  check_pair(2048, 2048, 2048, 2048);
  check_pair(1, 4095, 1, 4095);
  check_pair(0, 4096, 0, 4096); /* an infinite period loads */
}

/* Every seventh sine and fifth cosine of the legal pairs, positive sine. */
static void lost_shares(void **state) {
  (void)state;
  int64_t pairs = 0, lost_sine = 0, lost_cosine = 0;
  for (int32_t sine = 1; sine < 4096; sine += 7) {
    for (int32_t cosine = -4095; cosine < 4096; cosine += 5) {
      if (sine * sine + cosine * cosine > 4096 * 4096) continue;
      int32_t s, c;
      sf_netx_rf_constants(sine, cosine, &s, &c);
      assert_true(s == sine || s == sine - 1);
      assert_true(c == cosine || c == cosine - (cosine > 0) + (cosine < 0));
      pairs++;
      lost_sine += s != sine;
      lost_cosine += c != cosine;
    }
  }
  assert_in_range(1000 * lost_sine / pairs, 270, 289);   /* 28 % */
  assert_in_range(1000 * lost_cosine / pairs, 290, 309); /* 30 % */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(named_pairs),
                                     cmocka_unit_test(lost_shares)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
