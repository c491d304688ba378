/* divergence.c - how far apart two results are, as distributions. */
#include "passes/sensitivity/sensitivity.h"

#include <math.h>

typedef struct position {
  const float *logits;
  size_t classes, stride;
  double scale, most, log_sum; /* ln sum exp(x - most) */
} position;

static double at(const position *p, size_t k) {
  return p->scale * (double)p->logits[k * p->stride];
}

static position position_of(const sf_logits *shape, const float *logits,
                            size_t index) {
  size_t outer = index / shape->inner, inner = index % shape->inner;
  position p = {.logits =
                    logits + outer * shape->classes * shape->inner + inner,
                .classes = shape->classes,
                .stride = shape->inner,
                .scale = shape->scale,
                .most = -(double)INFINITY};
  for (size_t k = 0; k < p.classes; k++)
    p.most = fmax(p.most, at(&p, k));
  double sum = 0;
  for (size_t k = 0; k < p.classes; k++)
    sum += exp(at(&p, k) - p.most);
  p.log_sum = log(sum);
  return p;
}

double sf_mean_lead(const sf_logits *shape, const float *logits) {
  double sum = 0;
  size_t positions = shape->outer * shape->inner;
  if (shape->classes < 2) return 0;
  for (size_t i = 0; i < positions; i++) {
    position p = position_of(shape, logits, i);
    double second = -(double)INFINITY;
    bool seen = false; /* the largest; equal ones count once more */
    for (size_t k = 0; k < p.classes; k++)
      if (at(&p, k) >= p.most && !seen)
        seen = true;
      else
        second = fmax(second, at(&p, k));
    sum += p.most - second;
  }
  return sum / (double)positions;
}

double sf_divergence(const sf_logits *shape, const float *a, const float *b) {
  double sum = 0;
  size_t positions = shape->outer * shape->inner;
  for (size_t i = 0; i < positions; i++) {
    position p = position_of(shape, a, i), q = position_of(shape, b, i);
    for (size_t k = 0; k < shape->classes; k++) {
      double log_p = at(&p, k) - p.most - p.log_sum;
      double log_q = at(&q, k) - q.most - q.log_sum;
      sum += (exp(log_p) - exp(log_q)) * (log_p - log_q);
    }
  }
  return sum / (double)positions;
}

size_t sf_largest_class(const sf_logits *shape, const float *logits) {
  size_t best = 0;
  for (size_t k = 1; k < shape->classes; k++)
    if (logits[k * shape->inner] > logits[best * shape->inner]) best = k;
  return best;
}
