/* Channels that nothing reads go, and the network's results stay bit for bit,
 * through sums, joins, depthwise layers, pools and moves; a twin of another
 * channel goes, and the layer behind makes up for it. */
#include "sf/ir.h"
#include "sf/pass.h"
#include "support/buffer.h"
#include "support/hash.h"
#include "test/support/folder.h"

#include <math.h>
#include <string.h>

enum { SAMPLES = 64, INPUTS_MAX = 72 };

typedef struct setting {
  sf_diag *diag;
  sf_module *before, *after;
  size_t inputs;
  sf_word *x;
  const sf_word *arguments[1];
  sf_samples samples;
} setting;

static bool listed(const int *list, size_t count, size_t value) {
  for (size_t i = 0; i < count; i++)
    if ((size_t)list[i] == value) return true;
  return false;
}

/* A blob [rows, columns, taps]; the columns in `zero` are 0. */
static void blob(sf_buffer *t, sf_random *random, const char *name,
                 const char *shape, size_t rows, size_t columns, size_t taps,
                 const int *zero, size_t zeros) {
  sf_buffer_printf(t, "blob @%s: f32[%s] = dense [", name, shape);
  for (size_t i = 0; i < rows * columns * taps; i++) {
    double w = sf_random_unit(random) - 0.4;
    if (listed(zero, zeros, i / taps % columns)) w = 0;
    sf_buffer_printf(t, "%s%.6f", i ? ", " : "", w);
  }
  sf_buffer_text(t, "]\n");
}

static char *tied_text(void) {
  sf_random random = sf_random_seeded(21);
  sf_buffer t = {0};
  static const int dead[] = {1, 3}, dead_hidden[] = {0, 3},
                   dead_all[] = {1, 3, 6};
  int dead_flat[27];
  for (int i = 0; i < 27; i++)
    dead_flat[i] = dead_all[i / 9] * 9 + i % 9;
  sf_buffer_text(&t, "module @m {\n");
  blob(&t, &random, "wa", "4, 2, 3, 3", 4, 2, 9, NULL, 0);
  blob(&t, &random, "ba", "4", 4, 1, 1, NULL, 0);
  blob(&t, &random, "wd", "4, 1, 3, 3", 4, 1, 9, NULL, 0);
  blob(&t, &random, "wb", "4, 4, 1, 1", 4, 4, 1, dead, 2);
  blob(&t, &random, "wc", "3, 2, 1, 1", 3, 2, 1, NULL, 0);
  blob(&t, &random, "k", "7, 1, 1", 7, 1, 1, NULL, 0);
  blob(&t, &random, "w1", "5, 63", 5, 63, 1, dead_flat, 27);
  blob(&t, &random, "w2", "3, 5", 3, 5, 1, dead_hidden, 2);
  blob(&t, &random, "w3", "3, 7", 3, 7, 1, dead_all, 3);
  sf_buffer_text(
      &t, "network @main(%x: f32[2, 6, 6]) -> (f32[3], f32[3]) {\n"
          "%a = conv %x, @wa, @ba {pad = 1} : f32[4, 6, 6]\n"
          "%r = relu %a : f32[4, 6, 6]\n"
          "%d = conv %r, @wd {groups = 4, pad = 1} : f32[4, 6, 6]\n"
          "%rd = relu %d : f32[4, 6, 6]\n"
          "%b = conv %rd, @wb : f32[4, 6, 6]\n"
          "%s = add %b, %r : f32[4, 6, 6]\n"
          "%rs = relu %s : f32[4, 6, 6]\n"
          "%c = conv %x, @wc : f32[3, 6, 6]\n"
          "%rc = relu %c : f32[3, 6, 6]\n"
          "%j = concat %rs, %rc {axis = 0} : f32[7, 6, 6]\n"
          "%m = mul %j, @k : f32[7, 6, 6]\n"
          "%p = pool %m {kind = max, kernel = 2, stride = 2} : f32[7, 3, 3]\n"
          "%f = reshape %p : f32[63]\n"
          "%l = linear %f, @w1 : f32[5]\n"
          "%rl = relu %l : f32[5]\n"
          "%z = linear %rl, @w2 : f32[3]\n"
          "%t = transpose %m {perm = [1, 2, 0]} : f32[6, 6, 7]\n"
          "%g = reduce %t {kind = mean, axes = [0, 1]} : f32[7]\n"
          "%u = linear %g, @w3 : f32[3]\n"
          "return %z, %u\n}\n}\n");
  return sf_buffer_take(&t);
}

