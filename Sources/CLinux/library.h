// SPDX-License-Identifier: MIT
#pragma once
/* Libraries that are loaded at run time, so that a machine without one loses only the functions that need it, and a run without them costs
 * nothing; never unloaded. Weak: before glibc 2.34, dlopen is in libdl; if the program is not linked with it, no library is available. */
#include <dlfcn.h>
#include <stddef.h>

#pragma weak dlopen
#pragma weak dlsym

/* A library whose functions dlsym finds, or NULL. */
static inline void *library_open(const char *name) { return dlopen && dlsym ? dlopen(name, RTLD_NOW | RTLD_GLOBAL) : NULL; }
