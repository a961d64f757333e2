// SPDX-License-Identifier: MIT
#pragma once
/* The parts of libsystemd that preroot needs, as functions that Swift can call: sd-bus' own are variadic. libsystemd is loaded by the first
 * of them. Each returns >= 0, or -errno in the numbers that Swift knows; -ELIBACC if there is no libsystemd, or one without a function.
 * See sd-bus(3), org.freedesktop.systemd1(5), sd_journal_sendv(3). */
#include <stddef.h>
#include <stdint.h>

typedef struct sd_bus sd_bus;

/* The manager's private socket exists before any unit runs, the D-Bus broker included. See systemd: bus_init_private(). */
int32_t systemd_connect(sd_bus *_Nullable *_Nonnull out);
void systemd_disconnect(sd_bus *_Nullable bus);

/* Calls a method of the manager with up to two strings; empty strings are left out. On an error, sets name and message of the D-Bus
 * error, or NULL if there are none; both are valid until the next call. */
int32_t systemd_call(sd_bus *_Nonnull bus, const char *_Nonnull method, const char *_Nonnull first, const char *_Nonnull second,
                     uint64_t timeout_usec, const char *_Nullable *_Nonnull name, const char *_Nullable *_Nonnull text);

/* Applies the presets to all units, as PID 1 does in a first boot with a writable root. */
int32_t systemd_preset_all(sd_bus *_Nonnull bus);

/* Gets a string property, such as Id, of the unit that `name` refers to; valid until the next call. LoadUnit loads the unit if necessary;
 * GetUnit returns -ENOENT instead. */
int32_t systemd_unit_property(sd_bus *_Nonnull bus, const char *_Nonnull method, const char *_Nonnull name, const char *_Nonnull property,
                              const char *_Nullable *_Nonnull text);

/* Sends entries to the journal: lines `NAME=value`, each ending with a newline, and an empty line after each entry. Only the first 32
 * fields of an entry count. Stops at the first error. */
int32_t systemd_journal_send(const void *_Nonnull entries, size_t size);
