#pragma once
#include <errno.h>
#include <stdint.h>

/* The one place where -1 and errno become -errno; out of line, as it is everywhere. */
__attribute__((noinline)) static intptr_t RESULT(intptr_t result) { return result < 0 ? -errno : result; }
