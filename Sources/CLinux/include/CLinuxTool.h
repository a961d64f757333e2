// SPDX-License-Identifier: MIT
#pragma once
/* For the tool only; no boot needs these. The same rules as in CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* See isatty(3), geteuid(2). */
int32_t linux_is_terminal(int32_t file);
int32_t linux_effective_user(void);

/* See lgetxattr(2). */
intptr_t linux_get_attribute(const char *_Nonnull path, const char *_Nonnull name, void *_Nonnull buffer, size_t size);

/* See llistxattr(2), lsetxattr(2). */
intptr_t linux_list_attributes_at(const char *_Nonnull path, char *_Nonnull buffer, size_t size);
int32_t linux_set_attribute(const char *_Nonnull path, const char *_Nonnull name, const void *_Nonnull value, size_t size);

/* Copying. None of these follows a symbolic link. See linkat(2), mknodat(2), fchownat(2), fchmodat(2), utimensat(2). */
int32_t linux_link(int32_t directory, const char *_Nonnull path, int32_t to_directory, const char *_Nonnull to_path);
int32_t linux_make_node(int32_t directory, const char *_Nonnull path, uint32_t mode, uint64_t device);
int32_t linux_change_owner_at(int32_t directory, const char *_Nonnull path, uint32_t owner, uint32_t group);
/* Not for a symbolic link, which has no mode. */
int32_t linux_change_mode_at(int32_t directory, const char *_Nonnull path, uint32_t mode);
int32_t linux_set_modified(int32_t directory, const char *_Nonnull path, int64_t nanoseconds);
/* Copies this many bytes, at least, or up to the end, into an empty file; what consists of zeros becomes a hole. A log that grows as fast as
 * it is copied has no end. */
int32_t linux_copy(int32_t file, int32_t to_file, uint64_t size);

/* Enters a new mount namespace, from which nothing propagates. See unshare(2), mount_namespaces(7). */
int32_t linux_leave_mount_namespace(void);
/* Remounts the mount only, or with its superblock. See mount(2), MS_REMOUNT. */
int32_t linux_remount(const char *_Nonnull target, int32_t read_only, int32_t with_file_system);

/* preroot's version: the first heading of NEWS.md, which make(1) passes to the compiler. */
const char *_Nonnull preroot_version(void);
