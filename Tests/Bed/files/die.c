// SPDX-License-Identifier: MIT
/* Preloaded into everything of a machine under test: has the child of overlay-prep as PID 1 die by SIGKILL before its Nth call that
 * changes something, `bed_kill=N` being a word of the kernel command line (which the kernel puts into the environment of PID 1) or an
 * argument of a container's PID 1. A child that lives writes the number of these calls to /run/bed.calls. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int is_armed;
static long doomed, count;

static void look(char **words) {
  for (; *words; words++) {
    if (strncmp(*words, "bed_kill=", 9) == 0) doomed = atol(*words + 9);
  }
}

__attribute__((constructor)) static void arm(int number, char **arguments, char **environment) {
  if (getpid() != 1 || number < 1 || !strstr(arguments[0], "overlay-prep")) return;
  is_armed = 1;
  look(environment);
  look(arguments);
}

static int is_child(void) { return is_armed && getpid() != 1; }

static void meet(void) {
  if (is_child() && ++count == doomed) kill(getpid(), SIGKILL);
}

__attribute__((destructor)) static void tell(void) {
  if (!is_child()) return;
  FILE *file = fopen("/run/bed.calls", "w");
  if (file) fprintf(file, "%ld\n", count), fclose(file);
}

#define CHANGING(type, name, parameters, arguments) \
  type name parameters { \
    meet(); \
    return ((type(*) parameters)dlsym(RTLD_NEXT, #name))arguments; \
  }

CHANGING(int, mount, (const char *s, const char *t, const char *y, unsigned long f, const void *d), (s, t, y, f, d))
CHANGING(int, umount2, (const char *t, int f), (t, f))
CHANGING(int, mkdirat, (int d, const char *p, mode_t m), (d, p, m))
CHANGING(int, symlinkat, (const char *t, int d, const char *p), (t, d, p))
CHANGING(int, renameat, (int d, const char *p, int e, const char *q), (d, p, e, q))
CHANGING(int, unlinkat, (int d, const char *p, int f), (d, p, f))
CHANGING(int, fchown, (int f, uid_t u, gid_t g), (f, u, g))
CHANGING(int, fchmod, (int f, mode_t m), (f, m))
CHANGING(int, fsync, (int f), (f))
CHANGING(int, syncfs, (int f), (f))
CHANGING(ssize_t, write, (int f, const void *b, size_t n), (f, b, n))

long syscall(long number, ...) {
  long (*call)(long, long, long, long, long, long, long) = dlsym(RTLD_NEXT, "syscall");
  __builtin_va_list list;
  long a[6];
  __builtin_va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = __builtin_va_arg(list, long);
  __builtin_va_end(list);
  if (number == SYS_pivot_root) meet();
  return call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
