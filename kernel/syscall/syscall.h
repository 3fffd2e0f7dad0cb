/*
 * What the rest of the kernel may ask of the system-call layer.
 */
#ifndef SYSCALL_SYSCALL_H
#define SYSCALL_SYSCALL_H

#include "base/compiler.h"

/* Makes the caches that calls use, and reads trace= of the command line. */
int syscall_start(void) MUST_CHECK;

#endif
