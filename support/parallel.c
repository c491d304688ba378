/* parallel.c - independent tasks on a few threads. The result does not depend
 * on how many there are, nor on which ends first. */
#include "support/process.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS_MAX = 256 };

typedef struct work {
  sf_task task;
  void *data;
  size_t count;
  atomic_size_t next;
  pthread_mutex_t lock; /* of the two below */
  size_t failed_index;
  sf_result failure;
} work;

/* The failure with the lowest index stays: one thread would meet it first. */
static void keep_failure(work *w, size_t index, sf_result result) {
  pthread_mutex_lock(&w->lock);
  if (index < w->failed_index) {
    w->failed_index = index;
    w->failure = result;
  }
  pthread_mutex_unlock(&w->lock);
}

static void *run_tasks(void *argument) {
  work *w = argument;
  size_t index;
  while ((index = atomic_fetch_add(&w->next, 1)) < w->count) {
    sf_result result = w->task(w->data, index);
    if (result != SF_OK) keep_failure(w, index, result);
  }
  return NULL;
}

sf_result sf_parallel(unsigned threads, size_t count, sf_task task,
                      void *data) {
  work w = {.task = task,
            .data = data,
            .count = count,
            .lock = PTHREAD_MUTEX_INITIALIZER,
            .failed_index = SIZE_MAX,
            .failure = SF_OK};
  pthread_t helpers[THREADS_MAX];
  if (threads > THREADS_MAX) threads = THREADS_MAX;
  if (threads > count) threads = (unsigned)count;
  /* This thread works too. Fewer threads than asked for are enough. */
  unsigned started = 0;
  while (started + 1 < threads &&
         pthread_create(&helpers[started], NULL, run_tasks, &w) == 0)
    started++;
  run_tasks(&w);
  for (unsigned i = 0; i < started; i++)
    pthread_join(helpers[i], NULL);
  pthread_mutex_destroy(&w.lock);
  return w.failure;
}

unsigned sf_processor_count(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  int count = CPU_COUNT(&allowed);
  return count > 0 ? (unsigned)count : 1;
}
