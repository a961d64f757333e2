#pragma once
/* The system calls that preroot makes, and nothing else: no policy, no memory of its own, no libc type, so that this
 * module can be imported for any target without a sysroot. Each returns >= 0, or -errno. Strings end with a NUL byte. */
#include <stddef.h>
#include <stdint.h>
#include "CLinuxProcess.h"
#include "CLinuxStorage.h"
#include "CLinuxTool.h"

#define LINUX_CURRENT_DIRECTORY (-100) /* AT_FDCWD */

/* Files. See openat(2), read(2), write(2), mkdirat(2), symlinkat(2), renameat(2), unlinkat(2), readlinkat(2). */
int32_t linux_open_directory(int32_t directory, const char *_Nonnull path);
int32_t linux_open_to_read(int32_t directory, const char *_Nonnull path);
int32_t linux_open_to_append(int32_t directory, const char *_Nonnull path);
int32_t linux_create(int32_t directory, const char *_Nonnull path, uint32_t mode);
intptr_t linux_read(int32_t file, void *_Nonnull buffer, size_t size);
intptr_t linux_write(int32_t file, const void *_Nonnull buffer, size_t size);
int32_t linux_close(int32_t file);
int32_t linux_mkdir(int32_t directory, const char *_Nonnull path, uint32_t mode);
int32_t linux_symlink(const char *_Nonnull target, int32_t directory, const char *_Nonnull path);
int32_t linux_rename(int32_t directory, const char *_Nonnull from, const char *_Nonnull to);
int32_t linux_unlink(int32_t directory, const char *_Nonnull path);
int32_t linux_rmdir(int32_t directory, const char *_Nonnull path);
intptr_t linux_readlink(int32_t directory, const char *_Nonnull path, void *_Nonnull buffer, size_t size);
/* What a file is, links followed; `path` empty: what is open. See fstatat(2), AT_EMPTY_PATH; inode(7). */
struct linux_file {
  uint32_t mode;
  uint32_t device_major, device_minor;
  uint64_t size;
};
int32_t linux_get_file(int32_t file, const char *_Nonnull path, struct linux_file *_Nonnull result);
/* 0 where it exists. See faccessat(2), F_OK. */
int32_t linux_exists(int32_t directory, const char *_Nonnull path);
/* 0 where it is a directory, links not followed; -ENOTDIR where it is something else. See fstatat(2). */
int32_t linux_is_directory(const char *_Nonnull path);
/* The next entries of a directory opened with linux_open_directory_to_list(), struct linux_dirent64. See getdents64(2). */
int32_t linux_open_directory_to_list(int32_t directory, const char *_Nonnull path);
intptr_t linux_getdents(int32_t directory, void *_Nonnull buffer, size_t size);
/* Gives `path` the owner and mode of `model`. See stat(2), chown(2), chmod(2). */
int32_t linux_copy_owner_and_mode(const char *_Nonnull model, const char *_Nonnull path);

/* Mounts. See mount(2), umount2(2), pivot_root(2), statvfs(3). */
int32_t linux_mount_tmpfs(const char *_Nonnull target, const char *_Nonnull data);
int32_t linux_mount_overlay(const char *_Nonnull target, const char *_Nonnull data);
int32_t linux_bind(const char *_Nonnull source, const char *_Nonnull target);
/* Two calls: the flags of a bind are only heard in a remount. On an error nothing is mounted. */
int32_t linux_bind_read_only(const char *_Nonnull source, const char *_Nonnull target);
/* A remount of a tmpfs with its own mount flags and another size. */
int32_t linux_resize_tmpfs(const char *_Nonnull target, const char *_Nonnull data);
int32_t linux_move(const char *_Nonnull source, const char *_Nonnull target);
int32_t linux_unmount(const char *_Nonnull target);
int32_t linux_detach(const char *_Nonnull target);
int32_t linux_make_private(const char *_Nonnull target);
int32_t linux_make_shared(const char *_Nonnull target, int32_t recursively);
int32_t linux_pivot_root(const char *_Nonnull new_root, const char *_Nonnull put_old);
int32_t linux_statvfs(const char *_Nonnull path, uint64_t *_Nonnull total_bytes, uint64_t *_Nonnull free_bytes, uint64_t *_Nonnull free_inodes);
int32_t linux_chdir(const char *_Nonnull path);
int32_t linux_fchdir(int32_t directory);

/* The mount namespace: 1 where `path` names the same file as `other`, else 0. See namespaces(7), setns(2). */
int32_t linux_is_same_file(const char *_Nonnull path, const char *_Nonnull other);
int32_t linux_enter_mount_namespace(int32_t file);

/* The process. See clock_gettime(2) CLOCK_MONOTONIC, nanosleep(2), getpid(2), getenv(3), strerror(3). */
int64_t linux_monotonic_microseconds(void);
void linux_sleep(int64_t microseconds);
int32_t linux_getpid(void);
const char *_Nullable linux_getenv(const char *_Nonnull name);
const char *_Nonnull linux_strerror(int32_t error);
