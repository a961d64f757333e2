// SPDX-License-Identifier: MIT
/* note record DISK LOG     makes /dev/dm-0 of DISK; what is written there is recorded on LOG
 * note mark WORDS          puts a note among what is recorded
 *
 * As `dmsetup create` and `dmsetup message recorded 0 mark WORDS`, which the image does not have; dm-mod.create= of the kernel does not know
 * this target. See Documentation/admin-guide/device-mapper/log-writes.rst. */
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
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
  if (control(DM_DEV_CREATE, "create") != 0) return 1;
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

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "record") == 0) return record(arguments[2], arguments[3]);
  if (count != 3) return 2;
  /* A message has its sector, and then its words. */
  struct dm_target_msg *message = (struct dm_target_msg *)&order.target;
  snprintf(message->message, sizeof order.text, "mark %s", arguments[2]);
  return control(DM_TARGET_MSG, "mark");
}
