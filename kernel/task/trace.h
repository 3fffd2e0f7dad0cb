/*
 * Which programs have their calls printed: by the name of the thread, looked at when it is made,
 * executes, or the choice changes.
 */
#ifndef TASK_TRACE_H
#define TASK_TRACE_H

#include "base/compiler.h"
#include "base/types.h"

struct thread;

/* "": none, "*": all, else a program's name (15 bytes at most: -EINVAL). */
int trace_set(const char *name, size_t length) MUST_CHECK;
const char *trace_wanted(void);

/* Sets or clears WORK_TRACE of a thread by its name. */
void trace_thread_update(struct thread *thread);

#endif
