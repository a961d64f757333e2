#include "internal.h"
#include "CLinux.h"
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

_Static_assert(LINUX_CURRENT_DIRECTORY == AT_FDCWD, "AT_FDCWD");

int32_t linux_open_directory(int32_t d, const char *p) { return RESULT(openat(d, p, O_PATH | O_DIRECTORY | O_CLOEXEC)); }
int32_t linux_open_to_read(int32_t d, const char *p) { return RESULT(openat(d, p, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)); }
int32_t linux_open_to_append(int32_t d, const char *p) {
  return RESULT(openat(d, p, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
}
int32_t linux_create(int32_t d, const char *p, uint32_t mode) { return RESULT(openat(d, p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)); }
intptr_t linux_read(int32_t f, void *b, size_t n) { ssize_t r; do r = read(f, b, n); while (r < 0 && errno == EINTR); return RESULT(r); }
intptr_t linux_write(int32_t f, const void *b, size_t n) { ssize_t r; do r = write(f, b, n); while (r < 0 && errno == EINTR); return RESULT(r); }
int32_t linux_close(int32_t f) { return RESULT(close(f)); }
int32_t linux_mkdir(int32_t d, const char *p, uint32_t mode) { return RESULT(mkdirat(d, p, mode)); }
int32_t linux_symlink(const char *t, int32_t d, const char *p) { return RESULT(symlinkat(t, d, p)); }
int32_t linux_rename(int32_t d, const char *from, const char *to) { return RESULT(renameat(d, from, d, to)); }
int32_t linux_unlink(int32_t d, const char *p) { return RESULT(unlinkat(d, p, 0)); }
int32_t linux_rmdir(int32_t d, const char *p) { return RESULT(unlinkat(d, p, AT_REMOVEDIR)); }
intptr_t linux_readlink(int32_t d, const char *p, void *b, size_t n) { return RESULT(readlinkat(d, p, b, n)); }
int32_t linux_exists(int32_t d, const char *p) { return RESULT(faccessat(d, p, F_OK, 0)); }

int32_t linux_get_file(int32_t f, const char *p, struct linux_file *result) {
  struct stat s;
  if (fstatat(f, p, &s, AT_EMPTY_PATH | AT_NO_AUTOMOUNT) < 0) return -errno;
  *result = (struct linux_file){ s.st_mode, major(s.st_rdev), minor(s.st_rdev), s.st_size };
  return 0;
}

int32_t linux_is_directory(const char *p) {
  struct stat s;
  if (fstatat(AT_FDCWD, p, &s, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
  return S_ISDIR(s.st_mode) ? 0 : -ENOTDIR;
}

int32_t linux_open_directory_to_list(int32_t d, const char *p) { return RESULT(openat(d, p, O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
intptr_t linux_getdents(int32_t d, void *b, size_t n) { return RESULT(syscall(SYS_getdents64, d, b, n)); }

int32_t linux_copy_owner_and_mode(const char *model, const char *p) {
  struct stat s;
  if (stat(model, &s) < 0 || chown(p, s.st_uid, s.st_gid) < 0) return -errno;
  return RESULT(chmod(p, s.st_mode & 07777));
}

/* The source is a name of ours in the mount table. */
int32_t linux_mount_tmpfs(const char *t, const char *data) { return RESULT(mount("preroot", t, "tmpfs", 0, data)); }
int32_t linux_mount_overlay(const char *t, const char *data) { return RESULT(mount("preroot", t, "overlay", 0, data)); }

int32_t linux_bind(const char *s, const char *t) { return RESULT(mount(s, t, NULL, MS_BIND, NULL)); }

int32_t linux_bind_read_only(const char *s, const char *t) {
  if (mount(s, t, NULL, MS_BIND, NULL) < 0) return -errno;
  int32_t result = RESULT(mount(NULL, t, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  if (result < 0) umount2(t, UMOUNT_NOFOLLOW);
  return result;
}

int32_t linux_resize_tmpfs(const char *t, const char *data) {
  struct statvfs s;
  if (statvfs(t, &s) < 0) return -errno;
  unsigned long flags = MS_REMOUNT;
  if (s.f_flag & ST_NOSUID) flags |= MS_NOSUID;
  if (s.f_flag & ST_NODEV) flags |= MS_NODEV;
  if (s.f_flag & ST_NOEXEC) flags |= MS_NOEXEC;
  if (s.f_flag & ST_RELATIME) flags |= MS_RELATIME;
  if (s.f_flag & ST_NOATIME) flags |= MS_NOATIME;
  if (!(s.f_flag & (ST_RELATIME | ST_NOATIME))) flags |= MS_STRICTATIME;
  return RESULT(mount("tmpfs", t, "tmpfs", flags, data));
}

int32_t linux_move(const char *s, const char *t) { return RESULT(mount(s, t, NULL, MS_MOVE, NULL)); }
int32_t linux_unmount(const char *t) { return RESULT(umount2(t, UMOUNT_NOFOLLOW)); }
int32_t linux_detach(const char *t) { return RESULT(umount2(t, MNT_DETACH)); }
int32_t linux_make_private(const char *t) { return RESULT(mount(NULL, t, NULL, MS_PRIVATE, NULL)); }
int32_t linux_make_shared(const char *t, int32_t recursively) {
  return RESULT(mount(NULL, t, NULL, MS_SHARED | (recursively ? MS_REC : 0), NULL));
}
int32_t linux_pivot_root(const char *new_root, const char *put_old) { return RESULT((int)syscall(SYS_pivot_root, new_root, put_old)); }

int32_t linux_statvfs(const char *p, uint64_t *total, uint64_t *free, uint64_t *inodes) {
  struct statvfs s;
  if (statvfs(p, &s) < 0) return -errno;
  *total = (uint64_t)s.f_blocks * s.f_frsize;
  *free = (uint64_t)s.f_bavail * s.f_frsize;
  *inodes = s.f_favail;
  return 0;
}

int32_t linux_chdir(const char *p) { return RESULT(chdir(p)); }
int32_t linux_fchdir(int32_t d) { return RESULT(fchdir(d)); }

int32_t linux_is_same_file(const char *p, const char *other) {
  struct stat s, t;
  if (stat(p, &s) < 0 || stat(other, &t) < 0) return -errno;
  return s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}
int32_t linux_enter_mount_namespace(int32_t f) { return RESULT(setns(f, CLONE_NEWNS)); }

int64_t linux_monotonic_microseconds(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_MONOTONIC, &t) < 0) return -errno;
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
void linux_sleep(int64_t us) { nanosleep(&(struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 }, NULL); }
int32_t linux_getpid(void) { return getpid(); }
const char *linux_getenv(const char *name) { return getenv(name); }
const char *linux_strerror(int32_t error) { return strerror(error); }