static void prepare(setting *s, const char *text, const char *pipeline) {
  *s = (setting){.diag = sf_diag_create(stderr, SF_DIAG_TEXT)};
  sf_slice slice = {text, strlen(text)};
  assert_int_equal(sf_parse(slice, "m.sf", s->diag, &s->before), SF_OK);
  assert_int_equal(sf_module_clone(s->before, &s->after), SF_OK);
  s->inputs = sf_type_elements(&s->before->first_network->arguments[0]->type);
  assert_in_range(s->inputs, 1, INPUTS_MAX);
  s->x = calloc(SAMPLES * s->inputs, sizeof *s->x);
  assert_non_null(s->x);
  sf_random random = sf_random_seeded(4);
  for (size_t i = 0; i < SAMPLES * s->inputs; i++)
    s->x[i].f = (float)(2 * sf_random_unit(&random) - 0.7);
  s->arguments[0] = s->x;
  s->samples = (sf_samples){.size = sizeof s->samples,
                            .argument_count = 1,
                            .count = SAMPLES,
                            .arguments = s->arguments};
  sf_registry *registry = sf_registry_create();
  sf_pipeline *p = NULL;
  assert_int_equal(sf_pipeline_parse(registry, pipeline, s->diag, &p), SF_OK);
  const sf_pipeline_options options = {
      .threads = 2, .verify_each = true, .samples = &s->samples};
  assert_int_equal(sf_pipeline_run(p, s->after, &options, s->diag), SF_OK);
  sf_pipeline_destroy(p);
  sf_registry_destroy(registry);
}

static void finish(setting *s) {
  sf_module_destroy(s->before);
  sf_module_destroy(s->after);
  sf_diag_destroy(s->diag);
  free(s->x);
}

/* Largest difference of any result on any sample. */
static double difference(const setting *s) {
  const sf_network *a = s->before->first_network, *b = s->after->first_network;
  sf_interp *old_run = NULL, *new_run = NULL;
  assert_int_equal(sf_interp_create(a, s->diag, &old_run), SF_OK);
  assert_int_equal(sf_interp_create(b, s->diag, &new_run), SF_OK);
  double most = 0;
  for (size_t n = 0; n < SAMPLES; n++) {
    const sf_word *inputs[1] = {s->x + n * s->inputs};
    assert_int_equal(sf_interp_step(old_run, inputs), SF_OK);
    assert_int_equal(sf_interp_step(new_run, inputs), SF_OK);
    for (uint32_t i = 0; i < a->return_count; i++) {
      const sf_value *v = a->returns[i].value, *w = b->returns[i].value;
      assert_true(sf_type_equal(&v->type, &w->type));
      for (size_t k = 0; k < sf_type_elements(&v->type); k++) {
        double x = (double)sf_interp_value(old_run, v)[k].f;
        double y = (double)sf_interp_value(new_run, w)[k].f;
        most = fmax(most, fabs(x - y));
      }
    }
  }
  sf_interp_destroy(old_run);
  sf_interp_destroy(new_run);
  return most;
}

static void expect_shape(const sf_module *m, const char *name,
                         const char *shape) {
  sf_slice slice = {name, strlen(name)};
  const sf_value *value = sf_network_find_value(m->first_network, slice);
  assert_non_null(value);
  char text[64];
  sf_type_text(&value->type, text, sizeof text);
  assert_string_equal(text, shape);
}

