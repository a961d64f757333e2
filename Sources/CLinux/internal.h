// SPDX-License-Identifier: MIT
#pragma once
/* What every file of this module includes before anything else: files and times of any size, also where long has 32 bits.
 * See feature_test_macros(7). */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#define _TIME_BITS 64
#include "errnos.h"
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

_Static_assert(sizeof(off_t) == 8, "off_t");
#if defined __GLIBC__ && __GLIBC__ == 2 && __GLIBC_MINOR__ < 34
/* It has no other time_t on 32 bits. */
#else
_Static_assert(sizeof(time_t) == 8, "time_t");
#endif

/* What is returned in the place of -1 and errno: -errno, in the numbers that Swift knows. */
#define ERROR(name) (-generic_errno(name))
#define FAILURE ERROR(errno)
/* Out of line, as it is everywhere. */
__attribute__((noinline, unused)) static intptr_t RESULT(intptr_t result) { return result < 0 ? FAILURE : result; }
