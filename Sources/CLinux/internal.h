// SPDX-License-Identifier: MIT
#pragma once
/* Every file of this module includes this first: large files and 64-bit times, even if long has 32 bits. See feature_test_macros(7). */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "errnos.h"
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

_Static_assert(sizeof(off_t) == 8, "off_t");
#if defined __GLIBC__ && __GLIBC__ == 2 && __GLIBC_MINOR__ < 34
/* This glibc has no 64-bit time_t on 32-bit architectures. */
#else
_Static_assert(sizeof(time_t) == 8, "time_t");
#endif

/* Functions return -errno, in the generic numbers, instead of -1 with errno. */
#define ERROR(name) (-generic_errno(name))
#define FAILURE ERROR(errno)
/* Out of line, because every function uses it. */
__attribute__((noinline, unused)) static intptr_t RESULT(intptr_t result) { return result < 0 ? FAILURE : result; }
