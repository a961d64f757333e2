// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#define SD_JOURNAL_SUPPRESS_LOCATION /* this file's name would mean nothing to a reader of the journal */
#include "CSystemd.h"
#include "../CLinux/errnos.h"
#include "../CLinux/library.h"
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-journal.h>

/* libsystemd and the libraries that it needs are a megabyte to read and to relocate, and most boots call none of these. */
#define FUNCTIONS(X)                \
  X(sd_bus_call)                    \
  X(sd_bus_call_method)             \
  X(sd_bus_close_unref)             \
  X(sd_bus_error_free)              \
  X(sd_bus_error_has_name)          \
  X(sd_bus_flush_close_unref)       \
  X(sd_bus_get_property_string)     \
  X(sd_bus_message_append_basic)    \
  X(sd_bus_message_new_method_call) \
  X(sd_bus_message_read_basic)      \
  X(sd_bus_message_unref)           \
  X(sd_bus_new)                     \
  X(sd_bus_set_address)             \
  X(sd_bus_start)                   \
  X(sd_journal_sendv)

#define POINTER(name) __typeof__(name) *name;
static struct { FUNCTIONS(POINTER) } lib;

static int load(void) {
  static const char names[][32] = {
#define NAME(name) #name,
    FUNCTIONS(NAME)
  };
  _Static_assert(sizeof lib == sizeof names / sizeof *names * sizeof(void *), "lib has pointers only");
  static int is_loaded;
  if (is_loaded) return 0;
  if (!library_open("libsystemd.so.0")) return -ELIBACC;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    /* In the order of lookup, so that a preloaded library can replace one. */
    void *function = dlsym(RTLD_DEFAULT, names[i]);
    if (!function) return -ELIBACC;
    memcpy((void **)&lib + i, &function, sizeof function);
  }
  is_loaded = 1;
  return 0;
}

static int32_t result(int r) { return r < 0 ? -generic_errno(-r) : r; }

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"

int32_t systemd_connect(sd_bus **out) {
  sd_bus *bus = NULL;
  int r = load();
  if (r >= 0) {
    r = lib.sd_bus_new(&bus);
    if (r >= 0) r = lib.sd_bus_set_address(bus, "unix:path=/run/systemd/private");
    if (r >= 0) r = lib.sd_bus_start(bus);
    if (r < 0) bus = lib.sd_bus_close_unref(bus);
  }
  *out = bus;
  return result(r);
}

void systemd_disconnect(sd_bus *bus) { lib.sd_bus_flush_close_unref(bus); }

int32_t systemd_call(sd_bus *bus, const char *method, const char *first, const char *second, uint64_t timeout_usec, const char **name,
                     const char **text) {
  static sd_bus_error failure;
  sd_bus_message *message = NULL;
  lib.sd_bus_error_free(&failure);
  int r = lib.sd_bus_message_new_method_call(bus, &message, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method);
  if (r >= 0 && *first) r = lib.sd_bus_message_append_basic(message, 's', first);
  if (r >= 0 && *second) r = lib.sd_bus_message_append_basic(message, 's', second);
  if (r >= 0) r = lib.sd_bus_call(bus, message, timeout_usec, &failure, NULL);
  lib.sd_bus_message_unref(message);
  *name = failure.name;
  *text = failure.message;
  return result(r);
}

int32_t systemd_preset_all(sd_bus *bus) {
  return result(lib.sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "PresetAllUnitFiles", NULL, NULL, "sbb", "enable-only", 0, 0));
}

int32_t systemd_unit_property(sd_bus *bus, const char *method, const char *name, const char *property, const char **text) {
  static char *value;
  sd_bus_message *reply = NULL;
  sd_bus_error failure = SD_BUS_ERROR_NULL;
  const char *path = NULL;
  free(value);
  value = NULL;
  int r = lib.sd_bus_call_method(bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method, &failure, &reply, "s", name);
  if (lib.sd_bus_error_has_name(&failure, SYSTEMD_NAME ".NoSuchUnit")) r = -ENOENT;
  if (r >= 0) r = lib.sd_bus_message_read_basic(reply, 'o', &path);
  if (r >= 0) r = lib.sd_bus_get_property_string(bus, SYSTEMD_NAME, path, SYSTEMD_NAME ".Unit", property, NULL, &value);
  lib.sd_bus_error_free(&failure);
  lib.sd_bus_message_unref(reply);
  *text = value;
  return result(r);
}

int32_t systemd_journal_send(const void *entries, size_t size) {
  struct iovec fields[32];
  int count = 0, r = load();
  for (const char *line = entries, *end; r >= 0 && size && (end = memchr(line, '\n', size)); line = end + 1) {
    size -= end + 1 - line;
    if (end > line && count < 32) {
      fields[count++] = (struct iovec){ (char *)line, end - line };
    } else if (end == line && count) {
      r = lib.sd_journal_sendv(fields, count);
      count = 0;
    }
  }
  return result(r);
}
