// SPDX-License-Identifier: MIT
/* count FILE PROGRAM…: becomes the program, and writes to the file how many system calls it makes, without those of its children.
 *
 * As in kill.c, the counter is a child of the counted: the program is the service's main process, as it would be without it.
 * See ptrace(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void count(pid_t process, int file, int ready) {
  if (ptrace(PTRACE_SEIZE, process, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC) != 0) _exit(1);
  ptrace(PTRACE_INTERRUPT, process, 0, 0);
  close(ready);
  long number = 0;
  int is_running = 0, status;
  while (waitpid(process, &status, 0) == process && WIFSTOPPED(status)) {
    int signal = 0;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
      is_running = 1;
    } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      number += is_running;
    } else if (status >> 16 == 0) {
      signal = WSTOPSIG(status);
    }
    ptrace(PTRACE_SYSCALL, process, 0, signal);
  }
  /* A call stops twice. */
  dprintf(file, "%ld\n", number / 2);
  _exit(0);
}

int main(int argc, char **arguments) {
  if (argc < 3) return 2;
  mkdir("/run/bed", 0755);
  /* The descriptor stays good whatever becomes of /run. */
  int file = open(arguments[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  int ready[2];
  if (file < 0 || pipe2(ready, O_CLOEXEC) != 0) return 1;
  pid_t process = getpid();
  switch (fork()) {
    case -1: return 1;
    case 0:
      close(ready[0]);
      count(process, file, ready[1]);
  }
  close(ready[1]);
  char byte;
  while (read(ready[0], &byte, 1) < 0 && errno == EINTR) {}
  execv(arguments[2], arguments + 2);
  return 1;
}
