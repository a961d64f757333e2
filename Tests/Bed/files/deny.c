// SPDX-License-Identifier: MIT
/* The /sbin/init of a machine whose kernel has no openat2(2), as before Linux 5.6: takes the call from all processes, and becomes systemd.
 * deny --ask prints what the call says. See seccomp(2). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **arguments) {
  if (argc == 2 && strcmp(arguments[1], "--ask") == 0) {
    struct open_how how = {.flags = O_PATH};
    long file = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);
    puts(file < 0 ? strerrorname_np(errno) : "works");
    return 0;
  }
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 1;
  execv("/usr/lib/systemd/systemd", arguments);
  return 1;
}
