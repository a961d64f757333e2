// SPDX-License-Identifier: MIT
#include "internal.h"
#include "CLinux.h"
#include "library.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/netlink.h>
#include <mtd/ubi-user.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

int32_t linux_open_device(int32_t d, const char *p, int32_t how) {
  static const int flags[] = {
    [LINUX_DEVICE_TO_READ] = O_RDONLY | O_NONBLOCK,
    [LINUX_DEVICE_TO_WRITE] = O_RDWR | O_EXCL,
    [LINUX_DEVICE_TO_SHARE] = O_RDWR,
  };
  return RESULT(openat(d, p, flags[how] | O_NOCTTY | O_CLOEXEC));
}
int64_t linux_size(int32_t f) {
  off_t size = lseek(f, 0, SEEK_END);
  return size < 0 ? FAILURE : size;
}
intptr_t linux_read_at(int32_t f, void *b, size_t n, int64_t o) { return RESULT(pread(f, b, n, o)); }
intptr_t linux_write_at(int32_t f, const void *b, size_t n, int64_t o) { return RESULT(pwrite(f, b, n, o)); }

int32_t linux_is_erased(int32_t f, int64_t start, int64_t bytes) {
  unsigned char b[16384], first = 0;
  for (int64_t o = 0; o < bytes;) {
    ssize_t n = pread(f, b, sizeof b, start + o);
    if (n < 0) return FAILURE;
    if (n == 0) break;
    if (o == 0) first = b[0];
    if ((first != 0x00 && first != 0xff) || b[0] != first || memcmp(b, b + 1, n - 1) != 0) return 0;
    o += n;
  }
  return 1;
}

typedef struct probe *Probe;
/* See blkid.h: BLKID_SUBLKS_LABEL, UUID, TYPE, USAGE, BADCSUM; BLKID_PARTS_FORCE_GPT (accepts a table of which only the copy at the
 * device's end is left), ENTRY_DETAILS. */
enum { SUPERBLOCKS = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 10,
       FORCE_GPT = 1 << 1,
       ENTRY_DETAILS = 1 << 2 };

int32_t linux_probe(int32_t f, int32_t entry, int64_t start, int64_t bytes, char *buffer, size_t size) {
  void *library = library_open("libblkid.so.1");
  if (!library) return ERROR(ELIBACC);
  /* These are as old as the low-level API (util-linux 2.15 to 2.20). */
  Probe (*new_probe)(void) = dlsym(library, "blkid_new_probe");
  int (*set_device)(Probe, int, int64_t, int64_t) = dlsym(library, "blkid_probe_set_device");
  int (*enable_superblocks)(Probe, int) = dlsym(library, "blkid_probe_enable_superblocks");
  int (*enable_partitions)(Probe, int) = dlsym(library, "blkid_probe_enable_partitions");
  int (*set_superblocks)(Probe, int) = dlsym(library, "blkid_probe_set_superblocks_flags");
  int (*set_partitions)(Probe, int) = dlsym(library, "blkid_probe_set_partitions_flags");
  int (*safeprobe)(Probe) = dlsym(library, "blkid_do_safeprobe");
  int (*lookup)(Probe, const char *, const char **, size_t *) = dlsym(library, "blkid_probe_lookup_value");
  void (*free_probe)(Probe) = dlsym(library, "blkid_free_probe");
  if (!new_probe || !set_device || !enable_superblocks || !enable_partitions || !set_superblocks || !set_partitions || !safeprobe
      || !lookup || !free_probe)
    return ERROR(ELIBACC);

  Probe probe = new_probe();
  if (!probe) return ERROR(ENOMEM);
  int result = set_device(probe, f, start, bytes);
  if (result == 0) {
    enable_superblocks(probe, !entry);
    enable_partitions(probe, 1);
    set_superblocks(probe, SUPERBLOCKS);
    set_partitions(probe, entry ? ENTRY_DETAILS : FORCE_GPT);
    result = safeprobe(probe);
  }
  size_t used = 0;
  /* Values of a fixed form first: a label may contain newlines. */
  static const char names[][2][16] = {
    { "TYPE", "TYPE" },
    { "PTTYPE", "PTTYPE" },
    { "USAGE", "USAGE" },
    { "UUID", "UUID" },
    { "LABEL", "LABEL" },
    { "PART_ENTRY_UUID", "PARTUUID" },
    { "PART_ENTRY_NAME", "PARTNAME" },
  };
  for (int i = entry ? 5 : 0; result == 0 && i < (entry ? 7 : 5); i++) {
    const char *value;
    if (lookup(probe, names[i][0], &value, NULL) < 0) continue;
    int length = snprintf(buffer + used, size - used, "%s=%s\n", names[i][1], value);
    if (length < (int)(size - used)) used += length;
  }
  buffer[used] = 0;
  free_probe(probe);
  return result == -2 ? LINUX_PROBE_AMBIVALENT : result < 0 ? ERROR(EIO)
                                                            : result;
}

int32_t linux_sync_file_system(int32_t f) { return RESULT(syncfs(f)); }
int32_t linux_sync_file(int32_t f) { return RESULT(fsync(f)); }

int32_t linux_lock(int32_t d, const char *p, int32_t waits) {
  int f = openat(d, p, O_RDONLY | O_CREAT | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (f < 0) return FAILURE;
  int32_t result = RESULT(flock(f, LOCK_EX | (waits ? 0 : LOCK_NB)));
  if (result < 0) close(f);
  return result < 0 ? result : f;
}

int32_t linux_open_uevents(void) {
  int s = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  /* Group 1 is the kernel's own, 2 udev's (libudev: UDEV_MONITOR_KERNEL). */
  struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = 1 };
  if (s < 0) return FAILURE;
  int32_t result = RESULT(bind(s, (struct sockaddr *)&a, sizeof a));
  if (result < 0) close(s);
  return result < 0 ? result : s;
}

