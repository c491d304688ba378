/* progress.c - a bar on a terminal; nothing in a pipe. */
#include "support/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_COLUMNS = 30 };
static const int64_t redraw_ns = 100000000; /* often enough to see it move */

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void draw(const sf_progress *progress, int64_t now) {
  double part = (double)progress->done / (double)progress->total;
  if (part > 1) part = 1;
  char bar[BAR_COLUMNS + 1] = {0};
  for (int i = 0; i < BAR_COLUMNS; i++)
    bar[i] = i < (int)(part * (double)BAR_COLUMNS) ? '#' : '.';
  double seconds = (double)(now - progress->started_ns) * 1e-9;
  fprintf(stderr, "\r%s [%s] %3d%%", progress->label, bar, (int)(part * 100));
  if (part > 0)
    fprintf(stderr, " %.0f s left\033[K", seconds * (1 - part) / part);
  fflush(stderr);
}

sf_progress sf_progress_start(const char *label, uint64_t total) {
  const char *terminal = getenv("TERM");
  bool moves_cursor = terminal && strcmp(terminal, "dumb") != 0;
  int64_t now = now_ns();
  return (sf_progress){.label = label,
                       .total = total,
                       .shown = total > 0 && moves_cursor &&
                                isatty(STDERR_FILENO) != 0,
                       .started_ns = now,
                       .last_ns = now};
}

void sf_progress_add(sf_progress *progress, uint64_t amount) {
  progress->done += amount;
  if (!progress->shown) return;
  int64_t now = now_ns();
  if (now - progress->last_ns < redraw_ns) return;
  progress->last_ns = now;
  draw(progress, now);
}

void sf_progress_end(sf_progress *progress) {
  /* Clears the line, so that what comes next starts on a clean one. */
  if (progress->shown) fprintf(stderr, "\r\033[K");
  progress->shown = false;
}
