// SPDX-License-Identifier: MIT
#include "internal.h"
#include "CLinux.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int32_t linux_pipe(int32_t *reading_end, int32_t *writing_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return FAILURE;
  *reading_end = ends[0];
  *writing_end = ends[1];
  return 0;
}

static int set_up(const char *root, int output, const char *oom_score_adj, uint64_t signals) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int i = 1; i < 64; i++) {
    if (signals >> i & 1) signal(i, SIG_DFL);
  }
  if (*oom_score_adj) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    /* Without this file, the kernel chooses by its own rules. */
    if (file >= 0 && write(file, oom_score_adj, strlen(oom_score_adj)) >= 0) close(file);
  }
  if (*root && (chroot(root) < 0 || chdir("/") < 0)) return -1;
  if (output < 0) return 0;
  setsid();
  int null = open("/dev/null", O_RDONLY);
  return null >= 0 && dup2(null, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2 ? 0 : -1;
}

static size_t count(const char *list, size_t size) {
  size_t n = 0;
  for (const char *item = list; item < list + size; item += strlen(item) + 1) n++;
  return n;
}

static void unpack(const char *list, size_t size, char **items) {
  for (const char *item = list; item < list + size; item += strlen(item) + 1) *items++ = (char *)item;
  *items = NULL;
}

int32_t linux_spawn(const char *program, const char *arguments, size_t arguments_size, const char *environment, size_t environment_size,
                    const char *root, int32_t output, const char *oom_score_adj, uint64_t signals) {
  pid_t child = fork();
  if (child != 0) return RESULT(child);
  char *argv[count(arguments, arguments_size) + 1], *envp[count(environment, environment_size) + 1];
  unpack(arguments, arguments_size, argv);
  unpack(environment, environment_size, envp);
  if (set_up(root, output, oom_score_adj, signals) == 0) execvpe(program, argv, environment_size ? envp : environ);
  int error = errno;
  /* Not the program's name, which may contain control sequences for a terminal. */
  if (output < 0) dprintf(2, "preroot: Cannot run the command: %s\n", strerror(error));
  _exit(error == ENOENT ? 127 : 126);
}

int32_t linux_wait(int32_t process, int32_t until_it_ends, int32_t *status) {
  int s;
  pid_t ended;
  do ended = waitpid(process, &s, until_it_ends ? 0 : WNOHANG);
  while (ended < 0 && errno == EINTR);
  if (ended < 0) return FAILURE;
  if (ended > 0) *status = WIFEXITED(s) ? WEXITSTATUS(s) : LINUX_SIGNALLED + WTERMSIG(s);
  return ended > 0;
}

int32_t linux_kill_group(int32_t group) { return RESULT(kill(-group, SIGKILL)); }

uint64_t linux_ignore_signals(uint64_t signals) {
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
  uint64_t heard = 0;
  for (int i = 1; i < 64; i++) {
    if (signals >> i & 1 && sigaction(i, &ignore, &before) == 0 && before.sa_handler != SIG_IGN) heard |= (uint64_t)1 << i;
  }
  return heard;
}

void linux_reset_signals(int32_t waiting_for_child) {
  sigset_t blocked;
  sigemptyset(&blocked);
  if (waiting_for_child) sigaddset(&blocked, SIGCHLD);
  for (int i = 1; i < 64; i++) signal(i, SIG_DFL);
  sigprocmask(SIG_SETMASK, &blocked, NULL);
}

int32_t linux_fork(void) { return RESULT(fork()); }

void linux_wait_for_child_signal(int64_t us) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigtimedwait(&child, NULL, &(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 });
}

int32_t linux_execute(const char *program, char **arguments, const char *argument) {
  size_t given = 0, n = 0;
  while (arguments[given]) given++;
  const char *argv[given + 3];
  argv[n++] = program;
  if (*argument) argv[n++] = argument;
  for (size_t i = 1; i <= given; i++) argv[n++] = arguments[i];
  argv[n] = NULL;
  execv(program, (char **)argv);
  return -errno;
}

int32_t linux_wait_for_input(int32_t file, int64_t microseconds) {
  struct pollfd p = { .fd = file, .events = POLLIN };
  struct timespec t = { .tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000 };
  int32_t result = RESULT(ppoll(&p, 1, &t, NULL));
  return result == ERROR(EINTR) ? 0 : result;
}
