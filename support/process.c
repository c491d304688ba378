/* process.c - runs a helper program to its end, under limits.
 *
 * fork and exec rather than posix_spawn: the memory limit must be set in the
 * child only, between the two. */
#include "support/process.h"
#include "support/buffer.h"
#include "support/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  ERRORS_LIMIT = 64 * 1024,
  POLL_OPEN_MS = 50,  /* while a pipe is open: only the time limit needs it */
  POLL_CLOSED_MS = 1, /* both are closed: it ends in a moment */
  EXEC_FAILED = 127,
  OUR_INPUT = 0, /* the pipes: which end is ours is fixed by the name */
  OUR_OUTPUT,
  OUR_ERRORS,
  EXEC_STATUS,
  PIPE_COUNT
};

/* Read end [0], write end [1]; -1: closed. */
typedef struct pipes {
  int fd[PIPE_COUNT][2];
} pipes;

/* A child while it runs. */
typedef struct child {
  const sf_process_options *options;
  pipes pipes;
  pid_t pid;
  size_t input_done; /* bytes of the input that it took */
  sf_buffer output, errors;
  int64_t deadline_ns; /* 0: none */
  bool timed_out, too_long;
} child;

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void close_end(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void close_pipes(pipes *p) {
  for (int i = 0; i < PIPE_COUNT; i++) {
    close_end(&p->fd[i][0]);
    close_end(&p->fd[i][1]);
  }
}

/* Moves a descriptor above 2, so that dup2 onto 0, 1 and 2 in the child never
 * meets one of its own sources. */
static int move_up(int *fd) {
  if (*fd > STDERR_FILENO) return 0;
  int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) return errno;
  close(*fd);
  *fd = moved;
  return 0;
}

static int open_pipes(pipes *p) {
  for (int i = 0; i < PIPE_COUNT; i++)
    p->fd[i][0] = p->fd[i][1] = -1;
  for (int i = 0; i < PIPE_COUNT; i++) {
    int error = pipe2(p->fd[i], O_CLOEXEC) != 0 ? errno : 0;
    if (!error) error = move_up(&p->fd[i][0]);
    if (!error) error = move_up(&p->fd[i][1]);
    if (error) {
      close_pipes(p);
      return error;
    }
  }
  return 0;
}

/* In the child, after fork: async-signal-safe calls only. Its own process
 * group, so that a time limit ends what it started too; and it dies with us. */
static _Noreturn void child_start(const sf_process_options *options,
                                  const pipes *p) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  signal(SIGPIPE, SIG_DFL);
  bool ready = dup2(p->fd[OUR_INPUT][0], STDIN_FILENO) >= 0 &&
               dup2(p->fd[OUR_OUTPUT][1], STDOUT_FILENO) >= 0 &&
               dup2(p->fd[OUR_ERRORS][1], STDERR_FILENO) >= 0;
  struct rlimit memory = {options->memory_limit, options->memory_limit};
  if (options->memory_limit) ready &= setrlimit(RLIMIT_AS, &memory) == 0;
  if (options->directory) ready = ready && chdir(options->directory) == 0;
  if (ready)
    execvp(options->arguments[0], (char *const *)(uintptr_t)options->arguments);
  int error = errno;
  ssize_t written = write(p->fd[EXEC_STATUS][1], &error, sizeof error);
  _exit(written == sizeof error ? EXEC_FAILED : EXEC_FAILED - 1);
}

/* Waits until exec worked (the pipe closes by itself) or its errno comes. */
static int exec_error(child *c) {
  int error = 0;
  ssize_t got;
  do
    got = read(c->pipes.fd[EXEC_STATUS][0], &error, sizeof error);
  while (got < 0 && errno == EINTR);
  close_end(&c->pipes.fd[EXEC_STATUS][0]);
  return got == sizeof error ? error : 0;
}

static int start(child *c) {
  int error = open_pipes(&c->pipes);
  if (error) return error;
  c->pid = fork();
  if (c->pid < 0) {
    error = errno;
    close_pipes(&c->pipes);
    return error;
  }
  if (c->pid == 0) child_start(c->options, &c->pipes);
  close_end(&c->pipes.fd[OUR_INPUT][0]);
  close_end(&c->pipes.fd[OUR_OUTPUT][1]);
  close_end(&c->pipes.fd[OUR_ERRORS][1]);
  close_end(&c->pipes.fd[EXEC_STATUS][1]);
  error = exec_error(c);
  if (error) {
    waitpid(c->pid, NULL, 0);
    close_pipes(&c->pipes);
  }
  return error;
}

/* Writes without dying of SIGPIPE when the child does not read its input. The
 * signal is blocked for this thread and, if it came, taken away again. */
