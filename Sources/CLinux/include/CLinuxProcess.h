// SPDX-License-Identifier: MIT
#pragma once
/* Other processes, under the same rules as CLinux.h, which includes this. */
#include <stddef.h>
#include <stdint.h>

/* See pipe2(2), O_CLOEXEC. */
int32_t linux_pipe(int32_t *_Nonnull reading_end, int32_t *_Nonnull writing_end);

/* Starts a program and returns its process ID. Not posix_spawn(3), which returns only when the program is read from its disk: that wait
 * would have no end. See fork(2), execvp(3).
 *
 * program         as execvp(3) takes it; with a root, it is looked up there
 * arguments       the first is the name; a NUL byte after each
 * environment     the same; of no bytes: the caller's
 * root            its root and working directory; empty: the caller's
 * output          where its standard output and error go: then it reads from /dev/null, in a session of its own; -1: the caller's
 * oom_score_adj   what goes into that file, see proc_pid_oom_score_adj(5); empty: nothing
 * signals         bit N: signal N has its default disposition
 *
 * Where the program cannot be executed, it exits as shells have it: 127 if it is not there, else 126; without an output of its own, with
 * a word on standard error. */
int32_t linux_spawn(const char *_Nonnull program, const char *_Nonnull arguments, size_t arguments_size, const char *_Nonnull environment,
                    size_t environment_size, const char *_Nonnull root, int32_t output, const char *_Nonnull oom_score_adj, uint64_t signals);

/* 1 where the child has ended, with its exit status, or LINUX_SIGNALLED + the number of a signal; 0 where it has not. See waitpid(2). */
#define LINUX_SIGNALLED 256
int32_t linux_wait(int32_t process, int32_t until_it_ends, int32_t *_Nonnull status);
/* SIGKILL to a process group. See kill(2). */
int32_t linux_kill_group(int32_t group);

/* Ignores signals, bit N for signal N, and returns those that were not ignored before. See sigaction(2). */
uint64_t linux_ignore_signals(uint64_t signals);

/* The first process. Default dispositions for all signals; none is blocked, or SIGCHLD alone, so that it can be waited for. See signal(7). */
void linux_reset_signals(int32_t waiting_for_child);
/* See fork(2): 0 in the child. */
int32_t linux_fork(void);
/* Returns when a child may have ended, or the time is over. See sigtimedwait(2). */
void linux_wait_for_child_signal(int64_t microseconds);
/* Executes a program under its own name, with the arguments of the caller after this one, if it is not empty, and the caller's environment.
 * Returns where that fails. See execv(3). */
int32_t linux_execute(const char *_Nonnull program, char *_Nonnull *_Nonnull arguments, const char *_Nonnull argument);

/* 1 where there is something to read, or the end of it; 0 where there is not until the time is over. See ppoll(2). */
int32_t linux_wait_for_input(int32_t file, int64_t microseconds);
