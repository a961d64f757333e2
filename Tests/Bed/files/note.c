// SPDX-License-Identifier: MIT
/* note record DISK LOG     makes /dev/dm-0 of DISK, or takes one of that name; what is written there is recorded on LOG
 * note mark WORDS          puts a note among what is recorded
 * note nand MODULE [ubi]   emulates NAND flash of 16 MiB whose contents are /dev/ubdb, or /dev/dm-0 where that is recorded on /dev/ubdc: each
 *                          page and each erasure is on the disk before the next one. With ubi, there is UBI on it, with a volume "data"
 *
 * As `dmsetup create` and `dmsetup message recorded 0 mark WORDS`, which the image does not have; dm-mod.create= of the kernel does not know
 * this target. See Documentation/admin-guide/device-mapper/log-writes.rst. */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <mtd/ubi-user.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct { struct dm_ioctl head; struct dm_target_spec target; char text[1024]; } order;

static int control(unsigned long request, const char *what) {
  order.head.version[0] = DM_VERSION_MAJOR;
  order.head.data_size = sizeof order;
  order.head.data_start = sizeof order.head;
  strcpy(order.head.name, "recorded");
  int file = open("/dev/mapper/control", O_RDWR);
  if (file >= 0 && ioctl(file, request, &order) == 0) return close(file);
  perror(what);
  return 1;
}

static int record(const char *disk, const char *log) {
  uint64_t size = 0;
  /* A machine that records nothing has the program, too. */
  if (access(log, F_OK) != 0) return 0;
  int file = open(disk, O_RDONLY);
  if (file < 0 || ioctl(file, BLKGETSIZE64, &size) != 0) {
    perror(disk);
    return 1;
  }
  close(file);
  /* The root may be on it. */
  if (access("/dev/dm-0", F_OK) != 0 && control(DM_DEV_CREATE, "create") != 0) return 1;
  memset(&order, 0, sizeof order);
  order.head.target_count = 1;
  order.target.length = size / 512;
  strcpy(order.target.target_type, "log-writes");
  snprintf(order.text, sizeof order.text, "%s %s", disk, log);
  if (control(DM_TABLE_LOAD, "load") != 0) return 1;
  memset(&order, 0, sizeof order);
  /* Without DM_SUSPEND_FLAG this resumes. */
  return control(DM_DEV_SUSPEND, "resume");
}

/* The MTD that the emulator made: mtdN. */
static int flash_number(void) {
  for (int number = 0; number < 8; number++) {
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/sys/class/mtd/mtd%d/name", number);
    int file = open(path, O_RDONLY);
    if (file < 0) continue;
    if (read(file, name, sizeof name - 1) < 0) name[0] = '\0';
    close(file);
    if (strncmp(name, "NAND simulator", 14) == 0) return number;
  }
  return -1;
}

static int nand(const char *module, int has_ubi) {
  if (record("/dev/ubdb", "/dev/ubdc") != 0) return 1;
  /* 16 MiB, pages of 512 bytes, erase blocks of 16 KiB. */
  char options[256];
  snprintf(options, sizeof options, "first_id_byte=0x20 second_id_byte=0x33 cache_file=%s", access("/dev/ubdc", F_OK) == 0 ? "/dev/dm-0" : "/dev/ubdb");
  int file = open(module, O_RDONLY);
  if (file < 0 || syscall(SYS_finit_module, file, options, 0) != 0) {
    perror(module);
    return 1;
  }
  close(file);
  if (!has_ubi) return 0;
  struct ubi_attach_req attach = {.ubi_num = 0, .mtd_num = flash_number()};
  file = open("/dev/ubi_ctrl", O_RDONLY);
  if (file < 0 || ioctl(file, UBI_IOCATT, &attach) != 0) {
    perror("attach");
    return 1;
  }
  close(file);
  if (access("/sys/class/ubi/ubi0_0", F_OK) == 0) return 0;
  struct ubi_mkvol_req volume = {.vol_id = 0, .alignment = 1, .bytes = 12 << 20, .vol_type = UBI_DYNAMIC_VOLUME, .name_len = 4, .name = "data"};
  file = open("/dev/ubi0", O_RDONLY);
  if (file >= 0 && ioctl(file, UBI_IOCMKVOL, &volume) == 0) return close(file);
  perror("make volume");
  return 1;
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "record") == 0) return record(arguments[2], arguments[3]);
  if (count > 2 && strcmp(arguments[1], "nand") == 0) return nand(arguments[2], count > 3);
  if (count != 3) return 2;
  /* A message has its sector, and then its words. */
  struct dm_target_msg *message = (struct dm_target_msg *)&order.target;
  snprintf(message->message, sizeof order.text, "mark %s", arguments[2]);
  return control(DM_TARGET_MSG, "mark");
}
