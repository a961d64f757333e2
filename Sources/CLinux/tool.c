// SPDX-License-Identifier: MIT
#include "internal.h"
#include "CLinux.h"
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int32_t linux_is_terminal(int32_t f) { return isatty(f); }
int32_t linux_effective_user(void) { return geteuid(); }

intptr_t linux_get_attribute(const char *p, const char *name, void *b, size_t n) { return RESULT(lgetxattr(p, name, b, n)); }

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
