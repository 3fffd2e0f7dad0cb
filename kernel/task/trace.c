/*
 * The choice of traced programs. The name is written rarely and read without a lock: a torn one
 * traces the wrong program for a moment, no more.
 */
#include "task/trace.h"

#include "base/errno.h"
#include "base/string.h"
#include "task/thread.h"

static char wanted[16];

const char *trace_wanted(void)
{
	return wanted;
}

void trace_thread_update(struct thread *thread)
{
	bool is_traced = wanted[0] == '*' || (wanted[0] && strcmp(wanted, thread->name) == 0);

	if (is_traced)
		__atomic_or_fetch(&thread->context.work, WORK_TRACE, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(&thread->context.work, ~(uint32_t)WORK_TRACE, __ATOMIC_RELAXED);
}

int trace_set(const char *name, size_t length)
{
	struct process *process;
	struct thread *thread;
	int32_t id = 1;

	if (length >= sizeof(wanted))
		return -EINVAL;
	memcpy(wanted, name, length);
	wanted[length] = '\0';
	for (; (process = process_next(&id)) != NULL; id++) {
		rcu_read_lock();
		list_for_each_rcu(thread, &process->threads, process_node)
			trace_thread_update(thread);
		rcu_read_unlock();
		process_put(process);
	}
	return 0;
}