int32_t linux_drain_uevents(int32_t s) {
  char b[64];
  /* Each receive consumes one whole event, truncated to the buffer. ENOBUFS, reported once, means that events were lost. */
  while (recv(s, b, sizeof b, 0) >= 0 || errno == ENOBUFS)
    ;
  return 0;
}

static int32_t try_types(int d) {
  if (mkdirat(d, "a", 0700) < 0) return FAILURE;
  int list = openat(d, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (list < 0) return FAILURE;
  union {
    char bytes[512];
    struct dirent64 entry;
  } b;
  int32_t result = ERROR(EIO);
  ssize_t n = linux_getdents(list, &b, sizeof b);
  for (ssize_t o = 0; o < n; o += ((struct dirent64 *)(b.bytes + o))->d_reclen) {
    struct dirent64 *entry = (struct dirent64 *)(b.bytes + o);
    if (strcmp(entry->d_name, "a") == 0) result = entry->d_type == DT_UNKNOWN ? ERROR(EOPNOTSUPP) : 0;
  }
  close(list);
  return result;
}

static void remove_trial(int d) {
  if (unlinkat(d, "a", 0) < 0) unlinkat(d, "a", AT_REMOVEDIR);
  unlinkat(d, "b", 0);
}

int32_t linux_try(int32_t d, int32_t what) {
  static const char attribute[] = "trusted.overlay.preroot";
  char value;
  /* A power cut may have left files of an earlier trial. */
  remove_trial(d);
  int32_t result = 0;
  switch (what) {
  case LINUX_TRY_ATTRIBUTE:
    result = RESULT(fsetxattr(d, attribute, "y", 1, 0));
    if (result == 0) result = RESULT(fgetxattr(d, attribute, &value, 1));
    break;
  case LINUX_TRY_TYPES:
    result = try_types(d);
    break;
  case LINUX_TRY_WHITEOUT:
    result = RESULT(mknodat(d, "a", S_IFCHR, makedev(0, 0)));
    break;
  default:
    result = RESULT(mknodat(d, "a", S_IFREG | 0600, 0));
    if (result == 0) result = RESULT(mknodat(d, "b", S_IFREG | 0600, 0));
    if (result == 0) result = RESULT(renameat2(d, "a", d, "b", what == LINUX_TRY_RENAME ? 0 : RENAME_WHITEOUT));
  }
  remove_trial(d);
  return result < 0 ? result : 0;
}

/* A kernel without the driver loads its module when its number is opened, if anything makes the node. See linux:
 * Documentation/admin-guide/devices.txt, drivers/block/loop.c, MODULE_ALIAS_MISCDEV. */
int32_t linux_open_loop_control(void) {
  static const char path[] = "/dev/loop-control";
  mknod(path, S_IFCHR | 0600, makedev(10, 237));
  return RESULT(open(path, O_RDWR | O_CLOEXEC));
}
int32_t linux_free_loop(int32_t control) { return RESULT(ioctl(control, LOOP_CTL_GET_FREE)); }

int32_t linux_attach_loop(int32_t loop, int32_t device, int64_t start, int64_t bytes) {
  struct loop_info64 info = { .lo_offset = start, .lo_sizelimit = bytes, .lo_flags = LO_FLAGS_AUTOCLEAR };
  if (ioctl(loop, LOOP_SET_FD, device) < 0) return FAILURE;
  if (ioctl(loop, LOOP_SET_STATUS64, &info) < 0) {
    int32_t failure = FAILURE;
    ioctl(loop, LOOP_CLR_FD);
    return failure;
  }
  /* Else memory has the upper's files twice. Not every device allows it. */
  ioctl(loop, LOOP_SET_DIRECT_IO, 1UL);
  return 0;
}

static void wake(int signal) { (void)signal; }

int32_t linux_wait_for_randomness(int64_t us) {
  /* It has to block: then the kernel gathers randomness from the processor's jitter. The alarm interrupts it. */
  struct sigaction interrupt = { .sa_handler = wake }, before;
  struct itimerval limit = { .it_value = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 } }, none = { 0 };
  sigaction(SIGALRM, &interrupt, &before);
  setitimer(ITIMER_REAL, &limit, NULL);
  char b;
  int32_t result = RESULT(getrandom(&b, 1, 0));
  setitimer(ITIMER_REAL, &none, NULL);
  sigaction(SIGALRM, &before, NULL);
  return result == ERROR(EINTR) ? ERROR(ETIMEDOUT) : result < 0 ? result
                                                                : 0;
}

int32_t linux_set_hostname(const char *name) { return RESULT(sethostname(name, strlen(name))); }

int32_t linux_ubi_attach(int32_t control, int32_t mtd, int32_t number) {
  struct ubi_attach_req request = { .ubi_num = number, .mtd_num = mtd };
  return RESULT(ioctl(control, UBI_IOCATT, &request));
}

int32_t linux_ubi_is_mapped(int32_t volume, int32_t block) { return RESULT(ioctl(volume, UBI_IOCEBISMAP, &block)); }

int32_t linux_ubi_empty(int32_t volume) {
  int64_t bytes = 0;
  return RESULT(ioctl(volume, UBI_IOCVOLUP, &bytes));
}
