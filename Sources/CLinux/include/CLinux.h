// SPDX-License-Identifier: MIT
#pragma once
/* preroot's system calls, and nothing else: no policy, no memory allocation, no libc types, so that Swift can import this module for any
 * target without a sysroot. Each function returns >= 0 or -errno. Strings end with a NUL byte. */
#include <stddef.h>
#include <stdint.h>
#include "CLinuxProcess.h"
#include "CLinuxStorage.h"
#include "CLinuxTool.h"

#define LINUX_CURRENT_DIRECTORY (-100) /* AT_FDCWD */

/* How to open a file; the flags of open(2) differ between architectures. TO_LIST is O_RDONLY, so that getdents64(2) works. */
#define LINUX_OPEN_PATH 0
#define LINUX_OPEN_DIRECTORY 1
#define LINUX_OPEN_TO_LIST 2
#define LINUX_OPEN_TO_READ 3
/* Where symbolic links may lead: anywhere; below the directory, as below a root; nowhere, nor may the path enter another file system. */
#define LINUX_LOOK_ANYWHERE 0
#define LINUX_LOOK_IN_ROOT 1
#define LINUX_LOOK_BENEATH 2
/* See openat(2), openat2(2) RESOLVE_IN_ROOT, RESOLVE_BENEATH. -ENOSYS before Linux 5.6, except with LINUX_LOOK_ANYWHERE. */
int32_t linux_open(int32_t directory, const char *_Nonnull path, int32_t how, int32_t look);
/* Opens one component of a path. -ELOOP if it is a symbolic link. */
int32_t linux_open_component(int32_t directory, const char *_Nonnull name, int32_t how);

/* Files. See openat(2), read(2), write(2), mkdirat(2), symlinkat(2), renameat(2), unlinkat(2), readlinkat(2). */
int32_t linux_open_to_append(int32_t directory, const char *_Nonnull path);
int32_t linux_create(int32_t directory, const char *_Nonnull path, uint32_t mode);
intptr_t linux_read(int32_t file, void *_Nonnull buffer, size_t size);
intptr_t linux_write(int32_t file, const void *_Nonnull buffer, size_t size);
int32_t linux_close(int32_t file);
int32_t linux_mkdir(int32_t directory, const char *_Nonnull path, uint32_t mode);
int32_t linux_symlink(const char *_Nonnull target, int32_t directory, const char *_Nonnull path);
int32_t linux_rename(int32_t directory, const char *_Nonnull from, int32_t to_directory, const char *_Nonnull to);
int32_t linux_unlink(int32_t directory, const char *_Nonnull path);
int32_t linux_rmdir(int32_t directory, const char *_Nonnull path);
intptr_t linux_readlink(int32_t directory, const char *_Nonnull path, void *_Nonnull buffer, size_t size);
/* 0 if the file exists. See faccessat(2), F_OK. */
int32_t linux_exists(int32_t directory, const char *_Nonnull path);
/* Reads the next entries of a directory that was opened to list, struct linux_dirent64. See getdents64(2). */
intptr_t linux_getdents(int32_t directory, void *_Nonnull buffer, size_t size);
/* Does not follow links; an empty path means the descriptor's own file. The fields have the names of fstatat(2). */
struct linux_status {
  uint64_t device, inode, inode_device, size;
  int64_t modified_nanoseconds;
  uint32_t mode, owner, group, links;
};
int32_t linux_get_status(int32_t directory, const char *_Nonnull path, struct linux_status *_Nonnull status);
/* Open files and directories. See fchown(2), fchmod(2), flistxattr(2), fgetxattr(2), fsetxattr(2). */
int32_t linux_change_owner(int32_t file, uint32_t owner, uint32_t group);
int32_t linux_change_mode(int32_t file, uint32_t mode);
intptr_t linux_list_attributes(int32_t file, char *_Nonnull buffer, size_t size);
intptr_t linux_get_attribute_of(int32_t file, const char *_Nonnull name, void *_Nonnull buffer, size_t size);
int32_t linux_set_attribute_of(int32_t file, const char *_Nonnull name, const void *_Nonnull value, size_t size);

/* Mounts. The flags are the kernel's, MS_*. See mount(2), umount2(2), pivot_root(2), statvfs(3). */
int32_t linux_mount(const char *_Nonnull source, const char *_Nonnull target, const char *_Nonnull type, uint64_t flags, const char *_Nonnull data);
int32_t linux_bind(const char *_Nonnull source, const char *_Nonnull target);
/* Sets the flags of a mount; a new bind inherits those of its source. */
int32_t linux_change_mount(const char *_Nonnull target, uint64_t flags);
int32_t linux_bind_recursively(const char *_Nonnull source, const char *_Nonnull target);
/* Remounts with the superblock, and with the mount's current flags: read-only or writable, or a tmpfs with another size. */
int32_t linux_remount_file_system(const char *_Nonnull target, int32_t read_only);
int32_t linux_resize_tmpfs(const char *_Nonnull target, const char *_Nonnull data);
int32_t linux_unmount(const char *_Nonnull target);
/* Lazily unmounts a mount with all mounts below it, without propagating that to their peers. */
int32_t linux_detach(const char *_Nonnull target);
int32_t linux_make_private(const char *_Nonnull target);
int32_t linux_make_unbindable(const char *_Nonnull target);
int32_t linux_make_shared(const char *_Nonnull target, int32_t recursively);
int32_t linux_pivot_root(const char *_Nonnull new_root, const char *_Nonnull put_old);
int32_t linux_statvfs(const char *_Nonnull path, uint64_t *_Nonnull total_bytes, uint64_t *_Nonnull free_bytes, uint64_t *_Nonnull free_inodes);
int32_t linux_chdir(const char *_Nonnull path);

/* The mount namespace. 1 if `path` and `other` are the same file, else 0. See namespaces(7), setns(2). */
int32_t linux_is_same_file(const char *_Nonnull path, const char *_Nonnull other);
int32_t linux_enter_mount_namespace(int32_t file);

/* The process. See clock_gettime(2) CLOCK_MONOTONIC, nanosleep(2), getpid(2), getenv(3), strerror(3). */
int64_t linux_monotonic_microseconds(void);
/* CLOCK_REALTIME. See clock_settime(2). */
int64_t linux_clock_seconds(void);
int32_t linux_set_clock(int64_t seconds);
void linux_sleep(int64_t microseconds);
int32_t linux_getpid(void);
const char *_Nullable linux_getenv(const char *_Nonnull name);
const char *_Nonnull linux_strerror(int32_t error);
