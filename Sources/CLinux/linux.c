// SPDX-License-Identifier: MIT
#include "internal.h"
#include "CLinux.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

_Static_assert(LINUX_CURRENT_DIRECTORY == AT_FDCWD, "AT_FDCWD");

static const int flags_of_open[] = {
  [LINUX_OPEN_PATH] = O_PATH | O_CLOEXEC,
  [LINUX_OPEN_DIRECTORY] = O_PATH | O_DIRECTORY | O_CLOEXEC,
  [LINUX_OPEN_TO_LIST] = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
  [LINUX_OPEN_TO_READ] = O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC,
};

/* __NR_, not SYS_: Debian 11's C library predates this system call, but its kernel headers do not. */
int32_t linux_open(int32_t d, const char *p, int32_t how, int32_t look) {
  if (look == LINUX_LOOK_ANYWHERE) return RESULT(openat(d, p, flags_of_open[how]));
  struct open_how h = { .flags = flags_of_open[how] };
  h.resolve = look == LINUX_LOOK_IN_ROOT ? RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  return RESULT(syscall(__NR_openat2, d, p, &h, sizeof h));
}

int32_t linux_open_component(int32_t d, const char *p, int32_t how) {
  struct stat s;
  /* For a link, O_PATH would open the link itself, and O_DIRECTORY would fail with ENOTDIR. */
  if (fstatat(d, p, &s, AT_SYMLINK_NOFOLLOW) < 0) return FAILURE;
  return S_ISLNK(s.st_mode) ? ERROR(ELOOP) : RESULT(openat(d, p, flags_of_open[how] | O_NOFOLLOW));
}

