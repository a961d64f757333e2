// SPDX-License-Identifier: MIT
/* kill PROGRAM…: becomes the program, which dies by SIGKILL before its Nth system call that may change something, `bed.kill=N` being
 * among the words of the kernel command line (in a container: among PID 1's arguments). Without the word it lives. Those calls are written
 * to /run/bed/calls, a line with the number of each.
 *
 * Calls that only read are not counted: a kill before one of them leaves what a kill before the next one leaves, and how many of them
 * there are depends on how long PID 1 takes to answer.
 *
 * The tracer is a child of the traced: the program is the service's main process, as it would be without it. Its own children are
 * not traced. See ptrace(2). */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static long word(const char *file, const char *name) {
  static char text[65536];
  int fd = open(file, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  long value = 0;
  for (ssize_t start = 0, end; start < length; start = end + 1) {
    for (end = start; end < length && text[end] != '\0' && text[end] != ' ' && text[end] != '\n';) end++;
    text[end] = '\0';
    if (strncmp(text + start, name, strlen(name)) == 0) value = atol(text + start + strlen(name));
  }
  return value;
}

/* Whether the kernel, a file system or another process may be other than before. */
static int changes(pid_t process, const struct user_regs_struct *call) {
  const long may_write = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  switch (call->orig_rax) {
    case SYS_open: return (call->rsi & may_write) != 0;
    case SYS_openat: return (call->rdx & may_write) != 0;
    case SYS_openat2: return (ptrace(PTRACE_PEEKDATA, process, call->rdx, 0) & may_write) != 0;
    case SYS_write: case SYS_pwrite64: case SYS_writev: case SYS_pwritev: case SYS_sendfile: case SYS_copy_file_range:
    case SYS_mount: case SYS_umount2: case SYS_pivot_root: case SYS_chroot:
    case SYS_open_tree: case SYS_move_mount: case SYS_fsopen: case SYS_fsconfig: case SYS_fsmount: case SYS_mount_setattr:
    case SYS_rename: case SYS_renameat: case SYS_renameat2: case SYS_unlink: case SYS_unlinkat: case SYS_rmdir:
    case SYS_mkdir: case SYS_mkdirat: case SYS_mknod: case SYS_mknodat: case SYS_symlink: case SYS_symlinkat: case SYS_link: case SYS_linkat:
    case SYS_chmod: case SYS_fchmod: case SYS_fchmodat: case SYS_chown: case SYS_fchown: case SYS_lchown: case SYS_fchownat:
    case SYS_setxattr: case SYS_lsetxattr: case SYS_fsetxattr: case SYS_removexattr: case SYS_fremovexattr: case SYS_utimensat:
    case SYS_truncate: case SYS_ftruncate: case SYS_fallocate: case SYS_sync: case SYS_syncfs: case SYS_fsync: case SYS_fdatasync:
    case SYS_ioctl: case SYS_sendto: case SYS_sendmsg: case SYS_connect: case SYS_sethostname: case SYS_setns: case SYS_unshare:
    case SYS_clone: case SYS_clone3: case SYS_fork: case SYS_vfork: case SYS_kill: case SYS_wait4: case SYS_waitid: case SYS_exit_group:
      return 1;
    default: return 0;
  }
}

static void trace(pid_t process, long doomed, int ready) {
  mkdir("/run/bed", 0755);
  /* The descriptor stays good whatever becomes of /run. */
  int calls = open("/run/bed/calls", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (calls < 0 || ptrace(PTRACE_SEIZE, process, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC) != 0) _exit(1);
  ptrace(PTRACE_INTERRUPT, process, 0, 0);
  close(ready);
  long count = 0;
  int is_running = 0, is_entry = 1, status;
  while (waitpid(process, &status, 0) == process && WIFSTOPPED(status)) {
    int signal = 0;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
      is_running = 1;
      /* What comes next is the end of execve(2). */
      is_entry = 0;
    } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
      if (is_running && is_entry) {
        struct user_regs_struct call;
        struct iovec place = {&call, sizeof call};
        ptrace(PTRACE_GETREGSET, process, NT_PRSTATUS, &place);
        if (changes(process, &call)) {
          dprintf(calls, "%lld\n", (long long)call.orig_rax);
          if (++count == doomed) {
            kill(process, SIGKILL);
            continue;
          }
        }
      }
      is_entry = !is_entry;
    } else if (status >> 16 == 0) {
      signal = WSTOPSIG(status);
    }
    ptrace(PTRACE_SYSCALL, process, 0, signal);
  }
  _exit(0);
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  long doomed = word("/proc/cmdline", "bed.kill=");
  if (doomed == 0) doomed = word("/proc/1/cmdline", "bed.kill=");
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return 1;
  pid_t process = getpid();
  switch (fork()) {
    case -1: return 1;
    case 0:
      close(ready[0]);
      trace(process, doomed, ready[1]);
  }
  close(ready[1]);
  char byte;
  while (read(ready[0], &byte, 1) < 0 && errno == EINTR) {}
  execv(arguments[1], arguments + 1);
  return 1;
}