static void check_unread_channels(void **state) {
  (void)state;
  char *text = tied_text();
  setting s;
  prepare(&s, text,
          "prune-channels{ratio=0.5,importance=weights,reconstruct=false}");
  expect_shape(s.after, "a", "f32[2, 6, 6]");
  expect_shape(s.after, "d", "f32[2, 6, 6]");
  expect_shape(s.after, "s", "f32[2, 6, 6]");
  expect_shape(s.after, "c", "f32[2, 6, 6]");
  expect_shape(s.after, "f", "f32[36]");
  expect_shape(s.after, "l", "f32[3]");
  expect_shape(s.after, "g", "f32[4]");
  assert_true(difference(&s) == 0);
  finish(&s);
  /* With sites, whose steps lose channels too; the activity counts. */
  prepare(&s, text, "calibrate");
  sf_module_destroy(s.before);
  assert_int_equal(sf_module_clone(s.after, &s.before), SF_OK);
  sf_module_destroy(s.after);
  s.after = NULL;
  char *calibrated = NULL;
  const sf_print_options whole = {.companion = NULL};
  assert_int_equal(sf_print(s.before, &whole, &calibrated), SF_OK);
  finish(&s);
  assert_null(strstr(calibrated, "elided"));
  prepare(&s, calibrated, "prune-channels{ratio=0.5,reconstruct=false}");
  expect_shape(s.after, "a", "f32[2, 6, 6]");
  expect_shape(s.after, "r.d", "f32[2, 6, 6]");
  expect_shape(s.after, "l", "f32[3]");
  assert_true(difference(&s) == 0);
  finish(&s);
  free(calibrated);
  free(text);
}

/* Ratio 1 leaves one channel to each producer. */
static void check_last_channel(void **state) {
  (void)state;
  char *text = tied_text();
  setting s;
  prepare(&s, text, "prune-channels{ratio=1,samples=16}");
  expect_shape(s.after, "a", "f32[1, 6, 6]");
  expect_shape(s.after, "b", "f32[1, 6, 6]");
  expect_shape(s.after, "c", "f32[1, 6, 6]");
  expect_shape(s.after, "l", "f32[1]");
  assert_true(isfinite(difference(&s)));
  finish(&s);
  free(text);
}

/* Two equal channels: whichever goes, the other one with twice the weight is
 * the exact solution. In front of a convolution, a transposed one with strides,
 * and a layer that has no bias yet. */
static void check_twins(void **state) {
  (void)state;
  static const char *const reader[] = {
      "%z = conv %r, @v {pad = 1, stride = 2, dilation = 2} : f32[2, 2, 2]",
      "%z = convt %r, @v {pad = 1, stride = 2, out_pad = 1} : f32[2, 10, 10]"};
  static const char *const shape[] = {"2, 2, 2", "2, 10, 10"};
  for (size_t n = 0; n < SF_COUNT_OF(reader); n++) {
    sf_random random = sf_random_seeded(8);
    sf_buffer t = {0};
    sf_buffer_text(&t, "module @m {\nblob @w: f32[2, 1, 1, 1] = splat 0.8\n"
                       "blob @b: f32[2] = splat 0.1\n");
    blob(&t, &random, "v", "2, 2, 3, 3", 2, 2, 9, NULL, 0);
    sf_buffer_printf(&t,
                     "network @main(%%x: f32[1, 5, 5]) -> (f32[%s]) {\n"
                     "%%a = conv %%x, @w, @b : f32[2, 5, 5]\n"
                     "%%r = relu %%a : f32[2, 5, 5]\n%s\nreturn %%z\n}\n}\n",
                     shape[n], reader[n]);
    char *text = sf_buffer_take(&t);
    setting s;
    prepare(&s, text, "prune-channels{ratio=0.5,damping=0}");
    expect_shape(s.after, "r", "f32[1, 5, 5]");
    assert_true(difference(&s) < 1e-4);
    finish(&s);
    prepare(&s, text, "prune-channels{ratio=0.5,reconstruct=false}");
    assert_true(difference(&s) > 0.1);
    finish(&s);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(check_unread_channels),
      cmocka_unit_test(check_last_channel),
      cmocka_unit_test(check_twins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
