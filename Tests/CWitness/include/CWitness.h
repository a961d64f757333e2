// SPDX-License-Identifier: MIT
#pragma once

/* Tells a test of what its own thread does to files: this target defines fsync(2) and the others for the tests' program, and so for the
 * sources under test, which are linked into it. Other threads notice nothing. */
typedef enum { WITNESS_FSYNC, WITNESS_SYNCFS, WITNESS_RENAME, WITNESS_UNLINK, WITNESS_WRITE } witness_call;

/* Called before and after each of these calls of the thread; `file` is what is synced or written to. */
typedef void (*witness_function)(void *context, witness_call call, int file, int is_before);

/* From now on, or, with 0, no more. */
void witness_thread(witness_function function, void *context);
