// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "CWitness.h"

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static _Thread_local witness_function thread_function;
static _Thread_local void *thread_context;

void witness_thread(witness_function function, void *context) {
  thread_function = function;
  thread_context = context;
}

/* What the witness does itself is not told. */
static void tell(witness_call call, int file, int is_before) {
  witness_function function = thread_function;
  if (!function) return;
  thread_function = 0;
  function(thread_context, call, file, is_before);
  thread_function = function;
}

#define TELLING(call, file, type, ...) \
  do { \
    tell(call, file, 1); \
    type result = (type)syscall(__VA_ARGS__); \
    tell(call, file, 0); \
    return result; \
  } while (0)

int fsync(int file) { TELLING(WITNESS_FSYNC, file, int, SYS_fsync, file); }
int syncfs(int file) { TELLING(WITNESS_SYNCFS, file, int, SYS_syncfs, file); }
int unlinkat(int directory, const char *path, int flags) { TELLING(WITNESS_UNLINK, -1, int, SYS_unlinkat, directory, path, flags); }
int renameat(int directory, const char *path, int new_directory, const char *new_path) {
  TELLING(WITNESS_RENAME, -1, int, SYS_renameat2, directory, path, new_directory, new_path, 0);
}
ssize_t pwrite(int file, const void *bytes, size_t count, off_t place) { TELLING(WITNESS_WRITE, file, ssize_t, SYS_pwrite64, file, bytes, count, place); }
