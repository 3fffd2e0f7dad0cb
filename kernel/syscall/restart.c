/*
 * restart_syscall(2): goes on with a call that a stop interrupted, by what the thread noted.
 */
#include "syscall/support.h"
#include "task/futex.h"
#include "task/process_timer.h"
#include "task/thread.h"

long sys_restart_syscall(void)
{
	struct thread *thread = thread_current();
	enum restart_kind kind = thread->restart_kind;

	thread->restart_kind = RESTART_NONE;
	switch (kind) {
	case RESTART_SLEEP:
		return clock_sleep_restart();
	case RESTART_FUTEX:
		return futex_restart();
	case RESTART_POLL:
		return poll_restart();
	default:
		return -EINTR;
	}
}
