#pragma once
/* What a person's tool needs beyond what a boot needs, under the same rules as CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* See isatty(3), geteuid(2). */
int32_t linux_is_terminal(int32_t file);
int32_t linux_effective_user(void);

/* A directory to list and to find others from, and no link to one. See open(2), O_NOFOLLOW. */
int32_t linux_open_directory_itself(int32_t directory, const char *_Nonnull path);

/* Links are not followed. See stat(2), st_mode and the others. */
struct linux_status {
  uint64_t device, inode, inode_device, size;
  int64_t modified_nanoseconds;
  uint32_t mode, owner, group;
};
int32_t linux_get_status(int32_t directory, const char *_Nonnull path, struct linux_status *_Nonnull status);
/* See lgetxattr(2). */
intptr_t linux_get_attribute(const char *_Nonnull path, const char *_Nonnull name, void *_Nonnull buffer, size_t size);

/* A mount namespace of its own, from which nothing propagates. See unshare(2), mount_namespaces(7). */
int32_t linux_leave_mount_namespace(void);
int32_t linux_bind_recursively(const char *_Nonnull source, const char *_Nonnull target);
/* Of the mount alone, or with the file system that it shows. See mount(2), MS_REMOUNT. */
int32_t linux_remount(const char *_Nonnull target, int32_t read_only, int32_t with_file_system);

/* Runs a program with another root directory to its end, with the terminal, the descriptors and the environment of the caller, who is
 * deaf to what ends programs from then on. The arguments have a NUL byte after each. The exit status, as shells have it: 126 where it
 * cannot be run, 127 where it is not there, both with a word on standard error, 128 + the number of a signal; an error where nothing was
 * tried. */
int32_t linux_run_below(const char *_Nonnull root, const char *_Nonnull arguments, size_t size);
