// SPDX-License-Identifier: MIT
#pragma once
/* Wraps the parts of libsystemd that preroot needs in functions that Swift can call: sd-bus' own are variadic. Each returns >= 0, or
 * -errno in the numbers that Swift knows. See sd-bus(3), org.freedesktop.systemd1(5), sd_journal_sendv(3). */
#define SD_JOURNAL_SUPPRESS_LOCATION /* this header's name would mean nothing to a reader of the journal */
#include "../CLinux/errnos.h"
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-journal.h>

static inline int systemd_result(int r) { return r < 0 ? -generic_errno(-r) : r; }

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

/* The manager's private socket exists before any unit runs, the D-Bus broker included. See systemd: bus_init_private(). */
static inline int systemd_connect(sd_bus *_Nullable *_Nonnull out) {
  sd_bus *bus = NULL;
  int r = sd_bus_new(&bus);
  if (r >= 0) r = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
  if (r >= 0) r = sd_bus_start(bus);
  if (r < 0) bus = sd_bus_close_unref(bus);
  *out = bus;
  return systemd_result(r);
}

static inline void systemd_disconnect(sd_bus *_Nullable bus) { sd_bus_flush_close_unref(bus); }

/* Calls a method of the manager with up to two strings; empty strings are left out. On an error, sets name and message of the D-Bus
 * error, or NULL if there are none; both are valid until the next call. */
static inline int systemd_call(sd_bus *_Nonnull bus, const char *_Nonnull method, const char *_Nonnull first, const char *_Nonnull second,
                               uint64_t timeout_usec, const char *_Nullable *_Nonnull name, const char *_Nullable *_Nonnull text) {
  static sd_bus_error failure;
  sd_bus_message *message = NULL;
  sd_bus_error_free(&failure);
  int r = sd_bus_message_new_method_call(bus, &message, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
  if (r >= 0 && *first) r = sd_bus_message_append_basic(message, 's', first);
  if (r >= 0 && *second) r = sd_bus_message_append_basic(message, 's', second);
  if (r >= 0) r = sd_bus_call(bus, message, timeout_usec, &failure, NULL);
  sd_bus_message_unref(message);
  *name = failure.name;
  *text = failure.message;
  return systemd_result(r);
}

/* Applies the presets to all units, as PID 1 does in a first boot with a writable root. */
static inline int systemd_preset_all(sd_bus *_Nonnull bus) {
  return systemd_result(sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "PresetAllUnitFiles", NULL, NULL, "sbb", "enable-only", 0, 0));
}

/* Gets a string property, such as Id, of the unit that `name` refers to; valid until the next call. LoadUnit loads the unit if necessary;
 * GetUnit returns -ENOENT instead. */
static inline int systemd_unit_property(sd_bus *_Nonnull bus, const char *_Nonnull method, const char *_Nonnull name,
                                        const char *_Nonnull property, const char *_Nullable *_Nonnull text) {
  static char *value;
  sd_bus_message *reply = NULL;
  sd_bus_error failure = SD_BUS_ERROR_NULL;
  const char *path = NULL;
  free(value);
  value = NULL;
  int r = sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method, &failure, &reply, "s", name);
  if (sd_bus_error_has_name(&failure, SYSTEMD_NAME ".NoSuchUnit")) r = -ENOENT;
  if (r >= 0) r = sd_bus_message_read_basic(reply, 'o', &path);
  if (r >= 0) r = sd_bus_get_property_string(bus, SYSTEMD_NAME, path, SYSTEMD_NAME ".Unit", property, NULL, &value);
  sd_bus_error_free(&failure);
  sd_bus_message_unref(reply);
  *text = value;
  return systemd_result(r);
}

/* Sends entries to the journal: lines `NAME=value`, each ending with a newline, and an empty line after each entry. Only the first 32
 * fields of an entry count. Stops at the first error. */
static inline int systemd_journal_send(const void *_Nonnull entries, size_t size) {
  struct iovec fields[32];
  int count = 0, r = 0;
  for (const char *line = entries, *end; r >= 0 && size && (end = memchr(line, '\n', size)); line = end + 1) {
    size -= end + 1 - line;
    if (end > line && count < 32) {
      fields[count++] = (struct iovec){ (char *)line, end - line };
    } else if (end == line && count) {
      r = sd_journal_sendv(fields, count);
      count = 0;
    }
  }
  return systemd_result(r);
}
