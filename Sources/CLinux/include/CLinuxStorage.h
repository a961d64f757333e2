// SPDX-License-Identifier: MIT
#pragma once
/* Storage, beyond files and mounts, under the same rules as CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* Devices. See open(2), O_EXCL of a block device; lseek(2), pread(2), pwrite(2). TO_WRITE fails if the device is in use, TO_SHARE does not. */
#define LINUX_DEVICE_TO_READ 0
#define LINUX_DEVICE_TO_WRITE 1
#define LINUX_DEVICE_TO_SHARE 2
int32_t linux_open_device(int32_t directory, const char *_Nonnull path, int32_t how);
int64_t linux_size(int32_t file);
intptr_t linux_read_at(int32_t file, void *_Nonnull buffer, size_t size, int64_t offset);
intptr_t linux_write_at(int32_t file, const void *_Nonnull buffer, size_t size, int64_t offset);
/* 1 if `bytes` bytes from `start` on, or fewer if the file is shorter, are all 0x00 or all 0xff; else 0. */
int32_t linux_is_erased(int32_t file, int64_t start, int64_t bytes);

/* Probes `bytes` bytes from `start` on, or all if that is 0, with libblkid. On LINUX_PROBE_FOUND, the buffer has lines `NAME=value`; lines
 * that do not fit are left out. With `entry`, only PARTNAME and PARTUUID of the partition. -ELIBACC if libblkid is unavailable. */
#define LINUX_PROBE_FOUND 0
#define LINUX_PROBE_NOTHING 1
#define LINUX_PROBE_AMBIVALENT 2
int32_t linux_probe(int32_t file, int32_t entry, int64_t start, int64_t bytes, char *_Nonnull buffer, size_t size);

/* Flush an open file or directory, or its whole file system. See fsync(2), syncfs(2). */
int32_t linux_sync_file(int32_t file);
int32_t linux_sync_file_system(int32_t file);

/* Creates a file unless it exists, and locks it as long as the result is open; -EAGAIN if another process has it and the call must not wait.
 * See flock(2). */
int32_t linux_lock(int32_t directory, const char *_Nonnull path, int32_t waits);

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

/* Loop devices. See loop(4). */
int32_t linux_open_loop_control(void);
/* Returns the number of a device that is free. */
int32_t linux_free_loop(int32_t control);
/* Attaches a free one to `bytes` bytes of a device. The kernel detaches it when its last user closes it. */
int32_t linux_attach_loop(int32_t loop, int32_t device, int64_t start, int64_t bytes);

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
