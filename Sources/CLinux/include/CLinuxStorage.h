// SPDX-License-Identifier: MIT
#pragma once
/* Storage, beyond files and mounts, under the same rules as CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* Devices. See open(2), O_EXCL of a block device; lseek(2), pread(2), pwrite(2). */
int32_t linux_open_device(int32_t directory, const char *_Nonnull path, int32_t exclusively_to_write);
int64_t linux_size(int32_t file);
intptr_t linux_read_at(int32_t file, void *_Nonnull buffer, size_t size, int64_t offset);
intptr_t linux_write_at(int32_t file, const void *_Nonnull buffer, size_t size, int64_t offset);
/* 1 if the first `bytes` bytes, or fewer if the file is shorter, are all 0x00 or all 0xff; else 0. */
int32_t linux_is_erased(int32_t file, int64_t bytes);

/* Probes with libblkid. On LINUX_PROBE_FOUND, the buffer has lines `NAME=value`; lines that do not fit are left out. With `entry`, only
 * PARTNAME and PARTUUID of the partition. -ELIBACC if libblkid is unavailable. */
#define LINUX_PROBE_FOUND 0
#define LINUX_PROBE_NOTHING 1
#define LINUX_PROBE_AMBIVALENT 2
int32_t linux_probe(int32_t file, int32_t entry, char *_Nonnull buffer, size_t size);

/* Flush an open file or directory, or its whole file system. See fsync(2), syncfs(2). */
int32_t linux_sync_file(int32_t file);
int32_t linux_sync_file_system(int32_t file);

/* The kernel's events about devices that appear and disappear. See netlink(7), NETLINK_KOBJECT_UEVENT. */
int32_t linux_open_uevents(void);
/* Discards the pending events. */
int32_t linux_drain_uevents(int32_t socket);

/* Tries an operation of overlayfs on its upper, in an open scratch directory; removes its files, including those of an earlier call.
 * See Documentation/filesystems/overlayfs.rst. */
#define LINUX_TRY_ATTRIBUTE 0
#define LINUX_TRY_TYPES 1
#define LINUX_TRY_WHITEOUT 2
#define LINUX_TRY_RENAME 3
#define LINUX_TRY_RENAME_WHITEOUT 4
int32_t linux_try(int32_t directory, int32_t what);

/* 0 once the kernel's random numbers are unpredictable; -ETIMEDOUT if they are not by then. See getrandom(2). */
int32_t linux_wait_for_randomness(int64_t microseconds);

/* See sethostname(2). */
int32_t linux_set_hostname(const char *_Nonnull name);

/* See linux: include/uapi/mtd/ubi-user.h, UBI_IOCATT. */
int32_t linux_ubi_attach(int32_t control, int32_t mtd, int32_t number);

/* Returns whether a logical eraseblock has data. See linux: include/uapi/mtd/ubi-user.h, UBI_IOCEBISMAP. */
int32_t linux_ubi_is_mapped(int32_t volume, int32_t block);

/* Empties a volume. See linux: include/uapi/mtd/ubi-user.h, UBI_IOCVOLUP. */
int32_t linux_ubi_empty(int32_t volume);