int32_t linux_open_to_append(int32_t d, const char *p) {
  return RESULT(openat(d, p, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}
int32_t linux_create(int32_t d, const char *p, uint32_t mode) { return RESULT(openat(d, p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)); }
intptr_t linux_read(int32_t f, void *b, size_t n) {
  ssize_t r;
  do r = read(f, b, n);
  while (r < 0 && errno == EINTR);
  return RESULT(r);
}
intptr_t linux_write(int32_t f, const void *b, size_t n) {
  ssize_t r;
  do r = write(f, b, n);
  while (r < 0 && errno == EINTR);
  return RESULT(r);
}
int32_t linux_close(int32_t f) { return RESULT(close(f)); }
int32_t linux_mkdir(int32_t d, const char *p, uint32_t mode) { return RESULT(mkdirat(d, p, mode)); }
int32_t linux_symlink(const char *t, int32_t d, const char *p) { return RESULT(symlinkat(t, d, p)); }
int32_t linux_rename(int32_t d, const char *from, int32_t e, const char *to) { return RESULT(renameat(d, from, e, to)); }
int32_t linux_unlink(int32_t d, const char *p) { return RESULT(unlinkat(d, p, 0)); }
int32_t linux_rmdir(int32_t d, const char *p) { return RESULT(unlinkat(d, p, AT_REMOVEDIR)); }
intptr_t linux_readlink(int32_t d, const char *p, void *b, size_t n) { return RESULT(readlinkat(d, p, b, n)); }
int32_t linux_exists(int32_t d, const char *p) { return RESULT(faccessat(d, p, F_OK, 0)); }

intptr_t linux_getdents(int32_t d, void *b, size_t n) { return RESULT(syscall(SYS_getdents64, d, b, n)); }

int32_t linux_get_status(int32_t d, const char *p, struct linux_status *status) {
  struct stat s;
  if (fstatat(d, p, &s, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0) return FAILURE;
  *status = (struct linux_status){
    .device = s.st_dev,
    .inode = s.st_ino,
    .inode_device = s.st_rdev,
    .size = s.st_size,
    .modified_nanoseconds = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec,
    .mode = s.st_mode,
    .owner = s.st_uid,
    .group = s.st_gid,
    .links = s.st_nlink,
  };
  return 0;
}
int32_t linux_change_owner(int32_t f, uint32_t owner, uint32_t group) { return RESULT(fchown(f, owner, group)); }
int32_t linux_change_mode(int32_t f, uint32_t mode) { return RESULT(fchmod(f, mode)); }
intptr_t linux_list_attributes(int32_t f, char *b, size_t n) { return RESULT(flistxattr(f, b, n)); }
intptr_t linux_get_attribute_of(int32_t f, const char *name, void *b, size_t n) { return RESULT(fgetxattr(f, name, b, n)); }
int32_t linux_set_attribute_of(int32_t f, const char *name, const void *b, size_t n) { return RESULT(fsetxattr(f, name, b, n, 0)); }

int32_t linux_mount(const char *s, const char *t, const char *type, uint64_t flags, const char *data) { return RESULT(mount(s, t, type, flags, data)); }

int32_t linux_bind(const char *s, const char *t) { return RESULT(mount(s, t, NULL, MS_BIND, NULL)); }
int32_t linux_change_mount(const char *t, uint64_t flags) { return RESULT(mount(NULL, t, NULL, MS_REMOUNT | MS_BIND | flags, NULL)); }
int32_t linux_bind_recursively(const char *s, const char *t) { return RESULT(mount(s, t, NULL, MS_BIND | MS_REC, NULL)); }
static int32_t remount(const char *t, unsigned long flags, const char *data) {
  struct statvfs s;
  if (statvfs(t, &s) < 0) return FAILURE;
  flags |= MS_REMOUNT;
  if (s.f_flag & ST_NOSUID) flags |= MS_NOSUID;
  if (s.f_flag & ST_NODEV) flags |= MS_NODEV;
  if (s.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
  if (s.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  if (s.f_flag & ST_NOATIME) flags |= MS_NOATIME;
  if (!(s.f_flag & (ST_RELATIME | ST_NOATIME))) flags |= MS_STRICTATIME;
  return RESULT(mount(NULL, t, NULL, flags, data));
}
int32_t linux_remount_file_system(const char *t, int32_t read_only) { return remount(t, read_only ? MS_RDONLY : 0, NULL); }
int32_t linux_resize_tmpfs(const char *t, const char *data) { return remount(t, 0, data); }
int32_t linux_unmount(const char *t) { return RESULT(umount2(t, UMOUNT_NOFOLLOW)); }
int32_t linux_detach(const char *t) {
  /* Otherwise the unmounts would propagate to the peers. */
  mount(NULL, t, NULL, MS_REC | MS_PRIVATE, NULL);
  return RESULT(umount2(t, MNT_DETACH));
}
int32_t linux_make_private(const char *t) { return RESULT(mount(NULL, t, NULL, MS_PRIVATE, NULL)); }
int32_t linux_make_unbindable(const char *t) { return RESULT(mount(NULL, t, NULL, MS_UNBINDABLE, NULL)); }
int32_t linux_make_shared(const char *t, int32_t recursively) {
  return RESULT(mount(NULL, t, NULL, MS_SHARED | (recursively ? MS_REC : 0), NULL));
}
int32_t linux_pivot_root(const char *new_root, const char *put_old) { return RESULT((int)syscall(SYS_pivot_root, new_root, put_old)); }

int32_t linux_statvfs(const char *p, uint64_t *total, uint64_t *free, uint64_t *inodes) {
  struct statvfs s;
  if (statvfs(p, &s) < 0) return FAILURE;
  *total = (uint64_t)s.f_blocks * s.f_frsize;
  *free = (uint64_t)s.f_bavail * s.f_frsize;
  *inodes = s.f_favail;
  return 0;
}

int32_t linux_chdir(const char *p) { return RESULT(chdir(p)); }

int32_t linux_is_same_file(const char *p, const char *other) {
  struct stat s, t;
  if (stat(p, &s) < 0 || stat(other, &t) < 0) return FAILURE;
  return s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}
int32_t linux_enter_mount_namespace(int32_t f) { return RESULT(setns(f, CLONE_NEWNS)); }

int64_t linux_monotonic_microseconds(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) < 0) return FAILURE;
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
int64_t linux_clock_seconds(void) { return time(NULL); }
int32_t linux_set_clock(int64_t seconds) { return RESULT(clock_settime(CLOCK_REALTIME, &(struct timespec){ .tv_sec = seconds })); }
void linux_sleep(int64_t us) { nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL); }
int32_t linux_getpid(void) { return getpid(); }
const char *linux_getenv(const char *name) { return getenv(name); }
const char *linux_strerror(int32_t error) { return strerror(native_errno(error)); }
