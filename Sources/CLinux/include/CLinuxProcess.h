// SPDX-License-Identifier: MIT
#pragma once
/* Other processes, under the same rules as CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* See pipe2(2), O_CLOEXEC. */
int32_t linux_pipe(int32_t *_Nonnull reading_end, int32_t *_Nonnull writing_end);

/* Starts a program and returns its process ID. Not posix_spawn(3), which returns only after reading the program from its disk: that may
 * block forever. See fork(2), execvp(3).
 *
 * program         as for execvp(3); looked up below the root, if there is one
 * arguments       the first is the name; a NUL byte after each
 * environment     the same; the caller's if empty
 * root            the child's root and working directory; the caller's if empty
 * output          receives standard output and error of the child, which then reads from /dev/null in a new session; -1: the caller's
 * oom_score_adj   the contents of that file, see proc_pid_oom_score_adj(5); unchanged if empty
 * signals         bit N: reset signal N to its default disposition
 *
 * If the program cannot be executed, the child exits as shells do: with 127 if the program does not exist, else with 126. Without an
 * output of its own, it also prints a message to standard error. */
int32_t linux_spawn(const char *_Nonnull program, const char *_Nonnull arguments, size_t arguments_size, const char *_Nonnull environment,
                    size_t environment_size, const char *_Nonnull root, int32_t output, const char *_Nonnull oom_score_adj, uint64_t signals);

/* 1 if the child has ended, with its exit status, or LINUX_SIGNALLED + the number of a signal; 0 if it has not. See waitpid(2). */
#define LINUX_SIGNALLED 256
int32_t linux_wait(int32_t process, int32_t until_it_ends, int32_t *_Nonnull status);
/* Sends SIGKILL to a process group. See kill(2). */
int32_t linux_kill_group(int32_t group);

/* Ignores signals, bit N for signal N, and returns those that were not ignored before. See sigaction(2). */
uint64_t linux_ignore_signals(uint64_t signals);

/* The first process. Resets all signals to their default dispositions, and blocks none, or only SIGCHLD to wait for it. See signal(7). */
void linux_reset_signals(int32_t waiting_for_child);
/* 0 in the child. See fork(2). */
int32_t linux_fork(void);
/* Returns when a child may have ended, or the time is over. See sigtimedwait(2). */
void linux_wait_for_child_signal(int64_t microseconds);
/* Executes a program under its own name, with `argument`, unless it is empty, then the caller's arguments, and the caller's environment.
 * Returns only on failure. See execv(3). */
int32_t linux_execute(const char *_Nonnull program, char *_Nonnull *_Nonnull arguments, const char *_Nonnull argument);

/* 1 if there is input, or its end; 0 if there is none when the time is over. See ppoll(2). */
int32_t linux_wait_for_input(int32_t file, int64_t microseconds);
