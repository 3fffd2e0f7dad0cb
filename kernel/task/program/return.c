/*
 * The one stop on the way back to a program: reschedule, signals, and work that was put off.
 */
#include "arch/upcalls.h"
#include "sync/blocking.h"
#include "task/program/restartable.h"
#include "task/schedule.h"
#include "task/signal/signal_internal.h"

static void notify_work(struct thread *thread, struct frame *frame)
{
	__atomic_and_fetch(&thread->context.work, ~(uint32_t)WORK_NOTIFY, __ATOMIC_RELAXED);
	restartable_fix_up(thread, frame);
	/* Signals restore the mask themselves, after the handler's frame has the old one. */
	if (!signal_is_pending())
		signal_mask_restore();
}

void upcall_return_to_program(struct frame *frame)
{
	struct thread *thread = thread_current();
	uint32_t work;

	while ((work = READ_ONCE(thread->context.work)) &
	       (WORK_RESCHEDULE | WORK_SIGNAL | WORK_NOTIFY)) {
		if (work & WORK_RESCHEDULE)
			schedule();
		if (work & WORK_SIGNAL)
			signal_deliver(frame);
		if (work & WORK_NOTIFY)
			notify_work(thread, frame);
	}
}