static ssize_t write_quietly(int fd, const char *bytes, size_t size) {
  sigset_t pipe_signal, before, waiting;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  sigpending(&waiting);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  ssize_t written = write(fd, bytes, size);
  int error = errno;
  if (written < 0 && error == EPIPE && !sigismember(&waiting, SIGPIPE)) {
    const struct timespec no_wait = {0};
    while (sigtimedwait(&pipe_signal, NULL, &no_wait) < 0 && errno == EINTR)
      continue;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return written;
}

static void feed_input(child *c) {
  int *fd = &c->pipes.fd[OUR_INPUT][1];
  const sf_process_options *options = c->options;
  ssize_t written =
      write_quietly(*fd, (const char *)options->input + c->input_done,
                    options->input_size - c->input_done);
  if (written >= 0)
    c->input_done += (size_t)written;
  else if (errno != EINTR && errno != EAGAIN)
    c->input_done = options->input_size; /* it does not want the rest */
  if (c->input_done == options->input_size) close_end(fd);
}

/* Reads what is there; closes at the end. Returns false at nothing or end. */
static bool drain(int *fd, sf_buffer *buffer, size_t limit, bool *out_over) {
  char chunk[16384];
  if (*fd < 0) return false;
  ssize_t got = read(*fd, chunk, sizeof chunk);
  if (got < 0 && errno == EINTR) return true;
  if (got < 0 && errno == EAGAIN) return false;
  if (got <= 0) {
    close_end(fd);
    return false;
  }
  size_t room = limit - buffer->size, size = (size_t)got;
  *out_over |= size > room;
  sf_buffer_add(buffer, chunk, size < room ? size : room);
  return true;
}

static bool drain_output(child *c) {
  size_t limit = c->options->output_limit ? c->options->output_limit : SIZE_MAX;
  return drain(&c->pipes.fd[OUR_OUTPUT][0], &c->output, limit, &c->too_long);
}

static bool drain_errors(child *c) {
  bool over = false; /* the rest is dropped: the start says what was wrong */
  return drain(&c->pipes.fd[OUR_ERRORS][0], &c->errors, ERRORS_LIMIT, &over);
}

/* Ended, but still there to be waited for: its number is not used again. */
static bool has_ended(const child *c) {
  siginfo_t info = {0};
  int status = waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
  return status != 0 || info.si_pid == c->pid;
}

static void poll_once(child *c) {
  struct pollfd polled[3] = {
      {.fd = c->pipes.fd[OUR_INPUT][1], .events = POLLOUT},
      {.fd = c->pipes.fd[OUR_OUTPUT][0], .events = POLLIN},
      {.fd = c->pipes.fd[OUR_ERRORS][0], .events = POLLIN}};
  bool open = polled[1].fd >= 0 || polled[2].fd >= 0;
  if (poll(polled, 3, open ? POLL_OPEN_MS : POLL_CLOSED_MS) <= 0) return;
  if (polled[0].revents) feed_input(c);
  if (polled[1].revents) drain_output(c);
  if (polled[2].revents) drain_errors(c);
}

/* Runs until the child itself ends; what it leaves running is killed. */
static void supervise(child *c) {
  for (int i = 0; i < EXEC_STATUS; i++) {
    int fd = c->pipes.fd[i][i == OUR_INPUT];
    fcntl(fd, F_SETFL, O_NONBLOCK);
  }
  if (!c->options->input_size) close_end(&c->pipes.fd[OUR_INPUT][1]);
  while (!has_ended(c)) {
    poll_once(c);
    c->timed_out = c->deadline_ns && now_ns() >= c->deadline_ns;
    if (c->timed_out || c->too_long || c->output.failed) break;
  }
  bool cut = c->timed_out || c->too_long || c->output.failed;
  while (!cut && drain_output(c))
    cut = c->too_long;
  while (drain_errors(c))
    continue;
  kill(-c->pid, SIGKILL);
}

static int exit_code(child *c) {
  int status = 0;
  while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

sf_result sf_process_run(const sf_process_options *options, sf_diag *diag,
                         sf_process_result *out) {
  *out = (sf_process_result){0};
  child c = {.options = options};
  int error = start(&c);
  if (error == ENOMEM) return SF_OOM;
  if (error)
    return sf_error(diag, SF_DIAG_HELPER, SF_NO_LOC, "cannot run '%s': %s",
                    options->arguments[0], sf_system_reason(error));
  if (options->timeout_seconds)
    c.deadline_ns = now_ns() + (int64_t)options->timeout_seconds * 1000000000;
  supervise(&c);
  out->exit_code = exit_code(&c);
  close_pipes(&c.pipes);
  out->timed_out = c.timed_out;
  out->too_long = c.too_long;
  out->output_size = c.output.size;
  out->output = sf_buffer_take(&c.output);
  out->errors = sf_buffer_take(&c.errors);
  if (out->output && out->errors) return SF_OK;
  sf_process_result_destroy(out);
  return SF_OOM;
}

void sf_process_result_destroy(sf_process_result *result) {
  free(result->output);
  free(result->errors);
  *result = (sf_process_result){0};
}
