// SPDX-License-Identifier: MIT
/* Preloaded into overlay-prep in a machine under test: has its calls of one method of PID 1, $BED_METHOD, end as $BED_FATE says:
 * "killed" before it is made, or "refused"; any other fate is a command that is run just before it is made. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

/* 1 where the call is to be refused. */
static int meet(const char *method, sd_bus_error *error) {
  const char *doomed = getenv("BED_METHOD"), *fate = getenv("BED_FATE");
  if (!doomed || !fate || !method || strcmp(method, doomed) != 0) return 0;
  if (strcmp(fate, "killed") == 0) raise(SIGKILL);
  if (strcmp(fate, "refused") != 0) {
    unsetenv("LD_PRELOAD");
    system(fate);
    return 0;
  }
  if (error) sd_bus_error_set(error, "org.freedesktop.DBus.Error.Failed", "The bed refuses");
  return 1;
}

int sd_bus_call(sd_bus *bus, sd_bus_message *message, uint64_t timeout, sd_bus_error *error, sd_bus_message **reply) {
  int (*call)(sd_bus *, sd_bus_message *, uint64_t, sd_bus_error *, sd_bus_message **) = dlsym(RTLD_NEXT, "sd_bus_call");
  return meet(sd_bus_message_get_member(message), error) ? -EBUSY : call(bus, message, timeout, error, reply);
}

int sd_bus_call_method(sd_bus *bus, const char *destination, const char *path, const char *interface, const char *member,
                       sd_bus_error *error, sd_bus_message **reply, const char *types, ...) {
  if (meet(member, error)) return -EBUSY;
  va_list values;
  va_start(values, types);
  int r = sd_bus_call_methodv(bus, destination, path, interface, member, error, reply, types, values);
  va_end(values);
  return r;
}
