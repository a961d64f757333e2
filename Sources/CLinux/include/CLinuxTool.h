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

/* Enters a new mount namespace, from which nothing propagates. See unshare(2), mount_namespaces(7). */
int32_t linux_leave_mount_namespace(void);
/* Remounts the mount only, or with its superblock. See mount(2), MS_REMOUNT. */
int32_t linux_remount(const char *_Nonnull target, int32_t read_only, int32_t with_file_system);

/* preroot's version: the first heading of NEWS.md, which make(1) passes to the compiler. */
const char *_Nonnull preroot_version(void);
