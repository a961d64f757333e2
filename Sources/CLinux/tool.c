/* The sizes of files do not fit in 32 bits. */
#define _FILE_OFFSET_BITS 64
#define _GNU_SOURCE
#include "CLinuxTool.h"
#include "result.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

int32_t linux_is_terminal(int32_t f) { return isatty(f); }
int32_t linux_effective_user(void) { return geteuid(); }

int32_t linux_open_directory_itself(int32_t d, const char *p) { return RESULT(openat(d, p, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)); }
int32_t linux_get_status(int32_t d, const char *p, struct linux_status *status) {
  struct stat s;
  if (fstatat(d, p, &s, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0) return -errno;
  *status = (struct linux_status){
    .device = s.st_dev, .inode = s.st_ino, .inode_device = s.st_rdev, .size = s.st_size,
    .modified_nanoseconds = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec,
    .mode = s.st_mode, .owner = s.st_uid, .group = s.st_gid,
  };
  return 0;
}
intptr_t linux_get_attribute(const char *p, const char *name, void *b, size_t n) { return RESULT(lgetxattr(p, name, b, n)); }

int32_t linux_leave_mount_namespace(void) {
  if (unshare(CLONE_NEWNS) < 0) return -errno;
  return RESULT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}
int32_t linux_bind_recursively(const char *s, const char *t) { return RESULT(mount(s, t, NULL, MS_BIND | MS_REC, NULL)); }
int32_t linux_remount(const char *t, int32_t read_only, int32_t with_file_system) {
  return RESULT(mount(NULL, t, NULL, MS_REMOUNT | (read_only ? MS_RDONLY : 0) | (with_file_system ? 0 : MS_BIND), NULL));
}

int32_t linux_run_below(const char *root, const char *arguments, size_t size) {
  size_t count = 0, place = 0;
  for (const char *a = arguments; a < arguments + size; a += strlen(a) + 1) count++;
  char **argv = calloc(count + 1, sizeof *argv);
  if (!argv) return -ENOMEM;
  for (const char *a = arguments; a < arguments + size; a += strlen(a) + 1) argv[place++] = (char *)a;

  /* A terminal that goes away, or a hand on Ctrl-C, ends the program and not what has to be done after it. */
  static const int deaf[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before[4];
  for (int i = 0; i < 4; i++) sigaction(deaf[i], &ignore, &before[i]);
  int wstatus = 0;
  int32_t result;
  pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 4; i++) sigaction(deaf[i], &before[i], NULL);
    if (chroot(root) == 0 && chdir("/") == 0) execvp(argv[0], argv);
    int error = errno;
    dprintf(2, "preroot: %s: %s\n", argv[0], strerror(error));
    _exit(error == ENOENT ? 127 : 126);
  }
  result = RESULT(child);
  while (child > 0 && (result = RESULT(waitpid(child, &wstatus, 0))) == -EINTR);
  free(argv);
  if (result < 0) return result;
  return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus);
}
