// SPDX-License-Identifier: MIT
#include "internal.h"
#include "CLinux.h"
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int32_t linux_is_terminal(int32_t f) { return isatty(f); }
int32_t linux_effective_user(void) { return geteuid(); }

intptr_t linux_get_attribute(const char *p, const char *name, void *b, size_t n) { return RESULT(lgetxattr(p, name, b, n)); }

intptr_t linux_list_attributes_at(const char *p, char *b, size_t n) { return RESULT(llistxattr(p, b, n)); }
int32_t linux_set_attribute(const char *p, const char *name, const void *v, size_t n) { return RESULT(lsetxattr(p, name, v, n, 0)); }

int32_t linux_link(int32_t d, const char *p, int32_t e, const char *q) { return RESULT(linkat(d, p, e, q, 0)); }
int32_t linux_make_node(int32_t d, const char *p, uint32_t mode, uint64_t device) { return RESULT(mknodat(d, p, mode, device)); }
int32_t linux_change_owner_at(int32_t d, const char *p, uint32_t owner, uint32_t group) { return RESULT(fchownat(d, p, owner, group, AT_SYMLINK_NOFOLLOW)); }
int32_t linux_change_mode_at(int32_t d, const char *p, uint32_t mode) { return RESULT(fchmodat(d, p, mode, 0)); }
int32_t linux_set_modified(int32_t d, const char *p, int64_t ns) {
  int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
  if (rest < 0) seconds--, rest += 1000000000;
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = seconds, .tv_nsec = rest } };
  return RESULT(utimensat(d, p, times, AT_SYMLINK_NOFOLLOW));
}

int32_t linux_copy(int32_t f, int32_t g, uint64_t size) {
  char b[16384];
  off_t end = 0;
  while (end < (off_t)size) {
    ssize_t n = read(f, b, sizeof b);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FAILURE;
    if (n == 0) break;
    if (b[0] != 0 || memcmp(b, b + 1, n - 1) != 0) {
      for (ssize_t done = 0; done < n;) {
        ssize_t w = pwrite(g, b + done, n - done, end + done);
        if (w < 0 && errno != EINTR) return FAILURE;
        if (w > 0) done += w;
      }
    }
    end += n;
  }
  return RESULT(ftruncate(g, end));
}

int32_t linux_leave_mount_namespace(void) {
  if (unshare(CLONE_NEWNS) < 0) return FAILURE;
  return RESULT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}
int32_t linux_remount(const char *t, int32_t read_only, int32_t with_file_system) {
  return RESULT(mount(NULL, t, NULL, MS_REMOUNT | (read_only ? MS_RDONLY : 0) | (with_file_system ? 0 : MS_BIND), NULL));
}

#ifndef PREROOT_VERSION
#define PREROOT_VERSION unknown
#endif
#define TEXT_OF(word) #word
#define TEXT(word) TEXT_OF(word)
const char *preroot_version(void) { return TEXT(PREROOT_VERSION); }
