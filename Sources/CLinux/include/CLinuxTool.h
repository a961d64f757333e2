// SPDX-License-Identifier: MIT
#pragma once
/* What a person's tool needs beyond what a boot needs, under the same rules as CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* See isatty(3), geteuid(2). */
int32_t linux_is_terminal(int32_t file);
int32_t linux_effective_user(void);

/* See lgetxattr(2). */
intptr_t linux_get_attribute(const char *_Nonnull path, const char *_Nonnull name, void *_Nonnull buffer, size_t size);

/* A mount namespace of its own, from which nothing propagates. See unshare(2), mount_namespaces(7). */
int32_t linux_leave_mount_namespace(void);
/* Of the mount alone, or with the file system that it shows. See mount(2), MS_REMOUNT. */
int32_t linux_remount(const char *_Nonnull target, int32_t read_only, int32_t with_file_system);

/* Of preroot: the first heading of NEWS.md, which make(1) hands to the compiler. */
const char *_Nonnull preroot_version(void);
