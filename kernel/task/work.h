/* Starting what deferred.h declares: worker threads, and each CPU's overflow thread. */
#ifndef TASK_WORK_H
#define TASK_WORK_H

#include "base/compiler.h"

int work_start(void) MUST_CHECK;
int deferred_cpu_start(unsigned cpu) MUST_CHECK;

#endif
