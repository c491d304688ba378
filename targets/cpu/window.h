/* window.h - geometry of conv, convt and pool. Private to targets/cpu. */
#ifndef SF_TARGETS_CPU_WINDOW_H
#define SF_TARGETS_CPU_WINDOW_H

#include "targets/cpu/cpu.h"

typedef struct cpu_window_axis {
  int64_t in, out, kernel, stride, dilation;
  int64_t begin; /* padding before */
} cpu_window_axis;

typedef struct cpu_window {
  int64_t inputs, outputs, groups; /* channels */
  cpu_window_axis axis[2];         /* height, width */
} cpu_window;

void cpu_window_read(const sf_op *op, cpu_window *out);
size_t cpu_window_key(const cpu_window *window, char *out, size_t size);

#endif
